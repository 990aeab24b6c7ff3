/* loss.c: losses, the number of right predictions, and whether a model fits the targets of its data
 * (docs/language.md).
 *
 * A loss is worked out as its sum over the batch's samples, which is what is reported; the mean is
 * taken of that. Both cross entropies are built on scores: over a final softmax or sigmoid they
 * read what comes before it, so that no logarithm meets a 0. */
#include "lower/room.h"
#include <string.h>

/* call NULL: with all its defaults */
typedef struct LossUse {
    const char *name;
    const Call *call;
    Span span;
    bool given;
} LossUse;

static int64_t outputs_of(const Network *network)
{
    Shape out = network->pub.output;
    return out.rank ? out.dim[out.rank - 1] : 1;
}

static LossUse loss_of(const Network *network, const DataInfo *data, const Checked *recipe,
                       Span fallback)
{
    const Value *v = recipe_value(recipe, "loss");
    LossUse loss = { .span = fallback };
    if (value_word(v)) {
        loss.name = value_word(v);
        loss.call = value_call(v);
        loss.given = true;
        loss.span = setting_span(recipe, "loss");
    } else {
        bool one = network && outputs_of(network) == 1;
        bool binary = data->multilabel || (data->classify && one);
        loss.name = data->classify ? "cross_entropy" : "mse";
        if (binary)
            loss.name = "binary_cross_entropy";
    }
    return loss;
}

/* Whether the name is the built-in loss, and not a fn of the script by the same name. */
static bool is_loss(const LossUse *loss, const char *name)
{
    if (strcmp(loss->name, name))
        return false;
    const Stmt *decl = loss->call ? loss->call->form->decl : NULL;
    return !decl || (decl->span.file && !strncmp(decl->span.file->path, "<prelude>", 9));
}

/* NULL: all classes weigh the same */
static const Value *class_weights_of(const LossUse *loss)
{
    return loss->call && is_loss(loss, "cross_entropy") ? call_find(loss->call, "weights") : NULL;
}

bool lower_takes_shares(Lower *lower, const Checked *recipe, const DataInfo *data,
                        const ModelInstance *model)
{
    (void)lower;
    LossUse loss = loss_of((const Network *)(const void *)model, data, recipe, (Span){ 0 });
    return is_loss(&loss, "binary_cross_entropy");
}

const char *lower_loss_name(Lower *lower, const Checked *recipe, const DataInfo *data,
                            const ModelInstance *model)
{
    (void)lower;
    return loss_of((const Network *)(const void *)model, data, recipe, (Span){ 0 }).name;
}

/* ---- fit ---- */
static Span output_span(const Network *network)
{
    int use = network->values.data[network->output].use;
    return use >= 0 ? network->uses.data[use].span : network->pub.decl->name_span;
}

static const UsePlace *output_place(const Network *network)
{
    int use = network->values.data[network->output].use;
    return use >= 0 ? network->uses.data[use].place : NULL;
}

/* A list of class weights has one for each, in the order of the classes. */
static bool class_weights_fit(Lower *lower, const DataInfo *data, const LossUse *loss)
{
    const Value *weights = class_weights_of(loss);
    if (!data->classify || !weights || weights->kind != VALUE_LIST)
        return true;
    double sum = 0;
    for (size_t i = 0; i < weights->count; i++)
        sum += weights->items[i].number;
    Diagnostic *d = NULL;
    if ((int64_t)weights->count != data->classes) {
        d = diag_error(lower->diags, DIAG_OUT_OF_RANGE, loss->span,
                       "%zu class weights are given, but data '%s' has %lld classes",
                       weights->count, data->name, (long long)data->classes);
        diag_help(lower->diags, d,
                  "one for each class, in sorted order; `weights = balanced` works them out");
    } else if (sum <= 0) {
        d = diag_error(lower->diags, DIAG_OUT_OF_RANGE, loss->span,
                       "all class weights are 0, so nothing would be learned");
    } else {
        return true;
    }
    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    return false;
}

/* A prediction compares nothing with the targets, so there the outputs may have any shape, as long
 * as there are enough. */
