/* chart_data.c: pictures of data: images as they are, samples of one or two features as points,
 * histograms of more, and how many of each class there are. */
#include "charts/charts.h"
#include <math.h>

enum {
    MOST_POINTS = 800,
    MOST_HISTOGRAMS = 12,
    BINS = 24,
    OUTLINE = 2 * BINS + 2,
    MOST_CLASSES = 40,
    TILES_ACROSS = 10,
    TILES = 30
};

static const char *feature_name(nnrt_figure *f, const nnrt_data *data, int64_t number)
{
    if (data->feature_name)
        return nnrt_figure_text(f, "%s", data->feature_name[number]);
    if (data->sample_size > 1)
        return nnrt_figure_text(f, "feature %lld", (long long)number + 1);
    return "x";
}

static const char *class_name(nnrt_figure *f, const nnrt_data *data, int64_t number)
{
    return data->class_name ? nnrt_figure_text(f, "%s", data->class_name[number])
                            : nnrt_figure_text(f, "%lld", (long long)number);
}

/* Which parts are shown: the one named, else all that there are. */
typedef struct parts {
    const nnrt_data *data;
    int first, last;
} parts;

static int64_t samples_in(const parts *p)
{
    int64_t count = 0;
    for (int i = p->first; i <= p->last; i++)
        count += p->data->part[i].count;
    return count;
}

/* One column of the shown samples, at most MOST_POINTS, NAN where `wanted` (a class or a part) is
 * another; feature -1: the target. */
static const double *column(nnrt_figure *f, const parts *p, int64_t feature, int64_t wanted_class,
                            int wanted_part, size_t *count)
{
    const nnrt_data *d = p->data;
    int64_t all = samples_in(p), stride = (all + MOST_POINTS - 1) / MOST_POINTS, at = 0;
    double *values =
        nnrt_figure_alloc(f, (size_t)(all / (stride ? stride : 1) + 1) * sizeof *values);
    *count = 0;
    for (int k = p->first; values && k <= p->last; k++) {
        for (int64_t i = 0; i < d->part[k].count; i++, at++) {
            if (at % stride)
                continue;
            double value = feature < 0 ? d->part[k].y[i * d->target_size]
                                       : d->part[k].x[i * d->sample_size + feature];
            bool shown =
                (wanted_class < 0 || (int64_t)d->part[k].y[i * d->target_size] == wanted_class) &&
                (wanted_part < 0 || wanted_part == k);
            values[(*count)++] = shown ? value : NAN;
        }
    }
    return values;
}

static void chart_points(nnrt_figure *f, const parts *p)
{
    const nnrt_data *d = p->data;
    size_t count;
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Samples");
    if (!panel)
        return;
    panel->height = 460;
    panel->x_label = feature_name(f, d, 0);
    panel->y_label = d->sample_size > 1 ? feature_name(f, d, 1) : "target";
    const double *x = column(f, p, 0, -1, -1, &count);
    for (int64_t c = 0; d->classify && c < d->classes && c < MOST_CLASSES; c++) {
        nnrt_panel_series(
            f, panel, d->classes > 8 ? "" : nnrt_figure_text(f, "class %s", class_name(f, d, c)),
            nnrt_series_ink((size_t)c), NNRT_DOTS, count, x,
            column(f, p, d->sample_size > 1 ? 1 : -1, c, -1, &count));
    }
    for (int k = p->first, shown = 0; !d->classify && k <= p->last; k++) {
        if (d->part[k].count) {
            nnrt_panel_series(f, panel, p->first < p->last ? nnrt_part_name(k) : "",
                              nnrt_series_ink((size_t)shown++), NNRT_DOTS, count, x,
                              column(f, p, -1, -1, k, &count));
        }
    }
}

/* The outline of a histogram as a curve of steps. False: there are no values. */
static bool outline(const double *values, size_t count, double *x, double *y)
{
    double low = INFINITY, high = -INFINITY, bins[BINS] = { 0 };
    if (!x || !y || !values || !count)
        return false;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    if (!(low < high)) {
        low -= 0.5;
        high += 0.5;
    }

    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            bins[(int)fmin((values[i] - low) / (high - low) * BINS, BINS - 1)]++;
    for (size_t i = 0; i < OUTLINE; i++) {
        x[i] = low + (high - low) * (double)(i / 2) / BINS;
        y[i] = i && i + 1 < OUTLINE ? bins[(i - 1) / 2] : 0;
    }
    return true;
}

/* feature -1: the target */
static void chart_histogram(nnrt_figure *f, const parts *p, int64_t feature)
{
    bool target = feature < 0;
    size_t count;
    const double *values = column(f, p, feature, -1, -1, &count);
    double *x = nnrt_figure_alloc(f, OUTLINE * sizeof *x),
           *y = nnrt_figure_alloc(f, OUTLINE * sizeof *y);
    if (!outline(values, count, x, y))
        return;
    const char *name = target ? "target" : feature_name(f, p->data, feature);
    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_CURVES, target ? "Target" : name);
    if (!panel)
        return;
    panel->height = 240;
    panel->x_label = name;
    panel->y_label = "samples";
    panel->y_from_zero = true;
    panel->bare = true;
    nnrt_panel_series(f, panel, "", nnrt_series_ink(target ? 1 : 0), NNRT_CURVE, OUTLINE, x, y);
}

