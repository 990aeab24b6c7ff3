/* distill.c: a loss that also follows another model (Hinton, Vinyals and Dean, Distilling the
 * Knowledge in a Neural Network, 2015): (1 - weight) * loss + weight * T^2 * KL(teacher, student),
 * both at temperature T.
 *
 * The teacher is built into the student's graph as it evaluates, on the same samples; its weights
 * are read and never trained. */
#include "lower/room.h"

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

static const Call *distillation(const Checked *recipe)
{
    return value_call(recipe_value(recipe, "distill"));
}

const ModelDecl *distill_teacher(Lower *lower, const Checked *recipe)
{
    const Call *call = distillation(recipe);
    const Call *teacher = call ? value_call(call_find(call, "teacher")) : NULL;
    return teacher ? sema_find_model(lower->sema, teacher->form->name) : NULL;
}

/* Builds the teacher, *e, into the student's graph, and gives its scores, [n, .., K]. NO_NODE:
 * reported. */
static NodeId build_teacher(Emission *student, const DataInfo *data, const Checked *recipe,
                            Emission *e)
{
    Lower *lower = student->lower;
    const ModelDecl *decl = distill_teacher(lower, recipe);
    Span span = setting_span(recipe, "distill");
    if (!decl) {
        diag_error(lower->diags, DIAG_WRONG_KIND, span, "the teacher must be a declared model");
        return NO_NODE;
    }
    ModelInstance *instance = lower_model(lower, decl, data, span);
    if (!instance)
        return NO_NODE;
    const ModelInstance *own = &student->network->pub;
    if (!shape_equal(instance->output, own->output) || !shape_equal(instance->input, own->input)) {
        Diagnostic *d = diag_error(
            lower->diags, DIAG_SHAPE_MISMATCH, span,
            "the teacher '%s' makes %s from %s, but '%s', which should follow it, makes %s from %s",
            decl->name, sample_text(lower->arena, instance->output),
            sample_text(lower->arena, instance->input), own->decl->name,
            sample_text(lower->arena, own->output), sample_text(lower->arena, own->input));
        diag_note(lower->diags, d, decl->name_span, "the teacher is declared here");
        return NO_NODE;
    }
    emission_start(e, lower, (Network *)(void *)instance, student->g);
    return emission_network(e) ? loss_scores(e) : NO_NODE;
}

/* log(softmax(z)) */
static NodeId log_softmax(Graph *g, NodeId z, Shape each)
{
    NodeId distance = sub(g, z, g_stop(g, g_reduce(g, IR_REDUCE_MAX, z, each)));
    return sub(g, distance,
               g_unary(g, IR_LN, g_reduce(g, IR_REDUCE_SUM, g_unary(g, IR_EXP, distance), each)));
}

/* log(1 + e^z) */
static NodeId softplus(Graph *g, NodeId z)
{
    NodeId decay = g_unary(g, IR_EXP, g_unary(g, IR_NEG, g_unary(g, IR_ABS, z)));
    return add(g, g_binary(g, IR_MAX, z, g_const(g, 0)),
               g_unary(g, IR_LN, add(g, g_const(g, 1), decay)));
}

/* What the loss's sum is divided by counts classes too, which the teacher's part does not:
 * its mean is over the samples' own weights. */
static NodeId per_weight(Graph *g, const DataInfo *data, NodeId weight, NodeId sum)
{
    NodeId own = g_hyper(g, HYPER_N);
    if (data->weighted) {
        own = g_reduce(g, IR_REDUCE_SUM, g_sample_weight(g), shape_scalar());
        own = g_select(g, own, own, g_const(g, 1));
    }
    return mul(g, sum, g_binary(g, IR_DIV, weight, own));
}

static bool needs_classes(Lower *lower, const DataInfo *data, Span span)
{
    Diagnostic *d = diag_error(lower->diags, DIAG_WRONG_TARGET, span,
                               "distill compares predictions of classes, but the targets of data "
                               "'%s' are real values",
                               data->name);
    diag_note(lower->diags, d, data->span, "data '%s' is declared here", data->name);
    return false;
}

/* KL(t, s) of each row, as a sum of its elements: of scores `each` wide, or of single ones. */
static NodeId divergence_of(Graph *g, NodeId t, NodeId s, Shape each, int64_t classes)
{
    if (classes == 1) {
        return add(g, mul(g, g_unary(g, IR_SIGMOID, t), sub(g, t, s)),
                   sub(g, softplus(g, s), softplus(g, t)));
    }
    NodeId log_t = log_softmax(g, t, each);
    return mul(g, g_unary(g, IR_EXP, log_t), sub(g, log_t, log_softmax(g, s, each)));
}

bool distill_lower(Emission *student, const DataInfo *data, const Checked *recipe, LossNodes *loss)
{
    Graph *g = student->g;
    const Call *call = distillation(recipe);
    if (!call)
        return true;
    if (!data->classify)
        return needs_classes(student->lower, data, setting_span(recipe, "distill"));
    Emission e;
    NodeId taught = build_teacher(student, data, recipe, &e);
    if (taught == NO_NODE)
        return false;

    double temperature = call_number_or(call, "temperature", 4),
           weight = call_number_or(call, "weight", 0.9);
    NodeId t = g_stop(g, g_binary(g, IR_DIV, taught, g_const(g, temperature))),
           s = g_binary(g, IR_DIV, loss_scores(student), g_const(g, temperature));
    Shape each = graph_node(g, s)->shape;
    int64_t classes = each.dim[each.rank - 1];
    each.dim[each.rank - 1] = 1;

    NodeId divergence = divergence_of(g, t, s, each, classes);
    NodeId sample = loss_sample_weight(g, data, graph_node(g, divergence)->shape);
    if (sample != NO_NODE)
        divergence = mul(g, divergence, sample);

    NodeId sum = g_reduce(g, IR_REDUCE_SUM, divergence, shape_scalar());
    if (loss->weight != NO_NODE)
        sum = per_weight(g, data, loss->weight, sum);
    double by = weight * temperature * temperature / (double)shape_elements(each);
    sum = mul(g, g_const(g, by), sum);
    loss->sum = weight < 1 ? add(g, mul(g, g_const(g, 1 - weight), loss->sum), sum) : sum;
    return true;
}
