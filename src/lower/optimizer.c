/* optimizer.c: from gradients to assignments, weight by weight, in the order of docs/language.md:
 * penalties, clipping, decoupled decay, the optimizer's lines, constraints, the mask of a pruned
 * weight (its own zeros), the moving average. */
#include "lower/room.h"
#include <float.h>
#include <string.h>

static NodeId mul(Graph *g, NodeId a, NodeId b)
{
    return g_binary(g, IR_MUL, a, b);
}

static NodeId squares(Graph *g, NodeId a)
{
    return g_reduce(g, IR_REDUCE_SUM, mul(g, a, a), shape_scalar());
}

NodeId sum_nodes(Graph *g, const NodeId *nodes, size_t count)
{
    NodeId sum = count ? nodes[0] : g_const(g, 0);
    for (size_t i = 1; i < count; i++)
        sum = g_binary(g, IR_ADD, sum, nodes[i]);
    return sum;
}

const Call *recipe_optimizer(Lower *lower, const Checked *recipe)
{
    const Call *call = value_call(recipe_value(recipe, "optimizer"));
    return call ? call : default_call(lower, FORM_OPTIMIZER, "adam");
}

double lower_optimizer_lr(Lower *lower, const Checked *recipe)
{
    const Call *call = recipe_optimizer(lower, recipe);
    return call ? call_number_or(call, "lr", 0.01) : 0.01;
}

/* ---- penalties ---- */
typedef struct Coefficients {
    double l1, l2;
} Coefficients;

static Coefficients penalties_of(const Checked *recipe, const Trained *w)
{
    Coefficients k = { w->l1, w->l2 };
    const Value *penalty = recipe_value(recipe, "penalty");
    size_t count = penalty ? 1 : 0;
    if (penalty && penalty->kind == VALUE_LIST)
        count = penalty->count;
    for (size_t i = 0; i < count; i++) {
        const Call *call = value_call(penalty->kind == VALUE_LIST ? &penalty->items[i] : penalty);
        if (!call)
            continue;
        const char *on = value_word(call_find(call, "on"));
        if (w->role != ROLE_KERNEL && !(on && !strcmp(on, "all")))
            continue;
        double *which = strcmp(call->form->name, "l1") ? &k.l2 : &k.l1;
        *which += call_number_or(call, "k", 0);
    }
    return k;
}

/* l1: k sum |w|, its gradient k sign(w); l2: k / 2 sum w^2, its gradient k w. */
static NodeId add_penalties(Lower *lower, Graph *g, const Checked *recipe, TrainedList *weights)
{
    VEC(NodeId) terms = { 0 };
    for (size_t i = 0; i < weights->list.len; i++) {
        Trained *w = &weights->list.data[i];
        Coefficients k = penalties_of(recipe, w);
        if (k.l1 > 0) {
            NodeId sum = g_reduce(g, IR_REDUCE_SUM, g_unary(g, IR_ABS, w->value), shape_scalar());
            vec_push(lower->arena, &terms, mul(g, g_const(g, k.l1), sum));
            w->gradient = g_binary(g, IR_ADD, w->gradient,
                                   mul(g, g_const(g, k.l1), g_unary(g, IR_SIGN, w->value)));
        }
        if (k.l2 > 0) {
            vec_push(lower->arena, &terms, mul(g, g_const(g, k.l2 / 2), squares(g, w->value)));
            w->gradient = g_binary(g, IR_ADD, w->gradient, mul(g, g_const(g, k.l2), w->value));
        }
    }
    return terms.len ? sum_nodes(g, terms.data, terms.len) : NO_NODE;
}

/* ---- clipping ---- */
/* The sum of a gradient's squares, and that of the gradient times CLIP_SCALE, a power of 2, which
 * stands in where the first one overflows. */
#define CLIP_SCALE 0x1p-80

typedef struct Squares {
    NodeId sum, scaled;
} Squares;

static Squares squares_to_clip(Graph *g, NodeId gradient)
{
    return (Squares){ squares(g, gradient), squares(g, mul(g, gradient, g_const(g, CLIP_SCALE))) };
}