static bool classes_fit(Lower *lower, const Network *network, const DataInfo *data, bool predicts)
{
    Shape out = network->pub.output;
    Diagnostic *d = NULL;
    bool fits = out.rank == data->target.rank + 1;
    for (int i = 0; i < data->target.rank && fits; i++)
        fits = out.dim[i] == data->target.dim[i];

    if (!fits && predicts && shape_elements(out) >= data->classes)
        return true;
    if (!fits) {
        const char *what = data->target.rank
                               ? arena_printf(lower->arena, "a class at each of %s positions",
                                              sample_text(lower->arena, data->target))
                               : "one class a sample";
        d = diag_error(lower->diags, DIAG_WRONG_TARGET, output_span(network),
                       "the outputs of model '%s' are %s, but data '%s' has %s", network->name,
                       sample_text(lower->arena, out), data->name, what);
    } else if (outputs_of(network) < data->classes &&
               !(outputs_of(network) == 1 && data->classes == 2)) {
        d = diag_error(lower->diags, DIAG_TOO_FEW_OUTPUTS, output_span(network),
                       "the model '%s' has %lld output%s, fewer than the %lld classes of data '%s'",
                       network->name, (long long)outputs_of(network),
                       outputs_of(network) == 1 ? "" : "s", (long long)data->classes, data->name);
        diag_help(lower->diags, d, "dense(classes) has one for each");
    } else {
        return true;
    }

    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    notes_of_uses(lower, d, output_place(network));
    return false;
}

static Shape target_of(const DataInfo *data)
{
    return data->target.rank ? data->target : shape_of(1, (int64_t[]){ 1 });
}

static bool values_fit(Lower *lower, const Network *network, const DataInfo *data)
{
    if (shape_equal(network->pub.output, target_of(data)))
        return true;
    Diagnostic *d =
        diag_error(lower->diags, DIAG_SHAPE_MISMATCH, output_span(network),
                   "the outputs of model '%s' are %s, but the targets of data '%s' are %s",
                   network->name, sample_text(lower->arena, network->pub.output), data->name,
                   sample_text(lower->arena, target_of(data)));
    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    notes_of_uses(lower, d, output_place(network));
    return false;
}

static bool mixing_fits(Lower *lower, const Network *network, const DataInfo *data,
                        const CheckedAction *action)
{
    const Value *mixup = action ? recipe_value(&action->recipe, "mixup") : NULL,
                *cutmix = action ? recipe_value(&action->recipe, "cutmix") : NULL;
    bool blends = mixup && mixup->number > 0 && network->pub.numbers_below > 0;
    if (!blends && (!cutmix || cutmix->number <= 0))
        return true;

    Span span = setting_span(&action->recipe, blends ? "mixup" : "cutmix");
    Diagnostic *d = NULL;
    if (blends) {
        d = diag_error(lower->diags, DIAG_NO_SUCH_NUMBER, span,
                       "mixup makes values between the whole numbers that the model '%s' takes",
                       network->name);
        diag_help(lower->diags, d,
                  "a model that begins with embedding or one_hot has nothing to look up for them; "
                  "`dropout` or `label_smoothing` regularise it");
    } else if (!data->classify) {
        d = diag_error(
            lower->diags, DIAG_WRONG_TARGET, span,
            "cutmix shares classes by area, but the targets of data '%s' are real values",
            data->name);
        diag_help(lower->diags, d, "mixup mixes real values too");
    } else if (network->pub.input.rank != 3) {
        d = diag_error(
            lower->diags, DIAG_WRONG_SHAPE, span,
            "cutmix needs images, channels x height x width, but the samples of data '%s' are %s",
            data->name, sample_text(lower->arena, network->pub.input));
        diag_help(
            lower->diags, d,
            "`shape = 1x28x28` in the data gives flat samples a shape; mixup takes samples of any");
    } else {
        return true;
    }

    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    return false;
}

/* `loss = none`, as it is written, and not the default by task. */
static bool minimises_something(Lower *lower, const CheckedAction *action)
{
    const Checked *recipe = action && action->recipe.count ? &action->recipe : NULL;
    if (!recipe || !setting_given(recipe, "loss") || setting(recipe, "loss")->kind != VALUE_NONE)
        return true;
    Diagnostic *d = diag_error(lower->diags, DIAG_MISSING_LOSS, setting_span(recipe, "loss"),
                               "with `loss = none` this training has nothing to minimise");
    diag_help(lower->diags, d, "leave the line out for the task's own loss, or name one");
    return false;
}

