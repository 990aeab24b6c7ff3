/* inspect.c: `inspect`: what each layer puts out, and the derivative of the loss by it, over the
 * training part as it is; nothing is changed.
 *
 * The unit's output is a row of all layers' outputs and then of all their gradients
 * (lower/unit_graph.c); two sweeps over it give moments and ranges, then histograms. A gradient a
 * thousand times smaller, or larger, than the last layer's has vanished, or exploded (Glorot and
 * Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010); an
 * activation that is 0 for every sample is dead. */
#include "experiments/records.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 30, MOST_SAMPLES = 2048 };

static const double apart = 1000;

typedef struct spread {
    int64_t count;
    double sum, square, low, high;
    int64_t bin[BINS];
    bool finite;
} spread;

typedef struct layer {
    const char *name, *kind;
    int64_t size, units;
    bool channels_first, activation;
    spread output, gradient;
    uint8_t *alive;
    int64_t dead;
    bool vanishing, exploding;
} layer;

typedef struct inspection {
    nnrt_program *program;
    nnrt_model *model;
    const nnrt_data *data;
    nnrt_instance *unit;
    layer *layer;
    size_t count;
    int64_t width;
    float *out;
} inspection;

static bool read_layers(inspection *in, nnrt_error *e)
{
    const json_t *declared = json_object_get(in->program->action, "layers");
    in->count = json_array_size(declared);
    if (!(in->layer = calloc(in->count + 1, sizeof *in->layer)))
        return nnrt_no_memory(e);
    for (size_t i = 0; i < in->count; i++) {
        const json_t *one = json_array_get(declared, i);
        layer *l = &in->layer[i];
        l->name = json_string_value(json_object_get(one, "name"));
        l->kind = json_string_value(json_object_get(one, "kind"));
        l->size = json_integer_value(json_object_get(one, "size"));
        l->units = json_integer_value(json_object_get(one, "units"));
        l->channels_first = json_is_true(json_object_get(one, "channels_first"));
        l->activation = json_is_true(json_object_get(one, "activation"));
        l->output = l->gradient = (spread){ .low = INFINITY, .high = -INFINITY, .finite = true };
        in->width += 2 * l->size;
        if (l->size < 1 || l->units < 1 || !(l->alive = calloc((size_t)l->units, 1)))
            return nnrt_no_memory(e);
    }
    return true;
}

static void measure(spread *s, const float *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x = values[i];
        s->count++;
        s->finite &= isfinite(x);
        s->sum += x;
        s->square += x * x;
        if (x < s->low)
            s->low = x;
        if (x > s->high)
            s->high = x;
    }
}

static void count_bins(spread *s, const float *values, int64_t n)
{
    double width = (s->high - s->low) / BINS;
    for (int64_t i = 0; s->finite && i < n; i++) {
        int64_t b = width > 0 ? (int64_t)((values[i] - s->low) / width) : BINS / 2;
        if (b >= BINS)
            b = BINS - 1;
        s->bin[b < 0 ? 0 : b]++;
    }
}

static void add_row(inspection *in, const float *row, bool histograms)
{
    const float *gradient = row + in->width / 2;
    for (size_t i = 0; i < in->count; i++) {
        layer *l = &in->layer[i];
        (histograms ? count_bins : measure)(&l->output, row, l->size);
        (histograms ? count_bins : measure)(&l->gradient, gradient, l->size);
        for (int64_t k = 0; !histograms && k < l->size; k++)
            if (row[k] != 0)
                l->alive[l->channels_first ? k / (l->size / l->units) : k % l->units] = 1;
        row += l->size;
        gradient += l->size;
    }
}

static bool sweep(inspection *in, uint64_t seed, bool histograms, nnrt_error *e)
{
    const nnrt_part *part = &in->data->part[NNRT_TRAIN];
    int64_t most = in->program->session->options.dry_run ? 2 * in->unit->batch : MOST_SAMPLES,
            count = part->count < most ? part->count : most;
    for (int64_t at = 0; at < count; at += in->unit->batch) {
        nnrt_call call = nnrt_instance_call(in->program, in->unit, seed);
        int64_t n = count - at < in->unit->batch ? count - at : in->unit->batch;
        if (!nnrt_call_of_part(&call, in->unit, in->data, part, e))
            return false;
        call.x += at * in->data->sample_size;
        call.y += at * in->data->target_size;
        if (call.w)
            call.w += at;
        call.out = in->out;
        if (!nnrt_launch_batches(in->unit, &call, 0, n, true))
            return nnrt_interrupted(e);
        for (int64_t r = 0; r < n; r++)
            add_row(in, in->out + r * in->width, histograms);
    }
    return true;
}

