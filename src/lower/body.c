/* body.c: the walk through a model's body that records its network: chains, bindings, repeats,
 * conditions, blocks, shared parts.
 *
 * Each body entered (a model's, a block's) is a Frame: it has its input, its current value, its
 * bound names, and counts its layers. */
#include "lower/room.h"
#include <math.h>
#include <string.h>

/* a value, or a layer declared with `layer` */
typedef struct Bound {
    const char *name;
    int value;
    const Expr *layer;
    int weight;
} Bound;

typedef struct KindCount {
    const char *kind;
    int count;
} KindCount;

typedef struct Frame {
    const char *key_prefix, *name_prefix;
    const UsePlace *place;
    int input, current; /* values; -1: not known yet */
    VEC(Bound) bound;
    VEC(KindCount) counts;
    /* a body whose layers share their weights with an earlier use */
    bool again;
    /* `m.name`: what is bound to this name is wanted, nothing behind it */
    const char *stop_at;
    bool stopped;
} Frame;

typedef struct Walk {
    Lower *lower;
    Network *network;
    Emission *e;
    const DataInfo *data;
    size_t turns;
    /* how often the enclosing repeats, all together, come round */
    double times;
    int depth;
} Walk;

static bool walk_body(Walk *w, Frame *frame, Scope *scope, const Body *body);

static const char *name_of(Walk *w, const char *text)
{
    return intern_cstr(w->lower->names, text);
}

static bool fail(Walk *w, const UsePlace *place, DiagId id, Span span, const char *text)
{
    Diagnostic *d = diag_error(w->lower->diags, id, span, "%s", text);
    notes_of_uses(w->lower, d, place);
    return false;
}

/* What sema finds wrong in a body only where it is used is told with the uses that led there. */
static void tell_uses(Walk *w, const Frame *frame, size_t told_before)
{
    for (size_t i = told_before; i < w->lower->diags->list.len; i++)
        notes_of_uses(w->lower, w->lower->diags->list.data[i], frame->place);
}

static Value eval_here(Walk *w, const Frame *frame, const Scope *scope, const Expr *expr)
{
    size_t before = w->lower->diags->list.len;
    Value v = sema_eval(w->lower->sema, scope, expr);
    tell_uses(w, frame, before);
    return v;
}

/* ---- values ---- */
static int add_value(Walk *w, BodyValue value)
{
    vec_push(w->lower->arena, &w->network->values, value);
    return (int)w->network->values.len - 1;
}

static Value number_value(double number, Span span)
{
    return (Value){ .kind = VALUE_NUMBER, .number = number, .is_integer = true, .span = span };
}

static Value shape_value(Walk *w, Shape shape)
{
    Value v = { .kind = VALUE_SHAPE, .count = (size_t)shape.rank };
    v.dims = arena_dup(w->lower->arena, shape.dim, sizeof *shape.dim * (size_t)(shape.rank + 1));
    return v;
}

static void bind_tensor(Scope *scope, const char *name)
{
    scope_bind(scope, name, (Value){ .kind = VALUE_LATER, .tensor = true });
}

static void bind_input(Walk *w, Frame *frame, Scope *scope)
{
    if (frame->input < 0)
        return;
    const BodyValue *in = &w->network->values.data[frame->input];
    int64_t channels = in->shape.rank ? in->shape.dim[0] : 1;
    bind_tensor(scope, "in");
    scope_bind(scope, "in.channels", number_value((double)channels, in->span));
    scope_bind(scope, "in.features", number_value((double)shape_features(in->shape), in->span));
    scope_bind(scope, "in.shape", shape_value(w, in->shape));
}

static Bound *find_bound(Frame *frame, const char *name)
{
    for (size_t i = frame->bound.len; i-- > 0;)
        if (frame->bound.data[i].name == name)
            return &frame->bound.data[i];
    return NULL;
}

