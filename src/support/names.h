/* names.h: maps from interned names, and lists of names for messages. All memory is the arena's. */
#ifndef NNC_NAMES_H
#define NNC_NAMES_H
#include "support/support.h"

/* A hash map, zeroed when empty. keys[0 .. len) and values[0 .. len) are in the order in which the
 * names were first set. */
typedef struct NameMap {
    const char **keys;
    void **values;
    size_t len, cap;
} NameMap;

/* NULL: absent */
void *name_map_get(const NameMap *map, const char *name);
void name_map_set(Arena *arena, NameMap *map, const char *name, void *value);

/* The same for a map of numbers from 0. -1 is an absent name, and takes one out. */
int name_map_number(const NameMap *map, const char *name);
void name_map_set_number(Arena *arena, NameMap *map, const char *name, int number);

typedef struct NameList {
    const char **data;
    size_t len, cap;
} NameList;

void name_list_add(Arena *arena, NameList *list, const char *name);
/* the names of a map whose value is not NULL */
void name_list_add_map(Arena *arena, NameList *list, const NameMap *map);
/* "a, b and c" */
char *name_list_text(Arena *arena, const char *const *names, size_t count);
#endif
