/* onnx_file.h: files of ONNX (onnx.proto of the ONNX project, IR version 8, opset 17).
 *
 * A graph is given as JSON: an `onnx_graph` of abi/program.def. */
#ifndef NNRT_ONNX_FILE_H
#define NNRT_ONNX_FILE_H
#include "model/model.h"

/* Writes the graph with the model's weights as initialisers under their names. */
bool nnrt_onnx_write(const json_t *graph, const nnrt_model *model, const char *path, nnrt_error *e);
#endif
