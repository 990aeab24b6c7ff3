/* files.c: patterns such as "part-*.csv" to files (files.h). */
#include "data/files.h"
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of glob's signs, `*` alone is one in a script's names; none is in the folder of the script. */
static char *escape(char *to, const char *text, const char *signs)
{
    for (; *text; text++) {
        if (strchr(signs, *text))
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '\0';
    return to;
}

/* The pattern as glob() takes it, and how much of a path that it meets is the folder. free() */
static char *pattern_of(const nnrt_source_request *request, const char *name, size_t *folder)
{
    const char *before = *name == '/' || !request->folder ? "" : request->folder;
    char *pattern = malloc(2 * (strlen(before) + strlen(name)) + 2);

    *folder = *before ? strlen(before) + 1 : 0;
    if (pattern) {
        char *end = escape(pattern, before, "*?[\\");
        if (*before)
            *end++ = '/';
        escape(end, name, "?[\\");
    }
    return pattern;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool take(nnrt_files *files, char **path, size_t count, size_t folder)
{
    files->path = calloc(count + 1, sizeof *files->path);
    files->name = calloc(count + 1, sizeof *files->name);

    for (size_t i = 0; files->path && files->name && i < count; i++) {
        files->count = i + 1;
        files->path[i] = strdup(path[i]);
        files->name[i] = strdup(path[i] + folder);
        if (!files->path[i] || !files->name[i])
            return false;
    }
    return files->path && files->name;
}

static bool meet(const nnrt_source_request *request, const char *name, nnrt_files *files,
                 nnrt_error *e)
{
    size_t folder;
    glob_t met = { 0 };
    char *pattern = pattern_of(request, name, &folder);
    int why = pattern ? glob(pattern, GLOB_NOSORT, NULL, &met) : GLOB_NOSPACE;
    bool ok = false;

    if (why == GLOB_NOMATCH) {
        nnrt_fail(e, NNRT_FILES, "missing-file", "%s: no file has a name of this pattern", name);
    } else if (why != 0) {
        nnrt_no_memory_for(e, name);
    } else {
        qsort(met.gl_pathv, met.gl_pathc, sizeof *met.gl_pathv, by_bytes);
        ok = take(files, met.gl_pathv, met.gl_pathc, folder) || nnrt_no_memory_for(e, name);
    }

    globfree(&met);
    free(pattern);
    return ok;
}

bool nnrt_files_find(const nnrt_source_request *request, const char *argument, nnrt_files *files,
                     nnrt_error *e)
{
    struct stat about;
    const char *name = nnrt_form_text(request->form, argument, "");
    char *path = nnrt_form_path(request, argument, e);
    if (!path)
        return false;

    size_t folder = strlen(path) - strlen(name);
    bool pattern = strchr(name, '*') && stat(path, &about) != 0;
    bool ok = pattern ? meet(request, name, files, e)
                      : take(files, &path, 1, folder) || nnrt_no_memory_for(e, name);
    free(path);
    return ok;
}

void nnrt_files_free(nnrt_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->path[i]);
        free(files->name[i]);
    }
    free(files->path);
    free(files->name);
    *files = (nnrt_files){ 0 };
}
