/* lower.c: models with their shapes: made at their first use, finished by looking ahead, kept for
 * later uses.
 *
 * Two things are decided once the whole network is known: a bias that a batchnorm cancels is
 * dropped, and `init = auto` looks at the activation that follows. */
#include "lower/room.h"
#include <fnmatch.h>
#include <string.h>

Lower *lower_new(Sema *sema)
{
    Arena *arena = sema_arena(sema);
    Lower *lower = ARENA_NEW(arena, Lower);
    lower->sema = sema;
    lower->arena = arena;
    lower->names = sema_names(sema);
    lower->diags = sema_diagnostics(sema);
    return lower;
}

const char *weight_role_name(WeightRole role)
{
    static const char *const names[] = { [ROLE_KERNEL] = "kernel",
                                         [ROLE_BIAS] = "bias",
                                         [ROLE_NORM] = "norm",
                                         [ROLE_BUFFER] = "buffer",
                                         [ROLE_OTHER] = "other" };
    return names[role];
}

const char *head_name(Head head)
{
    static const char *const names[] = { [HEAD_SCORES] = "scores",
                                         [HEAD_SOFTMAX] = "softmax",
                                         [HEAD_SIGMOID] = "sigmoid",
                                         [HEAD_VALUES] = "values" };
    return names[head];
}

/* ---- looking ahead ---- */
/* per value: the first use that reads it, how many do, how many of them are batchnorms */
typedef struct Consumers {
    int *first, *count, *batchnorms;
} Consumers;

static Consumers consumers_of(const Network *network)
{
    Arena *arena = network->lower->arena;
    size_t n = network->values.len;
    Consumers c = { ARENA_ARRAY(arena, int, n), ARENA_ARRAY(arena, int, n),
                    ARENA_ARRAY(arena, int, n) };
    for (size_t i = network->uses.len; i-- > 0;) {
        const LayerUse *use = &network->uses.data[i];
        for (size_t k = 0; k < use->arg_count; k++)
            if (use->args[k] >= 0)
                c.count[use->args[k]]++;
        c.first[use->input] = (int)i + 1;
        c.count[use->input]++;
        bool cancels = use->row && !strcmp(use->kind, "batchnorm") &&
                       !call_bool_or(use->call, "frozen", false);
        c.batchnorms[use->input] += cancels;
    }
    return c;
}

static const char *next_activation(const Network *network, const Consumers *c, int use)
{
    for (int value = network->uses.data[use].output; c->first[value];) {
        const LayerUse *next = &network->uses.data[c->first[value] - 1];
        if (!next->row || next->row->look == LOOK_ACTIVATION)
            return next->kind;
        if (next->row->look == LOOK_STOP)
            return NULL;
        value = next->output;
    }
    return NULL;
}

static void choose_initialisers(Network *network, const Consumers *c)
{
    for (size_t i = 0; i < network->auto_init.len; i++) {
        WeightSpec *spec = &network->pub.weights.data[network->auto_init.data[i]];
        const char *activation = next_activation(network, c, network->auto_use.data[i]);
        spec->init = init_for_activation(activation, network->auto_fans.data[2 * i],
                                         network->auto_fans.data[2 * i + 1]);
    }
}

/* The bias that is added last, to a product or convolution; those of gates and heads have other
 * names and stay. */
static int bias_of(const Network *network, const LayerUse *use)
{
    for (size_t i = 0; i < use->weights.len; i++) {
        const WeightSpec *spec = &network->pub.weights.data[use->weights.data[i]];
        size_t prefix = strlen(use->key_prefix);
        if (spec->role == ROLE_BIAS && !strncmp(spec->key, use->key_prefix, prefix) &&
            !strcmp(spec->key + prefix, "bias")) {
            return use->weights.data[i];
        }
    }
    return -1;
}

/* Per weight: whether it is a bias of which every use is read by batchnorms alone. */
static bool *find_cancelled(const Network *network, const Consumers *c)
{
    Arena *arena = network->lower->arena;
    size_t n = network->pub.weights.len;
    bool *kept = ARENA_ARRAY(arena, bool, n), *cancelled = ARENA_ARRAY(arena, bool, n);
    for (size_t i = 0; i < network->uses.len; i++) {
        const LayerUse *use = &network->uses.data[i];
        int bias = use->row ? bias_of(network, use) : -1;
        if (bias < 0)
            continue;
        int reads = c->count[use->output];
        if (reads && reads == c->batchnorms[use->output] && use->output != network->output)
            cancelled[bias] = true;
        else
            kept[bias] = true;
    }
    for (size_t i = 0; i < n; i++)
        cancelled[i] = cancelled[i] && !kept[i];
    return cancelled;
}

static void remark_dropped(Network *network, const WeightSpec *bias)
{
    Arena *arena = network->lower->arena;
    vec_push(arena, &network->pub.remarks,
             arena_printf(arena, "the bias of %s is dropped: the batchnorm after it cancels it",
                          bias->layer));
}

