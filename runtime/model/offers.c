/* offers.c: a weights file's tensors under a model's names.
 *
 * Patterns are of whole names, and a star stands for any characters, as few as will do. The first
 * pattern that meets a name decides, and what it makes is not looked at again. */
#include "model/offers.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_STARS = 16, LONGEST_NAME = 1024 };

/* What a pattern's stars stand for in a name. */
typedef struct stars {
    const char *begin[MOST_STARS];
    size_t length[MOST_STARS];
    size_t count;
} stars;

/* Matches the pattern's parts one after the other, each where it comes first; the last one at the
 * end. */
static bool meets(const char *pattern, const char *name, stars *found)
{
    found->count = 0;
    size_t head = strcspn(pattern, "*");
    if (strncmp(pattern, name, head) != 0)
        return false;
    pattern += head;
    name += head;
    if (!*pattern)
        return !*name;

    while (*pattern == '*') {
        size_t part = strcspn(++pattern, "*"), rest = strlen(name);
        const char *at = NULL;
        if (!pattern[part]) /* the last part */
            at = rest >= part && !strcmp(name + rest - part, pattern) ? name + rest - part : NULL;
        for (const char *from = name; !at && pattern[part] && strlen(from) >= part; from++)
            at = strncmp(from, pattern, part) ? NULL : from;
        if (!at)
            return false;
        if (found->count < MOST_STARS) {
            found->begin[found->count] = name;
            found->length[found->count++] = (size_t)(at - name);
        }
        pattern += part;
        name = at + part;
    }
    return true;
}

static bool any_meets(const json_t *patterns, const char *name, bool *met)
{
    stars found;
    for (size_t i = 0; i < json_array_size(patterns); i++) {
        const char *pattern = json_string_value(json_array_get(patterns, i));
        if (!pattern || !meets(pattern, name, &found))
            continue;
        if (met)
            met[i] = true;
        return true;
    }
    return false;
}

/* The pattern with what the stars stand for in their places. False: the name is too long. */
static bool fill(const char *pattern, const stars *found, char *name, size_t size)
{
    size_t length = 0, star = 0;
    for (; *pattern; pattern++) {
        bool filled = *pattern == '*' && star < found->count;
        const char *from = filled ? found->begin[star] : pattern;
        size_t more = filled ? found->length[star++] : 1;
        if (length + more >= size)
            return false;
        memcpy(name + length, from, more);
        length += more;
    }
    name[length] = '\0';
    return true;
}

static bool rename_one(const json_t *rename, const char *name, char *renamed, size_t size)
{
    size_t i;
    const json_t *one;
    stars found;
    json_array_foreach ((json_t *)rename, i, one) {
        const char *old = json_string_value(json_object_get(one, "old")),
                   *new = json_string_value(json_object_get(one, "new"));
        if (old && new && meets(old, name, &found))
            return fill(new, &found, renamed, size);
    }
    if (strlen(name) >= size)
        return false;
    strcpy(renamed, name);
    return true;
}

/* Files may also hold optimizer states and what checkpoints need; PyTorch's may count batches. */
static bool is_ignored(const char *name)
{
    static const char *const prefixes[] = { "optimizer.", "average.", "nnc." };
    static const char counter[] = "num_batches_tracked";
    size_t length = strlen(name), tail = sizeof counter - 1;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
            return true;
    return length >= tail && !strcmp(name + length - tail, counter);
}

static bool transpose_one(nnrt_offer *offer, const char *path, nnrt_error *e)
{
    const nnrt_tensor_in *tensor = offer->tensor;
    if (tensor->rank != 2) {
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s': '%s' has %d axes, and only tensors of two can be transposed", path,
                         tensor->name, tensor->rank);
    }
    offer->transposed = true;
    offer->dims[0] = tensor->dims[1];
    offer->dims[1] = tensor->dims[0];
    return true;
}

static bool offer_one(nnrt_offers *offers, const nnrt_tensor_in *tensor, const json_t *rules,
                      bool *transposed, const char *path, nnrt_error *e)
{
    char name[LONGEST_NAME];
    size_t count = offers->names.count;
    uint32_t number;
    if (!rename_one(json_object_get(rules, "rename"), tensor->name, name, sizeof name)) {
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s': the name of '%.80s' would be too long", path, tensor->name);
    }
    if (!nnrt_name_map_add(&offers->names, name, strlen(name), &number))
        return nnrt_no_memory(e);
    if (offers->names.count == count) {
        return nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                         "'%s': '%.80s' and '%.80s' would both be called '%.80s'", path,
                         offers->offer[number].tensor->name, tensor->name, name);
    }
    nnrt_offer *offer = &offers->offer[number];
    *offer = (nnrt_offer){ .tensor = tensor };
    return !any_meets(json_object_get(rules, "transpose"), tensor->name, transposed) ||
           transpose_one(offer, path, e);
}

bool nnrt_offers_make(nnrt_offers *offers, const nnrt_safetensors *file, const json_t *rules,
                      const char *path, nnrt_error *e)
{
    const json_t *skip = json_object_get(rules, "skip"),
                 *transpose = json_object_get(rules, "transpose");
    size_t count = nnrt_safetensors_count(file), patterns = json_array_size(transpose);
    bool *transposed = calloc(patterns + 1, sizeof *transposed);
    offers->offer = calloc(count + 1, sizeof *offers->offer);
    bool ok = (transposed && offers->offer) || nnrt_no_memory(e);

    for (size_t i = 0; ok && i < count; i++) {
        const nnrt_tensor_in *tensor = nnrt_safetensors_at(file, i);
        if (!is_ignored(tensor->name) && !any_meets(skip, tensor->name, NULL))
            ok = offer_one(offers, tensor, rules, transposed, path, e);
    }
    /* where both axes are of one size, nothing else would tell */
    for (size_t i = 0; ok && i < patterns; i++) {
        if (transposed[i])
            continue;
        ok = nnrt_fail(e, NNRT_FILES, "weights-mismatch",
                       "'%s' holds nothing to transpose by the name '%s'", path,
                       json_string_value(json_array_get(transpose, i)));
    }
    free(transposed);
    return ok;
}

void nnrt_offers_free(nnrt_offers *offers)
{
    nnrt_name_map_free(&offers->names);
    free(offers->offer);
    *offers = (nnrt_offers){ 0 };
}

const nnrt_offer *nnrt_offers_find(const nnrt_offers *offers, const char *name)
{
    uint32_t number;
    return nnrt_name_map_find(&offers->names, name, strlen(name), &number) ? &offers->offer[number]
                                                                           : NULL;
}

int nnrt_offer_rank(const nnrt_offer *offer)
{
    return offer->tensor->rank;
}

const int64_t *nnrt_offer_dims(const nnrt_offer *offer)
{
    return offer->transposed ? offer->dims : offer->tensor->dims;
}

bool nnrt_offer_read(const nnrt_offer *offer, const nnrt_safetensors *file, float *out,
                     nnrt_error *e)
{
    if (!offer->transposed)
        return nnrt_safetensors_read(file, offer->tensor, out, e);
    int64_t rows = offer->dims[0], columns = offer->dims[1];
    float *stored = nnrt_tensor_new((size_t)offer->tensor->elements);
    bool ok = stored ? nnrt_safetensors_read(file, offer->tensor, stored, e) : nnrt_no_memory(e);
    for (int64_t r = 0; ok && r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            out[r * columns + c] = stored[c * rows + r];
    free(stored);
    return ok;
}
