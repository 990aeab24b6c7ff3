/* dataset_texts.c: sources of texts as samples of tokens (opening.h).
 *
 * `documents` has a text a row, cut or padded to a length; `text` with a tokenizer is one text, and
 * each place in it begins a sample. Texts are cut when they are read; which number each token has
 * is known once it is known which samples are the training part's. */
#include "data/block.h"
#include "data/form.h"
#include "data/opening.h"
#include "data/tokens.h"
#include <stdlib.h>
#include <string.h>

/* The texts of a source. */
struct nnrt_texts {
    nnrt_token_list tokens;
    size_t *start; /* of documents: where each begins, and the end; NULL: one text */
    int64_t length;
    bool each;       /* of one text: a target at each place */
    int64_t *number; /* of the list's texts, once they are fitted; of byte pairs NULL */
};

void nnrt_texts_free(nnrt_texts *texts)
{
    if (!texts)
        return;
    nnrt_token_list_free(&texts->tokens);
    free(texts->start);
    free(texts->number);
    free(texts);
}

static bool no_memory(const opening *o, int part)
{
    return nnrt_no_memory_for(o->e, o->source[part].x_name);
}

/* The tokenizer of all parts: the model's, or the one that the first source declares. */
static bool settle_tokenizer(opening *o, const json_t *form)
{
    const json_t *kept = o->fitted ? o->data->preparation->tokens : NULL;
    if (o->tokenizer)
        return true;
    if (o->fitted && !kept) {
        return nnrt_fail(o->e, NNRT_FILES, "bad-file",
                         "data '%s': holds texts, and the model knows numbers", o->data->name);
    }
    o->tokenizer = kept ? nnrt_tokenizer_read(kept, o->data->name, o->e)
                        : nnrt_tokenizer_new(json_object_get(form, "tokenizer"), o->folder, o->e);
    return o->tokenizer != NULL;
}

static nnrt_texts *new_texts(opening *o, int part, const json_t *form)
{
    nnrt_texts *t = o->source[part].tokens = calloc(1, sizeof *t);

    if (!t) {
        no_memory(o, part);
        return NULL;
    }
    t->length = (int64_t)nnrt_form_number(form, "length", 1);
    t->each = json_is_true(json_object_get(form, "each"));
    return t;
}

/* ---- documents ---- */

static bool text_column(const opening *o, const nnrt_table *table, const json_t *form,
                        size_t *column)
{
    const json_t *text = json_object_get(form, "text");
    size_t count = 0;
    char there[400];

    *column = json_is_string(text) ? nnrt_table_find(table, json_string_value(text), &count)
                                   : (size_t)json_number_value(text);
    if (*column < table->columns)
        return true;
    if (json_is_string(text)) {
        return nnrt_fail(o->e, NNRT_FILES, "no-such-column",
                         "%s: has no column '%s' of texts; its columns: %s", table->file,
                         json_string_value(text), nnrt_table_list(table, there, sizeof there));
    }
    return nnrt_fail(o->e, NNRT_FILES, "no-such-column",
                     "%s: has %zu columns, so no column %g (counted from 0) of texts", table->file,
                     table->columns, json_number_value(text));
}

/* An empty text is one unknown token, which number_document adds. */
static bool cut_documents(opening *o, int part, size_t column)
{
    nnrt_source *s = &o->source[part];
    nnrt_texts *t = s->tokens;
    const nnrt_column *c = &s->table->column[column];
    char place[512];
    if (!(t->start = malloc(((size_t)s->count + 1) * sizeof *t->start)))
        return no_memory(o, part);

    for (int64_t i = 0; i < s->count; i++) {
        const char *text = c->values.text[c->text[s->at[i]]];
        t->start[i] = t->tokens.count;
        nnrt_cell_place(s->table, column, s->at[i], place, sizeof place);
        if (!nnrt_tokenizer_cut(o->tokenizer, text, strlen(text), place, &t->tokens, o->e))
            return false;
    }
    t->start[s->count] = t->tokens.count;
    return true;
}

bool opening_take_documents(opening *o, int part, const nnrt_source_request *request)
{
    nnrt_source *s = &o->source[part];
    size_t column;
    bool *none = calloc(s->table->columns + 1, sizeof *none);
    if (!none)
        return no_memory(o, part);

    bool ok = nnrt_uses_find(request->form, s->table, part != NNRT_NEW, &o->uses[part], o->e) &&
              text_column(o, s->table, request->form, &column) &&
              settle_tokenizer(o, request->form) && new_texts(o, part, request->form);
    if (ok && part == NNRT_NEW)
        o->uses[part].targets = 0;
    ok = ok && nnrt_source_take_table(s, request, &o->uses[part], none, o->e) &&
         cut_documents(o, part, column);
    free(none);
    if (!ok)
        return false;

    s->rank = 1;
    s->shape[0] = s->sample_size = s->tokens->length;
    o->data->padded = true;
    return true;
}

/* ---- one text ---- */

static bool cut_content(opening *o, int part)
{
    nnrt_source *s = &o->source[part];
    bool ok = nnrt_tokenizer_cut(o->tokenizer, s->content, s->content_size, s->x_name,
                                 &s->tokens->tokens, o->e);
    free(s->content);
    s->content = NULL;
    return ok;
}

