/* split.c: which sample belongs to which part, and the samples' order in memory (parts.h). */
#include "data/parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many of each class: its share of `wanted`, rounded by largest remainders so that they sum to
 * it. size[], quota[]: per class. */
static bool share_out(const int64_t *size, int64_t *quota, int64_t classes, int64_t total,
                      int64_t wanted)
{
    int64_t given = 0;
    __int128 *rest = malloc((size_t)classes * sizeof *rest);
    if (!rest)
        return false;
    for (int64_t c = 0; c < classes; c++) {
        __int128 share = (__int128)size[c] * wanted;
        quota[c] = (int64_t)(share / total);
        rest[c] = share % total;
        given += quota[c];
    }

    /* At most classes - 1 are left over; each goes to the largest remainder. Many classes of one
     * remainder are taken in one sweep. */
    while (given < wanted) {
        __int128 most = 0;
        for (int64_t c = 0; c < classes; c++)
            if (rest[c] > most)
                most = rest[c];
        for (int64_t c = 0; c < classes && given < wanted; c++) {
            if (rest[c] != most)
                continue;
            quota[c]++;
            given++;
            rest[c] = 0;
        }
    }
    free(rest);
    return true;
}

/* Marks `wanted` of the candidates at random: of each class its quota. */
static bool draw_part(uint8_t *part_of, uint32_t *candidate, int64_t total, int part,
                      int64_t wanted, const nnrt_data *data, const float *label, int64_t *size)
{
    int64_t classes = label ? data->classes : 1;
    int64_t *quota = calloc((size_t)classes, sizeof *quota);
    bool ok = quota && share_out(size, quota, classes, total, wanted);
    if (ok) {
        nnrt_random random = nnrt_random_new(data->seed, NNRT_DRAW_HOLDOUT, (uint32_t)part, 0);
        nnrt_shuffle(&random, candidate, (size_t)total);
        for (int64_t k = 0; k < total; k++)
            if (quota[label ? (int64_t)label[candidate[k]] : 0]-- > 0)
                part_of[candidate[k]] = (uint8_t)part;
    }
    free(quota);
    return ok;
}

bool nnrt_hold_out(uint8_t *part_of, int64_t count, int part, double fraction,
                   const nnrt_data *data, const float *label, bool last, nnrt_error *e)
{
    int64_t classes = label ? data->classes : 1, total = 0;
    uint32_t *candidate = malloc((size_t)count * sizeof *candidate);
    int64_t *size = calloc((size_t)classes, sizeof *size); /* of each class */
    bool ok = candidate && size;
    for (int64_t i = 0; ok && i < count; i++) {
        if (part_of[i] == NNRT_TRAIN) {
            candidate[total++] = (uint32_t)i;
            size[label ? (int64_t)label[i] : 0]++;
        }
    }

    int64_t wanted = llround(fraction * (double)total);
    if (ok && last)
        for (int64_t k = total - wanted; k < total; k++)
            part_of[candidate[k]] = (uint8_t)part;
    else if (ok && wanted)
        ok = draw_part(part_of, candidate, total, part, wanted, data, label, size);
    free(candidate);
    free(size);
    return ok || nnrt_no_memory_for(e, data->name);
}

void nnrt_drop_overlaps(uint8_t *part_of, int64_t count, int64_t stride, int64_t span)
{
    int64_t next = INT64_MAX; /* where the part behind begins */
    for (int64_t i = count; i-- > 0;) {
        if (i + 1 < count && part_of[i + 1] != NNRT_DROPPED && part_of[i + 1] != part_of[i])
            next = (i + 1) * stride;
        if (i * stride + span > next)
            part_of[i] = NNRT_DROPPED;
    }
}

/* Where each row comes from, with the parts one after another. */
static void source_rows(uint32_t *from, int64_t count, const uint8_t *part_of,
                        int64_t size[NNRT_DROPPED + 1])
{
    int64_t at = 0;
    for (int part = 0; part <= NNRT_DROPPED; part++) {
        int64_t first = at;
        for (int64_t i = 0; i < count; i++)
            if (part_of[i] == part)
                from[at++] = (uint32_t)i;
        size[part] = at - first;
    }
}

/* Moves row from[i] to i for all i, along each cycle of the permutation, one row held aside.
 * `from` is used up. */
static void permute_rows(float *rows, int64_t count, int64_t width, uint32_t *from, float *held)
{
    size_t bytes = (size_t)width * sizeof *rows;
    for (int64_t first = 0; first < count; first++) {
        if (from[first] == first)
            continue;
        memcpy(held, rows + first * width, bytes);
        int64_t to = first, next;
        for (; (next = from[to]) != first; to = next) {
            memcpy(rows + to * width, rows + next * width, bytes);
            from[to] = (uint32_t)to;
        }
        memcpy(rows + to * width, held, bytes);
        from[to] = (uint32_t)to;
    }
}

/* Moves the parts, the last one first, so that each begins aligned. */
static void align_parts(float *rows, int64_t width, const int64_t size[NNRT_PARTS],
                        float *start[NNRT_PARTS])
{
    const int64_t floats = NNRT_ALIGN / sizeof(float);
    int64_t at[NNRT_PARTS], aligned[NNRT_PARTS];
    for (int64_t part = 0, end = 0, room = 0; part < NNRT_PARTS; part++) {
        at[part] = end;
        aligned[part] = (room + floats - 1) / floats * floats;
        end += size[part] * width;
        room = aligned[part] + size[part] * width;
    }
    for (int part = NNRT_PARTS; part-- > 0;) {
        memmove(rows + aligned[part], rows + at[part],
                (size_t)size[part] * (size_t)width * sizeof *rows);
        start[part] = rows + aligned[part];
    }
}

bool nnrt_sort_by_part(float *rows, int64_t count, int64_t width, const uint8_t *part_of,
                       float *start[NNRT_PARTS], nnrt_error *e)
{
    uint32_t *from = malloc((size_t)count * sizeof *from);
    float *held = malloc((size_t)width * sizeof *held + 1);
    int64_t size[NNRT_DROPPED + 1];
    bool ok = from && held;
    if (ok) {
        source_rows(from, count, part_of, size);
        permute_rows(rows, count, width, from, held);
        align_parts(rows, width, size, start);
    }
    free(from);
    free(held);
    return ok || nnrt_no_memory_for(e, "data");
}
