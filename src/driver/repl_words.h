/* repl_words.h: what a REPL takes that is not a statement of the language: help, show, undo, quit.
 */
#ifndef NNC_REPL_WORDS_H
#define NNC_REPL_WORDS_H
#include "driver/compile.h"
#include "app/app.h"

/* What was before each input that was taken in: the session where the input has actions, else
 * nothing. */
typedef struct Undo {
    nnrt_undo **before;
    size_t count, capacity, forgotten;
} Undo;

typedef enum ReplWord { WORD_NONE, WORD_DONE, WORD_QUIT } ReplWord;

/* Carries out the line where it is such a word, with a name after it where that word takes one. */
ReplWord repl_word(Compiler *compiler, Undo *undo, const char *line, size_t length);
/* Behind an input that compiled: takes over what was before its actions; NULL: it has none. */
void undo_note(Undo *undo, nnrt_undo *before);
void undo_free(Undo *undo);
#endif
