/* training_state.h: a training's position as JSON, and back (training_state.def). */
#ifndef NNRT_TRAINING_STATE_H
#define NNRT_TRAINING_STATE_H
#include "train/training.h"

void nnrt_training_state_write(json_t *state, const nnrt_training *training);
/* False: it is the state of another training; what was read so far is then in `training`. */
bool nnrt_training_state_read(const json_t *state, nnrt_training *training);
#endif
