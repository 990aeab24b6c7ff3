/* expected_data.h: a program is compiled for data of certain shapes, classes and counts. */
#ifndef NNRT_EXPECTED_DATA_H
#define NNRT_EXPECTED_DATA_H
#include "model/model.h"

/* Whether the data is still as the program's "expect" says; false: e says what has changed. */
bool nnrt_data_as_expected(nnrt_program *program, nnrt_error *e);
#endif
