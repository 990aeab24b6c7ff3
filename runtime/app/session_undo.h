/* session_undo.h: a session as it was, for a REPL's `undo`: weights, results, ensembles. Opened
 * data stays open. */
#ifndef NNRT_SESSION_UNDO_H
#define NNRT_SESSION_UNDO_H
#include "model/model.h"

typedef struct nnrt_undo nnrt_undo;
nnrt_undo *nnrt_undo_new(const nnrt_session *session); /* NULL: out of memory */
void nnrt_undo_free(nnrt_undo *undo);
size_t nnrt_undo_bytes(const nnrt_undo *undo);                  /* of copied weights */
void nnrt_undo_restore(nnrt_session *session, nnrt_undo *undo); /* and frees it */
/* What is known of an earlier action's result, with its history; a new reference, NULL: there is
 * none of that name. */
json_t *nnrt_session_result(const nnrt_session *session, const char *name);
#endif
