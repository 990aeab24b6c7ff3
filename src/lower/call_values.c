/* call_values.c: checked calls and settings, read with defaults of our own where an argument is
 * absent.
 */
#include "lower/room.h"
#include <string.h>

const Value *call_find(const Call *call, const char *name)
{
    for (size_t i = 0; i < call->form->arg_count; i++) {
        if (!strcmp(call->form->args[i].name, name)) {
            const Value *v = &call->args[i];
            return v->kind == VALUE_NONE || v->kind == VALUE_ERROR ? NULL : v;
        }
    }
    return NULL;
}

double call_number_or(const Call *call, const char *name, double otherwise)
{
    const Value *v = call_find(call, name);
    return v && v->kind == VALUE_NUMBER ? v->number : otherwise;
}

bool call_bool_or(const Call *call, const char *name, bool otherwise)
{
    const Value *v = call_find(call, name);
    return v && v->kind == VALUE_BOOL ? v->boolean : otherwise;
}

const Call *value_call(const Value *value)
{
    return value && value->kind == VALUE_CALL ? value->call : NULL;
}

const char *value_word(const Value *value)
{
    if (!value)
        return NULL;
    if (value->kind == VALUE_STRING)
        return value->text;
    return value->kind == VALUE_CALL ? value->call->form->name : NULL;
}

const char *call_name(const Call *call)
{
    return call ? call->form->name : NULL;
}

const Call *default_call(Lower *lower, FormCategory category, const char *name)
{
    const Form *form = sema_find_form(lower->sema, category, intern_cstr(lower->names, name));
    if (!form)
        return NULL;
    Call *call = ARENA_NEW(lower->arena, Call);
    call->form = form;
    call->args = ARENA_ARRAY(lower->arena, Value, form->arg_count);
    call->given = ARENA_ARRAY(lower->arena, bool, form->arg_count);
    call->spans = ARENA_ARRAY(lower->arena, Span, form->arg_count);
    for (size_t i = 0; i < form->arg_count; i++)
        call->args[i] = form->args[i].default_value;
    return call;
}

const Value *recipe_value(const Checked *recipe, const char *key)
{
    if (!recipe || !recipe->count)
        return NULL;
    const Value *v = setting(recipe, key);
    return v->kind == VALUE_NONE || v->kind == VALUE_ERROR ? NULL : v;
}

int64_t shape_features(Shape sample)
{
    if (sample.rank == 2)
        return sample.dim[1];
    return shape_elements(sample);
}
