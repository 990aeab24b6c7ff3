/* experiments.h: the door of experiments/: the verbs that train more than once. Each carries out
 * the program's action; false: e says why. */
#ifndef NNRT_EXPERIMENTS_H
#define NNRT_EXPERIMENTS_H
#include "experiments/search.h"
#include "model/model.h"

bool nnrt_do_bag(nnrt_program *program, nnrt_error *e);
bool nnrt_do_boost(nnrt_program *program, nnrt_error *e);
bool nnrt_do_compare(nnrt_program *program, nnrt_error *e);
bool nnrt_do_crossvalidate(nnrt_program *program, nnrt_error *e);
bool nnrt_do_find_lr(nnrt_program *program, nnrt_error *e);
bool nnrt_do_inspect(nnrt_program *program, nnrt_error *e);
bool nnrt_do_tune(nnrt_program *program, nnrt_error *e);
#endif
