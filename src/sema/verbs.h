/* verbs.h: the rows of abi/verbs.def as sema reads them. */
#ifndef NNC_SEMA_VERBS_H
#define NNC_SEMA_VERBS_H
#include "abi/verbs.h"
#include "sema/internal.h"

typedef enum VerbOperand {
    WHAT_MODEL,
    WHAT_FN,
    WHAT_MODEL_OR_FN,
    WHAT_ANY,
    WHAT_VALUES,
    WHAT_CONDITION
} VerbOperand;

typedef enum VerbClause {
    CLAUSE_NO,
    CLAUSE_MAY,
    CLAUSE_MUST,
    CLAUSE_PART,
    CLAUSE_LIST,
    CLAUSE_TO,
    CLAUSE_FROM,
    CLAUSE_FOR_MODEL
} VerbClause;

/* Each field is the column of its name. */
typedef struct VerbRow {
    const char *name;
    VerbOperand what;
    VerbClause on, with, as, path;
    const char *files;
    SettingTable table;
    bool recipe, ensemble, makes;
    const char *result, *form;
} VerbRow;

const VerbRow *verb_row(Verb verb);
#endif
