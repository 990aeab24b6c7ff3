/* name_map.h: distinct texts and their numbers: 0, 1, 2, ... in the order in which they were added,
 * or in bytewise order once sorted. */
#ifndef NNRT_NAME_MAP_H
#define NNRT_NAME_MAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros: an empty map. */
typedef struct nnrt_name_map {
    char **text; /* by number; owned by the map */
    size_t count, capacity;
    uint32_t *slot; /* the hash table: numbers + 1, 0 for an empty slot */
    size_t slots;   /* a power of 2, or 0 */
} nnrt_name_map;

/* *number: the text's, old or new. False: out of memory. */
bool nnrt_name_map_add(nnrt_name_map *map, const char *text, size_t length, uint32_t *number);
/* False: the map has no such text; *number is left alone. */
bool nnrt_name_map_find(const nnrt_name_map *map, const char *text, size_t length,
                        uint32_t *number);
/* Renumbers the texts in bytewise order. False: out of memory. */
bool nnrt_name_map_sort(nnrt_name_map *map);
/* Frees what the map holds and leaves it empty. */
void nnrt_name_map_free(nnrt_name_map *map);
#endif
