/* nearest.c: which known name a misspelt one most likely means.
 *
 * The measure is the Damerau-Levenshtein distance with adjacent transpositions (optimal string
 * alignment), letters compared regardless of case; among equally near names the one that differs
 * less in case wins, then the first. */
#include "support/support.h"
#include <string.h>

/* longer names are not compared: nobody mistypes them into a known one */
enum { LONGEST_NAME = 64 };

static int folded(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Twice the number of edits; a letter in the other case counts as half an edit. Both names have at
 * most LONGEST_NAME characters. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][LONGEST_NAME + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = 2 * (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = 2 * (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned change = a[i - 1] != b[j - 1];
            if (folded(a[i - 1]) != folded(b[j - 1]))
                change = 2;
            now[j] = smallest(last[j] + 2, now[j - 1] + 2, last[j - 1] + change);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]) && before[j - 2] + 2 < now[j]) {
                now[j] = before[j - 2] + 2;
            }
        }
        unsigned *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_length];
}

static bool same_but_for_case(const char *a, const char *b)
{
    while (*a && folded(*a) == folded(*b))
        a++, b++;
    return !*a && !*b;
}

const char *nearest_name(const char *name, const char *const *candidates, size_t count)
{
    size_t length = strnlen(name, LONGEST_NAME + 1);
    if (!length || length > LONGEST_NAME)
        return NULL;
    const char *best = NULL;
    unsigned limit = 2 * (unsigned)(length / 3 ? length / 3 : 1), least = limit + 1;
    for (size_t i = 0; i < count; i++) {
        size_t other = strnlen(candidates[i], LONGEST_NAME + 1);
        if (other > LONGEST_NAME)
            continue;
        if (same_but_for_case(name, candidates[i]))
            return candidates[i];
        size_t longer = other > length ? other : length;
        if (2 * (longer - (other > length ? length : other)) > limit)
            continue;
        unsigned found = distance(name, length, candidates[i], other);
        if (found < least && found < 2 * longer) { /* one letter is not near to another */
            least = found;
            best = candidates[i];
        }
    }
    return best;
}
