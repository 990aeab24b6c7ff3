/* program.c: what a program declares, its units, and the program with other params. */
#include "model/program.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *nnrt_program_path(const nnrt_program *program, const char *path)
{
    char *whole = NULL;
    if (*path == '/' || !program->folder || !*program->folder || !strcmp(program->folder, "."))
        return strdup(path);
    return asprintf(&whole, "%s/%s", program->folder, path) < 0 ? NULL : whole;
}

/* ---- what it declares ---- */
static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (n && !strcmp(n, name))
            return item;
    }
    return NULL;
}

nnrt_model *nnrt_program_model(nnrt_program *program, const char *name, nnrt_error *e)
{
    for (size_t i = 0; name && i < program->model_count; i++)
        if (!strcmp(program->model[i]->name, name))
            return program->model[i];
    const json_t *declared = name ? named(json_object_get(program->json, "models"), name) : NULL;
    if (!declared) {
        nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no model '%s'", name ? name : "");
        return NULL;
    }
    nnrt_model **grown = realloc(program->model, (program->model_count + 1) * sizeof *grown);
    if (!grown) {
        nnrt_no_memory(e);
        return NULL;
    }
    program->model = grown;
    nnrt_model *model = nnrt_model_new(&program->session->weights, declared, e);
    if (model)
        program->model[program->model_count++] = model;
    return model;
}

const json_t *nnrt_program_declaration(nnrt_program *program, const char *data, nnrt_error *e)
{
    const json_t *declared = data ? named(json_object_get(program->json, "data"), data) : NULL;
    if (!declared)
        nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no data '%s'", data ? data : "");
    return declared;
}

const nnrt_data *nnrt_program_data(nnrt_program *program, const char *name, nnrt_error *e)
{
    const json_t *declared = nnrt_program_declaration(program, name, e);
    return declared ? nnrt_session_data(program->session, declared, program->folder, e) : NULL;
}

const nnrt_data *nnrt_program_data_for(nnrt_program *program, const nnrt_model *model,
                                       const char *name, nnrt_error *e)
{
    nnrt_session *session = program->session;
    const json_t *declared = nnrt_program_declaration(program, name, e);
    nnrt_preparation *own = nnrt_preparations_find(&session->preparations, model->name);

    return declared ? nnrt_session_prepared(session, declared, program->folder, own, e) : NULL;
}

const nnrt_data *nnrt_program_training_data(nnrt_program *program, const nnrt_model *model,
                                            const char *name, nnrt_error *e)
{
    const nnrt_data *data = nnrt_program_data(program, name, e);
    bool ok = data && nnrt_preparations_set(&program->session->preparations, model->name,
                                            data->preparation, e);

    return ok ? data : NULL;
}

/* ---- units ---- */
static nnrt_instance *instance_new(nnrt_program *program, const nnrt_weights *weights,
                                   const char *name, double *compile_seconds, nnrt_error *e)
{
    double unused = 0;
    const json_t *declared = named(json_object_get(program->json, "units"), name);
    const char *shared = json_string_value(json_object_get(declared, "code"));
    nnrt_unit code = NULL;
    if (declared) {
        code = program->resolve(program->context, shared ? shared : name,
                                compile_seconds ? compile_seconds : &unused);
    }
    if (code)
        return nnrt_instance_new(declared, code, weights, e);
    nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no unit '%s'", name);
    return NULL;
}

nnrt_instance *nnrt_program_instance_new(nnrt_program *program, const char *name, nnrt_error *e)
{
    return instance_new(program, &program->session->weights, name, NULL, e);
}

/* The program's own instance, made when it is first asked for. */
static nnrt_instance *instance_of(nnrt_program *program, const nnrt_weights *weights,
                                  const char *name, double *compile_seconds, nnrt_error *e)
{
    if (!name) {
        nnrt_fail(e, NNRT_SCRIPT, "internal", "an action of the program names no unit");
        return NULL;
    }
    for (size_t i = 0; i < program->instance_count; i++)
        if (!strcmp(program->instance[i]->name, name))
            return program->instance[i];

    nnrt_instance **grown =
        realloc(program->instance, (program->instance_count + 1) * sizeof *grown);
    if (!grown) {
        nnrt_no_memory(e);
        return NULL;
    }
    program->instance = grown;
    nnrt_instance *instance = instance_new(program, weights, name, compile_seconds, e);
    if (instance)
        program->instance[program->instance_count++] = instance;
    return instance;
}

