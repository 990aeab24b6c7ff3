/* tokens_bpe.c: byte pairs as GPT-2 has them (Sennrich et al. 2016, Radford et al. 2019).
 *
 * A text is cut into pieces, words with the blank before them among others. Each byte of a piece is
 * a letter; then the pair that was learnt first is joined, wherever it stands, until none is left.
 */
#include "data/form.h"
#include "data/tokens_bpe.h"
#include "data/unicode.h"
#include <stdlib.h>
#include <string.h>

static const char END[] = "<|endoftext|>";

/* ---- files ---- */

static char *read_file(const char *folder, const char *name, size_t *length, nnrt_error *e)
{
    char *path = NULL;
    bool relative = folder && *folder && name[0] != '/';
    if (asprintf(&path, "%s%s%s", relative ? folder : "", relative ? "/" : "", name) < 0) {
        nnrt_no_memory_for(e, name);
        return NULL;
    }
    nnrt_stream *stream = nnrt_stream_open(path, name, e);
    char *text = stream ? nnrt_stream_rest(stream, length, e) : NULL;
    nnrt_stream_close(stream);
    free(path);
    return text;
}

/* The lines of a file of merges, "t h", as a list; those that begin with #version are no merges. */
static json_t *merges_of(const char *text, size_t length)
{
    json_t *list = json_array();

    for (size_t i = 0, end; i < length; i = end + 1) {
        for (end = i; end < length && text[end] != '\n'; end++) {
        }
        size_t bytes = end - i - (end > i && text[end - 1] == '\r');
        if (bytes && (bytes < 8 || memcmp(text + i, "#version", 8) != 0))
            json_array_append_new(list, json_stringn(text + i, bytes));
    }
    return list;
}

bool nnrt_bpe_open(nnrt_tokenizer *t, const json_t *form, const char *folder, nnrt_error *e)
{
    const char *vocab = nnrt_form_text(form, "vocabulary", ""),
               *merges = nnrt_form_text(form, "merges", "");
    size_t length = 0;
    json_error_t wrong;

    char *text = read_file(folder, vocab, &length, e);
    if (!text)
        return false;
    json_t *vocabulary = json_loadb(text, length, 0, &wrong);
    free(text);
    if (!vocabulary) {
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: line %d: is not JSON: %s", vocab,
                         wrong.line, wrong.text);
    }

    text = read_file(folder, merges, &length, e);
    json_t *list = text ? merges_of(text, length) : NULL;
    bool ok = list && nnrt_bpe_take(t, vocabulary, list, vocab, e);
    free(text);
    json_decref(list);
    json_decref(vocabulary);
    return ok;
}

static bool take_token(nnrt_tokenizer *t, const char *text, const json_t *value, const char *name,
                       nnrt_error *e)
{
    uint32_t at;
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number >= NNRT_TOKENS_MOST) {
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: the token '%.40s' has no number", name,
                         text);
    }
    if (!nnrt_name_map_add(&t->text, text, strlen(text), &at))
        return nnrt_no_memory_for(e, name);
    t->number[at] = number;
    if (number >= t->size)
        t->size = number + 1;
    return true;
}

bool nnrt_bpe_take(nnrt_tokenizer *t, const json_t *vocabulary, const json_t *merges,
                   const char *name, nnrt_error *e)
{
    const char *text;
    json_t *value;
    size_t i;

    if (!json_is_object(vocabulary) || !json_is_array(merges)) {
        return nnrt_fail(e, NNRT_FILES, "bad-file",
                         "%s: is no vocabulary of byte pairs: an object of tokens and numbers",
                         name);
    }
    if (!(t->number = calloc(json_object_size(vocabulary) + 1, sizeof *t->number)))
        return nnrt_no_memory_for(e, name);
    json_object_foreach ((json_t *)vocabulary, text, value)
        if (!take_token(t, text, value, name, e))
            return false;
    json_array_foreach (merges, i, value) {
        uint32_t rank;
        const char *pair = json_string_value(value);
        if (!pair || !strchr(pair, ' ')) {
            return nnrt_fail(e, NNRT_FILES, "bad-file",
                             "%s: merge %zu is no pair with a blank between", name, i);
        }
        if (!nnrt_name_map_add(&t->merges, pair, strlen(pair), &rank))
            return nnrt_no_memory_for(e, name);
    }

    uint32_t end;
    if (!nnrt_name_map_find(&t->text, END, strlen(END), &end))
        return nnrt_fail(e, NNRT_FILES, "bad-file", "%s: has no token %s", name, END);
    t->padding = t->number[end];
    return true;
}

/* ---- pieces ---- */

static nnrt_character kind_at(const char *text, size_t length, size_t at, size_t *bytes)
{
    uint32_t point = 0;
    *bytes = nnrt_utf8_decode(text + at, length - at, &point);
    return nnrt_character_of(point);
}