/* Losses and metrics compare outputs with targets. */
static bool has_targets(Lower *lower, const DataInfo *data, const LossUse *loss)
{
    if (!data->targetless)
        return true;
    Diagnostic *d = diag_error(lower->diags, DIAG_WRONG_TARGET, loss->span,
                               "%s compares outputs with targets, and data '%s' has none",
                               loss->name, data->name);
    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    return false;
}

/* Whether the loss is one for targets, and outputs, of this kind. */
static bool kind_fits(Lower *lower, const Network *network, const DataInfo *data,
                      const LossUse *loss)
{
    bool one = outputs_of(network) == 1, entropy = is_loss(loss, "cross_entropy");
    const char *help;
    Diagnostic *d;
    if (!data->classify && entropy) {
        d = diag_error(lower->diags, DIAG_WRONG_TARGET, loss->span,
                       "cross_entropy needs classes, but the targets of data '%s' are real values",
                       data->name);
        help = "mse, mae and huber are for real values";
    } else if (data->classify && !one && !entropy && !is_loss(loss, "hinge")) {
        d = diag_error(lower->diags, DIAG_WRONG_TARGET, loss->span,
                       "%s compares values one by one, but the model '%s' makes %lld scores for "
                       "the one class of each sample of data '%s'",
                       loss->name, network->name, (long long)outputs_of(network), data->name);
        help = "cross_entropy is for classes";
    } else if (data->classify && one && entropy) {
        d = diag_error(lower->diags, DIAG_WRONG_TARGET, loss->span,
                       "cross_entropy needs a score for each of the %lld classes of data '%s', and "
                       "the model '%s' has one output",
                       (long long)data->classes, data->name, network->name);
        help = "binary_cross_entropy is for one output";
    } else {
        return true;
    }

    diag_help(lower->diags, d, "%s", help);
    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    return false;
}

bool loss_fits(Lower *lower, const Network *network, const DataInfo *data,
               const CheckedAction *action)
{
    bool predicts = action && action->verb == VERB_PREDICT;
    if (data->classify && !classes_fit(lower, network, data, predicts))
        return false;
    if (predicts)
        return true;
    LossUse loss = loss_of(network, data, action ? &action->recipe : NULL,
                           action ? action->span : network->pub.decl->name_span);
    return minimises_something(lower, action) && has_targets(lower, data, &loss) &&
           kind_fits(lower, network, data, &loss) && class_weights_fit(lower, data, &loss) &&
           (data->classify || values_fit(lower, network, data)) &&
           mixing_fits(lower, network, data, action);
}

/* Samples are mixed by the runtime; of classes, it gives both and the sample's share. */
static bool mixes(const Checked *recipe)
{
    const Value *mixup = recipe_value(recipe, "mixup"), *cutmix = recipe_value(recipe, "cutmix");
    return (mixup && mixup->number > 0) || (cutmix && cutmix->number > 0);
}

void graph_set_data(Graph *g, const Network *network, const DataInfo *data, const Checked *recipe)
{
    g->sample = shape_batched(network->pub.input, true);
    if (!data)
        return;
    Shape target = target_of(data);
    if (data->classify && mixes(recipe)) {
        target = shape_of(1, (int64_t[]){ 2 * shape_elements(data->target) + 1 });
    } else if (data->classify && data->target.rank) {
        target = data->target;
        target.dim[target.rank++] = 1;
    }
    g->target = shape_batched(target, true);
}

/* ---- graphs ---- */
static NodeId add(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_ADD, a, b);
}

static NodeId sub(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_SUB, a, b);
}

static NodeId mul(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, a, b);
}

static NodeId total(Graph *g, NodeId a)
{
    return g_reduce(g, IR_REDUCE_SUM, a, shape_scalar());
}

static NodeId scaled(Graph *g, NodeId a, double k)
{
    return k == 1 ? a : mul(g, a, g_const(g, k));
}

/* Scores [n, .., K] and their targets [n, .., 1]. */
typedef struct Scores {
    Graph *g;
    NodeId z, target;
    Shape each;
    int64_t classes;
    double positions;
} Scores;