static void bind_value(Walk *w, Frame *frame, Scope *scope, const char *name, int value)
{
    Bound *old = find_bound(frame, name);
    Bound bound = { name, value, NULL, -1 };
    if (old)
        *old = bound;
    else
        vec_push(w->lower->arena, &frame->bound, bound);
    bind_tensor(scope, name);
    if (frame->stop_at && frame->stop_at == name) {
        frame->stopped = true;
        frame->current = value;
    }
}

/* ---- names of layers ---- */
static const char *next_name(Walk *w, Frame *frame, const char *kind)
{
    KindCount *count = NULL;
    for (size_t i = 0; i < frame->counts.len && !count; i++)
        if (frame->counts.data[i].kind == kind)
            count = &frame->counts.data[i];
    if (!count) {
        vec_push(w->lower->arena, &frame->counts, ((KindCount){ kind, 0 }));
        count = &frame->counts.data[frame->counts.len - 1];
    }
    return arena_printf(w->lower->arena, "%s%d", kind, ++count->count);
}

/* Takes a name in a body; false (reported) where another layer or weight of it has it already. */
static bool take_name(Walk *w, Frame *frame, const char *local, bool shared, Span span)
{
    const char *full = name_of(w, arena_printf(w->lower->arena, "%s%s", frame->name_prefix, local));
    if (name_map_number(&w->network->layer_names, full) >= 0 && !shared && !frame->again) {
        return fail(w, frame->place, DIAG_REPEATED_NAME, span,
                    arena_printf(w->lower->arena,
                                 "the name '%s' is taken by another layer of this body", local));
    }
    name_map_set_number(w->lower->arena, &w->network->layer_names, full, 1);
    return true;
}

/* ---- uses ---- */
static int apply_use(Walk *w, Frame *frame, LayerUse use)
{
    Network *network = w->network;
    if (network->uses.len >= BODY_MOST_USES) {
        fail(w, frame->place, DIAG_TOO_LARGE, use.span,
             "the network has more than a million layers");
        return -1;
    }
    use.place = frame->place;
    use.output = (int)network->values.len;
    vec_push(w->lower->arena, &network->uses, use);
    add_value(w, (BodyValue){ .use = (int)network->uses.len - 1, .weight = -1, .span = use.span });
    if (!emission_use(w->e, network->uses.len - 1))
        return -1;
    Shape full = graph_node(w->e->g, emission_value(w->e, use.output))->shape;
    BodyValue *v = &network->values.data[use.output];
    v->batched = shape_has_batch(full);
    v->shape = shape_sample(full);
    LayerUse *made = &network->uses.data[network->uses.len - 1];
    if (!made->operations)
        made->operations = (double)shape_elements(v->shape);
    return use.output;
}

/* The value that an argument names, in the body it is written in. -1: none. */
static int value_of(Walk *w, Frame *frame, const Value *v)
{
    if (v->kind == VALUE_NUMBER) {
        return add_value(
            w, (BodyValue){ .use = -1, .weight = -1, .number = v->number, .span = v->span });
    }
    if (v->kind != VALUE_LATER || !v->tensor || !v->expr || v->expr->kind != EXPR_NAME)
        return -1;
    const char *name = v->expr->name.text;
    if (!strcmp(name, "in"))
        return frame->input;
    Bound *bound = find_bound(frame, name);
    return bound ? bound->value : -1;
}

static bool join_arguments(Walk *w, Frame *frame, LayerUse *use)
{
    const Value *values = call_find(use->call, "values");
    size_t count = !values ? 0 : values->kind == VALUE_LIST ? values->count : 1;
    use->args = ARENA_ARRAY(w->lower->arena, int, count + 1);
    use->arg_count = count;
    for (size_t i = 0; i < count; i++) {
        const Value *v = values->kind == VALUE_LIST ? &values->items[i] : values;
        use->args[i] = value_of(w, frame, v);
        if (use->args[i] < 0) {
            return fail(w, frame->place, DIAG_WRONG_KIND, v->span.file ? v->span : use->span,
                        "a value bound in this body is needed here");
        }
    }
    return true;
}

