/* names.c: hash maps from interned names, and lists of names for messages. */
#include "support/names.h"

/* Open addressing over an index; `keys` and `values` stay in the order of insertion, so that
 * lists of names are stable. */
struct Slots {
    size_t size;
    uint32_t slot[];
};

static size_t hash_pointer(const char *name)
{
    uint64_t x = (uint64_t)(uintptr_t)name;
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    return (size_t)(x ^ x >> 29);
}

/* The index is kept after the values: values[cap] points to it. */
static struct Slots *slots_of(const NameMap *map)
{
    return map->cap ? map->values[map->cap] : NULL;
}

static uint32_t *find_slot(struct Slots *slots, const NameMap *map, const char *name)
{
    size_t i = hash_pointer(name) & (slots->size - 1);
    while (slots->slot[i] && map->keys[slots->slot[i] - 1] != name)
        i = (i + 1) & (slots->size - 1);
    return &slots->slot[i];
}

void *name_map_get(const NameMap *map, const char *name)
{
    if (!map->len)
        return NULL;
    uint32_t slot = *find_slot(slots_of(map), map, name);
    return slot ? map->values[slot - 1] : NULL;
}

static void grow(Arena *arena, NameMap *map)
{
    size_t cap = map->cap ? 2 * map->cap : 16;
    NameMap next = { .keys = ARENA_ARRAY(arena, const char *, cap),
                     .values = ARENA_ARRAY(arena, void *, cap + 1),
                     .len = map->len,
                     .cap = cap };
    struct Slots *slots = arena_alloc(arena, sizeof *slots + 4 * cap * sizeof slots->slot[0]);
    slots->size = 4 * cap;
    next.values[cap] = slots;
    for (size_t i = 0; i < map->len; i++) {
        next.keys[i] = map->keys[i];
        next.values[i] = map->values[i];
        *find_slot(slots, &next, next.keys[i]) = (uint32_t)i + 1;
    }
    *map = next;
}

void name_map_set(Arena *arena, NameMap *map, const char *name, void *value)
{
    if (map->len == map->cap)
        grow(arena, map);
    uint32_t *slot = find_slot(slots_of(map), map, name);
    if (!*slot) {
        map->keys[map->len++] = name;
        *slot = (uint32_t)map->len;
    }
    map->values[*slot - 1] = value;
}

int name_map_number(const NameMap *map, const char *name)
{
    return (int)(intptr_t)name_map_get(map, name) - 1;
}

void name_map_set_number(Arena *arena, NameMap *map, const char *name, int number)
{
    name_map_set(arena, map, name, (void *)(intptr_t)(number + 1));
}

void name_list_add(Arena *arena, NameList *list, const char *name)
{
    vec_push(arena, list, name);
}

void name_list_add_map(Arena *arena, NameList *list, const NameMap *map)
{
    for (size_t i = 0; i < map->len; i++)
        if (map->values[i])
            name_list_add(arena, list, map->keys[i]);
}

char *name_list_text(Arena *arena, const char *const *names, size_t count)
{
    char *text = arena_printf(arena, "%s", count ? names[0] : "");
    for (size_t i = 1; i < count; i++)
        text = arena_printf(arena, "%s%s%s", text, i + 1 == count ? " and " : ", ", names[i]);
    return text;
}
