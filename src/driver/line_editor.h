/* line_editor.h: reading lines from a terminal: editing, history, completion of the session's
 * names. */
#ifndef NNC_LINE_EDITOR_H
#define NNC_LINE_EDITOR_H
#include "sema/sema.h"

typedef struct LineEditor LineEditor;
/* NULL: there can be none; lines are then read plainly */
LineEditor *line_editor_new(Sema *sema);
/* whose names it completes from now on */
void line_editor_names(LineEditor *editor, Sema *sema);
/* keeps the history for the next session */
void line_editor_free(LineEditor *editor);
/* The next line, valid until the next call. NULL: the end, or, with *cancelled, Ctrl-C. `inside`: a
 * statement goes on. */
const char *line_editor_read(LineEditor *editor, bool inside, size_t *length, bool *cancelled);
#endif
