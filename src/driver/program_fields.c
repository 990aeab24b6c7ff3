/* program_fields.c: fields of a program, one by one. */
#include "driver/program_fields.h"

void put(json_t *object, ProgramField field, json_t *value)
{
    json_object_set_new(object, program_field_key(field), value ? value : json_null());
}

void put_text(json_t *object, ProgramField field, const char *text)
{
    put(object, field, text ? json_string(text) : NULL);
}

void put_integer(json_t *object, ProgramField field, int64_t value)
{
    put(object, field, json_integer((json_int_t)value));
}

void put_truth(json_t *object, ProgramField field, bool value)
{
    put(object, field, json_boolean(value));
}

json_t *number_or_null(double value)
{
    json_t *real = json_real(value);
    return real ? real : json_null();
}

void put_number(json_t *object, ProgramField field, double value)
{
    put(object, field, number_or_null(value));
}

json_t *integer_list(const int64_t *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer((json_int_t)values[i]));
    return list;
}

void put_shape(json_t *object, ProgramField field, Shape shape)
{
    put(object, field, integer_list(shape.dim, (size_t)shape.rank));
}
