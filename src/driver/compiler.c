/* compiler.c: a compiler from its making to its end: what it shares across the inputs of a session,
 * what it reports, and the machine code that it makes when a unit is first asked for. */
#include "driver/compile.h"
#include "driver/driver.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

Compiler *compiler_new(const Options *options)
{
    Arena *arena = arena_new();
    Compiler *c = ARENA_NEW(arena, Compiler);
    c->options = options;
    c->arena = arena;
    c->backend = &cpu_backend;
    c->passes.machine = c->backend->machine();
    c->names = interner_new(arena);
    c->diags = diagnostics_new(arena);
    c->sema = sema_new(arena, c->names, c->diags);
    sema_load_prelude(c->sema);
    sema_set_params(c->sema, options->sets.data, options->sets.len);
    c->lower = lower_new(c->sema);
    c->codes = codes_new();
    return c;
}

void compiler_free(Compiler *c)
{
    for (size_t i = 0; i < c->data.len; i++)
        json_decref(c->data.data[i]->json);
    for (size_t i = 0; i < c->trials.len; i++)
        compiler_free(c->trials.data[i]);
    nnrt_preparations_clear(&c->preparations);
    if (!c->parent) {
        nnrt_session_free(c->session);
        c->backend->jit_free(c->jit);
        c->backend->target_free(c->target);
        codes_free(c->codes);
    }
    Arena *arena = c->arena;
    if (c->older) { /* whose arena holds *c, as this one holds it */
        Compiler older = *c->older;
        compiler_free(&older);
    }
    arena_free(arena);
}

int compiler_report(Compiler *c)
{
    if (c->options->quiet) {
        size_t kept = 0;
        for (size_t i = 0; i < c->diags->list.len; i++)
            if (c->diags->list.data[i]->severity == SEVERITY_ERROR)
                c->diags->list.data[kept++] = c->diags->list.data[i];
        c->diags->list.len = kept;
    }
    if (c->diags->list.len)
        diagnostics_print(c->diags, stderr, options_format(c->options));
    int status = diagnostics_exit_status(c->diags);
    diagnostics_clear(c->diags);
    return status;
}

void compiler_report_runtime(Compiler *c, Span span, const nnrt_error *e)
{
    int id = diag_find(e->code);
    Diagnostic *d = diag_error(c->diags, id >= 0 ? (DiagId)id : DIAG_BAD_FILE, span, "%s", e->text);
    d->exit_status = e->status;
    if (e->help[0])
        diag_help(c->diags, d, "%s", e->help);
}

nnrt_session *compiler_session(Compiler *c)
{
    if (c->session)
        return c->session;
    const Options *o = c->options;
    nnrt_options options = {
        .threads = o->threads,
        .seed_given = o->seed_given,
        .seed = o->seed,
        .dry_run = o->dry_run,
        .quiet = o->quiet || !c->carries_out,
        .color = options_color(o),
        .log_path = c->carries_out ? o->log : NULL,
        .resume_path = c->carries_out ? o->resume : NULL,
        .cpu = o->cpu && strcmp(o->cpu, "native") != 0 ? o->cpu : c->backend->host_name(c->arena),
        .repl = o->command->bit == FOR_REPL,
        .diagnostics_json = o->json,
    };
    nnrt_error e = { 0 };
    c->session = nnrt_session_new(&options, &e);
    if (!c->session)
        compiler_report_runtime(c, (Span){ 0 }, &e);
    return c->session;
}

Target *compiler_target(Compiler *c, char **error)
{
    const char *cpu =
        c->options->cpu && strcmp(c->options->cpu, "native") == 0 ? NULL : c->options->cpu;
    if (!c->target)
        c->target = c->backend->target_new(c->arena, cpu, error);
    return c->target;
}

/* ---- machine code ---- */

static double seconds_since(const struct timespec *begin)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin->tv_sec) + 1e-9 * (double)(end.tv_nsec - begin->tv_nsec);
}

/* NULL: reported. The lock is not held, so that other code can be asked for meanwhile. */
static nnrt_unit compile_code(Compiler *c, Code *code, char *error, double *compile_seconds)
{
    struct timespec begin;
    nnrt_unit entry = NULL;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (c->jit)
        entry = c->backend->jit_compile(c->jit, code_final_plan(code), &error);
    if (compile_seconds)
        *compile_seconds += seconds_since(&begin);
    if (!entry) {
        fprintf(stderr, "nnc: error: %s could not be compiled: %s\n", code->name,
                error ? error : "the reason is unknown");
    }
    return entry;
}

/* The code of this name once nobody else is compiling it, or NULL; the lock is held. */
static Code *wait_for_code(Codes *codes, const char *name)
{
    Code *code = codes_find(codes, name);
    while (code && code->under_way)
        pthread_cond_wait(&codes->compiled, &codes->lock);
    return code;
}

nnrt_unit compiler_resolve(void *context, const char *unit_name, double *compile_seconds)
{
    Compiler *c = context;
    Codes *codes = c->codes;
    pthread_mutex_lock(&codes->lock);
    Code *code = wait_for_code(codes, unit_name);

    if (code && !code->entry) {
        char *error = NULL;
        if (!c->jit && compiler_target(c, &error))
            c->jit = c->backend->jit_new(c->target, &error);
        code->under_way = true;
        pthread_mutex_unlock(&codes->lock);
        nnrt_unit entry = compile_code(c, code, error, compile_seconds);
        pthread_mutex_lock(&codes->lock);
        code->entry = entry;
        code->under_way = false;
        pthread_cond_broadcast(&codes->compiled);
    }

    nnrt_unit entry = code ? code->entry : NULL;
    pthread_mutex_unlock(&codes->lock);
    return entry;
}

/* ---- scripts ---- */

/* NULL: the current folder */
static const char *folder_of(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

const SourceFile *compiler_open(Compiler *c, const char *path, int *status)
{
    char *error = NULL;
    const SourceFile *file = source_read(c->arena, path, &error);
    if (!file) {
        diag_error(c->diags, DIAG_UNREADABLE_FILE, (Span){ 0 }, "%s cannot be read: %s", path,
                   error)
            ->exit_status = EXIT_FILES;
        *status = compiler_report(c);
        return NULL;
    }
    c->folder = folder_of(c->arena, path);
    return file;
}

bool compile_script(Compiler *c, const char *path, Compiled *out, int *status)
{
    char *error = NULL;
    if (c->options->cpu && !compiler_target(c, &error)) {
        *status = options_wrong(c->options, "option '--cpu': %s", error);
        return false;
    }
    const SourceFile *file = compiler_open(c, path, status);
    if (!file)
        return false;
    bool ok = compile(c, file, out);
    *status = compiler_report(c);
    if (!ok && !*status)
        *status = EXIT_SCRIPT;
    return ok;
}
