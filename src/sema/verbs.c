/* verbs.c: the rows of abi/verbs.def. */
#include "sema/verbs.h"

static const VerbRow rows[VERB_COUNT] = {
#define VERB(id, name, what, on, with, as, path, files, table, recipe, ensemble, makes, result,    \
             form)                                                                                 \
    [VERB_##id] = { #name,         WHAT_##what, CLAUSE_##on,   CLAUSE_##with, CLAUSE_##as,         \
                    CLAUSE_##path, files,       TABLE_##table, recipe,        ensemble,            \
                    makes,         result,      form },
#include "abi/verbs.def"
#undef VERB
};

const VerbRow *verb_row(Verb verb)
{
    return &rows[verb];
}
