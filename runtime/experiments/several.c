/* several.c: independent trainings side by side (several.h).
 *
 * A training of its own thread needs no barriers, so this is the better use of the threads wherever
 * there are several to be made. How many run at once is limited by what they take of the machine's
 * memory. */
#include "experiments/several.h"
#include "base/base.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct one {
    json_t *result;
    nnrt_error error;
} one;

typedef struct work {
    const nnrt_several *several;
    one *one;
    int32_t threads;
    nnrt_error *e;
} work;

/* It shares the data that is open, and has weights of its own. */
static bool apart_new(nnrt_session *apart, nnrt_session *session, int32_t threads, nnrt_error *e)
{
    *apart = (nnrt_session){ .options = session->options, .opened = session->opened };
    apart->options.quiet = true;
    return nnrt_team_init(&apart->team, threads, e) && nnrt_weights_init(&apart->weights, e);
}

static void apart_clear(nnrt_session *apart)
{
    nnrt_weights_clear(&apart->weights);
    nnrt_team_clear(&apart->team);
}

/* What the action's session holds in these shapes. It is not written to meanwhile; nor are counts
 * of references to what others refer to as well. */
static bool copy_weights(nnrt_weights *apart, const nnrt_weights *action, const json_t *declared,
                         nnrt_error *e)
{
    json_t *own = json_deep_copy(declared);
    bool known = own ? nnrt_weights_declare(apart, own, e) : nnrt_no_memory(e);
    json_decref(own);
    if (!known)
        return false;
    for (size_t i = 0; i < apart->count; i++) {
        nnrt_weight *weight = apart->item[i];
        const nnrt_weight *found = nnrt_weights_find(action, weight->key);
        if (!found || !found->drawn || found->generation != weight->generation ||
            !nnrt_layout_equal(&found->layout, &weight->layout)) {
            continue;
        }
        memcpy(weight->values, found->values, weight->layout.packed * sizeof *weight->values);
        weight->drawn = true;
        weight->pruned = found->pruned;
    }
    return true;
}

static void train_one(const work *w, size_t i, const nnrt_start *start, one *to)
{
    const nnrt_several *several = w->several;
    const nnrt_program *action = several->program;
    nnrt_session apart;
    nnrt_program program = { .session = &apart,
                             .json = start->json ? start->json : action->json,
                             .script = action->script,
                             .folder = action->folder,
                             .resolve = action->resolve,
                             .context = action->context,
                             .action_index = action->action_index };
    program.action = json_array_get(json_object_get(program.json, "actions"), program.action_index);
    bool well = apart_new(&apart, action->session, w->threads, &to->error) &&
                copy_weights(&apart.weights, &action->session->weights,
                             json_object_get(program.json, "weights"), &to->error);
    nnrt_model *model =
        well ? nnrt_program_model(&program, nnrt_action_text(&program, "model"), &to->error) : NULL;
    if (model && nnrt_model_fresh(model, start->within.seed, &to->error))
        to->result = nnrt_train_within(&program, &start->within, &to->error);
    if (to->result && several->after &&
        !several->after(several->context, i, &(nnrt_trained){ &program, model, to->result },
                        &to->error)) {
        json_decref(to->result);
        to->result = NULL;
    }
    nnrt_program_clear(&program);
    apart_clear(&apart);
}

static void do_one(void *context, size_t i)
{
    const work *w = context;
    nnrt_start start = { 0 };
    if (nnrt_stop_asked())
        nnrt_interrupted(&w->one[i].error);
    else if (w->several->begin(w->several->context, i, &start, &w->one[i].error) && !start.skip)
        train_one(w, i, &start, &w->one[i]);
}

static bool finish_one(void *context, size_t i)
{
    const work *w = context;
    one *done = &w->one[i];
    *w->e = done->error;
    bool well = w->several->finish(w->several->context, i, done->result, w->e);
    json_decref(done->result);
    done->result = NULL;
    return well;
}

/* Bytes that a training of the action's own program takes, about; those of a trial's are much the
 * same. */
static double memory_of(const nnrt_program *program)
{
    const char *name = nnrt_action_text(program, "unit"),
               *model = nnrt_action_text(program, "model");
    double bytes = 1 << 20;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(program->json, "units"), i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (name && n && !strcmp(n, name))
            bytes += json_number_value(json_object_get(item, "arena_bytes"));
    }
    json_array_foreach (json_object_get(program->json, "models"), i, item) {
        const char *n = json_string_value(json_object_get(item, "name"));
        if (model && n && !strcmp(n, model))
            bytes += 6 * sizeof(float) * json_number_value(json_object_get(item, "parameters"));
    }
    return bytes;
}

static int32_t workers_for(const nnrt_several *several)
{
    int32_t threads = several->program->session->team.threads;
    double pages = (double)sysconf(_SC_PHYS_PAGES),
           most = pages * (double)sysconf(_SC_PAGESIZE) / 4 / memory_of(several->program);
    if (pages > 0 && most < threads)
        threads = most < 1 ? 1 : (int32_t)most;
    return (size_t)threads < several->count ? threads
           : several->count                 ? (int32_t)several->count
                                            : 1;
}

bool nnrt_train_several(const nnrt_several *several, nnrt_error *e)
{
    int32_t workers = workers_for(several);
    nnrt_error last = { 0 };
    work w = { several, calloc(several->count + 1, sizeof(one)),
               several->program->session->team.threads / workers, &last };
    if (!w.one)
        return nnrt_no_memory(e);
    bool well = nnrt_side_by_side(workers, several->count, do_one, finish_one, &w);
    for (size_t i = 0; i < several->count; i++)
        json_decref(w.one[i].result);
    free(w.one);
    if (!well)
        *e = last;
    return well;
}