static bool fn_arguments(Walk *w, Frame *frame, LayerUse *use)
{
    const Form *form = use->call->form;
    bool any = false;
    use->args = ARENA_ARRAY(w->lower->arena, int, form->arg_count + 1);
    for (size_t i = 0; i < form->arg_count; i++) {
        const Value *v = &use->call->args[i];
        use->args[i] = v->kind == VALUE_LATER && v->tensor ? value_of(w, frame, v) : -1;
        if (v->kind == VALUE_LATER && use->args[i] < 0) {
            return fail(w, frame->place, DIAG_NOT_CONSTANT, use->span,
                        "an argument is known only while the script runs");
        }
        any = any || use->args[i] >= 0;
    }
    use->arg_count = any ? form->arg_count : 0;
    return true;
}

/* `declared`: the name of a body layer whose uses share their weights, or NULL. */
static int apply_layer(Walk *w, Frame *frame, const Call *call, Span span, int value,
                       const char *declared)
{
    Lower *lower = w->lower;
    const char *kind = call->form->name;
    LayerUse use = { .call = call, .kind = kind, .input = value, .span = span };
    const Value *given = call->form->category == FORM_LAYER ? call_find(call, "name") : NULL;
    const char *explicit_name = given && given->kind == VALUE_STRING ? given->text : NULL;
    if (call->form->category == FORM_LAYER) {
        use.row = layer_row(kind);
        if (!use.row) {
            return fail(w, frame->place, DIAG_NOT_AVAILABLE, span,
                        arena_printf(lower->arena, "the layer '%s' is not available yet", kind)),
                   -1;
        }
    } else if (call->form->leading != 1 && call->form->decl) {
        return fail(w, frame->place, DIAG_WRONG_KIND, span,
                    arena_printf(lower->arena,
                                 "'%s' is a loss, a function of a prediction and a target, and "
                                 "cannot be a layer",
                                 kind)),
               -1;
    }
    if (explicit_name && !*explicit_name)
        return fail(w, frame->place, DIAG_OUT_OF_RANGE, span, "a layer's name cannot be empty"), -1;
    const char *local = declared        ? declared
                        : explicit_name ? explicit_name
                                        : next_name(w, frame, kind);
    if (!take_name(w, frame, local, declared != NULL, span))
        return -1;
    use.name = arena_printf(lower->arena, "%s%s", frame->name_prefix, local);
    use.key_prefix = arena_printf(lower->arena, "%s%s.", frame->key_prefix, local);
    use.name_prefix = arena_printf(lower->arena, "%s%s.", frame->name_prefix, local);
    bool joins = !strcmp(kind, "add") || !strcmp(kind, "multiply") || !strcmp(kind, "concat");
    if (use.row && joins && !join_arguments(w, frame, &use))
        return -1;
    if (!use.row && !fn_arguments(w, frame, &use))
        return -1;
    return apply_use(w, frame, use);
}

static bool enter(Walk *w, const UsePlace *place, Span span)
{
    if (++w->depth <= BODY_DEPTH)
        return true;
    return fail(w, place, DIAG_NESTING_TOO_DEEP, span,
                "blocks and models use one another too deeply");
}

static int apply_block(Walk *w, Frame *frame, const Call *call, Span span, int value,
                       const char *declared)
{
    Lower *lower = w->lower;
    const char *local = declared ? declared : next_name(w, frame, call->form->name);
    if (!enter(w, frame->place, span) || !take_name(w, frame, local, declared != NULL, span))
        return -1;
    UsePlace *place = ARENA_NEW(lower->arena, UsePlace);
    *place = (UsePlace){ frame->place, span };
    Frame inner = {
        .place = place, .input = value, .current = value, .again = frame->again || declared
    };
    inner.key_prefix = arena_printf(lower->arena, "%s%s.", frame->key_prefix, local);
    inner.name_prefix = arena_printf(lower->arena, "%s%s.", frame->name_prefix, local);
    Scope *scope = scope_new(lower->sema, sema_globals(lower->sema));
    scope_bind_call(scope, call);
    for (size_t i = 0; i < call->form->arg_count; i++) {
        if (call->args[i].kind == VALUE_LATER && call->args[i].tensor) {
            int argument = value_of(w, frame, &call->args[i]);
            if (argument < 0) {
                return fail(w, frame->place, DIAG_WRONG_KIND, span,
                            "an argument of this block is not a value of the body"),
                       -1;
            }
            bind_value(w, &inner, scope, call->form->args[i].name, argument);
        }
    }
    bind_input(w, &inner, scope);
    bool ok = walk_body(w, &inner, scope, &call->form->decl->body);
    w->depth--;
    return ok ? inner.current : -1;
}

