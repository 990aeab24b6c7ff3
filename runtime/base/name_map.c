/* name_map.c: distinct texts and their numbers: an open-addressing hash table over an array
 * (name_map.h). */
#include "base/name_map.h"
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
static uint32_t *slot_of(const nnrt_name_map *map, const char *text, size_t length)
{
    for (size_t i = hash_of(text, length) & (map->slots - 1);; i = (i + 1) & (map->slots - 1)) {
        uint32_t number = map->slot[i];
        if (!number ||
            (strncmp(map->text[number - 1], text, length) == 0 && !map->text[number - 1][length])) {
            return &map->slot[i];
        }
    }
}

static bool rehash(nnrt_name_map *map, size_t slots)
{
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!slot)
        return false;
    free(map->slot);
    map->slot = slot;
    map->slots = slots;
    for (size_t i = 0; i < map->count; i++)
        *slot_of(map, map->text[i], strlen(map->text[i])) = (uint32_t)i + 1;
    return true;
}

bool nnrt_name_map_find(const nnrt_name_map *map, const char *text, size_t length, uint32_t *number)
{
    uint32_t found = map->slots ? *slot_of(map, text, length) : 0;
    if (found)
        *number = found - 1;
    return found != 0;
}

bool nnrt_name_map_add(nnrt_name_map *map, const char *text, size_t length, uint32_t *number)
{
    if (nnrt_name_map_find(map, text, length, number))
        return true;
    if ((map->count + 1) * 2 > map->slots && !rehash(map, map->slots ? map->slots * 2 : 16))
        return false;
    if (map->count == map->capacity) {
        size_t capacity = map->capacity ? map->capacity * 2 : 16;
        char **grown = realloc(map->text, capacity * sizeof *grown);
        if (!grown)
            return false;
        map->text = grown;
        map->capacity = capacity;
    }
    char *copy = strndup(text, length);
    if (!copy)
        return false;
    uint32_t *slot = slot_of(map, text, length);
    map->text[map->count++] = copy;
    *slot = (uint32_t)map->count;
    *number = *slot - 1;
    return true;
}

static int bytewise(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool nnrt_name_map_sort(nnrt_name_map *map)
{
    if (map->count)
        qsort(map->text, map->count, sizeof *map->text, bytewise);
    return !map->slots || rehash(map, map->slots);
}

void nnrt_name_map_free(nnrt_name_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        free(map->text[i]);
    free(map->text);
    free(map->slot);
    *map = (nnrt_name_map){ 0 };
}
