/* charts.c: which pictures a result has, by itself and among others: tables of kinds, each known by
 * a field. */
#include "charts/charts.h"
#include <string.h>

/* ---- one result ---- */

static void chart_graph(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_graphs(f, &(nnrt_charted){ f->title, value, notes }, 1);
}

static void chart_rates(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    nnrt_chart_rates(f, &(nnrt_charted){ f->title, value, notes }, 1);
}

/* A kind is known by a field of the result that is a list; the first that it has counts. */
static const struct {
    const char *field;
    void (*chart)(nnrt_figure *, const json_t *, const json_t *);
} kinds[] = {
    { "history", nnrt_chart_training }, { "confusion", nnrt_chart_confusion },
    { "curve", nnrt_chart_rate_test },  { "path", nnrt_chart_path },
    { "trials", nnrt_chart_trials },    { "folds", nnrt_chart_folds },
    { "layers", nnrt_chart_layers },    { "graph", chart_graph },
    { "rates", chart_rates },           { "variables", nnrt_chart_landscape },
};

/* Such a list by itself is known by a field of its first record. The fields that only one kind has
 * come first: an epoch has a loss too. */
static const struct {
    const char *record, *field;
} lists[] = {
    { "epoch", "history" }, { "params", "trials" }, { "fold", "folds" },
    { "layer", "layers" },  { "loss", "curve" },    { "value", "path" },
};

static bool chart_list(nnrt_figure *f, const json_t *list, const json_t *notes)
{
    const json_t *first = json_array_get(list, 0);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!json_object_get(first, lists[i].record))
            continue;
        json_t *wrapped = json_object();
        json_object_set(wrapped, lists[i].field, (json_t *)list);
        bool drawn = nnrt_chart_value(f, wrapped, notes);
        json_decref(wrapped);
        return drawn;
    }
    if (json_is_array(first))
        nnrt_chart_matrix(f, list, notes, "Confusion");
    return f->panels > 0;
}

/* Are there trainings among the value's fields? */
static bool is_comparison(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t trainings = 0;
    json_object_foreach ((json_t *)value, key, item) {
        trainings += json_is_array(json_object_get(item, "history"));
    }
    return trainings > 0;
}

bool nnrt_chart_value(nnrt_figure *f, const json_t *value, const json_t *notes)
{
    if (json_is_array(value))
        return chart_list(f, value, notes);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *list = json_object_get(value, kinds[i].field);
        if (!json_is_array(list) || !json_array_size(list))
            continue;
        kinds[i].chart(f, value, notes);
        return f->panels > 0;
    }
    if (json_is_object(value) && is_comparison(value))
        nnrt_chart_comparison(f, value);
    else if (json_is_object(value))
        nnrt_chart_numbers(f, value, notes);
    return f->panels > 0;
}

/* ---- several results ---- */

static bool all_have(const nnrt_charted *items, size_t count, const char *list)
{
    for (size_t i = 0; i < count; i++)
        if (!json_is_array(json_object_get(items[i].value, list)))
            return false;
    return true;
}

/* Is the value an object whose numbers are all there is to draw, and perhaps a confusion matrix? */
static bool is_plain(const json_t *value)
{
    static const char *const fields[] = { "history", "curve", "trials", "folds", "layers", "path" };
    if (!json_is_object(value))
        return false;
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
        if (json_is_array(json_object_get(value, fields[k])))
            return false;
    return true;
}

static bool chart_trainings(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    json_t *trainings = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set(trainings, items[i].name, (json_t *)items[i].value);
    nnrt_chart_comparison(f, trainings);
    json_decref(trainings);
    return f->panels > 0;
}

/* Panels of each result, its name ahead of their titles; of plain ones, the metrics together. */
static bool chart_one_by_one(nnrt_figure *f, const nnrt_charted *items, size_t count)
{
    bool plain = true;
    for (size_t i = 0; i < count; i++)
        plain = plain && is_plain(items[i].value);
    if (plain)
        nnrt_chart_bars(f, items, count);

    for (size_t i = 0; i < count; i++) {
        size_t first = f->panels;
        if (plain)
            nnrt_chart_evaluation(f, items[i].notes);
        else if (!nnrt_chart_value(f, items[i].value, items[i].notes))
            return false;
        for (size_t k = first; k < f->panels; k++)
            f->panel[k]->title = nnrt_figure_text(f, "%s: %s", items[i].name, f->panel[k]->title);
    }
    return f->panels > 0;
}

bool nnrt_chart_several(nnrt_figure *f, const nnrt_charted *items, size_t count,
                        const json_t *field)
{
    if (all_have(items, count, "path"))
        return nnrt_chart_paths(f, items, count, field);
    if (all_have(items, count, "layers"))
        return nnrt_chart_several_layers(f, items, count);
    if (all_have(items, count, "graph"))
        return nnrt_chart_graphs(f, items, count);
    if (all_have(items, count, "rates"))
        return nnrt_chart_rates(f, items, count);
    if (all_have(items, count, "history"))
        return chart_trainings(f, items, count);
    return chart_one_by_one(f, items, count);
}