static void bind_data(Walk *w, Scope *scope)
{
    if (!w->data)
        return;
    if (w->data->classify)
        scope_bind(scope, "classes", number_value((double)w->data->classes, w->data->span));
    scope_bind(scope, "features",
               number_value((double)shape_features(w->data->sample), w->data->span));
    scope_bind(scope, "shape", shape_value(w, w->data->sample));
}

/* The prefix of a model's keys: a model declared anew has keys of its own. */
static const char *model_prefix(Lower *lower, const char *model)
{
    int times = 1;
    for (size_t i = 0; i < lower->forgotten.len; i++)
        times += !strcmp(lower->forgotten.data[i], model);
    return times == 1 ? arena_printf(lower->arena, "%s/", model)
                      : arena_printf(lower->arena, "%s#%d/", model, times);
}

/* A model used as a layer, or its part up to the value `part`: with the weights of its own. */
static int apply_model(Walk *w, Frame *frame, const Call *call, Span span, int value,
                       const char *part)
{
    Lower *lower = w->lower;
    const char *model = call->form->name;
    if (!enter(w, frame->place, span))
        return -1;
    UsePlace *place = ARENA_NEW(lower->arena, UsePlace);
    *place = (UsePlace){ frame->place, span };
    Frame inner = {
        .place = place, .input = value, .current = value, .again = true, .stop_at = part
    };
    inner.key_prefix = model_prefix(lower, model);
    inner.name_prefix = arena_printf(lower->arena, "%s%s.", frame->name_prefix, model);
    Scope *scope = scope_new(lower->sema, sema_globals(lower->sema));
    bind_data(w, scope);
    scope_bind_call(scope, call);
    bind_input(w, &inner, scope);
    bool ok = walk_body(w, &inner, scope, &call->form->decl->body);
    w->depth--;
    if (ok && part && !inner.stopped) {
        ok = fail(
            w, frame->place, DIAG_UNKNOWN_PART, span,
            arena_printf(lower->arena, "the model '%s' binds no value named '%s'", model, part));
    }
    return ok ? inner.current : -1;
}

/* ---- chains ---- */
static bool is_name(const Expr *link, const char *name)
{
    return link->kind == EXPR_NAME && !strcmp(link->name.text, name);
}

/* input(1x28x28) as the first layer of a model that no data tells its shape. */
static bool state_input(Walk *w, Frame *frame, Scope *scope, const Call *call, Span span)
{
    const Value *v = &call->args[0];
    BodyValue input = { .batched = true, .use = -1, .weight = -1, .span = span };
    if (v->kind == VALUE_NUMBER) {
        input.shape = shape_of(1, (int64_t[]){ (int64_t)v->number });
    } else if (v->kind == VALUE_SHAPE && v->count < GRAPH_MAX_RANK) {
        input.shape = shape_of((int)v->count, v->dims);
    } else {
        return fail(
            w, frame->place, DIAG_WRONG_SHAPE, span,
            arena_printf(w->lower->arena, "a shape has at most %d sides", GRAPH_MAX_RANK - 1));
    }
    w->e->g->sample = shape_batched(input.shape, true);
    w->network->input = frame->input = frame->current = add_value(w, input);
    w->network->pub.input = input.shape;
    bind_input(w, frame, scope);
    return true;
}

