/* intern.c: equal strings become one pointer. Open addressing over a table of a power of two, at
 * most half full. */
#include "support/support.h"
#include <string.h>

typedef struct Entry {
    const char *text;
    size_t length;
    uint64_t hash;
} Entry;

struct Interner {
    Arena *arena;
    Entry *entries;
    size_t cap, len;
};

/* FNV-1a */
static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

static Entry *entry_for(Entry *entries, size_t cap, const char *text, size_t length, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    for (; entries[i].text; i = (i + 1) & (cap - 1)) {
        if (entries[i].hash == hash && entries[i].length == length &&
            !memcmp(entries[i].text, text, length)) {
            break;
        }
    }
    return &entries[i];
}

Interner *interner_new(Arena *arena)
{
    Interner *table = ARENA_NEW(arena, Interner);
    table->arena = arena;
    table->cap = 256;
    table->entries = ARENA_ARRAY(arena, Entry, table->cap);
    return table;
}

static void double_size(Interner *table)
{
    size_t cap = table->cap * 2;
    Entry *entries = ARENA_ARRAY(table->arena, Entry, cap);
    for (size_t i = 0; i < table->cap; i++) {
        Entry *old = &table->entries[i];
        if (old->text)
            *entry_for(entries, cap, old->text, old->length, old->hash) = *old;
    }
    table->entries = entries;
    table->cap = cap;
}

const char *intern(Interner *table, const char *text, size_t length)
{
    uint64_t hash = hash_of(text, length);
    Entry *entry = entry_for(table->entries, table->cap, text, length, hash);
    if (entry->text)
        return entry->text;
    if ((table->len + 1) * 2 > table->cap) {
        double_size(table);
        entry = entry_for(table->entries, table->cap, text, length, hash);
    }
    table->len++;
    *entry = (Entry){ arena_strndup(table->arena, text, length), length, hash };
    return entry->text;
}

const char *intern_cstr(Interner *table, const char *text)
{
    return intern(table, text, strlen(text));
}
