/* support.h: memory by lifetime, interned strings, growing arrays.
 *
 * Everything the compiler makes lives in an Arena and is freed with it; nothing is freed singly.
 * Allocation failure prints a line and exits with status 3 (out of memory is not a user's mistake
 * to recover from). */
#ifndef NNC_SUPPORT_H
#define NNC_SUPPORT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;
Arena *arena_new(void);
void arena_free(Arena *arena); /* NULL is fine */
/* zeroed, aligned for any type */
void *arena_alloc(Arena *arena, size_t bytes);
void *arena_dup(Arena *arena, const void *data, size_t bytes);
char *arena_strndup(Arena *arena, const char *text, size_t length);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args);
#define ARENA_NEW(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define ARENA_ARRAY(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (size_t)(n)))

/* A growing array in an arena: `VEC(int) v = {0}; vec_push(arena, &v, 3);`, then v.data[0 ..
 * v.len). */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *data;                                                                                   \
        size_t len, cap;                                                                           \
    }
#define vec_push(arena, v, item)                                                                   \
    do {                                                                                           \
        if ((v)->len == (v)->cap)                                                                  \
            (v)->data = vec_grow((arena), (v)->data, &(v)->cap, (v)->len, sizeof *(v)->data);      \
        (v)->data[(v)->len++] = (item);                                                            \
    } while (0)
void *vec_grow(Arena *arena, void *data, size_t *cap, size_t len, size_t item_size);

/* Equal strings interned in one table are one pointer, so names compare with ==. The table lives in
 * its arena. */
typedef struct Interner Interner;
Interner *interner_new(Arena *arena);
const char *intern(Interner *table, const char *text, size_t length);
const char *intern_cstr(Interner *table, const char *text);

/* The candidate nearest to `name` (Damerau-Levenshtein distance at most a third of its length, at
 * least 1), or NULL. */
const char *nearest_name(const char *name, const char *const *candidates, size_t count);
#endif