/* What a loss is of each element: the loss is their sum, times `by`. `weight`: of each row, by its
 * class; NO_NODE: 1. */
typedef struct Rows {
    NodeId node, weight;
    double by;
} Rows;

static NodeId chosen(const Scores *s)
{
    Graph *g = s->g;
    return g_binary(g, IR_EQ, g_index(g, shape_of(1, &s->classes), 0), s->target);
}

static NodeId row_sum(const Scores *s, NodeId a)
{
    return g_reduce(s->g, IR_REDUCE_SUM, a, s->each);
}

/* log-sum-exp minus the target's score; smoothing spreads a share of the target over all outputs
 * (Szegedy et al. 2016), as PyTorch does. */
static Rows cross_entropy(const Scores *s, double smoothing)
{
    Graph *g = s->g;
    NodeId top = g_stop(g, g_reduce(g, IR_REDUCE_MAX, s->z, s->each)), zero = g_const(g, 0);
    NodeId distance = sub(g, s->z, top);
    NodeId rows = g_unary(g, IR_LN, row_sum(s, g_unary(g, IR_EXP, distance)));
    NodeId right = row_sum(s, g_select(g, chosen(s), distance, zero));
    rows = sub(g, rows, scaled(g, right, 1 - smoothing));
    if (smoothing > 0)
        rows = sub(g, rows, scaled(g, row_sum(s, distance), smoothing / (double)s->classes));
    return (Rows){ rows, NO_NODE, 1 / s->positions };
}

/* The same where class c weighs w[c]: the target's weight multiplies its part, and each output's
 * its share of what is smoothed. */
static Rows weighted_cross_entropy(const Scores *s, NodeId class_weight, double smoothing)
{
    Graph *g = s->g;
    NodeId top = g_stop(g, g_reduce(g, IR_REDUCE_MAX, s->z, s->each)), zero = g_const(g, 0);
    NodeId distance = sub(g, s->z, top), wins = chosen(s);
    NodeId entropy = g_unary(g, IR_LN, row_sum(s, g_unary(g, IR_EXP, distance)));
    NodeId right = row_sum(s, g_select(g, wins, distance, zero));
    NodeId weight = row_sum(s, g_select(g, wins, class_weight, zero));
    NodeId rows = scaled(g, mul(g, weight, sub(g, entropy, right)), 1 - smoothing);
    if (smoothing > 0) {
        NodeId spread = row_sum(s, mul(g, class_weight, sub(g, entropy, distance)));
        rows = add(g, rows, scaled(g, spread, smoothing / (double)s->classes));
    }
    return (Rows){ rows, weight, 1 / s->positions };
}

/* One number an output, which the runtime gives; outputs beyond the classes weigh 1. */
static NodeId class_weights(const Scores *s, const Value *weights)
{
    static const char name[] = "class_weights";
    Graph *g = s->g;
    Tensor t = {
        .role = TENSOR_CLASSES, .name = name, .shape = shape_of(1, &s->classes), .weight = -1
    };
    int known = graph_find_tensor(g, TENSOR_CLASSES, name);
    if (known >= 0)
        return g_weight(g, known);
    if (weights->kind == VALUE_LIST) {
        double *values = ARENA_ARRAY(g->arena, double, weights->count + 1);
        for (size_t i = 0; i < weights->count; i++)
            values[i] = weights->items[i].number;
        t.values = values;
        t.value_count = (int64_t)weights->count;
    }
    return g_weight(g, graph_add_tensor(g, t));
}

/* max(0, 1 - right + z) over the wrong classes, by the number of classes (Crammer and Singer 2001).
 */
static Rows multi_margin(const Scores *s)
{
    Graph *g = s->g;
    NodeId zero = g_const(g, 0), wins = chosen(s);
    NodeId right = row_sum(s, g_select(g, wins, s->z, zero));
    NodeId margin = add(g, g_const(g, 1), sub(g, s->z, right));
    NodeId idle = g_binary(g, IR_OR, wins, g_binary(g, IR_LE, margin, zero));
    double by = 1 / (double)s->classes / s->positions;
    return (Rows){ g_select(g, idle, zero, margin), NO_NODE, by };
}

