/* threshold_curves.c: how a class is told from all else as its threshold falls: true positives by
 * false ones (the receiver's curve), precision by recall. */
#include "actions/pictured.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_CURVES = 10, MOST_CORNERS = 200 };

typedef struct scored {
    double score;
    bool positive;
} scored;

static int by_falling_score(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x < y) - (x > y);
}

typedef struct curve {
    json_t *x, *y;
} curve;

static curve curve_new(double x, double y)
{
    return (curve){ json_pack("[f]", x), json_pack("[f]", y) };
}

static void curve_add(curve *c, double x, double y)
{
    json_array_append_new(c->x, json_real(x));
    json_array_append_new(c->y, json_real(y));
}

static json_t *curve_record(curve c, int64_t of)
{
    return json_pack("{s:I, s:o, s:o}", "class", (json_int_t)of, "x", c.x, "y", c.y);
}

/* One corner a threshold, of equal scores together; of many, at least so many samples apart. */
static void add_curves(const scored *sorted, int64_t rows, int64_t positives, int64_t of,
                       json_t *roc, json_t *precision)
{
    double p = (double)positives, n = (double)(rows - positives);
    curve receiver = curve_new(0, 0), recalled = { json_array(), json_array() };
    int64_t hits = 0, apart = rows / MOST_CORNERS, last = 0;
    for (int64_t r = 0; r < rows; r++) {
        hits += sorted[r].positive;
        bool ends = r + 1 == rows;
        if (!ends && (sorted[r + 1].score == sorted[r].score || r - last < apart))
            continue;
        last = r;
        curve_add(&receiver, (double)(r + 1 - hits) / n, (double)hits / p);
        curve_add(&recalled, (double)hits / p, (double)hits / (double)(r + 1));
    }
    json_array_append_new(roc, curve_record(receiver, of));
    json_array_append_new(precision, curve_record(recalled, of));
}

bool nnrt_threshold_curves(json_t *notes, const nnrt_sample_set *set, nnrt_error *e)
{
    int64_t count = set->multilabel ? set->width : set->classes,
            first = !set->multilabel && count == 2 ? 1 : 0;
    scored *sorted = malloc((size_t)(set->rows + 1) * sizeof *sorted);
    if (!sorted)
        return nnrt_no_memory(e);
    json_t *roc = json_array(), *precision = json_array();
    for (int64_t c = first; c < count && c < MOST_CURVES; c++) {
        int64_t positives = 0;
        bool finite = true;
        for (int64_t r = 0; r < set->rows; r++) {
            sorted[r] = (scored){ nnrt_score(set, r, c), nnrt_is_of(set, r, c) };
            positives += sorted[r].positive;
            finite = finite && isfinite(sorted[r].score);
        }
        if (!finite || positives == 0 || positives == set->rows)
            continue;
        qsort(sorted, (size_t)set->rows, sizeof *sorted, by_falling_score);
        add_curves(sorted, set->rows, positives, c, roc, precision);
    }
    free(sorted);
    json_object_set_new(notes, "roc", roc);
    json_object_set_new(notes, "precision_recall", precision);
    return true;
}
