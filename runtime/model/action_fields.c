/* action_fields.c: what the program says of the action that it is at. */
#include "model/program.h"
#include <string.h>

const char *nnrt_action_text(const nnrt_program *program, const char *key)
{
    return json_string_value(json_object_get(program->action, key));
}

const char *nnrt_action_subject(const nnrt_program *program)
{
    const char *ensemble = nnrt_action_text(program, "ensemble");
    return ensemble ? ensemble : nnrt_action_text(program, "model");
}

double nnrt_action_number(const nnrt_program *program, const char *key, double fallback)
{
    const json_t *value = json_object_get(program->action, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

uint64_t nnrt_action_seed(const nnrt_program *program)
{
    const json_t *written = json_object_get(program->action, "seed");
    const nnrt_options *options = &program->session->options;
    if (json_is_integer(written))
        return (uint64_t)json_integer_value(written);
    if (json_is_real(written))
        return (uint64_t)(int64_t)json_real_value(written);
    return options->seed_given ? options->seed : 0;
}

Verb nnrt_verb(const json_t *action)
{
    const char *word = json_string_value(json_object_get(action, "verb"));
    return word ? verb_find(word) : VERB_COUNT;
}

static int part_number(const char *name)
{
    for (int i = 0; name && i < NNRT_PARTS; i++)
        if (!strcmp(nnrt_part_name(i), name))
            return i;
    return NNRT_TRAIN;
}

const nnrt_part *nnrt_action_part(const nnrt_program *program, const nnrt_data *data, nnrt_error *e)
{
    int number = part_number(nnrt_action_text(program, "part"));
    if (data->part[number].count)
        return &data->part[number];
    nnrt_fail(e, NNRT_FILES, "no-part", "data '%s' has no samples in its %s part", data->name,
              nnrt_part_name(number));
    return NULL;
}

nnrt_ensemble *nnrt_action_ensemble(nnrt_program *program, const nnrt_model *model, nnrt_error *e)
{
    const char *name = nnrt_action_text(program, "ensemble");
    nnrt_ensemble *found = nnrt_ensembles_find(&program->session->ensembles, name);
    if (found && nnrt_ensemble_fits(found, model))
        return found;
    if (found) {
        nnrt_fail(e, NNRT_SCRIPT, "unknown-name",
                  "the model '%s' has changed since the ensemble '%s' was made", model->name, name);
    } else {
        nnrt_fail(e, NNRT_SCRIPT, "unknown-name",
                  "'%s' has no members: its bag or boost has not run", name);
    }
    return NULL;
}
