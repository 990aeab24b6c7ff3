/* command_predict.c: `nnc predict SCRIPT FILE`: new samples through a trained model.
 *
 * The script's declarations stay as they are, its actions and data go. In their place comes the
 * model's data with FILE alone, as samples without targets, and two actions:
 *
 *     data d { new = csv("FILE", ...the arguments that the script's own source has...) }
 *     load m from "WEIGHTS"
 *     predict m on d.new to "OUT"
 *
 * so that what is predicted, and how it is written, is what the script itself would do. How the
 * samples are prepared, the weights' file says. */
#include "driver/compile.h"
#include "driver/driver.h"
#include "driver/program_json.h"
#include "syntax/parse.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Predicting {
    Arena *arena;
    const Options *options;
    const SourceFile *file;
    const Script *script;
    const char *model;   /* whose answers are asked for */
    const char *weights; /* the file, as the option or the script says it */
    bool weights_given;  /* by the option: the path starts at the current folder */
    const Stmt *data;    /* what the model was trained on, or met */
    const char *samples, *output;
} Predicting;

static int refuse(const Predicting *p, int status, const char *what)
{
    fprintf(stderr, "%s: error: %s [%s]\n", p->file->path, what,
            status == EXIT_FILES ? "missing-file" : "wrong-usage");
    return status;
}

/* ---- what the script says ---- */

static const Action *action_of(const Predicting *p, size_t i)
{
    const Stmt *stmt = p->script->data[i];
    return stmt->kind == STMT_ACTION ? &stmt->action : NULL;
}

static const char *operand_name(const Action *a)
{
    return a->operand_count && a->operands[0]->kind == EXPR_NAME ? a->operands[0]->name.text : NULL;
}

static bool is_of_model(const Predicting *p, const Action *a)
{
    const char *name = a ? operand_name(a) : NULL;
    return name && strcmp(name, p->model) == 0;
}

static const Stmt *find_declared(const Predicting *p, StmtKind kind, const char *name)
{
    for (size_t i = 0; name && i < p->script->len; i++) {
        const Stmt *stmt = p->script->data[i];
        if (stmt->kind == kind && strcmp(stmt->name.text, name) == 0)
            return stmt;
    }
    return NULL;
}

/* The model of the last `save`, else the only one that is declared. */
static const char *default_model(const Predicting *p)
{
    const char *saved = NULL, *declared = NULL;
    size_t models = 0;

    for (size_t i = 0; i < p->script->len; i++) {
        const Action *a = action_of(p, i);
        if (a && a->verb == VERB_SAVE && find_declared(p, STMT_MODEL, operand_name(a)))
            saved = operand_name(a);
        if (p->script->data[i]->kind == STMT_MODEL) {
            declared = p->script->data[i]->name.text;
            models++;
        }
    }
    if (saved)
        return saved;
    return models == 1 ? declared : NULL;
}

static const char *saved_weights(const Predicting *p)
{
    const char *weights = NULL;

    for (size_t i = 0; i < p->script->len; i++) {
        const Action *a = action_of(p, i);
        if (is_of_model(p, a) && a->verb == VERB_SAVE && a->to && a->to->kind == EXPR_STRING)
            weights = a->to->text;
    }
    return weights;
}

/* `d` of `on d` or `on d.part`. */
static const char *data_name(const Action *a)
{
    const Expr *on = a->on;
    if (on && on->kind == EXPR_FIELD)
        on = on->a;
    return on && on->kind == EXPR_NAME ? on->name.text : NULL;
}

/* What the model was last trained on, else what it last met. */
static const Stmt *data_of_model(const Predicting *p)
{
    const Stmt *trained = NULL, *met = NULL;

    for (size_t i = 0; i < p->script->len; i++) {
        const Action *a = action_of(p, i);
        const Stmt *data = is_of_model(p, a) ? find_declared(p, STMT_DATA, data_name(a)) : NULL;
        if (!data)
            continue;
        met = data;
        if (a->verb == VERB_TRAIN || a->verb == VERB_TUNE)
            trained = data;
    }
    return trained ? trained : met;
}

static const Expr *setting_of(const Stmt *data, const char *key)
{
    for (size_t i = 0; i < data->settings.len; i++)
        if (strcmp(data->settings.data[i].key.text, key) == 0)
            return data->settings.data[i].value;
    return NULL;
}

/* ---- the script that predicts ---- */

static void put_text(FILE *to, const SourceFile *file, Span span)
{
    fwrite(file->text + span.begin, 1, span.end - span.begin, to);
}

static void put_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fputc('\\', to);
        fputc(*c, to);
    }
    fputc('"', to);
}

/* The source's reader, by the file's suffix where that is another table's. */
static const char *reader_of(const Expr *call, const char *path)
{
    static const struct {
        const char *suffix, *form;
    } tables[] = { { ".parquet", "parquet" }, { ".jsonl", "jsonl" }, { ".csv", "csv" } };

    bool is_table = false;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        is_table |= strcmp(call->name.text, tables[i].form) == 0;

    size_t length = strlen(path);
    for (size_t i = 0; is_table && i < sizeof tables / sizeof *tables; i++) {
        size_t tail = strlen(tables[i].suffix);
        if (length > tail && strcmp(path + length - tail, tables[i].suffix) == 0)
            return tables[i].form;
    }
    return call->name.text;
}

