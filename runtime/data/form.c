/* form.c: looking up a form's arguments (form.h). */
#include "data/form.h"

const char *nnrt_form_text(const json_t *form, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(form, name));
    return text ? text : fallback;
}

double nnrt_form_number(const json_t *form, const char *name, double fallback)
{
    const json_t *value = json_object_get(form, name);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool nnrt_form_has_tokenizer(const json_t *form)
{
    const json_t *tokenizer = json_object_get(form, "tokenizer");
    return tokenizer && !json_is_null(tokenizer);
}
