/* shape.c: shapes, and NumPy's broadcasting between them. */
#include "ir/graph.h"
#include <stdio.h>
#include <string.h>

Shape shape_scalar(void)
{
    return (Shape){ 0 };
}

Shape shape_of(int rank, const int64_t *dims)
{
    Shape s = { .rank = rank > GRAPH_MAX_RANK ? GRAPH_MAX_RANK : rank };
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = dims[i];
    return s;
}

bool shape_equal(Shape a, Shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

bool shape_has_batch(Shape s)
{
    return (s.rank > 0 && s.dim[0] == DIM_BATCH) || (s.rank > 1 && s.dim[1] == DIM_BATCH);
}

int64_t shape_elements(Shape s)
{
    int64_t n = 1;
    for (int i = 0; i < s.rank; i++)
        if (s.dim[i] != DIM_BATCH && __builtin_mul_overflow(n, s.dim[i], &n))
            return INT64_MAX;
    return n;
}

bool shape_is_scalar(Shape s)
{
    return !shape_has_batch(s) && shape_elements(s) == 1;
}

bool shape_broadcast(Shape a, Shape b, Shape *out)
{
    Shape s = { .rank = a.rank > b.rank ? a.rank : b.rank };
    for (int i = 0; i < s.rank; i++) {
        int ia = i - (s.rank - a.rank), ib = i - (s.rank - b.rank);
        int64_t da = ia < 0 ? 1 : a.dim[ia], db = ib < 0 ? 1 : b.dim[ib];
        if (da != db && da != 1 && db != 1)
            return false;
        s.dim[i] = da == 1 ? db : da;
        if (s.dim[i] == DIM_BATCH && i > 1)
            return false;
    }
    if (s.rank > 1 && s.dim[0] == DIM_BATCH && s.dim[1] == DIM_BATCH)
        return false;
    *out = s;
    return true;
}

char *shape_text(Arena *arena, Shape s)
{
    char text[GRAPH_MAX_RANK * 24 + 8];
    size_t n = 0;
    text[n++] = '[';
    for (int i = 0; i < s.rank; i++) {
        if (i > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, ", ");
        if (s.dim[i] == DIM_BATCH)
            n += (size_t)snprintf(text + n, sizeof text - n, "n");
        else
            n += (size_t)snprintf(text + n, sizeof text - n, "%lld", (long long)s.dim[i]);
    }
    text[n++] = ']';
    return arena_strndup(arena, text, n);
}
