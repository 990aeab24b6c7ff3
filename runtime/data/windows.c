/* windows.c: rows in time order as windows (windows.h). */
#include "data/windows.h"
#include "data/block.h"
#include "data/form.h"
#include <stdlib.h>
#include <string.h>

bool nnrt_form_has_windows(const json_t *form)
{
    return strcmp(nnrt_form_text(form, "form", ""), "series") == 0;
}

static bool too_short(const nnrt_source *s, int64_t window, int64_t horizon, nnrt_error *e)
{
    const char *rows = s->rows == 1 ? "row" : "rows";

    if (!horizon) {
        return nnrt_fail(e, NNRT_FILES, "short-file",
                         "%s: holds %lld %s of data, too few for a window of %lld", s->x_name,
                         (long long)s->rows, rows, (long long)window);
    }
    return nnrt_fail(e, NNRT_FILES, "short-file",
                     "%s: holds %lld %s of data, too few for a window of %lld and the %lld that "
                     "%s",
                     s->x_name, (long long)s->rows, rows, (long long)window, (long long)horizon,
                     horizon == 1 ? "follows" : "follow");
}

/* For each window the `width` values of each row behind it. */
static bool cut(void *array, size_t bytes, const nnrt_source *s, int64_t horizon, nnrt_error *e)
{
    char **values = array, *from = *values;
    size_t row = bytes * (size_t)s->target_size, sample = row * (size_t)horizon;
    if (!from)
        return true;

    /* from nnrt_floats_new, since floats must be aligned; its rooms are of 4 bytes */
    char *to = (char *)nnrt_floats_new((int64_t)((size_t)s->count * sample / sizeof(float)), e);
    if (!to)
        return false;
    for (int64_t i = 0; i < s->count; i++)
        memcpy(to + (size_t)i * sample, from + (size_t)(i * s->stride + s->window) * row, sample);
    free(from);
    *values = to;
    return true;
}

static bool cut_targets(nnrt_source *s, int64_t horizon, nnrt_error *e)
{
    int64_t columns = s->target_size;

    if (!cut(&s->real, sizeof *s->real, s, horizon, e) ||
        !cut(&s->exact, sizeof *s->exact, s, horizon, e) ||
        !cut(&s->integer, sizeof *s->integer, s, horizon, e) ||
        !cut(&s->text, sizeof *s->text, s, horizon, e)) {
        return false;
    }

    s->target_size = horizon * columns;
    s->target_rank = columns > 1 ? 2 : horizon > 1;
    s->target_shape[0] = horizon;
    s->target_shape[1] = columns;
    return true;
}

/* A window's line is its first row's, its weight the last one's. */
static void move_places(nnrt_source *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        if (s->row)
            s->row[i] = s->row[i * s->stride];
        if (s->weight)
            s->weight[i] = s->weight[i * s->stride + s->window - 1];
    }
}

bool nnrt_source_cut_windows(nnrt_source *s, const json_t *form, bool targets, nnrt_error *e)
{
    double window = nnrt_form_number(form, "window", 1);
    double horizon = targets ? nnrt_form_number(form, "horizon", 1) : 0;
    int64_t features = s->sample_size, span;

    if (!(window >= 1 && window + horizon <= (double)s->rows))
        return too_short(s, (int64_t)window, (int64_t)horizon, e);

    s->window = (int64_t)window;
    s->stride = (int64_t)nnrt_form_number(form, "stride", 1);
    s->span = span = s->window + (int64_t)horizon;
    s->count = (s->rows - span) / s->stride + 1;
    s->rank = 2;
    s->shape[0] = s->window;
    s->shape[1] = features;
    s->sample_size = s->window * features;

    move_places(s);
    return !targets || cut_targets(s, (int64_t)horizon, e);
}