/* ---- diagnosis ---- */
static double root_mean_square(const spread *s)
{
    return s->finite ? sqrt(s->square / (double)s->count) : INFINITY;
}

static void diagnose(inspection *in)
{
    double last = in->count ? root_mean_square(&in->layer[in->count - 1].gradient) : 0;
    for (size_t i = 0; i < in->count; i++) {
        layer *l = &in->layer[i];
        double own = root_mean_square(&l->gradient);
        for (int64_t u = 0; l->activation && u < l->units; u++)
            l->dead += !l->alive[u];
        l->exploding = !l->output.finite || !isfinite(own) || (last > 0 && own > apart * last);
        l->vanishing = !l->exploding && last > 0 && isfinite(last) && own * apart < last;
    }
}

static const char *remedy_for(const inspection *in, const layer *l)
{
    bool squashes = false;
    for (size_t i = 0; i < in->count; i++) {
        squashes |= !strcmp(in->layer[i].kind, "sigmoid") || !strcmp(in->layer[i].kind, "tanh") ||
                    !strcmp(in->layer[i].kind, "logistic");
    }
    if (l->exploding) {
        return "draw smaller weights (init = auto), normalise (batchnorm), or bound the gradients "
               "(clip = norm(1))";
    }
    if (l->vanishing && squashes) {
        return "its activations saturate or shrink: relu or selu in place of sigmoid and tanh, "
               "init = auto, or batchnorm";
    }
    if (l->vanishing) {
        return "draw larger weights (init = auto), normalise (batchnorm), or lead a shortcut "
               "around it (add)";
    }
    return l->dead ? "a lower learning rate, leaky_relu or elu, or batchnorm before it keeps units "
                     "alive"
                   : NULL;
}

static void trouble_text(const layer *l, char *text, size_t size)
{
    *text = '\0';
    if (l->exploding)
        snprintf(text, size, "exploding gradient");
    else if (l->vanishing)
        snprintf(text, size, "vanishing gradient");
    if (l->dead) {
        snprintf(text + strlen(text), size - strlen(text), "%s%lld of %lld units dead",
                 *text ? ", " : "", (long long)l->dead, (long long)l->units);
    }
}

static json_t *histogram(const spread *s)
{
    json_t *counts = json_array();
    for (int b = 0; b < BINS; b++)
        json_array_append_new(counts, json_integer((json_int_t)s->bin[b]));
    return json_pack("{s:o, s:o, s:o}", "low", s->finite ? json_real(s->low) : json_null(), "high",
                     s->finite ? json_real(s->high) : json_null(), "counts", counts);
}

/* Mean and deviation of the layer's weights, where it has a kernel. */
static void put_weights(const inspection *in, const layer *l, json_t *record)
{
    char name[512];
    snprintf(name, sizeof name, "%s.weight", l->name);
    for (size_t i = 0; i < in->model->count; i++) {
        const nnrt_weight *w = in->model->weight[i];
        if (strcmp(in->model->weight_name[i], name))
            continue;
        double sum = 0, square = 0, n = (double)w->layout.elements;
        int64_t features = w->layout.dims[w->layout.feature_axis],
                rows = w->layout.elements / features;
        for (int64_t f = 0; f < features; f++) {
            for (int64_t r = 0; r < rows; r++) { /* lanes beyond the last feature hold anything */
                double x = w->values[(f / NNRT_LANES) * rows * NNRT_LANES + r * NNRT_LANES +
                                     f % NNRT_LANES];
                sum += x;
                square += x * x;
            }
        }
        nnrt_put_number(record, "weights.mean", sum / n, false);
        nnrt_put_number(record, "weights.std", sqrt(fmax(0, square / n - sum / n * (sum / n))),
                        false);
    }
}

