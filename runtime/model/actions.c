/* actions.c: what all actions need: their model, data, seed and paths; saying errors where they
 * happened. */
#include "model/session.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nnrt_interrupted(nnrt_error *e)
{
    return nnrt_fail(e, NNRT_INTERRUPTED, "interrupted", "interrupted");
}

const char *nnrt_action_text(const nnrt_program *program, const char *key)
{
    return json_string_value(json_object_get(program->action, key));
}

const char *nnrt_action_subject(const nnrt_program *program)
{
    const char *ensemble = nnrt_action_text(program, "ensemble");
    return ensemble ? ensemble : nnrt_action_text(program, "model");
}

double nnrt_action_number(const nnrt_program *program, const char *key, double fallback)
{
    const json_t *value = json_object_get(program->action, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

uint64_t nnrt_action_seed(const nnrt_program *program)
{
    const json_t *written = json_object_get(program->action, "seed");
    const nnrt_options *options = &program->session->options;
    if (json_is_integer(written))
        return (uint64_t)json_integer_value(written);
    if (json_is_real(written))
        return (uint64_t)(int64_t)json_real_value(written);
    return options->seed_given ? options->seed : 0;
}

char *nnrt_program_path(const nnrt_program *program, const char *path)
{
    char *whole = NULL;
    if (*path == '/' || !program->folder || !*program->folder || !strcmp(program->folder, "."))
        return strdup(path);
    return asprintf(&whole, "%s/%s", program->folder, path) < 0 ? NULL : whole;
}

/* ---- models ---- */
static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (n && !strcmp(n, name))
            return item;
    }
    return NULL;
}

static const char *const head_names[] = { "scores", "softmax", "sigmoid", "values" };

static nnrt_model *model_new(nnrt_session *session, const json_t *declared, nnrt_error *e)
{
    const json_t *weights = json_object_get(declared, "weights"),
                 *output = json_object_get(declared, "output");
    const char *head = json_string_value(json_object_get(declared, "head"));
    nnrt_model *model = calloc(1, sizeof *model);
    size_t count = json_array_size(weights), i;
    if (model)
        model->weight = calloc(count + 1, sizeof *model->weight);
    if (model)
        model->weight_name = calloc(count + 1, sizeof *model->weight_name);
    if (!model || !model->weight || !model->weight_name) {
        nnrt_no_memory(e);
        goto failed;
    }
    model->name = json_string_value(json_object_get(declared, "name"));
    model->parameters = json_integer_value(json_object_get(declared, "parameters"));
    model->head = NNRT_VALUES;
    for (i = 0; head && i < sizeof head_names / sizeof *head_names; i++)
        if (!strcmp(head, head_names[i]))
            model->head = (nnrt_head)i;
    model->output_size = 1;
    for (i = 0; i < json_array_size(output) && i < NNRT_TENSOR_RANK; i++) {
        model->output[model->output_rank++] = json_integer_value(json_array_get(output, i));
        model->output_size *= model->output[i];
    }
    for (i = 0; i < count; i++) {
        const json_t *weight = json_array_get(weights, i);
        const char *name = json_string_value(json_object_get(weight, "name")),
                   *key = json_string_value(json_object_get(weight, "key"));
        model->weight_name[i] = name;
        model->weight[i] = key ? nnrt_weight_find(session, key) : NULL;
        if (!name || !model->weight[i]) {
            nnrt_fail(e, NNRT_SCRIPT, "internal", "model '%s' of the program has an unknown weight",
                      model->name);
            goto failed;
        }
    }
    model->count = count;
    return model;
failed:
    if (model) {
        free(model->weight);
        free(model->weight_name);
    }
    free(model);
    return NULL;
}

nnrt_model *nnrt_program_model(nnrt_program *program, const char *name, nnrt_error *e)
{
    for (size_t i = 0; name && i < program->model_count; i++)
        if (!strcmp(program->model[i]->name, name))
            return program->model[i];
    const json_t *declared = name ? named(json_object_get(program->json, "models"), name) : NULL;
    if (!declared) {
        nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no model '%s'", name ? name : "");
        return NULL;
    }
    nnrt_model **grown = realloc(program->model, (program->model_count + 1) * sizeof *grown);
    if (!grown) {
        nnrt_no_memory(e);
        return NULL;
    }
    program->model = grown;
    nnrt_model *model = model_new(program->session, declared, e);
    if (model)
        program->model[program->model_count++] = model;
    return model;
}