/* c / (norm + 1e-6), at most 1, as torch.nn.utils.clip_grad_norm_. */
static NodeId clip_factor(Graph *g, Squares of, double c)
{
    NodeId fits = g_binary(g, IR_LE, of.sum, g_const(g, FLT_MAX));
    NodeId large = mul(g, g_unary(g, IR_SQRT, of.scaled), g_const(g, 1 / CLIP_SCALE));
    NodeId norm = g_select(g, fits, g_unary(g, IR_SQRT, of.sum), large);
    return g_binary(
        g, IR_MIN, g_const(g, 1),
        g_binary(g, IR_DIV, g_const(g, c), g_binary(g, IR_ADD, norm, g_const(g, 1e-6))));
}

static void clip_gradients(Lower *lower, Graph *g, const Checked *recipe, TrainedList *weights)
{
    const Call *clip = value_call(recipe_value(recipe, "clip"));
    if (!clip)
        return;
    double c = call_number_or(clip, "c", 1);
    const char *per = value_word(call_find(clip, "per"));
    bool by_value = !strcmp(clip->form->name, "value"), by_tensor = per && !strcmp(per, "tensor");
    VEC(NodeId) sums = { 0 }, scaled = { 0 };

    for (size_t i = 0; i < weights->list.len; i++) {
        Trained *w = &weights->list.data[i];
        w->gradient = g_broadcast(g, w->gradient, g->tensors.data[w->tensor].shape);
        if (by_value) {
            w->gradient = g_binary(g, IR_MIN, g_binary(g, IR_MAX, w->gradient, g_const(g, -c)),
                                   g_const(g, c));
        } else if (by_tensor) {
            w->gradient = mul(g, w->gradient, clip_factor(g, squares_to_clip(g, w->gradient), c));
        } else {
            Squares of = squares_to_clip(g, w->gradient);
            vec_push(lower->arena, &sums, of.sum);
            vec_push(lower->arena, &scaled, of.scaled);
        }
    }
    if (by_value || by_tensor)
        return;

    Squares all = { sum_nodes(g, sums.data, sums.len), sum_nodes(g, scaled.data, scaled.len) };
    NodeId factor = clip_factor(g, all, c);
    for (size_t i = 0; i < weights->list.len; i++)
        weights->list.data[i].gradient = mul(g, weights->list.data[i].gradient, factor);
}

/* ---- an optimizer's lines for one weight ---- */
typedef struct StateSlot {
    const char *name;
    double initial;
    int tensor;               /* -1: not read so far */
    NodeId value;             /* what an earlier line assigned, else NO_NODE */
    bool assigned, mentioned; /* `mentioned`: some line's right side has the name */
} StateSlot;

typedef struct UpdateContext {
    Lower *lower;
    Graph *g;
    Trained *w;
    VEC(StateSlot) states;
} UpdateContext;

static void make_state(UpdateContext *u, StateSlot *state)
{
    const Tensor weight = u->g->tensors.data[u->w->tensor];
    Tensor t = { .role = TENSOR_STATE,
                 .shape = weight.shape,
                 .feature_axis = weight.feature_axis,
                 .weight = u->w->tensor,
                 .initial = state->initial };
    t.name = arena_printf(u->g->arena, "optimizer.%s.%s", u->w->name, state->name);
    state->tensor = graph_add_tensor(u->g, t);
}

/* A state's value is what the lines above made of it, else what the step began with: the tensor, or
 * its initial value where nothing ever assigns it. */
static bool resolve_state(void *context, const char *name, NodeId *node)
{
    UpdateContext *u = context;
    for (size_t i = 0; i < u->states.len; i++) {
        StateSlot *state = &u->states.data[i];
        if (state->name != name)
            continue;
        if (state->value != NO_NODE) {
            *node = state->value;
        } else if (!state->assigned) {
            *node = g_const(u->g, state->initial);
        } else {
            if (state->tensor < 0)
                make_state(u, state);
            *node = g_weight(u->g, state->tensor);
        }
        return true;
    }
    return false;
}

static bool mentions(const Expr *e, const char *name, int depth)
{
    for (; e && depth < 3000; e = e->a) {
        if (e->kind == EXPR_NAME && e->name.text == name)
            return true;
        if (mentions(e->b, name, depth + 1) || mentions(e->c, name, depth + 1))
            return true;
        for (size_t i = 0; i < e->args.len; i++)
            if (mentions(e->args.data[i].value, name, depth + 1))
                return true;
    }
    return false;
}