static json_t *record_of(const inspection *in, const layer *l)
{
    const spread *s = &l->output;
    double mean = s->sum / (double)s->count;
    char trouble[160];
    json_t *record = json_pack("{s:s, s:s}", "layer", l->name, "kind", l->kind);
    nnrt_put_number(record, "mean", mean, false);
    nnrt_put_number(record, "std", sqrt(fmax(0, s->square / (double)s->count - mean * mean)),
                    false);
    nnrt_put_number(record, "dead", (double)l->dead, true);
    nnrt_put_number(record, "units", (double)l->units, true);
    nnrt_put_number(record, "gradient", root_mean_square(&l->gradient), false);
    json_object_set_new(record, "vanishing", json_boolean(l->vanishing));
    json_object_set_new(record, "exploding", json_boolean(l->exploding));
    json_object_set_new(record, "histogram", histogram(s));
    json_object_set_new(record, "gradient_histogram", histogram(&l->gradient));
    put_weights(in, l, record);
    trouble_text(l, trouble, sizeof trouble);
    if (!*trouble)
        return record;
    json_object_set_new(record, "trouble", json_string(trouble));
    json_object_set_new(record, "cure", json_string(remedy_for(in, l)));
    return record;
}

static void show(const inspection *in, const json_t *records, bool table)
{
    static const char *const columns[] = { "layer",    "units",        "mean",        "std",
                                           "gradient", "weights.mean", "weights.std", "trouble" };
    char title[200];
    size_t i;
    json_t *record;
    snprintf(title, sizeof title, "inspect %.60s on %.60s", nnrt_action_text(in->program, "model"),
             nnrt_action_text(in->program, "data"));
    if (table)
        nnrt_print_records(title, records, columns, sizeof columns / sizeof *columns);

    const char *before = "";
    json_array_foreach (records, i, record) {
        const char *trouble = json_string_value(json_object_get(record, "trouble")),
                   *help = json_string_value(json_object_get(record, "cure"));
        if (!trouble)
            continue;
        bool same = !strcmp(help, before); /* layers of one trouble are told once what to do */
        before = help;

        if (same)
            help = "likewise";
        if (table) {
            printf("  %s: %s: %s\n", json_string_value(json_object_get(record, "layer")), trouble,
                   help);
        } else {
            nnrt_print_progress(in->program, "%s: %s: %s",
                                json_string_value(json_object_get(record, "layer")), trouble, help);
        }
    }
}

bool nnrt_do_inspect(nnrt_program *program, nnrt_error *e)
{
    const char *as = nnrt_action_text(program, "as");
    uint64_t seed = nnrt_action_seed(program);
    inspection in = { .program = program,
                      .model = nnrt_program_model(program, nnrt_action_text(program, "model"), e) };

    nnrt_snapshot *before = in.model ? nnrt_snapshot_take(in.model, e) : NULL;
    in.data = before
                  ? nnrt_program_data_for(program, in.model, nnrt_action_text(program, "data"), e)
                  : NULL;
    bool ok =
        in.data && nnrt_model_draw(in.model, seed, e) &&
        (in.unit = nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e)) &&
        read_layers(&in, e);
    if (ok)
        ok = (in.out = nnrt_tensor_new((size_t)(in.unit->batch * in.width))) || nnrt_no_memory(e);
    ok = ok && sweep(&in, seed, false, e) && sweep(&in, seed, true, e);

    json_t *records = json_array();
    if (ok)
        diagnose(&in);
    for (size_t i = 0; ok && i < in.count; i++) {
        json_t *record = record_of(&in, &in.layer[i]);
        nnrt_log_record(program, "inspect", record);
        json_array_append_new(records, record);
    }
    if (ok)
        show(&in, records, !as);

    if (before)
        nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(before);
    for (size_t i = 0; in.layer && i < in.count; i++)
        free(in.layer[i].alive);
    free(in.layer);
    free(in.out);
    if (ok) {
        return nnrt_result_set(&program->session->results, as,
                               json_pack("{s:o}", "layers", records), NULL, NULL, e);
    }
    json_decref(records);
    return false;
}