/* The first of the highest scores is the prediction, of those that stand for a class; of one score,
 * whether it is above 0. */
static NodeId right_answers(const Scores *all, int64_t classes)
{
    Scores beyond = *all;
    const Scores *s = &beyond;
    Graph *g = s->g;
    NodeId prediction;
    if (classes < beyond.classes) {
        beyond.z = g_slice(g, all->z, graph_node(g, all->z)->shape.rank - 1, 0, classes);
        beyond.classes = classes;
    }
    if (classes == 1) {
        prediction = g_const(g, 0);
    } else if (s->classes == 1) {
        prediction = g_binary(g, IR_LT, g_const(g, 0), s->z);
    } else {
        NodeId top = g_reduce(g, IR_REDUCE_MAX, s->z, s->each);
        NodeId place =
            g_select(g, g_binary(g, IR_EQ, s->z, top), g_index(g, shape_of(1, &s->classes), 0),
                     g_const(g, (double)s->classes));
        prediction = g_reduce(g, IR_REDUCE_MIN, place, s->each);
    }
    return total(g, g_binary(g, IR_EQ, prediction, s->target));
}

/* Of targets of 0 and 1, each with a score of its own. */
static NodeId right_labels(const Scores *s)
{
    NodeId said = g_binary(s->g, IR_LT, g_const(s->g, 0), s->z);
    return total(s->g, g_binary(s->g, IR_EQ, said, s->target));
}

/* The prelude's fn of a row of forms.def, with the arguments that the row was given. */
static const Call *formula_of(Lower *lower, const LossUse *loss)
{
    const Call *call = default_call(lower, FORM_FN, loss->name);
    for (size_t i = 0; call && loss->call && i < call->form->arg_count; i++) {
        const Value *given = call_find(loss->call, call->form->args[i].name);
        if (given)
            call->args[i] = *given;
    }
    return call;
}

static Rows elementwise(Emission *e, const LossUse *loss, NodeId y, NodeId t)
{
    Lower *lower = e->lower;
    const Call *call = loss->call;
    if (!call || !call->form->decl)
        call = formula_of(lower, loss);
    if (!call || !call->form->decl) {
        diag_error(lower->diags, DIAG_UNKNOWN_LOSS, loss->span,
                   "no function tells what the loss '%s' is", loss->name);
        return (Rows){ NO_NODE, NO_NODE, 1 };
    }
    NodeId rows = expr_apply(lower, e->g, call, (NodeId[]){ y, t }, 2, NULL, e->random);
    if (rows == NO_NODE)
        return (Rows){ NO_NODE, NO_NODE, 1 };
    Shape full = graph_node(e->g, y)->shape;
    return (Rows){ g_broadcast(e->g, rows, full), NO_NODE, 1 / (double)shape_elements(full) };
}

NodeId loss_scores(Emission *e)
{
    const Network *network = e->network;
    if (network->pub.head != HEAD_SOFTMAX && network->pub.head != HEAD_SIGMOID)
        return emission_value(e, network->output);
    return emission_value(e, network->uses.data[network->values.data[network->output].use].input);
}

/* Against one target a position, or one value an output. */
static Rows rows_of(Emission *e, const DataInfo *data, const LossUse *loss, Scores s, NodeId target)
{
    Graph *g = e->g;
    const Network *network = e->network;
    NodeId y = e->bare ? loss_scores(e) : emission_value(e, network->output);
    s.target = target;
    if (is_loss(loss, "cross_entropy")) {
        double smoothing = loss->call ? call_number_or(loss->call, "label_smoothing", 0) : 0;
        const Value *weights = class_weights_of(loss);
        return weights ? weighted_cross_entropy(&s, class_weights(&s, weights), smoothing)
                       : cross_entropy(&s, smoothing);
    }
    if (is_loss(loss, "hinge") && data->classify && s.classes > 1) {
        s.z = y;
        return multi_margin(&s);
    }
    if (is_loss(loss, "hinge") && data->classify)
        return elementwise(e, loss, y, sub(g, mul(g, g_const(g, 2), target), g_const(g, 1)));
    return elementwise(
        e, loss,
        is_loss(loss, "binary_cross_entropy") && network->pub.head == HEAD_SIGMOID ? s.z : y,
        target);
}

