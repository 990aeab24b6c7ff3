/* verbs.h: the verbs of the language by number, for the compiler and the runtime alike: rows of
 * verbs.def. The program that one hands to the other names them by their words. */
#ifndef NNC_VERBS_H
#define NNC_VERBS_H
#include <string.h>

typedef enum Verb {

#define VERB(id, ...) VERB_##id,
#include "abi/verbs.def"
#undef VERB
    VERB_COUNT
} Verb;

/* "train", "evaluate", ... */
static inline const char *verb_name(Verb verb)
{
    static const char *const names[VERB_COUNT] = {

#define VERB(id, name, ...) #name,
#include "abi/verbs.def"
#undef VERB
    };

    return names[verb];
}

/* VERB_COUNT: it is not a verb */
static inline Verb verb_find(const char *name)
{
    int verb = 0;
    while (verb < VERB_COUNT && strcmp(verb_name((Verb)verb), name))
        verb++;
    return (Verb)verb;
}
#endif