/* The call with the file in the place of its own first argument. */
static void put_source(const Predicting *p, const Expr *call, FILE *to)
{
    fprintf(to, "%s(", reader_of(call, p->samples));
    put_string(to, p->samples);
    for (size_t i = 1; i < call->args.len; i++) {
        fputs(", ", to);
        put_text(to, p->file, call->args.data[i].span);
    }
    fputc(')', to);
}

/* Settings that say how samples are to be read, not where they come from. */
static void put_data(const Predicting *p, FILE *to)
{
    static const char *const kept[] = { "shape", "task", "normalize_target" };
    const Expr *source = setting_of(p->data, "new");
    if (!source)
        source = setting_of(p->data, "source");
    if (!source)
        source = setting_of(p->data, "train");

    fprintf(to, "data %s {\n    new = ", p->data->name.text);
    put_source(p, source, to);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const Expr *value = setting_of(p->data, kept[i]);
        if (value) {
            fprintf(to, "\n    %s = ", kept[i]);
            put_text(to, p->file, value->span);
        }
    }
    fputs("\n}\n", to);
}

static SourceFile *predicting_script(const Predicting *p, const char *output)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to)
        return NULL;

    for (size_t i = 0; i < p->script->len; i++) {
        const Stmt *stmt = p->script->data[i];
        if (stmt->kind == STMT_ACTION || stmt->kind == STMT_DATA)
            continue;
        put_text(to, p->file, stmt->span);
        fputc('\n', to);
    }
    put_data(p, to);
    fprintf(to, "load %s from ", p->model);
    put_string(to, p->weights);
    fprintf(to, "\npredict %s on %s.new to ", p->model, p->data->name.text);
    put_string(to, output);
    fputc('\n', to);

    fclose(to);
    SourceFile *file = source_from_text(p->arena, p->file->path, text, length);
    free(text);
    return file;
}

/* ---- carrying it out ---- */

/* The path as one that does not depend on the script's folder. */
static const char *from_here(Arena *arena, const char *path)
{
    char here[4096];
    if (*path == '/' || !getcwd(here, sizeof here))
        return path;
    return arena_printf(arena, "%s/%s", here, path);
}

static int run_script(Compiler *c, const SourceFile *file)
{
    Compiled compiled;
    bool ok = compile(c, file, &compiled);
    int status = compiler_report(c);
    if (!ok)
        return status ? status : EXIT_SCRIPT;

    nnrt_session *session = compiler_session(c);
    if (!session)
        return compiler_report(c);
    json_t *program = program_json(c, &compiled, true);
    status = nnrt_session_run(session, program, compiler_resolve, c);
    json_decref(program);
    return status;
}

/* Prints the file and removes it. */
static int print_file(const char *path)
{
    FILE *from = fopen(path, "rb");
    char block[65536];
    size_t count;

    while (from && (count = fread(block, 1, sizeof block, from)) > 0)
        fwrite(block, 1, count, stdout);
    if (from)
        fclose(from);
    unlink(path);
    return from ? 0 : EXIT_FILES;
}

static int predict_to_output(Predicting *p, Compiler *c)
{
    if (p->options->output)
        return run_script(c, predicting_script(p, from_here(p->arena, p->options->output)));

    const char *folder = getenv("TMPDIR");
    char *path = arena_printf(p->arena, "%s/nnc-XXXXXX.csv", folder && *folder ? folder : "/tmp");
    int made = mkstemps(path, 4);
    if (made < 0)
        return refuse(p, EXIT_FILES, "no file can be made in the folder for temporary files");
    close(made);

    int status = run_script(c, predicting_script(p, path));
    if (status == 0)
        return print_file(path);
    unlink(path);
    return status;
}

static int find_parts(Predicting *p)
{
    p->model = p->options->model ? p->options->model : default_model(p);
    if (!p->model)
        return refuse(p, EXIT_USAGE, "the script has several models: --model M says which one");
    if (!find_declared(p, STMT_MODEL, p->model)) {
        return refuse(p, EXIT_USAGE,
                      arena_printf(p->arena, "the script declares no model '%s'", p->model));
    }

    p->weights_given = p->options->weights != NULL;
    p->weights = p->weights_given ? from_here(p->arena, p->options->weights) : saved_weights(p);
    if (!p->weights) {
        return refuse(p, EXIT_USAGE,
                      arena_printf(p->arena,
                                   "the script never saves '%s': --weights F says where its "
                                   "weights are",
                                   p->model));
    }

    p->data = data_of_model(p);
    const Expr *source = p->data ? setting_of(p->data, "new") : NULL;
    if (p->data && !source)
        source = setting_of(p->data, "source");
    if (p->data && !source)
        source = setting_of(p->data, "train");
    if (!source || source->kind != EXPR_CALL || !source->args.len) {
        return refuse(p, EXIT_USAGE,
                      arena_printf(p->arena,
                                   "no action of the script gives '%s' data that is read from a "
                                   "file, so how FILE is to be read is not known",
                                   p->model));
    }
    return 0;
}

int command_predict(Options *options)
{
    Compiler *c = compiler_new(options);
    int status = 0;
    const SourceFile *file = compiler_open(c, options->operands.data[0], &status);
    if (!file) {
        compiler_free(c);
        return status;
    }

    Predicting p = { .arena = c->arena, .options = options, .file = file };
    p.samples = from_here(c->arena, options->operands.data[1]);
    p.script = parse_file(c->arena, c->names, c->diags, file);
    status = compiler_report(c);
    if (!status)
        status = find_parts(&p);
    if (!status)
        status = predict_to_output(&p, c);
    compiler_free(c);
    return status;
}