static int apply_link(Walk *w, Frame *frame, Scope *scope, const Expr *link, int value)
{
    Bound *bound = link->kind == EXPR_NAME || link->kind == EXPR_CALL
                       ? find_bound(frame, link->name.text)
                       : NULL;
    const Expr *written = bound && bound->layer ? bound->layer : link;
    if (bound && !bound->layer) {
        return fail(w, frame->place, DIAG_WRONG_KIND, link->span,
                    "a value can only be at the start of a chain"),
               -1;
    }
    size_t before = w->lower->diags->list.len;
    Call *call = sema_link(w->lower->sema, scope, written);
    tell_uses(w, frame, before);
    if (!call) {
        if (!w->lower->diags->errors)
            fail(w, frame->place, DIAG_WRONG_KIND, link->span, "this is not a layer");
        return -1;
    }
    const char *kind = call->form->name;
    if (value < 0 && call->form->category == FORM_LAYER && !strcmp(kind, "input")) {
        if (!state_input(w, frame, scope, call, link->span))
            return -1;
        value = frame->current;
    }
    if (value < 0) {
        Diagnostic *d =
            diag_error(w->lower->diags, DIAG_NO_INPUT, link->span,
                       "the shape of the input of '%s' is not known: no data tells it", kind);
        diag_help(w->lower->diags, d, "state it with `input(...)` at the start of the model");
        notes_of_uses(w->lower, d, frame->place);
        return -1;
    }
    const char *declared = bound ? bound->name : NULL;
    switch (call->form->category) {
    case FORM_BLOCK: return apply_block(w, frame, call, link->span, value, declared);
    case FORM_MODEL:
        return apply_model(w, frame, call, link->span, value,
                           link->kind == EXPR_FIELD ? link->name.text : NULL);
    default: return apply_layer(w, frame, call, link->span, value, declared);
    }
}

static bool walk_chain(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    int value = frame->current;
    for (size_t i = 0; i < item->chain.len; i++) {
        const Expr *link = item->chain.links[i];
        if (i == 0 && link->kind == EXPR_NAME) {
            Bound *bound = find_bound(frame, link->name.text);
            bool in = is_name(link, "in");
            if (in && frame->input < 0) {
                return fail(w, frame->place, DIAG_NO_INPUT, link->span,
                            "the shape of the input is not known: no data tells it");
            }
            if (in || (bound && !bound->layer)) {
                value = in ? frame->input : bound->value;
                continue;
            }
        }
        value = apply_link(w, frame, scope, link, value);
        if (value < 0)
            return false;
    }
    if (item->name.text)
        bind_value(w, frame, scope, item->name.text, value);
    else
        frame->current = value;
    return true;
}

/* ---- the other items ---- */
static bool whole_number(Walk *w, Frame *frame, const Value *v, Span span, double least,
                         int64_t *out)
{
    if (v->kind == VALUE_ERROR)
        return false;
    if (v->kind != VALUE_NUMBER) {
        return fail(w, frame->place, v->kind == VALUE_LATER ? DIAG_NOT_CONSTANT : DIAG_WRONG_TYPE,
                    span,
                    "a whole number that is known when the network is compiled is needed here");
    }
    if (v->number != floor(v->number) || v->number < least || v->number > 9e15) {
        return fail(w, frame->place, DIAG_OUT_OF_RANGE, span,
                    least > 0 ? "a whole number from 1 is needed here"
                              : "a whole number from 0 is needed here");
    }
    *out = (int64_t)v->number;
    return true;
}

static bool walk_repeat(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    Value v = eval_here(w, frame, scope, item->expr);
    int64_t first = 1, last = 0;
    if (v.kind == VALUE_RANGE)
        first = v.dims[0], last = v.dims[1];
    else if (!whole_number(w, frame, &v, item->expr->span, 0, &last))
        return false;
    if (last < first)
        return true;
    double outer = w->times;
    w->times *= (double)last - (double)first + 1;
    if (w->times > BODY_MOST_USES) {
        return fail(w, frame->place, DIAG_TOO_LARGE, item->expr->span,
                    "the network is repeated more than a million times");
    }
    Scope *inner = scope_new(w->lower->sema, scope);
    for (int64_t i = first; i <= last && !frame->stopped; i++) {
        if (item->name.text)
            scope_bind(inner, item->name.text, number_value((double)i, item->expr->span));
        if (!walk_body(w, frame, inner, &item->body))
            return false;
    }
    w->times = outer;
    return true;
}

