/* command_fmt.c: `nnc fmt`: rewrites a script in the usual layout, or says whether it would. */
#include "base/base.h"
#include "driver/driver.h"
#include "syntax/format.h"
#include <stdio.h>
#include <string.h>

static int write_script(const char *path, const char *text, size_t length)
{
    nnrt_error e = { 0 };
    nnrt_atomic_file *file = nnrt_atomic_open(path, &e);
    if (file) {
        fwrite(text, 1, length, file->stream);
        nnrt_atomic_commit(file, &e);
    }
    if (!e.status)
        return 0;
    fprintf(stderr, "nnc: error: %s\n", e.text);
    return EXIT_FILES;
}

static int format_file(Options *options, Arena *arena, const char *path)
{
    char *error = NULL;
    const SourceFile *file = source_read(arena, path, &error);
    Diagnostics *diags = diagnostics_new(arena);
    if (!file) {
        diag_error(diags, DIAG_UNREADABLE_FILE, (Span){ 0 }, "%s cannot be read: %s", path, error);
        diagnostics_print(diags, stderr, options_format(options));
        return EXIT_FILES;
    }
    size_t length = 0;
    const char *text = format_script(arena, interner_new(arena), diags, file, &length);
    if (!text) {
        diagnostics_print(diags, stderr, options_format(options));
        return diagnostics_exit_status(diags);
    }
    if (length == file->length && memcmp(text, file->text, length) == 0)
        return 0;
    if (!options->check)
        return write_script(path, text, length);
    if (!options->quiet)
        fprintf(stderr, "%s: not in the usual layout; 'nnc fmt %s' would rewrite it\n", path, path);
    return EXIT_SCRIPT;
}

int command_fmt(Options *options)
{
    Arena *arena = arena_new();
    int status = format_file(options, arena, options->operands.data[0]);
    arena_free(arena);
    return status;
}
