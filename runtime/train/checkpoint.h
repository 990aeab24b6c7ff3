/* checkpoint.h: a training's whole state in a safetensors file, from which `--resume` goes on bit
 * for bit.
 *
 * The file holds the model's weights under their own names (as they are trained, not averaged),
 * "optimizer.<weight>.<state>" and "average.<weight>", and, under names that `load` ignores:
 * "nnc.best.<weight>" (what early stopping would restore), "nnc.swa.<weight>", "nnc.weights.<key>"
 * (the other models met so far), "nnc.history" (float64 bits in pairs of float32). Its metadata has
 * one text, "nnc": JSON of the position, with numbers that matter to the last bit as hexadecimal
 * text, all results so far, the params that searches before it have put in force, and the
 * ensembles, whose members stand under "nnc.ensemble.<name>.<weight>". */
#ifndef NNRT_CHECKPOINT_H
#define NNRT_CHECKPOINT_H
#include "train/train.h"

/* Opens and judges the file: is it a checkpoint, of this program? Weights and results are taken
 * over at once; the rest waits for the training. */
nnrt_resume *nnrt_resume_open(nnrt_program *program, const char *path, nnrt_error *e);
void nnrt_resume_free(nnrt_resume *resume);
size_t nnrt_resume_action(const nnrt_resume *resume);
/* The training goes on where the checkpoint was written. */
bool nnrt_resume_training(const nnrt_resume *resume, nnrt_training *training, nnrt_error *e);

/* Writes what --resume needs. */
bool nnrt_checkpoint_write(nnrt_training *training, const char *path, nnrt_error *e);
/* "f.safetensors" and 3: "f.3.safetensors"; malloc'ed, NULL: out of memory */
char *nnrt_numbered_path(const char *path, int64_t number);
#endif