nnrt_instance *nnrt_program_instance(nnrt_program *program, const char *name,
                                     double *compile_seconds, nnrt_error *e)
{
    return instance_of(program, &program->session->weights, name, compile_seconds, e);
}

nnrt_instance *nnrt_program_instance_apart(nnrt_program *program, const char *name,
                                           double *compile_seconds, nnrt_error *e)
{
    return instance_of(program, NULL, name, compile_seconds, e);
}

nnrt_call nnrt_instance_call(nnrt_program *program, nnrt_instance *instance, uint64_t seed)
{
    const nnrt_team *team = &program->session->team;
    memset(instance->metric, 0, sizeof instance->metric);
    return (nnrt_call){
        .tensor = instance->table,
        .arena = instance->arena,
        .scalar = instance->scalar,
        .metric = instance->metric,
        .seed = seed,
        .barrier = instance->serial ? team->alone : team->barrier,
        .threads = instance->serial ? 1 : team->threads,
    };
}

bool nnrt_call_of_part(nnrt_call *call, nnrt_instance *instance, const nnrt_data *data,
                       const nnrt_part *part, nnrt_error *e)
{
    call->x = part->x;
    call->y = part->y;
    call->w = part->w;
    return nnrt_instance_weigh_classes(instance, data, e);
}

static void forget_models_and_units(nnrt_program *program)
{
    for (size_t i = 0; i < program->model_count; i++)
        nnrt_model_free(program->model[i]);
    for (size_t i = 0; i < program->instance_count; i++)
        nnrt_instance_free(program->instance[i]);
    free(program->model);
    free(program->instance);
    program->model = NULL;
    program->instance = NULL;
    program->model_count = program->instance_count = 0;
}

void nnrt_program_clear(nnrt_program *program)
{
    forget_models_and_units(program);
    json_decref(program->owned);
    json_decref(program->settled);
    program->owned = program->settled = NULL;
}

/* ---- other params ---- */
static json_t *built_in(const nnrt_program *program, const json_t *params, nnrt_error *e)
{
    size_t i;
    json_t *variant;
    json_array_foreach (json_object_get(program->built, "variants"), i, variant) {
        if ((size_t)json_integer_value(json_object_get(variant, "action")) ==
                program->action_index &&
            json_equal(json_object_get(variant, "params"), params)) {
            return json_incref(json_object_get(variant, "program"));
        }
    }
    nnrt_fail(e, NNRT_SCRIPT, "not-available",
              "this program was built for the trials of another seed");
    snprintf(e->help, sizeof e->help,
             "build it with the seed that it will run with: nnc build --seed N");
    return NULL;
}

json_t *nnrt_program_with(nnrt_program *program, const json_t *params, bool settle, nnrt_error *e)
{
    nnrt_session *session = program->session;
    json_t *json = session->retune ? session->retune(session->retune_context, params,
                                                     program->action_index, settle, e)
                                   : built_in(program, params, e);
    if (!json && !e->status)
        nnrt_fail(e, NNRT_SCRIPT, "internal", "there is no program with these params");
    return json;
}

bool nnrt_program_settle(nnrt_program *program, const json_t *params, nnrt_error *e)
{
    json_t *json = nnrt_program_with(program, params, true, e);
    if (!program->owned)
        program->owned = json_array();
    if (!program->settled)
        program->settled = json_array();
    if (json)
        forget_models_and_units(program);
    if (!json ||
        !nnrt_weights_declare(&program->session->weights, json_object_get(json, "weights"), e)) {
        json_decref(json);
        return false;
    }
    json_array_append(program->owned, json);
    json_array_append_new(
        program->settled,
        json_pack("{s:I, s:O}", "action", (json_int_t)program->action_index, "params", params));
    program->json = json;
    program->action = json_array_get(json_object_get(json, "actions"), program->action_index);
    json_decref(json);
    return true;
}
