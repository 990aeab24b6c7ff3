/* diag.h: source files, spans, and the diagnostics collected about them (docs/language.md).
 *
 * Errors are data: collected, sorted into source order, then printed, at most 20. Nothing here ends
 * the process. diag.def: DIAG(ID, "short-code", "what `nnc explain short-code` says: what it means,
 * an example before and after"). */
#ifndef NNC_DIAG_H
#define NNC_DIAG_H
#include "support/support.h"
#include <stdio.h>

typedef struct SourceFile {
    /* as the user gave it, or as the import wrote it; "<stdin>" for the REPL; "<prelude>/x.nn" */
    const char *path;
    const char *text; /* `length` bytes, then a NUL */
    size_t length;
    uint32_t *line_start; /* byte offset of each line's first byte */
    uint32_t line_count;
    uint32_t first_line; /* added to line numbers: a REPL's inputs count on */
    uint32_t number;     /* order in which files were first read, for sorting */
} SourceFile;

/* The bytes [begin, end) of a file. `file` NULL: no place. */
typedef struct Span {
    const SourceFile *file;
    uint32_t begin, end;
} Span;

Span span_join(Span a, Span b);

SourceFile *source_from_text(Arena *arena, const char *path, const char *text, size_t length);
/* NULL where it cannot be read: then *error says why (arena) */
SourceFile *source_read(Arena *arena, const char *path, char **error);
/* Line and column (characters, not bytes) from 1. */
void source_position(const SourceFile *file, uint32_t offset, uint32_t *line, uint32_t *column);

typedef enum DiagId {

#define DIAG(id, code, explanation) DIAG_##id,
#include "support/diag.def"
#undef DIAG
    DIAG_COUNT
} DiagId;
const char *diag_code(DiagId id);
const char *diag_explanation(DiagId id);
int diag_find(const char *code); /* a DiagId, or -1 */

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE } Severity;

typedef struct Diagnostic {
    Severity severity;
    DiagId id;
    Span span;
    const char *message, *help; /* help may be NULL */
    /* severity NOTE; their id is the parent's */
    VEC(struct Diagnostic *) notes;
    /* 1 script, 2 usage, 3 data or files */
    int exit_status;
} Diagnostic;

typedef struct Diagnostics {
    Arena *arena;
    VEC(Diagnostic *) list;
    /* all of them, those beyond what is kept too */
    size_t errors;
    /* diag.c's own: where errors are */
    struct DiagPlaces *places;
} Diagnostics;

Diagnostics *diagnostics_new(Arena *arena);
/* Each returns the diagnostic, to add help and notes to. The text is copied. A second error at the
 * same place is dropped (a scratch diagnostic is returned so callers need no check). */
Diagnostic *diag_error(Diagnostics *d, DiagId id, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
Diagnostic *diag_warning(Diagnostics *d, DiagId id, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_help(Diagnostics *d, Diagnostic *to, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_note(Diagnostics *d, Diagnostic *to, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What the help of an error about a name says where users of other libraries know it: what to write
 * instead, of what is accepted (NULL: of all); NULL for other names. (elsewhere.def) */
const char *said_elsewhere(DiagId id, const char *name, const char *const *accepted, size_t count);
/* "unknown X 'name'", help what said_elsewhere says or "did you mean 'near'?", and the list of what
 * is accepted. */
Diagnostic *diag_unknown(Diagnostics *d, DiagId id, Span span, const char *what, const char *name,
                         const char *const *accepted, size_t count);

typedef enum DiagFormat { DIAG_TEXT, DIAG_TEXT_COLOR, DIAG_JSON } DiagFormat;

/* sorted, the first 20 errors, then a count of the rest */
void diagnostics_print(Diagnostics *d, FILE *out, DiagFormat format);
/* 0 without errors; 1 if any is 1, else the first's */
int diagnostics_exit_status(const Diagnostics *d);
void diagnostics_clear(Diagnostics *d);
#endif
