/* predict.c: `predict`: the model's outputs into a .npy or .csv file; with passes, mean and
 * deviation over draws of dropout (Gal and Ghahramani, Dropout as a Bayesian Approximation, 2016).
 */
#include "base/base.h"
#include "actions/actions.h"
#include "actions/pictured.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct prediction {
    nnrt_program *program;
    nnrt_model *model;
    const nnrt_data *data;
    const nnrt_part *part;
    nnrt_instance *unit;
    int64_t count, size, passes;
    float *out;       /* [count][size]: the outputs, or their mean */
    float *deviation; /* NULL: without passes */
} prediction;

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);
    return length > tail && !strcmp(path + length - tail, suffix);
}

/* ---- computing ---- */
static bool run_once(prediction *p, nnrt_call *call, int64_t pass, float *out, nnrt_error *e)
{
    int64_t batches = (p->count + p->unit->batch - 1) / p->unit->batch;
    call->out = out;
    /* the step is what dropout is drawn from: no two batches of any pass share one */
    call->step = pass * batches;
    call->halt = 0;
    return nnrt_launch_batches(p->unit, call, 0, p->count, true) || nnrt_interrupted(e);
}

/* Welford's sums: mean and squares about it, in one sweep a pass. */
static bool run_passes(prediction *p, nnrt_call *call, nnrt_error *e)
{
    size_t n = (size_t)(p->count * p->size);
    float *out = nnrt_tensor_new(n);
    double *mean = calloc(n + 1, sizeof *mean), *square = calloc(n + 1, sizeof *square);
    bool ok = (out && mean && square) || nnrt_no_memory(e);
    for (int64_t pass = 0; ok && pass < p->passes; pass++) {
        ok = run_once(p, call, pass, out, e);
        for (size_t i = 0; ok && i < n; i++) {
            double d = out[i] - mean[i];
            mean[i] += d / (double)(pass + 1);
            square[i] += d * (out[i] - mean[i]);
        }
    }
    for (size_t i = 0; ok && i < n; i++) {
        p->out[i] = (float)mean[i];
        p->deviation[i] = (float)sqrt(square[i] / (double)p->passes);
    }
    free(out);
    free(mean);
    free(square);
    return ok;
}

static bool compute(prediction *p, nnrt_error *e)
{
    nnrt_call call = nnrt_instance_call(p->program, p->unit, nnrt_action_seed(p->program));
    call.x = p->part->x;
    call.y = p->part->y;
    return p->passes ? run_passes(p, &call, e) : run_once(p, &call, 0, p->out, e);
}

bool nnrt_predict_passes(nnrt_program *program, nnrt_model *model, const nnrt_data *data,
                         const char *unit, const nnrt_part *asked, int64_t passes, float *mean,
                         float *deviation, nnrt_error *e)
{
    prediction p = { program,
                     model,
                     data,
                     asked,
                     nnrt_program_instance(program, unit, NULL, e),
                     asked->count,
                     model->output_size,
                     passes,
                     mean,
                     deviation };
    return p.unit && compute(&p, e);
}

/* ---- .npy ---- */
/* numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0. The header is padded
 * so that the values begin at a multiple of 64 bytes. */
static bool write_npy(const prediction *p, const char *path, const float *values, nnrt_error *e)
{
    nnrt_atomic_file *file = nnrt_atomic_open(path, e);
    if (!file)
        return false;

    char header[512];
    int length =
        snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld,",
                 (long long)p->count);
    for (int i = 0; i < p->model->output_rank; i++) {
        length += snprintf(header + length, sizeof header - (size_t)length,
                           i + 1 < p->model->output_rank ? " %lld," : " %lld",
                           (long long)p->model->output[i]);
    }
    length += snprintf(header + length, sizeof header - (size_t)length, "), }");
    while ((10 + length + 1) % 64)
        header[length++] = ' ';
    header[length++] = '\n';

    const unsigned char size[2] = { (unsigned char)(length & 0xFF), (unsigned char)(length >> 8) };
    fwrite("\x93NUMPY\1\0", 1, 8, file->stream);
    fwrite(size, 1, sizeof size, file->stream);
    fwrite(header, 1, (size_t)length, file->stream);
    fwrite(values, sizeof *values, (size_t)(p->count * p->size), file->stream);
    return nnrt_atomic_commit(file, e);
}

/* ---- .csv ---- */
static void put_cell(FILE *to, const char *text, const char *tail)
{
    bool quote =
        strpbrk(text, ",\"\r\n") || *text == ' ' || (*text && text[strlen(text) - 1] == ' ');
    if (quote && !*tail) {
        fputc('"', to);
        for (const char *c = text; *c; c++) {
            if (*c == '"')
                fputc('"', to);
            fputc(*c, to);
        }
        fputc('"', to);
    } else if (quote) {
        char *whole = NULL;
        if (asprintf(&whole, "%s%s", text, tail) >= 0)
            put_cell(to, whole, "");
        free(whole);
    } else {
        fputs(text, to);
        fputs(tail, to);
    }
}