/* Weights have other numbers now; -1: it is gone. */
static void renumber_weights(Network *network, const int *renumbered)
{
    for (size_t i = 0; i < network->values.len; i++)
        if (network->values.data[i].weight >= 0)
            network->values.data[i].weight = renumbered[network->values.data[i].weight];
    for (size_t i = 0; i < network->uses.len; i++) {
        LayerUse *use = &network->uses.data[i];
        size_t left = 0;
        for (size_t k = 0; k < use->weights.len; k++) {
            int number = renumbered[use->weights.data[k]];
            if (number < 0)
                use->bias_dropped = true;
            else
                use->weights.data[left++] = number;
        }
        use->weights.len = left;
    }
}

static void drop_biases(Network *network, const Consumers *c)
{
    Lower *lower = network->lower;
    size_t n = network->pub.weights.len;
    const bool *cancelled = find_cancelled(network, c);
    int *renumbered = ARENA_ARRAY(lower->arena, int, n), next = 0;
    for (size_t i = 0; i < n; i++) {
        const WeightSpec *spec = &network->pub.weights.data[i];
        renumbered[i] = cancelled[i] ? -1 : next;
        name_map_set_number(lower->arena, &network->weight_numbers, spec->key, renumbered[i]);
        if (cancelled[i])
            remark_dropped(network, spec);
        else
            network->pub.weights.data[next++] = *spec;
    }
    if ((size_t)next == n)
        return;
    network->pub.weights.len = (size_t)next;
    renumber_weights(network, renumbered);
}

/* ---- what others see ---- */
static bool is_prelude(const Form *form)
{
    return !form->decl ||
           (form->decl->span.file && !strncmp(form->decl->span.file->path, "<prelude>", 9));
}

static Head head_of(const Network *network, const DataInfo *data)
{
    int use = network->values.data[network->output].use;
    if (use >= 0) {
        const LayerUse *last = &network->uses.data[use];
        if (last->row && !strcmp(last->kind, "softmax"))
            return HEAD_SOFTMAX;
        if (!last->row && is_prelude(last->call->form) &&
            (!strcmp(last->kind, "sigmoid") || !strcmp(last->kind, "logistic"))) {
            return HEAD_SIGMOID;
        }
    }
    return data && !data->classify ? HEAD_VALUES : HEAD_SCORES;
}

static void summarize(Network *network)
{
    Lower *lower = network->lower;
    bool *counted = ARENA_ARRAY(lower->arena, bool, network->pub.weights.len);
    for (size_t i = 0; i < network->uses.len; i++) {
        const LayerUse *use = &network->uses.data[i];
        LayerSummary s = { .name = use->name,
                           .kind = use->kind,
                           .activation = !use->row,
                           .output = network->values.data[use->output].shape,
                           .operations =
                               (int64_t)(use->operations < 9e18 ? use->operations : 9e18) };
        for (size_t k = 0; k < use->weights.len; k++) {
            const WeightSpec *spec = &network->pub.weights.data[use->weights.data[k]];
            if (counted[use->weights.data[k]] || spec->role == ROLE_BUFFER)
                continue;
            counted[use->weights.data[k]] = true;
            s.parameters += shape_elements(spec->shape);
        }
        vec_push(lower->arena, &network->pub.layers, s);
    }
    for (size_t i = 0; i < network->pub.weights.len; i++) {
        const WeightSpec *spec = &network->pub.weights.data[i];
        if (spec->role != ROLE_BUFFER && !spec->frozen)
            network->pub.parameters += shape_elements(spec->shape);
    }
}

/* ---- models ---- */
static Network *find_network(const Lower *lower, const char *name)
{
    for (size_t i = 0; i < lower->networks.len; i++)
        if (!strcmp(lower->networks.data[i]->name, name))
            return lower->networks.data[i];
    return NULL;
}

static bool meets_again(Lower *lower, Network *network, const DataInfo *data, Span use)
{
    if (!data)
        return true;
    ModelInstance *m = &network->pub;
    if (!shape_equal(data->sample, m->input)) {
        Diagnostic *d = diag_error(lower->diags, DIAG_SHAPE_MISMATCH, use,
                                   "the model '%s' takes samples of %s, but data '%s' has %s",
                                   network->name, sample_text(lower->arena, m->input), data->name,
                                   sample_text(lower->arena, data->sample));
        diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
        if (m->data) {
            diag_note(lower->diags, d, m->data->span, "the model was made for data '%s'",
                      m->data->name);
        }
        return false;
    }
    if (!m->data) {
        m->data = data;
        m->head = head_of(network, data);
    }
    return true;
}

/* Walks the model's body. False: reported, and the weights that it began to declare are forgotten.
 */