static void chart_classes(nnrt_figure *f, const parts *p)
{
    const nnrt_data *d = p->data;
    size_t classes = d->classes < MOST_CLASSES ? (size_t)d->classes : MOST_CLASSES, shown = 0;
    const char **names = nnrt_figure_alloc(f, (classes + 1) * sizeof *names);
    double *place = nnrt_figure_alloc(f, classes * sizeof *place);
    nnrt_panel *panel =
        names && place ? nnrt_figure_panel(f, NNRT_PANEL_CURVES, "Samples by class") : NULL;
    if (!panel)
        return;
    for (size_t c = 0; c < classes; c++) {
        names[c] = class_name(f, d, (int64_t)c);
        place[c] = (double)c;
    }
    panel->x_names = names;
    panel->x_name_count = classes;
    panel->x_label = "class";
    panel->y_label = "samples";
    panel->y_from_zero = true;

    for (int k = p->first; k <= p->last; k++) {
        double *counts = d->part[k].count ? nnrt_figure_alloc(f, classes * sizeof *counts) : NULL;
        for (int64_t i = 0; counts && i < d->part[k].count * d->target_size; i++)
            if (d->part[k].y[i] < (double)classes)
                counts[(size_t)d->part[k].y[i]]++;
        if (counts) {
            nnrt_panel_series(f, panel, nnrt_part_name(k), nnrt_series_ink(shown++), NNRT_BARS,
                              classes, place, counts);
        }
    }
}

/* The number of a class's nth sample; -1: there are fewer. */
static int64_t sample_of(const nnrt_data *data, const nnrt_part *part, int64_t class_number,
                         int64_t nth)
{
    for (int64_t i = 0; i < part->count; i++)
        if ((int64_t)part->y[i * data->target_size] == class_number && nth-- == 0)
            return i;
    return -1;
}

/* The number of the i-th sample to show: the first of each class in turn, where there are few. */
static int64_t shown_sample(const nnrt_data *data, const nnrt_part *part, int64_t i)
{
    int64_t classes = data->classify && data->classes ? data->classes : 1;
    if (!data->classify || classes > TILES)
        return i;
    int64_t at = sample_of(data, part, i % classes, i / classes);
    return at < 0 ? i : at;
}

/* Each cell of an image as the mean of its channels. */
static void grey_image(const nnrt_data *d, const float *x, double *value)
{
    int64_t channels = d->shape[0], cells = d->shape[1] * d->shape[2];
    for (int64_t c = 0; c < cells; c++) {
        double sum = 0;
        for (int64_t k = 0; k < channels; k++)
            sum += x[k * cells + c];
        value[c] = sum / (double)channels;
    }
}

/* From the darkest to the brightest cell: 0 to 1. */
static void spread_values(double *value, int64_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        low = fmin(low, value[i]);
        high = fmax(high, value[i]);
    }
    for (int64_t i = 0; i < count; i++)
        value[i] = high > low ? (value[i] - low) / (high - low) : 0;
}

static void chart_images(nnrt_figure *f, const parts *p)
{
    const nnrt_data *d = p->data;
    const nnrt_part *part = &d->part[p->first];
    int64_t cells = d->shape[1] * d->shape[2], count = part->count < TILES ? part->count : TILES;
    double *value = nnrt_figure_alloc(f, (size_t)(count * cells) * sizeof *value);
    const char **names = nnrt_figure_alloc(f, (size_t)(count + 1) * sizeof *names);
    if (!value || !names)
        return;

    for (int64_t i = 0; i < count; i++) {
        int64_t at = shown_sample(d, part, i);
        grey_image(d, part->x + at * d->sample_size, value + i * cells);
        names[i] = d->classify ? class_name(f, d, (int64_t)part->y[at * d->target_size]) : "";
    }
    spread_values(value, count * cells);

    nnrt_panel *panel = nnrt_figure_panel(f, NNRT_PANEL_TILES, "Samples");
    if (panel) {
        nnrt_panel_tiles(panel, (size_t)count, TILES_ACROSS, (size_t)d->shape[1],
                         (size_t)d->shape[2], value, names);
    }
}

bool nnrt_chart_data(nnrt_figure *f, const nnrt_data *data, int part)
{
    enum { LARGEST_SIDE = 96 };

    parts p = { data, part < 0 ? NNRT_TRAIN : part, part < 0 ? NNRT_TEST : part };
    if (!samples_in(&p))
        return false;

    bool image = data->rank == 3 && data->shape[1] > 1 && data->shape[1] <= LARGEST_SIDE &&
                 data->shape[2] > 1 && data->shape[2] <= LARGEST_SIDE;
    if (image)
        chart_images(f, &p);
    else if (data->sample_size == 1 || (data->sample_size == 2 && data->classify))
        chart_points(f, &p);
    else if (data->rank == 1)
        for (int64_t i = 0; i < data->sample_size && i < MOST_HISTOGRAMS; i++)
            chart_histogram(f, &p, i);

    if (data->classify && data->classes)
        chart_classes(f, &p);
    else if (data->target_size == 1)
        chart_histogram(f, &p, -1);
    return f->panels > 0;
}
