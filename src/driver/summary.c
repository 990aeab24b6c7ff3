/* summary.c: data and models in words and tables: what `nnc check` and the REPL's `show` print. */
#include "driver/compile.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static char *times_text(Arena *arena, Shape shape) /* 5x26x26 */
{
    char *text = shape.rank ? arena_strndup(arena, "", 0) : arena_strndup(arena, "1", 1);
    for (int i = 0; i < shape.rank; i++)
        text = arena_printf(arena, "%s%s%" PRId64, text, i ? "x" : "", shape.dim[i]);
    return text;
}

char *bytes_text(Arena *arena, double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    int unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    return arena_printf(arena, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static char *count_text(Arena *arena, double count) /* 1234, 5.6 million */
{
    static const char *const units[] = { "", " million", " billion", " trillion" };
    if (count < 1e6)
        return arena_printf(arena, "%.0f", count);
    int unit = 0;
    for (; count >= 1e3 && unit < 3; unit++)
        count /= unit ? 1e3 : 1e6;
    return arena_printf(arena, "%.1f%s", count, units[unit]);
}

void print_data(Arena *arena, const DataUse *use)
{
    const DataInfo *d = &use->info;
    printf("data %s: samples of %s, ", d->name, times_text(arena, d->sample));
    if (d->classify)
        printf("%" PRId64 " classes\n", d->classes);
    else if (d->targetless)
        printf("no targets\n");
    else
        printf("targets of %s\n", times_text(arena, d->target));
    for (int i = 0; i < NNRT_PARTS; i++)
        if (d->count[i])
            printf("  %-11s %" PRId64 " samples\n", nnrt_part_name(i), d->count[i]);
}

/* Columns as wide as their longest entry. */
static void layer_widths(Arena *arena, const ModelInstance *m, int *name_width, int *shape_width)
{
    *name_width = (int)strlen("layer");
    *shape_width = (int)strlen("output");
    for (size_t i = 0; i < m->layers.len; i++) {
        int name = (int)strlen(m->layers.data[i].name),
            shape = (int)strlen(times_text(arena, m->layers.data[i].output));
        if (name > *name_width)
            *name_width = name;
        if (shape > *shape_width)
            *shape_width = shape;
    }
}

/* Gives the operations of all layers together. */
static double print_layers(Arena *arena, const ModelInstance *m)
{
    double operations = 0;
    int name_width, shape_width;
    layer_widths(arena, m, &name_width, &shape_width);
    printf("  %-*s  %-*s  %12s  %12s\n", name_width, "layer", shape_width, "output", "parameters",
           "operations");
    for (size_t i = 0; i < m->layers.len; i++) {
        const LayerSummary *l = &m->layers.data[i];
        operations += (double)l->operations;
        printf("  %-*s  %-*s  %12" PRId64 "  %12s\n", name_width, l->name, shape_width,
               times_text(arena, l->output), l->parameters,
               count_text(arena, (double)l->operations));
    }
    return operations;
}

/* In bytes: intermediate values and what the optimizer keeps. */
static double unit_memory(const Unit *unit)
{
    double states = 0;
    for (size_t i = 0; i < unit->plan->graph->tensors.len; i++) {
        const Tensor *t = &unit->plan->graph->tensors.data[i];
        if (t->role == TENSOR_STATE) {
            states +=
                4.0 * (double)nnrt_packed_floats(t->shape.dim, t->shape.rank, t->feature_axis);
        }
    }
    return (double)unit->plan->arena_bytes + states;
}

void print_model(Compiler *c, Unit *const *units, size_t unit_count, const ModelInstance *m)
{
    Arena *arena = c->arena;
    printf("model %s: %s -> %s\n", m->decl->name, times_text(arena, m->input),
           times_text(arena, m->output));
    double operations = print_layers(arena, m), bytes = 0, peak = 0;

    for (size_t i = 0; i < m->weights.len; i++)
        bytes += 4.0 * (double)shape_elements(m->weights.data[i].shape);
    for (size_t i = 0; i < unit_count; i++)
        if (units[i]->spec.model == m)
            peak = fmax(peak, unit_memory(units[i]));

    printf("  %" PRId64 " parameters; %s operations a sample; weights %s", m->parameters,
           count_text(arena, operations), bytes_text(arena, bytes));
    if (peak > 0)
        printf("; peak memory besides the data %s", bytes_text(arena, bytes + peak));
    putchar('\n');
    for (size_t i = 0; i < m->remarks.len; i++)
        printf("  %s\n", m->remarks.data[i]);
}
