/* value.c: making, naming and printing values; reading the arguments of checked calls. */
#include "sema/internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

Value value_none(Span span)
{
    return (Value){ .kind = VALUE_NONE, .span = span };
}

Value value_bool(bool boolean, Span span)
{
    return (Value){ .kind = VALUE_BOOL, .boolean = boolean, .span = span };
}

Value value_error(Span span)
{
    return (Value){ .kind = VALUE_ERROR, .span = span };
}

Value value_unknown(Span span)
{
    return (Value){ .kind = VALUE_ERROR, .unknown = true, .span = span };
}

Value value_tensor(const Expr *expr)
{
    return (Value){ .kind = VALUE_LATER, .tensor = true, .expr = expr, .span = expr->span };
}

Value value_number(double number, bool is_integer, Span span)
{
    return (
        Value){ .kind = VALUE_NUMBER, .number = number, .is_integer = is_integer, .span = span };
}

Value value_string(const char *text, size_t length, Span span)
{
    return (Value){ .kind = VALUE_STRING, .text = text, .length = length, .span = span };
}

bool value_failed(const Value *value)
{
    return value->kind == VALUE_ERROR && !value->unknown;
}

bool value_is_later(const Value *value)
{
    return value->kind == VALUE_LATER && !value->tensor;
}

static bool all_equal(const Value *a, const Value *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!value_equal(&a[i], &b[i]))
            return false;
    return true;
}

bool value_equal(const Value *a, const Value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_NUMBER: return a->number == b->number;
    case VALUE_BOOL: return a->boolean == b->boolean;
    case VALUE_STRING: return a->length == b->length && !memcmp(a->text, b->text, a->length);
    case VALUE_SHAPE:
    case VALUE_RANGE:
        return a->count == b->count && !memcmp(a->dims, b->dims, a->count * sizeof *a->dims);
    case VALUE_LIST: return a->count == b->count && all_equal(a->items, b->items, a->count);
    case VALUE_CALL:
        return a->call->form == b->call->form &&
               all_equal(a->call->args, b->call->args, a->call->form->arg_count);
    case VALUE_NONE: return true;
    default: return false;
    }
}

const char *value_kind_name(const Value *value)
{
    switch (value->kind) {
    case VALUE_NONE: return "none";
    case VALUE_BOOL: return "true or false";
    case VALUE_NUMBER: return "a number";
    case VALUE_STRING: return "a text";
    case VALUE_SHAPE: return "a shape";
    case VALUE_LIST: return "a list";
    case VALUE_RANGE: return "a range";
    case VALUE_CALL: return category_noun(value->call->form->category);
    case VALUE_LATER:
        return value->tensor ? "a value of the network" : "a value known only when the script runs";
    case VALUE_ERROR: break;
    }
    return "nothing";
}

static int argument_index(const Call *call, const char *name)
{
    for (size_t i = 0; i < call->form->arg_count; i++)
        if (!strcmp(call->form->args[i].name, name))
            return (int)i;
    fprintf(stderr, "nnc: internal error: '%s' has no argument '%s'\n", call->form->name, name);
    abort();
}

const Value *call_arg(const Call *call, const char *name)
{
    return &call->args[argument_index(call, name)];
}

double call_number(const Call *call, const char *name)
{
    return call_arg(call, name)->number;
}

bool call_bool(const Call *call, const char *name)
{
    return call_arg(call, name)->boolean;
}

bool call_given(const Call *call, const char *name)
{
    return call->given[argument_index(call, name)];
}

static char *items_text(Arena *arena, const Value *items, size_t count)
{
    char *text = arena_printf(arena, "%s", "");
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", value_text(arena, &items[i]));
    return text;
}

static char *number_text(Arena *arena, double number)
{
    if (isnan(number))
        return arena_printf(arena, "nan");
    return arena_printf(arena, "%.6g", number == 0 ? 0.0 : number); /* no minus before 0 */
}

static char *shape_text(Arena *arena, const Value *shape)
{
    char *text = arena_printf(arena, "%lld", shape->count ? (long long)shape->dims[0] : 0LL);
    for (size_t i = 1; i < shape->count; i++)
        text = arena_printf(arena, "%sx%lld", text, (long long)shape->dims[i]);
    return text;
}

static char *call_text(Arena *arena, const Call *call)
{
    if (!call->form->arg_count)
        return arena_printf(arena, "%s", call->form->name);
    return arena_printf(arena, "%s(%s)", call->form->name,
                        items_text(arena, call->args, call->form->arg_count));
}

char *value_text(Arena *arena, const Value *value)
{
    switch (value->kind) {
    case VALUE_NONE: return arena_printf(arena, "none");
    case VALUE_BOOL: return arena_printf(arena, "%s", value->boolean ? "true" : "false");
    case VALUE_NUMBER: return number_text(arena, value->number);
    case VALUE_STRING: return arena_strndup(arena, value->text, value->length);
    case VALUE_SHAPE: return shape_text(arena, value);
    case VALUE_LIST:
        return arena_printf(arena, "[%s]", items_text(arena, value->items, value->count));
    case VALUE_RANGE:
        return arena_printf(arena, "%lld..%lld", (long long)value->dims[0],
                            (long long)value->dims[1]);
    case VALUE_CALL: return call_text(arena, value->call);
    case VALUE_LATER:
    case VALUE_ERROR: break;
    }
    return arena_printf(arena, "?");
}
