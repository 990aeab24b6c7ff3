/* tokens.c: characters and words as tokens, and what a preparation keeps of them (tokens.h). */
#include "data/tokens.h"
#include "data/form.h"
#include "data/tokens_bpe.h"
#include "data/unicode.h"
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = { "characters", "words", "bpe" };

/* ---- lists ---- */

bool nnrt_token_list_add(nnrt_token_list *list, uint32_t id)
{
    if (list->count == list->capacity) {
        size_t room = list->capacity ? 2 * list->capacity : 256;
        uint32_t *grown = realloc(list->id, room * sizeof *grown);
        if (!grown)
            return false;
        list->id = grown;
        list->capacity = room;
    }
    list->id[list->count++] = id;
    return true;
}

void nnrt_token_list_free(nnrt_token_list *list)
{
    nnrt_name_map_free(&list->text);
    free(list->id);
    *list = (nnrt_token_list){ 0 };
}

static bool add_text(nnrt_token_list *list, const char *text, size_t length)
{
    uint32_t id;
    return nnrt_name_map_add(&list->text, text, length, &id) && nnrt_token_list_add(list, id);
}

/* ---- making ---- */

static nnrt_tokenizer *new_of_kind(const char *word)
{
    nnrt_tokenizer *t = calloc(1, sizeof *t);

    for (size_t k = 0; t && k < sizeof kind_words / sizeof *kind_words; k++)
        if (strcmp(word, kind_words[k]) == 0)
            t->kind = (nnrt_tokens_kind)k;
    return t;
}

nnrt_tokenizer *nnrt_tokenizer_new(const json_t *form, const char *folder, nnrt_error *e)
{
    const char *word =
        json_is_string(form) ? json_string_value(form) : nnrt_form_text(form, "form", "characters");
    nnrt_tokenizer *t = new_of_kind(word);
    bool ok = t || nnrt_no_memory(e);

    if (ok && t->kind == NNRT_TOKENS_WORDS)
        t->size = (int64_t)nnrt_form_number(form, "n", 0);
    if (ok && t->kind == NNRT_TOKENS_BPE)
        ok = nnrt_bpe_open(t, form, folder, e);
    if (ok)
        return t;
    nnrt_tokenizer_free(t);
    return NULL;
}

void nnrt_tokenizer_free(nnrt_tokenizer *t)
{
    if (!t)
        return;
    nnrt_name_map_free(&t->text);
    nnrt_name_map_free(&t->merges);
    free(t->number);
    free(t);
}

/* ---- keeping ---- */

static json_t *texts_json(const nnrt_name_map *map)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < map->count; i++)
        json_array_append_new(list, json_string(map->text[i]));
    return list;
}

json_t *nnrt_tokenizer_json(const nnrt_tokenizer *t)
{
    json_t *to = json_object();
    if (!to)
        return NULL;

    json_object_set_new(to, "form", json_string(kind_words[t->kind]));
    if (t->kind != NNRT_TOKENS_BPE) {
        json_object_set_new(to, "size", json_integer(t->size));
        json_object_set_new(to, "texts", texts_json(&t->text));
        return to;
    }

    json_t *vocabulary = json_object();
    for (size_t i = 0; i < t->text.count; i++)
        json_object_set_new(vocabulary, t->text.text[i], json_integer(t->number[i]));
    json_object_set_new(to, "vocabulary", vocabulary);
    json_object_set_new(to, "merges", texts_json(&t->merges));
    return to;
}

static bool read_texts(nnrt_tokenizer *t, const json_t *saved)
{
    const json_t *texts = json_object_get(saved, "texts"), *item;
    size_t i;

    t->size = json_integer_value(json_object_get(saved, "size"));
    if (!json_is_array(texts) || t->size < NNRT_TOKENS_FIRST || t->size > NNRT_TOKENS_MOST ||
        json_array_size(texts) > (size_t)(t->size - NNRT_TOKENS_FIRST)) {
        return false;
    }
    json_array_foreach (texts, i, item) {
        uint32_t number;
        const char *text = json_string_value(item);
        if (!text || !nnrt_name_map_add(&t->text, text, strlen(text), &number) || number != i)
            return false;
    }
    return true;
}

nnrt_tokenizer *nnrt_tokenizer_read(const json_t *saved, const char *name, nnrt_error *e)
{
    nnrt_tokenizer *t = new_of_kind(nnrt_form_text(saved, "form", ""));
    if (!t) {
        nnrt_no_memory(e);
        return NULL;
    }

    bool ok = t->kind == NNRT_TOKENS_BPE
                  ? nnrt_bpe_take(t, json_object_get(saved, "vocabulary"),
                                  json_object_get(saved, "merges"), name, e)
                  : read_texts(t, saved) ||
                        nnrt_fail(e, NNRT_FILES, "bad-file",
                                  "%s: the tokens that its model keeps are damaged", name);
    if (ok)
        return t;
    nnrt_tokenizer_free(t);
    return NULL;
}