/* Columns of classes: one each; one output of two classes is the second's. */
static int64_t class_columns(const prediction *p)
{
    int64_t width = p->size < p->data->classes ? p->size : p->data->classes;
    return p->data->target_size == 1 ? width : 0;
}

static const char *class_name(const prediction *p, int64_t column)
{
    return p->data->class_name[class_columns(p) == 1 && p->data->classes > 1 ? 1 : column];
}

/* ---- what is copied from the file ---- */

static void put_caption(char *const *text, size_t k, FILE *to)
{
    put_cell(to, text[k], "");
    fputc(',', to);
}

/* The id, then what the action keeps, in its order. */
static void put_captions(const prediction *p, char *const *text, FILE *to)
{
    const json_t *item;
    size_t i;

    if (p->data->has_id)
        put_caption(text, 0, to);
    json_array_foreach (json_object_get(p->program->action, "keep"), i, item) {
        for (size_t k = p->data->has_id; k < p->data->captions; k++)
            if (nnrt_pattern_meets(json_string_value(item), p->data->caption_name[k]))
                put_caption(text, k, to);
    }
}

static void put_sample_captions(const prediction *p, int64_t sample, FILE *to)
{
    if (p->part->caption)
        put_captions(p, p->part->caption + (size_t)sample * p->data->captions, to);
}

/* What the action keeps must be there. */
static bool check_kept(const prediction *p, nnrt_error *e)
{
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(p->program->action, "keep"), i, item) {
        bool met = false;
        for (size_t k = 0; k < p->data->captions && !met; k++)
            met = nnrt_pattern_meets(json_string_value(item), p->data->caption_name[k]);
        if (!met) {
            return nnrt_fail(e, NNRT_FILES, "no-such-column",
                             "the file of data '%s' has no column '%s', which 'keep' names",
                             p->data->name, json_string_value(item));
        }
    }
    return true;
}

/* ---- rows ---- */

static void class_header(const prediction *p, FILE *to)
{
    int64_t columns = class_columns(p), said = p->data->target_size;

    for (int64_t t = 0; t < said; t++)
        if (said > 1)
            fprintf(to, "%sprediction_%lld", t ? "," : "", (long long)t + 1);
        else
            fputs("prediction", to);
    for (int tail = 0; tail < (p->deviation ? 2 : 1); tail++) {
        for (int64_t c = 0; c < columns; c++) {
            fputc(',', to);
            put_cell(to, class_name(p, c), tail ? "_std" : "");
        }
    }
    fputc('\n', to);
}

/* The class that sample r's outputs say for its target t. */
static int64_t predicted_class(const prediction *p, const nnrt_sample_set *set, int64_t r,
                               int64_t t)
{
    int64_t columns = class_columns(p);
    if (columns <= 1)
        return nnrt_predicted_class(set, r * p->data->target_size + t);
    nnrt_sample_set row = { .out = p->out + r * p->size,
                            .rows = 1,
                            .width = columns,
                            .classes = set->classes,
                            .head = set->head };
    return nnrt_predicted_class(&row, 0);
}

static void class_rows(const prediction *p, FILE *to)
{
    int64_t columns = class_columns(p);
    nnrt_sample_set set = nnrt_samples_of(p->data, p->model, p->count, p->out, p->part->y);
    for (int64_t r = 0; r < p->count; r++) {
        put_sample_captions(p, r, to);
        for (int64_t t = 0; t < p->data->target_size; t++) {
            int64_t class = predicted_class(p, &set, r, t);
            if (t)
                fputc(',', to);
            put_cell(to, class < p->data->classes ? p->data->class_name[class] : "?", "");
        }
        for (int64_t c = 0; c < columns; c++)
            fprintf(to, ",%.9g", p->out[r * p->size + c]);
        for (int64_t c = 0; p->deviation && c < columns; c++)
            fprintf(to, ",%.9g", p->deviation[r * p->size + c]);
        fputc('\n', to);
    }
}

/* Several targets that have names, labels among them, are told by these. */
static void real_header(const prediction *p, FILE *to)
{
    bool named = p->data->target_name && p->size == p->data->target_size &&
                 (p->size > 1 || p->data->multilabel);

    for (int tail = 0; tail < (p->deviation ? 2 : 1); tail++) {
        for (int64_t c = 0; c < p->size; c++) {
            if (c || tail)
                fputc(',', to);
            if (named)
                put_cell(to, p->data->target_name[c], tail ? "_std" : "");
            else if (p->size == 1)
                fprintf(to, "prediction%s", tail ? "_std" : "");
            else
                fprintf(to, "prediction_%lld%s", (long long)c + 1, tail ? "_std" : "");
        }
    }
    fputc('\n', to);
}

