/* action.h: one action while it is checked. */
#ifndef NNC_SEMA_ACTION_H
#define NNC_SEMA_ACTION_H
#include "sema/verbs.h"

typedef struct Check {
    Sema *sema;
    const Stmt *stmt;
    const Action *action; /* stmt's */
    const VerbRow *verb;
    CheckedAction *out; /* filled bit by bit */
    /* it works on the result of an action that failed, which was reported there */
    bool unknown_model;
} Check;

/* "'VERB' text", and how the action is written. */
Diagnostic *clause_error(Check *check, DiagId id, Span span, const char *text);
/* true without data */
bool has_validation(const Check *check);

/* Each fills its fields of check->out, and reports what is wrong. */
void take_operand(Check *check);
void take_on(Check *check);
void take_with(Check *check); /* a recipe, or the default one */
void take_path(Check *check);
void take_action_settings(Check *check);
#endif