static bool record(Lower *lower, Network *network, const DataInfo *data, Span use)
{
    size_t keys = lower->keys.len, errors = lower->diags->errors;
    if (body_record(lower, network, network->pub.decl, data, use))
        return true;
    for (size_t i = keys; i < lower->keys.len; i++)
        name_map_set_number(lower->arena, &lower->key_numbers, lower->keys.data[i].key, -1);
    lower->keys.len = keys;
    if (lower->diags->errors == errors && !errors) {
        diag_error(lower->diags, DIAG_INTERNAL, use,
                   "the model '%s' cannot be made; the reason is unknown", network->name);
    }
    return false;
}

ModelInstance *lower_model(Lower *lower, const ModelDecl *decl, const DataInfo *data, Span use)
{
    Network *network = find_network(lower, decl->name);
    if (network)
        return meets_again(lower, network, data, use) ? &network->pub : NULL;
    network = ARENA_NEW(lower->arena, Network);
    network->name = decl->name;
    network->lower = lower;
    network->pub.decl = decl;
    network->pub.data = data;
    if (!record(lower, network, data, use))
        return NULL;

    Consumers consumers = consumers_of(network);
    choose_initialisers(network, &consumers);
    drop_biases(network, &consumers);
    summarize(network);
    network->pub.head = head_of(network, data);
    network->complete = true;
    vec_push(lower->arena, &lower->networks, network);
    return &network->pub;
}

void lower_forget_model(Lower *lower, const char *name)
{
    for (size_t i = 0; i < lower->networks.len; i++)
        if (!strcmp(lower->networks.data[i]->name, name))
            lower->networks.data[i--] = lower->networks.data[--lower->networks.len];
    vec_push(lower->arena, &lower->forgotten, arena_printf(lower->arena, "%s", name));
}

/* ---- freezing ---- */
/* A pattern names a layer, or a block and so all that is in it. */
static bool pattern_matches(Lower *lower, const char *pattern, const char *layer)
{
    if (!fnmatch(pattern, layer, 0))
        return true;
    for (const char *point = strchr(layer, '.'); point; point = strchr(point + 1, '.'))
        if (!fnmatch(pattern, arena_strndup(lower->arena, layer, (size_t)(point - layer)), 0))
            return true;
    return false;
}

static bool freeze_matching(Lower *lower, const ModelInstance *model, const char *pattern,
                            bool frozen)
{
    bool any = false;
    for (size_t i = 0; i < model->weights.len; i++) {
        const WeightSpec *spec = &model->weights.data[i];
        if (pattern && !pattern_matches(lower, pattern, spec->layer))
            continue;
        any = true;
        int number = name_map_number(&lower->key_numbers, spec->key);
        if (number >= 0)
            lower->keys.data[number].frozen = frozen;
    }
    return any;
}

static bool has_layer(Lower *lower, const ModelInstance *model, const char *pattern)
{
    for (size_t i = 0; i < model->layers.len; i++)
        if (pattern_matches(lower, pattern, model->layers.data[i].name))
            return true;
    return false;
}

void lower_set_frozen(Lower *lower, const ModelInstance *model, const Value *patterns, bool frozen)
{
    if (!patterns || patterns->kind != VALUE_LIST) {
        freeze_matching(lower, model, NULL, frozen);
        return;
    }
    for (size_t i = 0; i < patterns->count; i++) {
        const Value *pattern = &patterns->items[i];
        if (pattern->kind != VALUE_STRING || freeze_matching(lower, model, pattern->text, frozen) ||
            has_layer(lower, model, pattern->text)) {
            continue;
        }
        VEC(const char *) names = { 0 };
        for (size_t k = 0; k < model->layers.len; k++)
            vec_push(lower->arena, &names, model->layers.data[k].name);
        diag_unknown(lower->diags, DIAG_UNKNOWN_LAYER, pattern->span, "layer", pattern->text,
                     names.data, names.len);
    }
}

bool lower_set_pruned(Lower *lower, const ModelInstance *model)
{
    bool any = false;
    for (size_t i = 0; i < model->weights.len; i++) {
        const WeightSpec *spec = &model->weights.data[i];
        int number = name_map_number(&lower->key_numbers, spec->key);
        if (spec->role != ROLE_KERNEL || number < 0)
            continue;
        lower->keys.data[number].pruned = any = true;
    }
    return any;
}

bool lower_is_pruned(const Lower *lower, const ModelInstance *model)
{
    for (size_t i = 0; i < model->weights.len; i++)
        if (weight_is_pruned(lower, &model->weights.data[i]))
            return true;
    return false;
}

bool lower_check_fit(Lower *lower, const ModelInstance *model, const DataInfo *data,
                     const CheckedAction *action)
{
    const Network *network = (const Network *)(const void *)model;
    if (!data)
        return true;
    return loss_fits(lower, network, data, action);
}
