/* json_values.c: checked values as JSON. */
#include "driver/json_values.h"
#include "driver/program_fields.h"
#include "driver/signatures.h"
#include <math.h>
#include <string.h>

static json_t *text_json(Arena *arena, const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    return string ? string : json_string(arena_strndup(arena, text, length));
}

/* JSON has no infinities and no NaN: the quotient that makes one is written in its place. */
static json_t *number_json(double number, bool is_integer)
{
    if (is_integer && fabs(number) < 9e15)
        return json_integer((json_int_t)number);
    if (isfinite(number))
        return json_real(number);
    double sign = number > 0 ? 1 : -1;
    json_t *quotient = json_object();
    put_text(quotient, FIELD_expression_op, "/");
    put_number(quotient, FIELD_expression_a, isnan(number) ? 0 : sign);
    put_number(quotient, FIELD_expression_b, 0);
    return quotient;
}

void put_open_arguments(Arena *arena, json_t *object, const Call *call)
{
    for (size_t i = 0; i < call->form->arg_count; i++)
        json_object_set_new(object, call->form->args[i].name, value_json(arena, &call->args[i]));
}

void put_arguments(Arena *arena, json_t *object, ProgramType type, const Call *call)
{
    for (size_t i = 0; i < call->form->arg_count; i++) {
        ProgramField field = program_field_find(type, call->form->args[i].name);
        if (field != PROGRAM_FIELDS)
            put(object, field, value_json(arena, &call->args[i]));
    }
}

static json_t *call_json(Arena *arena, const Call *call, ProgramField name)
{
    json_t *object = json_object();
    put_text(object, name, call->form->name);
    put_open_arguments(arena, object, call);
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
        return call_json(arena, value->call, FIELD_form_form);
    case VALUE_LATER: return json_string(value_spelling(arena, value));
    case VALUE_NONE:
    case VALUE_ERROR: break;
    }
    return json_null();
}

json_t *metric_json(Arena *arena, const Value *value)
{
    if (value->kind == VALUE_CALL)
        return call_json(arena, value->call, FIELD_metric_name);
    json_t *object = json_object();
    put_text(object, FIELD_metric_name, value_spelling(arena, value));
    return object;
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
    static const ProgramField fields[] = { FIELD_expression_a, FIELD_expression_b,
                                           FIELD_expression_c };
    const Later *const operands[] = { later->a, later->b, later->c };
    json_t *object = json_object();
    put_text(object, FIELD_expression_op, op);
    for (int i = 0; i < 3; i++)
        if (operands[i])
            put(object, fields[i], later_json(arena, operands[i]));
    return object;
}

/* A result, or a field of one; of a record where `later->a` says of which. */
static json_t *field_json(Arena *arena, const Later *later)
{
    json_t *of;
    if (later->a) {
        of = later_json(arena, later->a);
    } else {
        of = json_object();
        put_text(of, FIELD_expression_result, later->result);
    }
    if (!later->name)
        return of;
    json_t *object = json_object();
    put_text(object, FIELD_expression_field, later->name);
    put(object, FIELD_expression_of, of);
    return object;
}

static json_t *index_json(Arena *arena, const Later *later)
{
    json_t *object = json_object();
    put(object, FIELD_expression_index, later_json(arena, later->b));
    put(object, FIELD_expression_of, later_json(arena, later->a));
    return object;
}

json_t *later_json(Arena *arena, const Later *later)
{
    switch (later->kind) {
    case LATER_CONST: return constant_json(arena, &later->constant);
    case LATER_FIELD: return field_json(arena, later);
    case LATER_INDEX: return index_json(arena, later);
    case LATER_UNARY:
    case LATER_BINARY: return operation_json(arena, later, op_text[later->op]);
    case LATER_COND: return operation_json(arena, later, "?:");
    case LATER_CALL: return operation_json(arena, later, later->name);
    }
    return json_null();
}

/* The declaration's settings have the names of the fields. */
json_t *data_json(Arena *arena, const DataDecl *decl, const uint64_t *seed)
{
    json_t *object = json_object();
    put_text(object, FIELD_data_name, decl->name);
    for (int i = FIELD_data_source; i <= FIELD_data_task; i++) {
        const char *key = program_field_key((ProgramField)i);
        put(object, (ProgramField)i, value_json(arena, setting(&decl->settings, key)));
    }
    if (!setting_given(&decl->settings, "seed"))
        put(object, FIELD_data_seed, seed ? json_integer((json_int_t)*seed) : NULL);
    return object;
}