const json_t *nnrt_program_declaration(nnrt_program *program, const char *data, nnrt_error *e)
{
    const json_t *declared = data ? named(json_object_get(program->json, "data"), data) : NULL;
    if (!declared)
        nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no data '%s'", data ? data : "");
    return declared;
}

const nnrt_data *nnrt_program_data(nnrt_program *program, const char *name, nnrt_error *e)
{
    const json_t *declared = nnrt_program_declaration(program, name, e);
    return declared ? nnrt_session_data(program->session, declared, program->folder, e) : NULL;
}

/* ---- output ---- */
bool nnrt_flush_output(nnrt_program *program, nnrt_error *e)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return true;
    int why = errno;
    clearerr(stdout);
    if (why == EPIPE) {
        program->quiet_end = true;
        return nnrt_fail(e, NNRT_FILES, "write-failed", "nobody reads the output");
    }
    return nnrt_fail(e, NNRT_FILES, "write-failed", "can't write to standard output: %s",
                     why ? strerror(why) : "an error earlier on");
}

/* ---- errors ---- */
typedef struct place {
    const char *file, *source;
    long long line, column, end;
} place;

static place place_of(const nnrt_program *program)
{
    const json_t *action = program->action;
    place p = { program->script, NULL, 0, 0, 0 };
    if (!action)
        return p;
    if (nnrt_action_text(program, "file"))
        p.file = nnrt_action_text(program, "file");
    p.source = nnrt_action_text(program, "source");
    p.line = json_integer_value(json_object_get(action, "line"));
    p.column = json_integer_value(json_object_get(action, "column"));
    p.end = json_integer_value(json_object_get(action, "end_column"));
    if (p.end <= p.column)
        p.end = p.column + 1;
    return p;
}

static void say_text(const place *p, const nnrt_error *e, bool color)
{
    const char *bold = color ? "\x1b[1m" : "", *red = color ? "\x1b[1;31m" : "",
               *plain = color ? "\x1b[0m" : "";
    if (p->file && p->line)
        fprintf(stderr, "%s%s:%lld:%lld: ", bold, p->file, p->line, p->column);
    fprintf(stderr, "%serror:%s %s%s%s [%s]\n", red, plain, bold, e->text, plain, e->code);
    if (p->source && p->line) {
        fprintf(stderr, "%5lld | %s\n      | ", p->line, p->source);
        long long at = 1;
        for (const char *c = p->source; *c && at < p->column; c++) {
            if (((unsigned char)*c & 0xC0) == 0x80)
                continue;
            fputc(*c == '\t' ? '\t' : ' ', stderr);
            at++;
        }
        fprintf(stderr, "%s^", red);
        for (long long i = p->column + 1; i < p->end; i++)
            fputc('~', stderr);
        fprintf(stderr, "%s\n", plain);
    }
    if (*e->help)
        fprintf(stderr, "%shelp:%s %s\n", color ? "\x1b[1;32m" : "", plain, e->help);
}

static void say_json(const place *p, const nnrt_error *e)
{
    json_t *said = json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:s, s:s?, s:[]}", "severity",
                             "error", "code", e->code, "file", p->file, "line", (json_int_t)p->line,
                             "column", (json_int_t)p->column, "end_line", (json_int_t)p->line,
                             "end_column", (json_int_t)p->end, "message", e->text, "help",
                             *e->help ? e->help : NULL, "notes");
    if (said)
        json_dumpf(said, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(said);
}

void nnrt_say_error(const nnrt_program *program, const nnrt_error *e)
{
    const nnrt_options *options = &program->session->options;
    nnrt_log *log = program->session->log;
    place p = place_of(program);
    fflush(stdout);
    if (options->diagnostics_json)
        say_json(&p, e);
    else
        say_text(&p, e, options->color);
    fflush(stderr);
    nnrt_log_begin(log, "error");
    nnrt_log_whole(log, "status", e->status);
    nnrt_log_text(log, "code", e->code);
    nnrt_log_text(log, "message", e->text);
    nnrt_log_text(log, "file", p.file);
    nnrt_log_whole(log, "line", p.line);
    nnrt_log_whole(log, "column", p.column);
    nnrt_log_text(log, "help", *e->help ? e->help : NULL);
    nnrt_log_end(log);
    nnrt_log_flush(log);
}