/* A state's start is a number that the arguments decide. */
static bool collect_states(UpdateContext *u, ExprEnv *env, const UpdateBody *lines)
{
    for (size_t i = 0; i < lines->len; i++) {
        if (!lines->data[i].is_state)
            continue;
        StateSlot state = { .name = lines->data[i].name.text, .tensor = -1, .value = NO_NODE };
        NodeId start = expr_lower(env, lines->data[i].value);
        if (start == NO_NODE)
            return false;
        if (!node_constant(u->g, start, &state.initial)) {
            diag_error(u->lower->diags, DIAG_NOT_CONSTANT, lines->data[i].value->span,
                       "a state starts with a constant");
            return false;
        }
        for (size_t k = 0; k < lines->len; k++) {
            if (!lines->data[k].is_state) {
                state.assigned = state.assigned || lines->data[k].name.text == state.name;
                state.mentioned = state.mentioned || mentions(lines->data[k].value, state.name, 0);
            }
        }
        vec_push(u->lower->arena, &u->states, state);
    }
    return true;
}

static StateSlot *find_state(UpdateContext *u, const char *name)
{
    for (size_t i = 0; i < u->states.len; i++)
        if (u->states.data[i].name == name)
            return &u->states.data[i];
    return NULL;
}

/* A state that lines mention but, with these arguments, never read (sgd's momentum of 0) is left
 * out; one that no line mentions was only written, and is kept. */
static void assign_states(UpdateContext *u)
{
    for (size_t i = 0; i < u->states.len; i++) {
        StateSlot *state = &u->states.data[i];
        if (state->value == NO_NODE || (state->tensor < 0 && state->mentioned))
            continue;
        if (state->tensor < 0)
            make_state(u, state);
        g_assign(u->g, state->tensor, state->value);
    }
}

/* What an optimizer's lines see: its arguments, g, t, epoch, lr and w. A schedule of the momentum
 * takes the place of `momentum`, or of Adam's beta1. */
static void bind_step(ExprEnv *env, const Call *optimizer, const ScheduleNodes *schedule,
                      const Trained *w)
{
    const Stmt *decl = optimizer->form->decl;
    Lower *lower = env->lower;
    Graph *g = env->g;
    expr_bind_call(env, optimizer, &decl->params, 0, NULL);
    const char *momentum = intern_cstr(lower->names, "momentum"),
               *beta1 = intern_cstr(lower->names, "beta1");
    bool has_momentum = false;
    for (size_t i = 0; i < decl->params.len; i++)
        has_momentum = has_momentum || decl->params.data[i].name.text == momentum;

    expr_bind_node(env, intern_cstr(lower->names, "g"), w->gradient);
    expr_bind_node(env, intern_cstr(lower->names, "t"),
                   g_binary(g, IR_ADD, g_hyper(g, HYPER_STEP), g_const(g, 1)));
    expr_bind_node(env, intern_cstr(lower->names, "epoch"), g_hyper(g, HYPER_EPOCH));
    expr_bind_node(env, intern_cstr(lower->names, "lr"), schedule->lr);
    if (schedule->momentum != NO_NODE)
        expr_bind_node(env, has_momentum ? momentum : beta1, schedule->momentum);
    expr_bind_node(env, intern_cstr(lower->names, "w"), w->value);
}

static bool update_weight(Lower *lower, Graph *g, const Call *optimizer,
                          const ScheduleNodes *schedule, Trained *w, size_t *budget)
{
    const Stmt *decl = optimizer->form->decl;
    const char *weight = intern_cstr(lower->names, "w");
    UpdateContext u = { .lower = lower, .g = g, .w = w };
    Shape shape = g->tensors.data[w->tensor].shape;
    ExprEnv env = expr_env(lower, g, shape, budget);
    env.reductions = true;
    env.random = true;
    bind_step(&env, optimizer, schedule, w);
    if (!collect_states(&u, &env, &decl->lines))
        return false;
    env.resolve = resolve_state;
    env.context = &u;

    for (size_t i = 0; i < decl->lines.len; i++) {
        const UpdateLine *line = &decl->lines.data[i];
        if (line->is_state)
            continue;
        NodeId value = expr_lower(&env, line->value);
        if (value == NO_NODE)
            return false;
        StateSlot *state = find_state(&u, line->name.text);
        if (state)
            state->value = g_broadcast(g, value, shape);
        else
            expr_bind_node(&env, line->name.text, value);
        if (line->name.text == weight)
            w->value = g_broadcast(g, value, shape);
    }
    assign_states(&u);
    return true;
}

