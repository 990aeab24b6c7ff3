/* imports.c: `import "file.nn"`: the declarations of another file, read once. Its path is relative
 * to the file that imports it. */
#include "sema/internal.h"
#include "syntax/parse.h"
#include <stdlib.h>

/* Equal for two paths of one file. */
static const char *canonical(Sema *sema, const char *path)
{
    char *real = realpath(path, NULL);
    const char *kept = arena_printf(sema->arena, "%s", real ? real : path);
    free(real);
    return kept;
}

/* False where the file is known already. */
static bool remember(Sema *sema, const char *path)
{
    path = canonical(sema, path);
    for (size_t i = 0; i < sema->files.len; i++)
        if (!strcmp(sema->files.data[i], path))
            return false;
    vec_push(sema->arena, &sema->files, path);
    return true;
}

static void forget(Sema *sema, const char *path)
{
    path = canonical(sema, path);
    for (size_t i = 0; i < sema->files.len; i++)
        if (!strcmp(sema->files.data[i], path))
            sema->files.data[i] = sema->files.data[--sema->files.len];
}

void remember_script(Sema *sema, const SourceFile *file)
{
    if (file && file->path && *file->path != '<')
        remember(sema, file->path);
}

void check_import(Sema *sema, const Stmt *stmt)
{
    const char *from = stmt->span.file ? stmt->span.file->path : "", *slash = strrchr(from, '/'),
               *path = stmt->text;
    if (*path != '/' && slash)
        path = arena_printf(sema->arena, "%.*s/%s", (int)(slash - from), from, path);
    if (!remember(sema, path))
        return;

    char *why = NULL;
    SourceFile *file = source_read(sema->arena, path, &why);
    if (!file) {
        sema->files.len--;
        Diagnostic *d =
            diag_error(sema->diags, DIAG_IMPORT_FAILED, stmt->span, "cannot import \"%s\": %s",
                       path, why ? why : "it cannot be read");
        diag_help(sema->diags, d, "paths are relative to the folder of the importing file");
        d->exit_status = 3;
        return;
    }

    if (!enter(sema, stmt->span))
        return;
    size_t errors = sema->diags->errors;
    Script *script = parse_file(sema->arena, sema->names, sema->diags, file);
    if (sema->diags->errors > errors)
        vec_push(sema->arena, &sema->broken, file);
    bool outer = sema->in_import;
    sema->in_import = true;
    check_statements(sema, script, NULL);
    sema->in_import = outer;

    /* once it is mended it can be imported */
    if (sema->repl && sema->diags->errors > errors)
        forget(sema, path);
    leave(sema);
}
