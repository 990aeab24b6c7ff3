/* embed_weights.h: weights inside a library made by `nnc build --emit=lib`. */
#ifndef NNC_EMBED_WEIGHTS_H
#define NNC_EMBED_WEIGHTS_H
#include "driver/compile.h"

/* Gives each model of the program the weights of the file that the script last loads or saves them
 * from or to, where there is such a file now. False: a file that does not fit, reported to the
 * compiler's diagnostics. */
bool embed_weights(Compiler *compiler, const Compiled *compiled, json_t *program);
#endif