static bool walk_if(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    for (;;) {
        Value v = eval_here(w, frame, scope, item->expr);
        if (v.kind == VALUE_ERROR)
            return false;
        if (v.kind != VALUE_BOOL && v.kind != VALUE_NUMBER) {
            return fail(w, frame->place,
                        v.kind == VALUE_LATER ? DIAG_NOT_CONSTANT : DIAG_WRONG_TYPE,
                        item->expr->span,
                        "a condition that is known when the network is compiled is needed here");
        }
        if (v.kind == VALUE_BOOL ? v.boolean : v.number != 0)
            return walk_body(w, frame, scope, &item->body);
        if (item->other.len != 1 || item->other.data[0]->kind != BODY_IF)
            return walk_body(w, frame, scope, &item->other);
        item = item->other.data[0]; /* a long chain of else-ifs */
    }
}

static bool walk_layer(Walk *w, Frame *frame, const BodyItem *item)
{
    Bound *old = find_bound(frame, item->name.text);
    if (old && old->layer == item->chain.links[0])
        return true; /* inside a repeat */
    if (old) {
        return fail(w, frame->place, DIAG_REPEATED_NAME, item->name.span,
                    "the name is taken by another value or layer of this body");
    }
    vec_push(w->lower->arena, &frame->bound,
             ((Bound){ item->name.text, -1, item->chain.links[0], -1 }));
    return true;
}

static bool walk_weight(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    Lower *lower = w->lower;
    if (item->dim_count > GRAPH_MAX_RANK - 1) {
        return fail(
            w, frame->place, DIAG_WRONG_SHAPE, item->span,
            arena_printf(lower->arena, "a weight has at most %d sides", GRAPH_MAX_RANK - 1));
    }
    Shape shape = { .rank = (int)item->dim_count };
    for (size_t i = 0; i < item->dim_count; i++) {
        Value v = eval_here(w, frame, scope, item->dims[i]);
        if (!whole_number(w, frame, &v, item->dims[i]->span, 1, &shape.dim[i]))
            return false;
    }
    if (shape_elements(shape) > WEIGHT_MOST_ELEMENTS) {
        return fail(w, frame->place, DIAG_TOO_LARGE, item->span,
                    arena_printf(lower->arena, "a weight of %s is more than memory can hold",
                                 sample_text(lower->arena, shape)));
    }
    const char *key =
        name_of(w, arena_printf(lower->arena, "%s%s", frame->key_prefix, item->name.text));
    int number = name_map_number(&w->network->weight_numbers, key);
    Bound *old = find_bound(frame, item->name.text);
    if (old && old->weight != number) {
        return fail(w, frame->place, DIAG_REPEATED_NAME, item->name.span,
                    "the name is taken by another value or layer of this body");
    }
    if (number < 0) {
        if (!take_name(w, frame, item->name.text, false, item->name.span))
            return false;
        double fan_in, fan_out;
        init_fans(shape, &fan_in, &fan_out);
        WeightSpec spec = { .key = key,
                            .name = arena_printf(lower->arena, "%s%s", frame->name_prefix,
                                                 item->name.text),
                            .shape = shape,
                            .role = ROLE_OTHER,
                            .span = item->span };
        spec.layer = spec.name;
        spec.feature_axis = shape.rank ? shape.rank - 1 : 0;
        spec.init = init_for_activation(NULL, fan_in, fan_out);
        if (item->expr) {
            size_t before = lower->diags->list.len;
            Call *call = sema_call(lower->sema, scope, FORM_INIT, item->expr);
            tell_uses(w, frame, before);
            if (!call)
                return false;
            init_from_value(&(Value){ .kind = VALUE_CALL, .call = call }, fan_in, fan_out,
                            &spec.init);
        }
        number = (int)w->network->pub.weights.len;
        vec_push(lower->arena, &w->network->pub.weights, spec);
        name_map_set_number(lower->arena, &w->network->weight_numbers, key, number);
        if (name_map_number(&lower->key_numbers, key) < 0) {
            vec_push(lower->arena, &lower->keys,
                     ((WeightKey){ key, shape, item->span, false, false }));
            name_map_set_number(lower->arena, &lower->key_numbers, key, (int)lower->keys.len - 1);
        }
    }
    Shape made = lower->keys.data[name_map_number(&lower->key_numbers, key)].shape;
    if (!shape_equal(made, shape)) {
        return fail(
            w, frame->place, DIAG_SHAPE_MISMATCH, item->span,
            arena_printf(lower->arena,
                         "the weight '%s' is shared, but would be %s here where it is %s elsewhere",
                         item->name.text, sample_text(lower->arena, shape),
                         sample_text(lower->arena, made)));
    }
    if (!old) {
        int value = add_value(
            w, (BodyValue){ .shape = shape, .use = -1, .weight = number, .span = item->span });
        bind_value(w, frame, scope, item->name.text, value);
        find_bound(frame, item->name.text)->weight = number;
    }
    return true;
}