/* 's, 't, 're and the like; 0: none. */
static size_t contraction(const char *text, size_t length)
{
    static const char *const endings[] = { "'s", "'t", "'re", "'ve", "'m", "'ll", "'d" };

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t bytes = strlen(endings[i]);
        if (bytes <= length && memcmp(text, endings[i], bytes) == 0)
            return bytes;
    }
    return 0;
}

/* Where the run of one kind that begins at `at` ends; *last: its last character's place. */
static size_t run_end(const char *text, size_t length, size_t at, size_t *last)
{
    size_t bytes;
    nnrt_character kind = kind_at(text, length, at, &bytes);

    do {
        *last = at;
        at += bytes;
    } while (at < length && kind_at(text, length, at, &bytes) == kind);
    return at;
}

/* The bytes of the first piece: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|
 * \s+(?!\S)|\s+ */
static size_t piece(const char *text, size_t length)
{
    size_t last, bytes, end = contraction(text, length);
    if (end)
        return end;

    size_t at = text[0] == ' ' && length > 1;
    if (kind_at(text, length, at, &bytes) != NNRT_CHARACTER_BLANK)
        return run_end(text, length, at, &last);
    end = run_end(text, length, 0, &last);
    return end < length && last ? last : end;
}

/* ---- joining ---- */

/* Bytes that can be seen stand for themselves, the others for letters from 256 up. */
static uint32_t letter_of(unsigned char byte)
{
    uint32_t hidden = 0;
    for (unsigned b = 0; b <= byte; b++) {
        bool shown = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte)
            return shown ? b : 256 + hidden;
        hidden += !shown;
    }
    return 0;
}

/* A part of a piece: letters[from .. to) */
typedef struct part {
    size_t from, to;
} part;

typedef struct joining {
    const nnrt_tokenizer *tokenizer;
    char *letters, *pair; /* as UTF-8 */
    part *part;
    size_t parts;
} joining;

static uint32_t rank_of(joining *j, size_t k)
{
    size_t a = j->part[k].to - j->part[k].from, b = j->part[k + 1].to - j->part[k + 1].from;
    uint32_t rank = UINT32_MAX;

    memcpy(j->pair, j->letters + j->part[k].from, a);
    j->pair[a] = ' ';
    memcpy(j->pair + a + 1, j->letters + j->part[k + 1].from, b);
    nnrt_name_map_find(&j->tokenizer->merges, j->pair, a + 1 + b, &rank);
    return rank;
}

static void join_all(joining *j, uint32_t best)
{
    size_t to = 0;

    for (size_t k = 0; k < j->parts; k++) {
        part one = j->part[k];
        if (k + 1 < j->parts && rank_of(j, k) == best)
            one.to = j->part[++k].to;
        j->part[to++] = one;
    }
    j->parts = to;
}

static void join_pairs(joining *j)
{
    for (;;) {
        uint32_t best = UINT32_MAX;
        for (size_t k = 0; k + 1 < j->parts; k++) {
            uint32_t rank = rank_of(j, k);
            best = rank < best ? rank : best;
        }
        if (best == UINT32_MAX)
            return;
        join_all(j, best);
    }
}

static void spell(joining *j, const char *text, size_t length)
{
    size_t at = 0;

    j->parts = length;
    for (size_t i = 0; i < length; i++) {
        j->part[i].from = at;
        at += nnrt_utf8_encode(letter_of((unsigned char)text[i]), j->letters + at);
        j->part[i].to = at;
    }
}

static bool add_parts(const joining *j, const char *place, nnrt_token_list *list, nnrt_error *e)
{
    for (size_t k = 0; k < j->parts; k++) {
        const char *text = j->letters + j->part[k].from;
        size_t length = j->part[k].to - j->part[k].from;
        uint32_t at;
        if (!nnrt_name_map_find(&j->tokenizer->text, text, length, &at)) {
            return nnrt_fail(e, NNRT_FILES, "bad-file",
                             "%s: the vocabulary has no token '%.*s', which its merges make", place,
                             (int)(length < 80 ? length : 80), text);
        }
        if (!nnrt_token_list_add(list, (uint32_t)j->tokenizer->number[at]))
            return nnrt_no_memory_for(e, place);
    }
    return true;
}

bool nnrt_bpe_cut(const nnrt_tokenizer *t, const char *text, size_t length, const char *place,
                  nnrt_token_list *list, nnrt_error *e)
{
    joining j = { .tokenizer = t,
                  .letters = malloc(2 * length + NNRT_UTF8_ROOM),
                  .pair = malloc(2 * length + NNRT_UTF8_ROOM),
                  .part = malloc((length + 1) * sizeof *j.part) };
    bool ok = (j.letters && j.pair && j.part) || nnrt_no_memory_for(e, place);

    for (size_t i = 0, bytes; ok && i < length; i += bytes) {
        bytes = piece(text + i, length - i);
        spell(&j, text + i, bytes);
        join_pairs(&j);
        ok = add_parts(&j, place, list, e);
    }
    free(j.letters);
    free(j.pair);
    free(j.part);
    return ok;
}
