/* verbs.h: the verbs of the language by number, for the compiler and the runtime alike: rows of
 * verbs.def. The program that one hands to the other names them by their words. */
#ifndef NNC_VERBS_H
#define NNC_VERBS_H

typedef enum Verb {
#define VERB(id, ...) VERB_##id,
#include "abi/verbs.def"
#undef VERB
    VERB_COUNT
} Verb;
#endif