/* ---- cutting ---- */

static bool cut_characters(const char *text, size_t length, nnrt_token_list *list)
{
    uint32_t point;

    for (size_t i = 0, bytes; i < length; i += bytes) {
        bytes = nnrt_utf8_decode(text + i, length - i, &point);
        if (!add_text(list, text + i, bytes))
            return false;
    }
    return true;
}

/* Lower case, as UTF-8, behind what is in the word; a capital I with a point keeps its point. */
static size_t append_lower(char *word, size_t used, uint32_t point)
{
    enum { CAPITAL_I_WITH_POINT = 0x130, POINT_ABOVE = 0x307 };

    if (point != CAPITAL_I_WITH_POINT)
        return used + nnrt_utf8_encode(nnrt_lower_case(point), word + used);
    word[used++] = 'i';
    return used + nnrt_utf8_encode(POINT_ABOVE, word + used);
}

static bool cut_words(const char *text, size_t length, nnrt_token_list *list)
{
    char *word = malloc(3 * length + NNRT_UTF8_ROOM);
    size_t used = 0;
    bool ok = word != NULL;

    for (size_t i = 0, bytes; ok && i < length; i += bytes) {
        uint32_t point;
        bytes = nnrt_utf8_decode(text + i, length - i, &point);
        nnrt_character kind = nnrt_character_of(point);

        if (kind == NNRT_CHARACTER_LETTER || kind == NNRT_CHARACTER_NUMBER) {
            used = append_lower(word, used, point);
            continue;
        }
        if (used)
            ok = add_text(list, word, used);
        used = 0;
        if (ok && kind == NNRT_CHARACTER_OTHER)
            ok = add_text(list, text + i, bytes);
    }
    if (ok && used)
        ok = add_text(list, word, used);
    free(word);
    return ok;
}

bool nnrt_tokenizer_cut(const nnrt_tokenizer *t, const char *text, size_t length, const char *place,
                        nnrt_token_list *list, nnrt_error *e)
{
    if (!nnrt_utf8_is_text(text, length))
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: the bytes are not UTF-8", place);
    if (t->kind == NNRT_TOKENS_BPE)
        return nnrt_bpe_cut(t, text, length, place, list, e);
    return (t->kind == NNRT_TOKENS_WORDS ? cut_words : cut_characters)(text, length, list) ||
           nnrt_no_memory_for(e, place);
}

/* ---- fitting ---- */

typedef struct counted {
    const char *text;
    int64_t uses;
} counted;

/* The commonest first; of equals in the order of code points, which is that of their bytes. */
static int by_uses(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->uses != y->uses)
        return x->uses < y->uses ? 1 : -1;
    return strcmp(x->text, y->text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const counted *)a)->text, ((const counted *)b)->text);
}

bool nnrt_tokenizer_fit(nnrt_tokenizer *t, const nnrt_token_list *list, const int64_t *uses)
{
    size_t met = 0;
    if (t->kind == NNRT_TOKENS_BPE)
        return true;

    counted *all = malloc((list->text.count + 1) * sizeof *all);
    if (!all)
        return false;
    for (size_t i = 0; i < list->text.count; i++)
        if (uses[i])
            all[met++] = (counted){ list->text.text[i], uses[i] };
    qsort(all, met, sizeof *all, t->kind == NNRT_TOKENS_WORDS ? by_uses : by_text);

    if (t->kind == NNRT_TOKENS_CHARACTERS)
        t->size = (int64_t)met + NNRT_TOKENS_FIRST;
    bool ok = true;
    for (size_t i = 0; ok && i < met && (int64_t)i < t->size - NNRT_TOKENS_FIRST; i++) {
        uint32_t number;
        ok = nnrt_name_map_add(&t->text, all[i].text, strlen(all[i].text), &number);
    }
    free(all);
    return ok;
}

int64_t nnrt_tokenizer_number(const nnrt_tokenizer *t, const nnrt_token_list *list, uint32_t id)
{
    uint32_t number;
    if (t->kind == NNRT_TOKENS_BPE)
        return id;
    const char *text = list->text.text[id];
    return nnrt_name_map_find(&t->text, text, strlen(text), &number)
               ? (int64_t)number + NNRT_TOKENS_FIRST
               : NNRT_TOKEN_UNKNOWN;
}

const char *nnrt_tokenizer_text(const nnrt_tokenizer *t, int64_t number, char buffer[24])
{
    if (t->kind == NNRT_TOKENS_BPE) {
        for (size_t i = 0; i < t->text.count; i++)
            if (t->number[i] == number)
                return t->text.text[i];
    } else if (number < NNRT_TOKENS_FIRST) {
        return number ? "<unknown>" : "<padding>";
    } else if (number - NNRT_TOKENS_FIRST < (int64_t)t->text.count) {
        return t->text.text[number - NNRT_TOKENS_FIRST];
    }
    snprintf(buffer, 24, "<%lld>", (long long)number);
    return buffer;
}
