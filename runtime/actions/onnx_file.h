/* onnx_file.h: files of ONNX (onnx.proto of the ONNX project, IR version 8, opset 17).
 *
 * A graph is given as JSON: { "name", "input": VALUE, "output": VALUE, "nodes": [ { "op": "Conv",
 * "in": [names], "out": name, "attributes": { name: whole number, number, text or list of whole
 * numbers } } ], "floats": [ { "name", "shape", "values" (numbers, or "nan", "inf",
 * "-inf") } ], "ints": [ { "name", "values" } ] }; VALUE: { "name", "shape" (-1: the samples of a
 * batch, as many as are given) }. */
#ifndef NNRT_ONNX_FILE_H
#define NNRT_ONNX_FILE_H
#include "model/model.h"

/* Writes the graph with the model's weights as initialisers under their names. */
bool nnrt_onnx_write(const json_t *graph, const nnrt_model *model, const char *path, nnrt_error *e);
#endif