bool opening_take_text(opening *o, int part, const json_t *form)
{
    nnrt_source *s = &o->source[part];
    if (!settle_tokenizer(o, form) || !new_texts(o, part, form) || !cut_content(o, part))
        return false;

    nnrt_texts *t = s->tokens;
    int64_t tokens = (int64_t)t->tokens.count;
    if (t->length >= tokens) {
        return nnrt_fail(o->e, NNRT_FILES, "short-file",
                         "%s: holds %lld token%s, too few for a sample of %lld and the one that "
                         "follows",
                         s->x_name, (long long)tokens, tokens == 1 ? "" : "s",
                         (long long)t->length);
    }
    s->count = tokens - t->length;
    s->stride = 1;
    s->span = t->length + 1;
    s->rank = 1;
    s->shape[0] = s->sample_size = t->length;
    s->kind = NNRT_LABEL_TEXT;
    s->target_rank = t->each;
    s->target_shape[0] = t->length;
    s->target_size = t->each ? t->length : 1;
    return true;
}

/* ---- numbers ---- */

/* How often each token occurs in the training part, where it is in several samples once. */
static bool fit_tokens(opening *o, const uint32_t *sample, int64_t count)
{
    const nnrt_texts *t = o->source[NNRT_TRAIN].tokens;
    int64_t *uses = calloc(t->tokens.text.count + 1, sizeof *uses);
    size_t next = 0;
    if (!uses)
        return no_memory(o, NNRT_TRAIN);

    for (int64_t i = 0; i < count && t->tokens.text.count; i++) {
        size_t from = t->start ? t->start[sample[i]] : sample[i];
        size_t end = t->start ? t->start[sample[i] + 1] : from + (size_t)t->length + 1;
        for (next = next > from ? next : from; next < end; next++)
            uses[t->tokens.id[next]]++;
    }
    bool ok = nnrt_tokenizer_fit(o->tokenizer, &t->tokens, uses) &&
              (o->data->preparation->tokens = nnrt_tokenizer_json(o->tokenizer));
    free(uses);
    return ok || no_memory(o, NNRT_TRAIN);
}

static bool look_up(opening *o, int part)
{
    nnrt_texts *t = o->source[part].tokens;
    size_t texts = t->tokens.text.count;
    if (!(t->number = malloc((texts + 1) * sizeof *t->number)))
        return no_memory(o, part);
    for (size_t i = 0; i < texts; i++)
        t->number[i] = nnrt_tokenizer_number(o->tokenizer, &t->tokens, (uint32_t)i);
    return true;
}

static float number_at(const opening *o, const nnrt_texts *t, size_t at)
{
    uint32_t id = t->tokens.id[at];
    return (float)(o->tokenizer->kind == NNRT_TOKENS_BPE ? (int64_t)id : t->number[id]);
}

static void number_document(const opening *o, const nnrt_texts *t, int64_t i, float *x)
{
    size_t from = t->start[i], tokens = t->start[i + 1] - from;

    for (size_t k = 0; k < (size_t)t->length; k++)
        x[k] = k < tokens ? number_at(o, t, from + k) : (float)o->tokenizer->padding;
    if (!tokens && o->tokenizer->kind != NNRT_TOKENS_BPE)
        x[0] = NNRT_TOKEN_UNKNOWN;
}

static bool number_samples(opening *o, int part)
{
    nnrt_source *s = &o->source[part];
    const nnrt_texts *t = s->tokens;
    float *y = o->data->storage[3 * part + 1];
    if (!(s->x = nnrt_floats_new(s->count * t->length, o->e)))
        return false;

    for (int64_t i = 0; i < s->count; i++) {
        float *x = s->x + i * t->length;
        if (t->start) {
            number_document(o, t, i, x);
            continue;
        }
        for (int64_t k = 0; k < t->length; k++)
            x[k] = number_at(o, t, (size_t)(i + k));
        for (int64_t k = 0; k < s->target_size; k++)
            y[i * s->target_size + k] =
                number_at(o, t, (size_t)(i + (t->each ? k + 1 : t->length)));
    }
    return true;
}

/* Of one text, the tokens are the classes. */
static bool name_classes(opening *o)
{
    nnrt_data *data = o->data;
    nnrt_name_map *known = &data->preparation->classes;
    int64_t size = o->tokenizer->size;

    data->classes = size;
    free(data->class_name);
    data->class_name = calloc((size_t)size + 1, sizeof *data->class_name);
    for (int64_t i = 0; data->class_name && i < size; i++) {
        char made[24];
        uint32_t number;
        const char *text = nnrt_tokenizer_text(o->tokenizer, i, made);
        if (!(data->class_name[i] = strdup(text)) ||
            !nnrt_name_map_add(known, text, strlen(text), &number))
            return no_memory(o, NNRT_TRAIN);
    }
    return data->class_name || no_memory(o, NNRT_TRAIN);
}

bool opening_number_texts(opening *o, const uint32_t *sample, int64_t count)
{
    if (!o->tokenizer)
        return true;

    bool one_text = !o->source[o->first].tokens->start;
    if (!o->fitted && !fit_tokens(o, sample, count))
        return false;
    if (one_text && !o->fitted && !name_classes(o))
        return false;
    for (int part = 0; part < NNRT_PARTS; part++)
        if (o->given[part] && (!look_up(o, part) || !number_samples(o, part)))
            return false;
    o->data->vocabulary = o->tokenizer->size;
    o->data->padding = o->tokenizer->padding;
    return true;
}