static void real_rows(const prediction *p, FILE *to)
{
    for (int64_t r = 0; r < p->count; r++) {
        put_sample_captions(p, r, to);
        for (int64_t c = 0; c < p->size; c++)
            fprintf(to, "%s%.9g", c ? "," : "", p->out[r * p->size + c]);
        for (int64_t c = 0; p->deviation && c < p->size; c++)
            fprintf(to, ",%.9g", p->deviation[r * p->size + c]);
        fputc('\n', to);
    }
}

static bool write_csv(const prediction *p, const char *path, nnrt_error *e)
{
    nnrt_atomic_file *file = nnrt_atomic_open(path, e);
    if (!file)
        return false;
    if (p->data->captions)
        put_captions(p, p->data->caption_name, file->stream);
    if (p->data->classify) {
        class_header(p, file->stream);
        class_rows(p, file->stream);
    } else {
        real_header(p, file->stream);
        real_rows(p, file->stream);
    }
    return nnrt_atomic_commit(file, e);
}

static bool write_files(const prediction *p, const char *path, nnrt_error *e)
{
    if (has_suffix(path, ".csv"))
        return write_csv(p, path, e);
    if (!write_npy(p, path, p->out, e) || !p->deviation)
        return !e->status;
    char *beside = NULL;
    if (asprintf(&beside, "%.*s.std.npy", (int)strlen(path) - 4, path) < 0)
        return nnrt_no_memory(e);
    bool ok = write_npy(p, beside, p->deviation, e);
    free(beside);
    return ok;
}

/* Outputs that were trained on normalised targets, and their deviations, in the file's units. */
static void restore_units(prediction *p)
{
    const nnrt_scaling *s = &p->data->preparation->target;
    size_t count = (size_t)(p->count * p->size);
    if (s->kind == NNRT_SCALE_NONE)
        return;

    for (size_t i = 0; p->deviation && i < count; i++) {
        size_t k = i % s->width;
        double high = nnrt_unscale_value(s, k, (double)p->out[i] + p->deviation[i]),
               low = nnrt_unscale_value(s, k, (double)p->out[i] - p->deviation[i]);
        p->deviation[i] = (float)((high - low) / 2);
    }
    nnrt_data_restore_targets(p->data, p->out, p->count);
}

/* An ensemble has no unit of its own: its members predict one after the other. */
static bool predict_with_ensemble(prediction *p, nnrt_model *view, nnrt_error *e)
{
    nnrt_ensemble *ensemble = nnrt_action_ensemble(p->program, p->model, e);
    nnrt_part some = *p->part;
    some.count = p->count;
    p->out = ensemble ? nnrt_ensemble_outputs(p->program, ensemble, p->model, p->data, &some,
                                              nnrt_action_seed(p->program), e)
                      : NULL;
    if (!p->out)
        return false;
    *view = nnrt_ensemble_view(ensemble, p->model);
    p->model = view;
    return true;
}

static bool predict_with_model(prediction *p, bool dry, nnrt_error *e)
{
    if (!nnrt_model_draw(p->model, nnrt_action_seed(p->program), e))
        return false;
    if (!(p->unit =
              nnrt_program_instance(p->program, nnrt_action_text(p->program, "unit"), NULL, e))) {
        return false;
    }
    p->passes = (int64_t)nnrt_action_number(p->program, "passes", 0);
    if (dry && p->passes > 2)
        p->passes = 2;
    p->out = nnrt_tensor_new((size_t)(p->count * p->size));
    p->deviation = p->passes ? nnrt_tensor_new((size_t)(p->count * p->size)) : NULL;
    return p->out && (p->deviation || !p->passes) ? compute(p, e) : nnrt_no_memory(e);
}

bool nnrt_do_predict(nnrt_program *program, nnrt_error *e)
{
    enum { DRY = 512 };

    nnrt_model view;
    prediction p = { .program = program,
                     .model = nnrt_program_model(program, nnrt_action_text(program, "model"), e) };
    const char *to = nnrt_action_text(program, "to");
    bool dry = program->session->options.dry_run;

    if (!p.model ||
        !(p.data = nnrt_program_data_for(program, p.model, nnrt_action_text(program, "data"), e)) ||
        !(p.part = nnrt_action_part(program, p.data, e))) {
        return false;
    }
    if (!to || (!has_suffix(to, ".npy") && !has_suffix(to, ".csv"))) {
        return nnrt_fail(e, NNRT_SCRIPT, "bad-file",
                         "predictions are written as .npy or .csv, not to '%s'", to ? to : "");
    }

    if (!check_kept(&p, e))
        return false;

    p.count = dry && p.part->count > DRY ? DRY : p.part->count;
    p.size = p.model->output_size;
    bool ok = nnrt_action_text(program, "ensemble") ? predict_with_ensemble(&p, &view, e)
                                                    : predict_with_model(&p, dry, e);
    if (ok)
        restore_units(&p);
    if (ok && !dry) {
        char *path = nnrt_program_path(program, to);
        ok = path ? write_files(&p, path, e) : nnrt_no_memory(e);
        free(path);
    }
    free(p.out);
    free(p.deviation);
    return ok;
}
