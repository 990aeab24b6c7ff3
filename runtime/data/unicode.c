/* unicode.c: kinds of characters from a table of ranges (unicode.h). */
#include "data/unicode.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct kind_range {
    uint32_t first, last;
    nnrt_character kind;
} kind_range;

typedef struct lower_range {
    uint32_t first, last, step;
    int32_t delta;
} lower_range;

#define KIND(first, last, kind) { first, last, NNRT_CHARACTER_##kind },
#define LOWER(first, last, step, delta)
static const kind_range kinds[] = {
#include "data/unicode.def"
};
#undef KIND
#undef LOWER

#define KIND(first, last, kind)
#define LOWER(first, last, step, delta) { first, last, step, delta },
static const lower_range lowers[] = {
#include "data/unicode.def"
};
#undef KIND
#undef LOWER

nnrt_character nnrt_character_of(uint32_t point)
{
    size_t low = 0, high = sizeof kinds / sizeof *kinds;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > kinds[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < sizeof kinds / sizeof *kinds && point >= kinds[low].first;
    return inside ? kinds[low].kind : NNRT_CHARACTER_OTHER;
}

uint32_t nnrt_lower_case(uint32_t point)
{
    for (size_t i = 0; i < sizeof lowers / sizeof *lowers && point >= lowers[i].first; i++) {
        const lower_range *r = &lowers[i];
        if (point <= r->last && (point - r->first) % r->step == 0)
            return (uint32_t)((int32_t)point + r->delta);
    }
    return point;
}