/* ---- after the update ---- */
/* Each unit's incoming weights have at most norm c: a row of a kernel, whose first axis counts the
 * units. */
static NodeId bounded(Graph *g, NodeId value, double c)
{
    Shape each = graph_node(g, value)->shape;
    for (int i = 1; i < each.rank; i++)
        each.dim[i] = 1;
    NodeId norm = g_unary(g, IR_SQRT, g_reduce(g, IR_REDUCE_SUM, mul(g, value, value), each));
    return mul(g, value,
               g_binary(g, IR_MIN, g_const(g, 1), g_binary(g, IR_DIV, g_const(g, c), norm)));
}

/* Of a transposed convolution a filter is what makes one output channel. */
static NodeId bounded_units(Graph *g, const Trained *w, double c)
{
    int64_t groups = w->transposed_groups;
    if (!groups)
        return bounded(g, w->value, c);
    NodeId value = g_broadcast(g, w->value, g->tensors.data[w->tensor].shape);
    return g_swap_filters(g, bounded(g, g_swap_filters(g, value, groups), c), groups);
}

static void constrain(Graph *g, const Checked *recipe, Trained *w)
{
    const Call *constraint = value_call(recipe_value(recipe, "constraint"));
    double c = constraint && w->role == ROLE_KERNEL ? call_number_or(constraint, "c", 0) : 0;
    if (c > 0)
        w->value = bounded_units(g, w, c);
    if (w->max_norm > 0)
        w->value = bounded_units(g, w, w->max_norm);
}

/* The moving average starts at the weights after the first step. */
static void average(Graph *g, const Checked *recipe, const Trained *w)
{
    const Call *ema = value_call(recipe_value(recipe, "average"));
    if (!ema || strcmp(ema->form->name, "ema"))
        return;
    double decay = call_number_or(ema, "decay", 0.999);
    const Tensor weight = g->tensors.data[w->tensor];
    Tensor t = { .role = TENSOR_STATE,
                 .shape = weight.shape,
                 .feature_axis = weight.feature_axis,
                 .weight = w->tensor };
    t.name = arena_printf(g->arena, "average.%s", w->name);
    int tensor = graph_add_tensor(g, t);
    NodeId old = g_weight(g, tensor),
           first = g_binary(g, IR_EQ, g_hyper(g, HYPER_STEP), g_const(g, 0));
    NodeId moved = g_binary(g, IR_ADD, mul(g, g_const(g, decay), old),
                            mul(g, g_const(g, 1 - decay), w->value));
    g_assign(g, tensor, g_select(g, first, w->value, moved));
}

bool optimizer_lower(Lower *lower, Graph *g, const Checked *recipe, TrainedList *weights,
                     const ScheduleNodes *schedule, NodeId *penalty)
{
    const Call *optimizer = recipe_optimizer(lower, recipe);
    if (!optimizer || !optimizer->form->decl) {
        diag_error(lower->diags, DIAG_INTERNAL, optimizer ? optimizer->span : (Span){ 0 },
                   "the optimizer has no formula");
        return false;
    }
    *penalty = add_penalties(lower, g, recipe, weights);
    for (size_t i = 0; i < weights->list.len; i++) {
        Trained *w = &weights->list.data[i];
        if (w->pruned)
            w->gradient = g_select(g, w->value, w->gradient, g_const(g, 0));
    }
    clip_gradients(lower, g, recipe, weights);

    const Value *decay = recipe_value(recipe, "weight_decay");
    size_t budget = EXPR_BUDGET;
    for (size_t i = 0; i < weights->list.len; i++) {
        Trained *w = &weights->list.data[i];
        NodeId before = w->value;
        if (decay && decay->number > 0 && w->role == ROLE_KERNEL) {
            w->value = g_binary(g, IR_SUB, w->value,
                                mul(g, mul(g, schedule->lr, g_const(g, decay->number)), w->value));
        }
        if (!update_weight(lower, g, optimizer, schedule, w, &budget))
            return false;
        constrain(g, recipe, w);
        if (w->pruned)
            w->value = g_select(g, before, w->value, g_const(g, 0));
        average(g, recipe, w);
        g_assign(g, w->tensor, w->value);
    }
    return true;
}