/* Mixed classes: the loss against either, by their shares; right is who says the larger one. The
 * target's row: one, the other, the share of one. */
typedef struct MixedTarget {
    NodeId one, other, share;
} MixedTarget;

static MixedTarget mixed_target(Graph *g, const Scores *s)
{
    NodeId target = g_target(g);
    int64_t positions = (graph_node(g, target)->shape.dim[1] - 1) / 2;
    Shape single = s->each;
    for (int i = 1; i < single.rank; i++)
        single.dim[i] = 1;
    return (MixedTarget){ g_reshape(g, g_slice(g, target, 1, 0, positions), s->each),
                          g_reshape(g, g_slice(g, target, 1, positions, 2 * positions), s->each),
                          g_reshape(g, g_slice(g, target, 1, 2 * positions, 2 * positions + 1),
                                    single) };
}

static NodeId blend(Graph *g, NodeId share, NodeId one, NodeId other)
{
    return add(g, mul(g, share, one), mul(g, sub(g, g_const(g, 1), share), other));
}

NodeId loss_sample_weight(Graph *g, const DataInfo *data, Shape of)
{
    if (!data->weighted)
        return NO_NODE;
    for (int i = 1; i < of.rank; i++)
        of.dim[i] = 1;
    return g_reshape(g, g_sample_weight(g), of);
}

NodeId loss_mean(Graph *g, const LossNodes *loss)
{
    if (loss->weight == NO_NODE)
        return g_binary(g, IR_DIV, loss->sum, g_hyper(g, HYPER_N));
    NodeId some = g_select(g, loss->weight, loss->weight, g_const(g, 1));
    return g_binary(g, IR_DIV, loss->sum, some);
}

/* What the rows come to, each with its weights. */
static void sum_rows(Graph *g, const DataInfo *data, const Rows *rows, double positions,
                     LossNodes *out)
{
    NodeId node = rows->node, weight = rows->weight,
           sample = loss_sample_weight(g, data, graph_node(g, node)->shape);
    out->weight = NO_NODE;
    if (sample != NO_NODE)
        node = mul(g, node, sample);
    if (weight != NO_NODE) {
        weight = sample == NO_NODE ? weight : mul(g, weight, sample);
        out->weight = scaled(g, total(g, weight), 1 / positions);
    } else if (sample != NO_NODE) {
        out->weight = total(g, g_sample_weight(g));
    }
    out->sum = scaled(g, total(g, node), rows->by);
}

/* Without a target. */
static Scores scores_of(Emission *e)
{
    Scores s = { .g = e->g, .z = loss_scores(e) };
    s.each = graph_node(e->g, s.z)->shape;
    s.classes = s.each.dim[s.each.rank - 1];
    s.each.dim[s.each.rank - 1] = 1;
    s.positions = (double)shape_elements(s.each);
    return s;
}

bool loss_lower(Emission *e, const DataInfo *data, const Checked *recipe, bool mixed,
                LossNodes *out)
{
    Graph *g = e->g;
    LossUse loss = loss_of(e->network, data, recipe, e->network->pub.decl->name_span);
    Scores s = scores_of(e);
    MixedTarget m = { .one = NO_NODE };
    if (mixed && data->classify && mixes(recipe))
        m = mixed_target(g, &s);
    s.target = m.one == NO_NODE
                   ? g_target(g)
                   : g_select(g, g_binary(g, IR_LT, m.share, g_const(g, 0.5)), m.other, m.one);

    out->hits = NO_NODE;
    if (data->classify)
        out->hits = right_answers(&s, data->classes);
    else if (data->multilabel)
        out->hits = right_labels(&s);

    Rows rows = rows_of(e, data, &loss, s, m.one == NO_NODE ? s.target : m.one);
    if (rows.node == NO_NODE)
        return false;
    if (m.one != NO_NODE) {
        Rows other = rows_of(e, data, &loss, s, m.other);
        rows.node = blend(g, m.share, rows.node, other.node);
        if (rows.weight != NO_NODE)
            rows.weight = blend(g, m.share, rows.weight, other.weight);
    }
    sum_rows(g, data, &rows, s.positions, out);
    return true;
}
