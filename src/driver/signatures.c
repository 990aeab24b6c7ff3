/* signatures.c: checked values as text: as they are spelled, and as texts that are equal where the
 * values mean the same. */
#include "driver/signatures.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *span_text(Arena *arena, Span span)
{
    if (!span.file || span.end <= span.begin || span.end > span.file->length)
        return arena_strndup(arena, "", 0);
    char *text = arena_strndup(arena, span.file->text + span.begin, span.end - span.begin);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    return text;
}

const char *value_spelling(Arena *arena, const Value *value)
{
    if (value->kind == VALUE_CALL)
        return value->call->form->name;
    if (value->kind == VALUE_STRING)
        return value->text;
    char *text = span_text(arena, value->span), *to = text;
    for (char *c = text; *c; c++)
        if (!isspace((unsigned char)*c))
            *to++ = *c;
    *to = '\0';
    return text;
}

typedef struct SignatureWriter {
    FILE *out;
    Arena *arena;
    bool stable;
} SignatureWriter;

static void write_value(SignatureWriter *w, const Value *value);

static void write_call(SignatureWriter *w, const Call *call)
{
    const Form *form = call->form;
    fputs(form->name, w->out);
    if (form->decl && w->stable)
        fprintf(w->out, "{%s}", span_text(w->arena, form->decl->span));
    else if (form->decl)
        fprintf(w->out, "{%p}", (const void *)form->decl);

    fputc('(', w->out);
    for (size_t i = 0; i < form->arg_count; i++) {
        write_value(w, &call->args[i]);
        fputc(',', w->out);
    }
    fputc(')', w->out);
}

static void write_list(SignatureWriter *w, const Value *items, size_t count)
{
    fputc('[', w->out);
    for (size_t i = 0; i < count; i++) {
        write_value(w, &items[i]);
        fputc(',', w->out);
    }
    fputc(']', w->out);
}

static void write_numbers(SignatureWriter *w, const int64_t *numbers, size_t count)
{
    fputc('[', w->out);
    for (size_t i = 0; i < count; i++)
        fprintf(w->out, "%lld,", (long long)numbers[i]);
    fputc(']', w->out);
}

static void write_value(SignatureWriter *w, const Value *value)
{
    switch (value->kind) {
    case VALUE_NONE: fputs("none", w->out); break;
    case VALUE_BOOL: fputs(value->boolean ? "true" : "false", w->out); break;
    case VALUE_NUMBER:
        fprintf(w->out, "%.17g%s", value->number, value->is_integer ? "" : "r");
        break;
    case VALUE_STRING:
        fprintf(w->out, "\"%zu:", value->length);
        fwrite(value->text, 1, value->length, w->out);
        break;
    case VALUE_SHAPE: write_numbers(w, value->dims, value->count); break;
    case VALUE_RANGE: write_numbers(w, value->dims, 2); break;
    case VALUE_LIST: write_list(w, value->items, value->count); break;
    case VALUE_CALL: write_call(w, value->call); break;
    case VALUE_LATER:
    case VALUE_ERROR: fputs(value_spelling(w->arena, value), w->out); break;
    }
}

static char *written(Arena *arena, const Value *values, size_t count, bool stable)
{
    char *text = NULL;
    size_t length = 0;
    SignatureWriter w = { open_memstream(&text, &length), arena, stable };
    if (!w.out)
        return arena_strndup(arena, "", 0);
    for (size_t i = 0; i < count; i++) {
        write_value(&w, &values[i]);
        fputc(';', w.out);
    }
    fclose(w.out);
    char *copy = arena_strndup(arena, text, length);
    free(text);
    return copy;
}

char *settings_text(Arena *arena, const Checked *settings, bool stable)
{
    return written(arena, settings->values, settings->count, stable);
}

char *value_signature(Arena *arena, const Value *value, bool stable)
{
    return written(arena, value, 1, stable);
}
