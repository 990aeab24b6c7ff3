/* onnx_graph.h: a network's graph in the words of ONNX. */
#ifndef NNC_ONNX_GRAPH_H
#define NNC_ONNX_GRAPH_H
#include "ir/graph.h"
#include "lower/lower.h"
#include <jansson.h>

/* The nodes that make SLOT_OUT of a prediction's graph, as an `onnx_graph` of abi/program.def; the
 * runtime adds the weights. NULL and the name of an op in *lacking, where ONNX has none like it. */
json_t *onnx_json(const Graph *graph, const ModelInstance *model, const char **lacking);
#endif
