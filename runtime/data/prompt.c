/* prompt.c: the characters of the source `text` as tokens: the classes are named by them. */
#include "data/prompt.h"
#include <stdlib.h>
#include <string.h>

/* The number of the character text[0 .. length), or -1. */
static int64_t number_of(const nnrt_data *data, const char *text, size_t length)
{
    for (int64_t i = 0; i < data->classes; i++)
        if (strlen(data->class_name[i]) == length && !memcmp(data->class_name[i], text, length))
            return i;
    return -1;
}

static bool encode(const nnrt_data *data, const char *text, nnrt_prompt *tokens, nnrt_error *e)
{
    size_t length = strlen(text);
    tokens->number = calloc(length + 1, sizeof *tokens->number);
    if (!tokens->number)
        return nnrt_no_memory(e);
    for (size_t i = 0; i < length;) {
        uint32_t point;
        size_t bytes = nnrt_utf8_decode(text + i, length - i, &point);
        if (!bytes)
            return nnrt_fail(e, NNRT_SCRIPT, "wrong-type", "the prompt is not UTF-8");
        int64_t number = number_of(data, text + i, bytes);
        if (number < 0) {
            return nnrt_fail(e, NNRT_SCRIPT, "unknown-class",
                             "the prompt's character '%.*s' does not occur in %s", (int)bytes,
                             text + i, data->x_name ? data->x_name : data->name);
        }
        tokens->number[tokens->count++] = number;
        i += bytes;
    }
    return true;
}

bool nnrt_prompt_read(const nnrt_data *data, const char *text, int64_t window, bool any_length,
                      nnrt_prompt *tokens, nnrt_error *e)
{
    *tokens = (nnrt_prompt){ 0 };
    if (!encode(data, text, tokens, e))
        return false;
    if (!tokens->count)
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range", "the prompt is empty");
    if (any_length || tokens->count >= window)
        return true;
    nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
              "the prompt has %lld token%s, but the model sees %lld at once",
              (long long)tokens->count, tokens->count == 1 ? "" : "s", (long long)window);
    snprintf(e->help, sizeof e->help,
             "write a longer prompt; recurrent layers and causal attention with an output for "
             "each position take any");
    return false;
}

void nnrt_prompt_write_token(const nnrt_data *data, int64_t number, FILE *to)
{
    fputs(data->class_name[number], to);
}