static bool walk_item(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    switch (item->kind) {
    case BODY_CHAIN: return walk_chain(w, frame, scope, item);
    case BODY_REPEAT: return walk_repeat(w, frame, scope, item);
    case BODY_IF: return walk_if(w, frame, scope, item);
    case BODY_LAYER: return walk_layer(w, frame, item);
    case BODY_WEIGHT: return walk_weight(w, frame, scope, item);
    }
    return false;
}

static bool walk_body(Walk *w, Frame *frame, Scope *scope, const Body *body)
{
    for (size_t i = 0; i < body->len && !frame->stopped; i++) {
        if (++w->turns > 4 * BODY_MOST_USES) {
            return fail(w, frame->place, DIAG_TOO_LARGE, body->data[i]->span,
                        "the network unfolds to more than a million layers");
        }
        if (!walk_item(w, frame, scope, body->data[i]))
            return false;
    }
    return true;
}

bool body_record(Lower *lower, Network *network, const ModelDecl *decl, const DataInfo *data,
                 Span use)
{
    if (body_is_too_large(lower, &decl->stmt->body)) {
        diag_error(lower->diags, DIAG_TOO_LARGE, decl->name_span,
                   "the model '%s' unfolds to more than a million layers", decl->name);
        return false;
    }
    Graph *g = graph_new(lower->arena, "shapes", 1);
    Emission e;
    emission_start(&e, lower, network, g);
    e.declaring = true;
    Walk w = { .lower = lower, .network = network, .e = &e, .data = data, .times = 1 };
    Frame frame = {
        .key_prefix = model_prefix(lower, decl->name), .name_prefix = "", .input = -1, .current = -1
    };
    Scope *scope = scope_new(lower->sema, decl->scope);
    bind_data(&w, scope);
    for (size_t i = 0; i < decl->form->arg_count; i++)
        scope_bind(scope, decl->form->args[i].name, decl->form->args[i].default_value);
    if (data) {
        g->sample = shape_batched(data->sample, true);
        frame.input = frame.current = network->input =
            add_value(&w, (BodyValue){ .shape = data->sample,
                                       .batched = true,
                                       .use = -1,
                                       .weight = -1,
                                       .span = data->span });
        network->pub.input = data->sample;
        bind_input(&w, &frame, scope);
    }
    if (!walk_body(&w, &frame, scope, &decl->stmt->body))
        return false;
    if (frame.current < 0) {
        diag_error(lower->diags, DIAG_NO_INPUT, use,
                   "the shape of the input of '%s' is not known: no data tells it, and the model "
                   "does not state it",
                   decl->name);
        return false;
    }
    network->output = frame.current;
    const BodyValue *out = &network->values.data[network->output];
    if (!out->batched) {
        return fail(&w, NULL, DIAG_WRONG_SHAPE, decl->name_span,
                    "the model's output is a weight alone and does not follow from its input");
    }
    if (g->error) {
        diag_error(lower->diags, DIAG_INTERNAL, decl->name_span, "%s", g->error);
        return false;
    }
    network->pub.output = out->shape;
    return true;
}
