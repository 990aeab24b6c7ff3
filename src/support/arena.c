/* arena.c: memory by lifetime. Blocks are handed out front to back of large chunks and freed all at
 * once. */
#include "support/support.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Chunk {
    struct Chunk *next;
    size_t size, used;
    max_align_t bytes[];
} Chunk;

struct Arena {
    Chunk *chunks; /* the first is the one that blocks are taken from */
    size_t next_size;
};

enum { FIRST_CHUNK = 1 << 14, LARGEST_CHUNK = 1 << 20 };

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "nnc: error: out of memory: %zu bytes more were needed [out-of-memory]\n",
            bytes);
    exit(3);
}

static Chunk *chunk_new(size_t size)
{
    Chunk *chunk = size <= SIZE_MAX - sizeof *chunk ? calloc(1, sizeof *chunk + size) : NULL;
    if (!chunk)
        out_of_memory(size);
    chunk->size = size;
    return chunk;
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        out_of_memory(sizeof *arena);
    arena->next_size = FIRST_CHUNK;
    return arena;
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    for (Chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    if (bytes > SIZE_MAX - align)
        out_of_memory(bytes);
    bytes = bytes ? (bytes + align - 1) / align * align : align;

    Chunk *chunk = arena->chunks;
    if (!chunk || bytes > chunk->size - chunk->used) {
        /* a chunk of its own, after the current one, whose free space stays in use */
        if (bytes > arena->next_size / 4) {
            Chunk *own = chunk_new(bytes);
            own->used = bytes;
            if (chunk) {
                own->next = chunk->next;
                chunk->next = own;
            } else {
                arena->chunks = own;
            }
            return own->bytes;
        }
        chunk = chunk_new(arena->next_size);
        if (arena->next_size < LARGEST_CHUNK)
            arena->next_size *= 2;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *block = (char *)chunk->bytes + chunk->used;
    chunk->used += bytes;
    return block;
}

void *arena_dup(Arena *arena, const void *data, size_t bytes)
{
    void *copy = arena_alloc(arena, bytes);
    if (bytes)
        memcpy(copy, data, bytes);
    return copy;
}

char *arena_strndup(Arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        out_of_memory(length);
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_vprintf(Arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void *vec_grow(Arena *arena, void *data, size_t *cap, size_t len, size_t item_size)
{
    size_t wanted = *cap ? *cap * 2 : 8;
    if (wanted < *cap || wanted > SIZE_MAX / item_size)
        out_of_memory(SIZE_MAX);
    void *grown = arena_alloc(arena, wanted * item_size);
    if (len)
        memcpy(grown, data, len * item_size);
    *cap = wanted;
    return grown;
}
