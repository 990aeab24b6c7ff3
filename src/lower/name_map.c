/* name_map.c: interned strings to numbers, by open addressing over the pointers. */
#include "lower/room.h"

static size_t name_slot(const NameMap *map, const char *name)
{
    size_t mask = map->size - 1,
           at = ((uintptr_t)name >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 20 & mask;
    while (map->name[at] && map->name[at] != name)
        at = (at + 1) & mask;
    return at;
}

int name_map_find(const NameMap *map, const char *name)
{
    if (!map->size)
        return -1;
    size_t at = name_slot(map, name);
    return map->name[at] ? map->number[at] : -1;
}

void name_map_put(Arena *arena, NameMap *map, const char *name, int number)
{
    if (2 * (map->used + 1) > map->size) {
        NameMap larger = { .size = map->size ? 2 * map->size : 16, .used = map->used };
        larger.name = ARENA_ARRAY(arena, const char *, larger.size);
        larger.number = ARENA_ARRAY(arena, int, larger.size);
        for (size_t i = 0; i < map->size; i++) {
            if (map->name[i]) {
                size_t at = name_slot(&larger, map->name[i]);
                larger.name[at] = map->name[i];
                larger.number[at] = map->number[i];
            }
        }
        *map = larger;
    }
    size_t at = name_slot(map, name);
    if (!map->name[at])
        map->used++;
    map->name[at] = name;
    map->number[at] = number;
}
