/* values.c: checked values as JSON, and as texts that tell whether two settings mean the same. */
#include "driver/values.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_json(Arena *arena, const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    return string ? string : json_string(arena_strndup(arena, text, length));
}

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

/* JSON has no infinity and no NaN; where a constant is one, the quotient that makes it stands for
 * it. */
static json_t *number_json(double number, bool is_integer)
{
    if (is_integer && fabs(number) < 9e15)
        return json_integer((json_int_t)number);
    if (isfinite(number))
        return json_real(number);
    return json_pack("{s:s, s:f, s:f}", "op", "/", "a",
                     isnan(number) ? 0.0
                     : number > 0  ? 1.0
                                   : -1.0,
                     "b", 0.0);
}

static json_t *call_json(Arena *arena, const Call *call, const char *name_key)
{
    json_t *object = json_object();
    json_object_set_new(object, name_key, json_string(call->form->name));
    for (size_t i = 0; i < call->form->arg_count; i++)
        json_object_set_new(object, call->form->args[i].name, value_json(arena, &call->args[i]));
    return object;
}

json_t *value_json(Arena *arena, const Value *value)
{
    json_t *list;
    switch (value->kind) {
    case VALUE_BOOL: return json_boolean(value->boolean);
    case VALUE_NUMBER: return number_json(value->number, value->is_integer);
    case VALUE_STRING: return text_json(arena, value->text, value->length);
    case VALUE_SHAPE:
    case VALUE_RANGE:
        list = json_array();
        for (size_t i = 0; i < (value->kind == VALUE_RANGE ? 2 : value->count); i++)
            json_array_append_new(list, json_integer(value->dims[i]));
        return list;
    case VALUE_LIST:
        list = json_array();
        for (size_t i = 0; i < value->count; i++)
            json_array_append_new(list, value_json(arena, &value->items[i]));
        return list;
    case VALUE_CALL:
        if (value->call->form->category == FORM_WORD)
            return json_string(value->call->form->name);
        return call_json(arena, value->call, "form");
    case VALUE_LATER: return json_string(value_spelling(arena, value));
    case VALUE_NONE:
    case VALUE_ERROR: break;
    }
    return json_null();
}

json_t *metric_json(Arena *arena, const Value *value)
{
    if (value->kind == VALUE_CALL)
        return call_json(arena, value->call, "name");
    return json_pack("{s:s}", "name", value_spelling(arena, value));
}

static const char *const op_text[] = {
    [OP_ADD] = "+", [OP_SUB] = "-",   [OP_MUL] = "*", [OP_DIV] = "/",   [OP_POW] = "^",
    [OP_LT] = "<",  [OP_LE] = "<=",   [OP_GT] = ">",  [OP_GE] = ">=",   [OP_EQ] = "==",
    [OP_NE] = "!=", [OP_AND] = "and", [OP_OR] = "or", [OP_NOT] = "not", [OP_NEG] = "neg"
};

/* A constant among later values: lists, shapes and forms are there to be printed, so they come as
 * text. */
static json_t *constant_json(Arena *arena, const Value *value)
{
    switch (value->kind) {
    case VALUE_NONE: return json_null();
    case VALUE_BOOL: return json_boolean(value->boolean);
    case VALUE_NUMBER: return number_json(value->number, value->is_integer);
    case VALUE_STRING: return text_json(arena, value->text, value->length);
    default: return json_string(value_text(arena, value));
    }
}

static json_t *operation_json(Arena *arena, const Later *later, const char *op)
{
    const Later *const operands[] = { later->a, later->b, later->c };
    json_t *object = json_object();
    json_object_set_new(object, "op", json_string(op));
    for (int i = 0; i < 3; i++) {
        if (operands[i]) {
            json_object_set_new(object, (const char *const[]){ "a", "b", "c" }[i],
                                later_json(arena, operands[i]));
        }
    }
    return object;
}

json_t *later_json(Arena *arena, const Later *later)
{
    json_t *of;
    switch (later->kind) {
    case LATER_CONST: return constant_json(arena, &later->constant);
    case LATER_FIELD:
        of = later->a ? later_json(arena, later->a) : json_pack("{s:s}", "result", later->result);
        return later->name ? json_pack("{s:s, s:o}", "field", later->name, "of", of) : of;
    case LATER_INDEX:
        return json_pack("{s:o, s:o}", "index", later_json(arena, later->b), "of",
                         later_json(arena, later->a));
    case LATER_UNARY:
    case LATER_BINARY: return operation_json(arena, later, op_text[later->op]);
    case LATER_COND: return operation_json(arena, later, "?:");
    case LATER_CALL: return operation_json(arena, later, later->name);
    }
    return json_null();
}

json_t *data_json(Arena *arena, const DataDecl *decl, const uint64_t *seed)
{
    static const char *const keys[] = { "source",  "train", "validation", "test", "normalize",
                                        "augment", "shape", "shuffle",    "seed", "task" };
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(decl->name));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(object, keys[i], value_json(arena, setting(&decl->settings, keys[i])));
    if (!setting_given(&decl->settings, "seed"))
        json_object_set_new(object, "seed", seed ? json_integer((json_int_t)*seed) : json_null());
    return object;
}

/* ---- texts ---- */

typedef struct Writer {
    FILE *out;
    Arena *arena;
    bool stable;
} Writer;

static void write_value(Writer *w, const Value *value)
{
    switch (value->kind) {
    case VALUE_NONE: fputs("none", w->out); break;
    case VALUE_BOOL: fputs(value->boolean ? "true" : "false", w->out); break;
    case VALUE_NUMBER:
        fprintf(w->out, "%.17g%s", value->number, value->is_integer ? "" : "r");
        break;
    case VALUE_STRING:
        fprintf(w->out, "\"%zu:", value->length), fwrite(value->text, 1, value->length, w->out);
        break;
    case VALUE_SHAPE:
    case VALUE_RANGE:
        fputc('[', w->out);
        for (size_t i = 0; i < (value->kind == VALUE_RANGE ? 2 : value->count); i++)
            fprintf(w->out, "%lld,", (long long)value->dims[i]);
        fputc(']', w->out);
        break;
    case VALUE_LIST:
        fputc('[', w->out);
        for (size_t i = 0; i < value->count; i++)
            write_value(w, &value->items[i]), fputc(',', w->out);
        fputc(']', w->out);
        break;
    case VALUE_CALL: {
        const Form *form = value->call->form;
        fputs(form->name, w->out);
        if (form->decl && w->stable)
            fprintf(w->out, "{%s}", span_text(w->arena, form->decl->span));
        else if (form->decl)
            fprintf(w->out, "{%p}", (const void *)form->decl);
        fputc('(', w->out);
        for (size_t i = 0; i < form->arg_count; i++)
            write_value(w, &value->call->args[i]), fputc(',', w->out);
        fputc(')', w->out);
        break;
    }
    case VALUE_LATER:
    case VALUE_ERROR: fputs(value_spelling(w->arena, value), w->out); break;
    }
}

static char *written(Arena *arena, const Value *values, size_t count, bool stable)
{
    char *text = NULL;
    size_t length = 0;
    Writer w = { open_memstream(&text, &length), arena, stable };
    if (!w.out)
        return arena_strndup(arena, "", 0);
    for (size_t i = 0; i < count; i++)
        write_value(&w, &values[i]), fputc(';', w.out);
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
