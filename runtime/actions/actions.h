/* actions.h: the door of actions/: the verbs that neither train nor experiment. Each carries out
 * the program's action; false: e says why. */
#ifndef NNRT_ACTIONS_H
#define NNRT_ACTIONS_H
#include "model/model.h"

bool nnrt_do_assert(nnrt_program *program, nnrt_error *e);
bool nnrt_do_check_gradients(nnrt_program *program, nnrt_error *e);
bool nnrt_do_evaluate(nnrt_program *program, nnrt_error *e);
bool nnrt_do_export(nnrt_program *program, nnrt_error *e);
bool nnrt_do_freeze(nnrt_program *program, nnrt_error *e);
bool nnrt_do_generate(nnrt_program *program, nnrt_error *e);
bool nnrt_do_load(nnrt_program *program, nnrt_error *e);
bool nnrt_do_minimize(nnrt_program *program, nnrt_error *e);
bool nnrt_do_plot(nnrt_program *program, nnrt_error *e);
bool nnrt_do_predict(nnrt_program *program, nnrt_error *e);
bool nnrt_do_print(nnrt_program *program, nnrt_error *e);
bool nnrt_do_prune(nnrt_program *program, nnrt_error *e);
bool nnrt_do_save(nnrt_program *program, nnrt_error *e);
bool nnrt_do_unfreeze(nnrt_program *program, nnrt_error *e);
#endif
