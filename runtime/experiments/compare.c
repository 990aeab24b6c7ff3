/* compare.c: `compare`: several recipes from the same weights; what is there afterwards is what was
 * there before. */
#include "experiments/records.h"
#include <stdio.h>
#include <string.h>

static json_t *train_with(nnrt_program *program, const json_t *recipe, const char *name,
                          nnrt_error *e)
{
    const json_t *action = program->action;
    program->action = recipe;
    nnrt_within within = { .seed = nnrt_action_seed(program), .recipe = name };
    json_t *result = nnrt_train_within(program, &within, e);
    program->action = action;
    return result;
}

static void print_comparison(const nnrt_program *program, const json_t *results)
{
    static const char *const columns[] = {
        "recipe", "loss", "accuracy", "validation.loss", "validation.accuracy", "epochs", "seconds"
    };
    json_t *rows = json_array(), *value;
    const char *name;
    char title[200];
    json_object_foreach ((json_t *)results, name, value) {
        json_t *row = json_copy(value);
        json_object_set_new(row, "recipe", json_string(name));
        json_array_append_new(rows, row);
    }
    snprintf(title, sizeof title, "compare %.60s on %.60s", nnrt_action_text(program, "model"),
             nnrt_action_text(program, "data"));
    nnrt_print_records(title, rows, columns, sizeof columns / sizeof *columns);
    json_decref(rows);
}

bool nnrt_do_compare(nnrt_program *program, nnrt_error *e)
{
    const json_t *recipes = json_object_get(program->action, "recipes");
    const char *as = nnrt_action_text(program, "as");
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    nnrt_snapshot *before = model ? nnrt_snapshot_take(model, e) : NULL;
    bool ok = before && nnrt_model_draw(model, nnrt_action_seed(program), e);
    nnrt_snapshot *start = ok ? nnrt_snapshot_take(model, e) : NULL;
    json_t *results = json_object();
    ok = start != NULL;

    size_t i;
    json_t *recipe;
    json_array_foreach (recipes, i, recipe) {
        const char *name = json_string_value(json_object_get(recipe, "name"));
        char numbers[200];
        if (!ok)
            break;
        nnrt_snapshot_put_back(start);
        json_t *result = train_with(program, recipe, name, e);
        if (!(ok = result != NULL))
            break;
        json_object_set_new(results, name, result);
        nnrt_numbers_text(json_object_get(result, "train"), numbers, sizeof numbers);
        nnrt_print_progress(program, "recipe %s: %s", name, numbers);
    }

    if (before)
        nnrt_snapshot_put_back(before);
    nnrt_snapshot_free(start);
    nnrt_snapshot_free(before);
    if (ok && !as)
        print_comparison(program, results);
    if (ok)
        return nnrt_result_set(&program->session->results, as, results, NULL, NULL, e);
    json_decref(results);
    return false;
}
