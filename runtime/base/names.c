/* names.c: distinct texts and their numbers: an open-addressing hash table over an array
 * (source.h). */
#include "data/source.h"
#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

/* The slot that holds the text, or the empty one where it belongs. Slots hold numbers + 1; there is
 * always an empty one. */
static uint32_t *slot_of(const nnrt_names *names, const char *text, size_t length)
{
    for (size_t i = hash_of(text, length) & (names->slots - 1);; i = (i + 1) & (names->slots - 1)) {
        uint32_t number = names->slot[i];
        if (!number || (strncmp(names->text[number - 1], text, length) == 0 &&
                        !names->text[number - 1][length])) {
            return &names->slot[i];
        }
    }
}

static bool rehash(nnrt_names *names, size_t slots)
{
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!slot)
        return false;
    free(names->slot);
    names->slot = slot;
    names->slots = slots;
    for (size_t i = 0; i < names->count; i++)
        *slot_of(names, names->text[i], strlen(names->text[i])) = (uint32_t)i + 1;
    return true;
}

bool nnrt_names_find(const nnrt_names *names, const char *text, size_t length, uint32_t *number)
{
    uint32_t found = names->slots ? *slot_of(names, text, length) : 0;
    if (found)
        *number = found - 1;
    return found != 0;
}

bool nnrt_names_add(nnrt_names *names, const char *text, size_t length, uint32_t *number)
{
    if (nnrt_names_find(names, text, length, number))
        return true;
    if ((names->count + 1) * 2 > names->slots &&
        !rehash(names, names->slots ? names->slots * 2 : 16)) {
        return false;
    }
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 16;
        char **grown = realloc(names->text, capacity * sizeof *grown);
        if (!grown)
            return false;
        names->text = grown;
        names->capacity = capacity;
    }
    char *copy = strndup(text, length);
    if (!copy)
        return false;
    uint32_t *slot = slot_of(names, text, length);
    names->text[names->count++] = copy;
    *slot = (uint32_t)names->count;
    *number = *slot - 1;
    return true;
}

static int bytewise(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool nnrt_names_sort(nnrt_names *names)
{
    if (names->count)
        qsort(names->text, names->count, sizeof *names->text, bytewise);
    return !names->slots || rehash(names, names->slots);
}

void nnrt_names_free(nnrt_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->text[i]);
    free(names->text);
    free(names->slot);
    *names = (nnrt_names){ 0 };
}
