/* opened.c: the table of opened data, under its lock. */
#include "data/opened.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    json_t *declaration;
    char *folder;
    nnrt_preparation *given; /* by which it was prepared; NULL: by one of its own */
    nnrt_data *data;
} entry;

struct nnrt_opened {
    pthread_mutex_t lock;
    entry *item;
    size_t count;
};

nnrt_opened *nnrt_opened_new(void)
{
    nnrt_opened *opened = calloc(1, sizeof *opened);
    if (opened && pthread_mutex_init(&opened->lock, NULL)) {
        free(opened);
        return NULL;
    }
    return opened;
}

static void entry_clear(entry *item)
{
    json_decref(item->declaration);
    free(item->folder);
    nnrt_preparation_free(item->given);
    nnrt_data_free(item->data);
}

void nnrt_opened_free(nnrt_opened *opened)
{
    if (!opened)
        return;
    for (size_t i = 0; i < opened->count; i++)
        entry_clear(&opened->item[i]);
    free(opened->item);
    pthread_mutex_destroy(&opened->lock);
    free(opened);
}

/* Whether what was opened is what is asked for: by its own preparation, or by one that says the
 * same as that which is wanted. */
static bool suits(const entry *item, const nnrt_preparation *wanted)
{
    if (!wanted)
        return !item->given;
    return nnrt_preparation_equal(item->data->preparation, wanted) ||
           (item->given && nnrt_preparation_equal(item->given, wanted));
}

static const nnrt_data *find(const nnrt_opened *opened, const json_t *declaration,
                             const char *folder, const nnrt_preparation *wanted)
{
    for (size_t i = opened->count; i-- > 0;) {
        const entry *item = &opened->item[i];
        if (json_equal(item->declaration, declaration) && !strcmp(item->folder, folder) &&
            suits(item, wanted)) {
            return item->data;
        }
    }
    return NULL;
}

static const nnrt_data *add(nnrt_opened *opened, const json_t *declaration, const char *folder,
                            uint64_t seed, nnrt_preparation *given, nnrt_error *e)
{
    entry *grown = realloc(opened->item, (opened->count + 1) * sizeof *grown);
    if (grown)
        opened->item = grown;

    /* A copy: lines of a REPL are freed while the table lives on. */
    entry item = { grown ? json_deep_copy(declaration) : NULL, strdup(folder),
                   nnrt_preparation_hold(given), NULL };
    if (item.declaration && item.folder)
        item.data = nnrt_data_open(declaration, *folder ? folder : ".", seed, given, e);
    else
        nnrt_no_memory(e);

    if (item.data)
        opened->item[opened->count++] = item;
    else
        entry_clear(&item);
    return item.data;
}

const nnrt_data *nnrt_opened_data(nnrt_opened *opened, const json_t *declaration,
                                  const char *folder, uint64_t seed, nnrt_preparation *preparation,
                                  nnrt_error *e)
{
    if (!folder)
        folder = "";
    pthread_mutex_lock(&opened->lock);
    const nnrt_data *data = find(opened, declaration, folder, preparation);
    if (!data)
        data = add(opened, declaration, folder, seed, preparation, e);
    pthread_mutex_unlock(&opened->lock);
    return data;
}
