/* body.c: the walk through a model's body that records its network: chains, bindings, repeats,
 * conditions, weights.
 *
 * Each body entered (a model's, a block's) is a Frame: it has its input, its current value, its
 * bound names, and counts its layers. */
#include "lower/body_walk.h"
#include <math.h>
#include <string.h>

static const char *name_of(Walk *w, const char *text)
{
    return intern_cstr(w->lower->names, text);
}

bool walk_fail(Walk *w, const UsePlace *place, DiagId id, Span span, const char *text)
{
    Diagnostic *d = diag_error(w->lower->diags, id, span, "%s", text);
    notes_of_uses(w->lower, d, place);
    return false;
}

void walk_tell_uses(Walk *w, const Frame *frame, size_t told_before)
{
    for (size_t i = told_before; i < w->lower->diags->list.len; i++)
        notes_of_uses(w->lower, w->lower->diags->list.data[i], frame->place);
}

Value walk_eval(Walk *w, const Frame *frame, const Scope *scope, const Expr *expr)
{
    size_t before = w->lower->diags->list.len;
    Value v = sema_eval(w->lower->sema, scope, expr);
    walk_tell_uses(w, frame, before);
    return v;
}

/* ---- values ---- */
int walk_add_value(Walk *w, BodyValue value)
{
    vec_push(w->lower->arena, &w->network->values, value);
    return (int)w->network->values.len - 1;
}

Value number_value(double number, Span span)
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

void walk_bind_input(Walk *w, Frame *frame, Scope *scope)
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

Bound *find_bound(Frame *frame, const char *name)
{
    for (size_t i = frame->bound.len; i-- > 0;)
        if (frame->bound.data[i].name == name)
            return &frame->bound.data[i];
    return NULL;
}

void walk_bind_value(Walk *w, Frame *frame, Scope *scope, const char *name, int value)
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

bool walk_take_name(Walk *w, Frame *frame, const char *local, bool shared, Span span)
{
    const char *full = name_of(w, arena_printf(w->lower->arena, "%s%s", frame->name_prefix, local));
    if (name_map_number(&w->network->layer_names, full) >= 0 && !shared && !frame->again) {
        return walk_fail(w, frame->place, DIAG_REPEATED_NAME, span,
                         arena_printf(w->lower->arena,
                                      "the name '%s' is taken by another layer of this body",
                                      local));
    }
    name_map_set_number(w->lower->arena, &w->network->layer_names, full, 1);
    return true;
}

void walk_bind_data(Walk *w, Scope *scope)
{
    if (!w->data)
        return;
    if (w->data->classify)
        scope_bind(scope, "classes", number_value((double)w->data->classes, w->data->span));
    if (w->data->vocabulary)
        scope_bind(scope, "vocabulary", number_value((double)w->data->vocabulary, w->data->span));
    scope_bind(scope, "features",
               number_value((double)shape_features(w->data->sample), w->data->span));
    scope_bind(scope, "shape", shape_value(w, w->data->sample));
}

const char *model_prefix(Lower *lower, const char *model)
{
    int times = 1;
    for (size_t i = 0; i < lower->forgotten.len; i++)
        times += !strcmp(lower->forgotten.data[i], model);
    return times == 1 ? arena_printf(lower->arena, "%s/", model)
                      : arena_printf(lower->arena, "%s#%d/", model, times);
}

/* ---- chains ---- */
static bool is_name(const Expr *link, const char *name)
{
    return link->kind == EXPR_NAME && !strcmp(link->name.text, name);
}

/* input(1x28x28) as the first layer of a model that has no data to take its shape from. */
static bool state_input(Walk *w, Frame *frame, Scope *scope, const Call *call, Span span)
{
    const Value *v = &call->args[0];
    BodyValue input = { .batched = true, .use = -1, .weight = -1, .span = span };
    if (v->kind == VALUE_NUMBER) {
        input.shape = shape_of(1, (int64_t[]){ (int64_t)v->number });
    } else if (v->kind == VALUE_SHAPE && v->count < GRAPH_MAX_RANK) {
        input.shape = shape_of((int)v->count, v->dims);
    } else {
        return walk_fail(
            w, frame->place, DIAG_WRONG_SHAPE, span,
            arena_printf(w->lower->arena, "a shape has at most %d sides", GRAPH_MAX_RANK - 1));
    }
    input.positions = input_has_positions(w->data, input.shape);
    w->e->g->sample = shape_batched(input.shape, true);
    w->network->input = frame->input = frame->current = walk_add_value(w, input);
    w->network->pub.input = input.shape;
    walk_bind_input(w, frame, scope);
    return true;
}

static int no_input(Walk *w, const Frame *frame, Span span, const char *kind)
{
    Diagnostic *d =
        diag_error(w->lower->diags, DIAG_NO_INPUT, span,
                   "the shape of the input of '%s' is not known: no data tells it", kind);
    diag_help(w->lower->diags, d, "state it with `input(...)` at the start of the model");
    notes_of_uses(w->lower, d, frame->place);
    return -1;
}

/* A link as a checked call; NULL: reported. */
static Call *link_call(Walk *w, Frame *frame, Scope *scope, const Expr *link, const Bound *bound)
{
    if (bound && !bound->layer) {
        walk_fail(w, frame->place, DIAG_WRONG_KIND, link->span,
                  "a value can only be at the start of a chain");
        return NULL;
    }
    size_t before = w->lower->diags->list.len;
    Call *call = sema_link(w->lower->sema, scope, bound ? bound->layer : link);
    walk_tell_uses(w, frame, before);
    if (!call && !w->lower->diags->errors)
        walk_fail(w, frame->place, DIAG_WRONG_KIND, link->span, "this is not a layer");
    return call;
}

static int apply_link(Walk *w, Frame *frame, Scope *scope, const Expr *link, int value)
{
    Bound *bound = link->kind == EXPR_NAME || link->kind == EXPR_CALL
                       ? find_bound(frame, link->name.text)
                       : NULL;
    Call *call = link_call(w, frame, scope, link, bound);
    if (!call)
        return -1;

    const char *kind = call->form->name;
    if (value < 0 && call->form->category == FORM_LAYER && !strcmp(kind, "input")) {
        if (!state_input(w, frame, scope, call, link->span))
            return -1;
        value = frame->current;
    }
    if (value < 0)
        return no_input(w, frame, link->span, kind);

    const char *declared = bound ? bound->name : NULL;
    switch (call->form->category) {
    case FORM_BLOCK: return apply_block(w, frame, call, link->span, value, declared);
    case FORM_MODEL:
        return apply_model(w, frame, call, link->span, value,
                           link->kind == EXPR_FIELD ? link->name.text : NULL);
    default: return apply_layer(w, frame, call, link->span, value, declared);
    }
}

/* Where a chain begins with a value: *value is that value. False: reported. *found: it does. */
static bool chain_start(Walk *w, Frame *frame, const Expr *link, int *value, bool *found)
{
    Bound *bound = link->kind == EXPR_NAME ? find_bound(frame, link->name.text) : NULL;
    bool in = is_name(link, "in");
    *found = in || (bound && !bound->layer);
    if (in && frame->input < 0) {
        return walk_fail(w, frame->place, DIAG_NO_INPUT, link->span,
                         "the shape of the input is not known: no data tells it");
    }
    if (*found)
        *value = in ? frame->input : bound->value;
    return true;
}

static bool walk_chain(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    int value = frame->current;
    bool begun = false;
    if (item->chain.len && !chain_start(w, frame, item->chain.links[0], &value, &begun))
        return false;
    for (size_t i = begun; i < item->chain.len; i++) {
        value = apply_link(w, frame, scope, item->chain.links[i], value);
        if (value < 0)
            return false;
    }
    if (item->name.text)
        walk_bind_value(w, frame, scope, item->name.text, value);
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
        return walk_fail(
            w, frame->place, v->kind == VALUE_LATER ? DIAG_NOT_CONSTANT : DIAG_WRONG_TYPE, span,
            "a whole number that is known when the network is compiled is needed here");
    }
    if (v->number != floor(v->number) || v->number < least || v->number > 9e15) {
        return walk_fail(w, frame->place, DIAG_OUT_OF_RANGE, span,
                         least > 0 ? "a whole number from 1 is needed here"
                                   : "a whole number from 0 is needed here");
    }
    *out = (int64_t)v->number;
    return true;
}

static bool walk_repeat(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    Value v = walk_eval(w, frame, scope, item->expr);
    int64_t first = 1, last = 0;
    if (v.kind == VALUE_RANGE) {
        first = v.dims[0];
        last = v.dims[1];
    } else if (!whole_number(w, frame, &v, item->expr->span, 0, &last)) {
        return false;
    }
    if (last < first)
        return true;

    double outer = w->times;
    w->times *= (double)last - (double)first + 1;
    if (w->times > BODY_MOST_USES) {
        return walk_fail(w, frame->place, DIAG_TOO_LARGE, item->expr->span,
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
        Value v = walk_eval(w, frame, scope, item->expr);
        if (v.kind == VALUE_ERROR)
            return false;
        if (v.kind != VALUE_BOOL && v.kind != VALUE_NUMBER) {
            return walk_fail(
                w, frame->place, v.kind == VALUE_LATER ? DIAG_NOT_CONSTANT : DIAG_WRONG_TYPE,
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
        return walk_fail(w, frame->place, DIAG_REPEATED_NAME, item->name.span,
                         "the name is taken by another value or layer of this body");
    }
    vec_push(w->lower->arena, &frame->bound,
             ((Bound){ item->name.text, -1, item->chain.links[0], -1 }));
    return true;
}

static bool weight_shape(Walk *w, Frame *frame, Scope *scope, const BodyItem *item, Shape *shape)
{
    Arena *arena = w->lower->arena;
    if (item->dim_count > GRAPH_MAX_RANK - 1) {
        return walk_fail(w, frame->place, DIAG_WRONG_SHAPE, item->span,
                         arena_printf(arena, "a weight has at most %d sides", GRAPH_MAX_RANK - 1));
    }
    *shape = (Shape){ .rank = (int)item->dim_count };
    for (size_t i = 0; i < item->dim_count; i++) {
        Value v = walk_eval(w, frame, scope, item->dims[i]);
        if (!whole_number(w, frame, &v, item->dims[i]->span, 1, &shape->dim[i]))
            return false;
    }
    if (shape_elements(*shape) <= WEIGHT_MOST_ELEMENTS)
        return true;
    return walk_fail(w, frame->place, DIAG_TOO_LARGE, item->span,
                     arena_printf(arena, "a weight of %s is more than memory can hold",
                                  sample_text(arena, *shape)));
}

/* As the body says, else as for a layer that no activation follows. */
static bool weight_init(Walk *w, Frame *frame, Scope *scope, const BodyItem *item, WeightSpec *spec)
{
    Lower *lower = w->lower;
    double fan_in, fan_out;
    init_fans(spec->shape, &fan_in, &fan_out);
    spec->init = init_for_activation(NULL, fan_in, fan_out);
    if (!item->expr)
        return true;
    size_t before = lower->diags->list.len;
    Call *call = sema_call(lower->sema, scope, FORM_INIT, item->expr);
    walk_tell_uses(w, frame, before);
    if (call)
        init_from_value(&(Value){ .kind = VALUE_CALL, .call = call }, fan_in, fan_out, &spec->init);
    return call != NULL;
}

/* Its number among the network's weights; -1: reported. */
static int declare_weight(Walk *w, Frame *frame, Scope *scope, const BodyItem *item,
                          const char *key, Shape shape)
{
    Lower *lower = w->lower;
    Network *network = w->network;
    if (!walk_take_name(w, frame, item->name.text, false, item->name.span))
        return -1;
    WeightSpec spec = {
        .key = key,
        .name = arena_printf(lower->arena, "%s%s", frame->name_prefix, item->name.text),
        .shape = shape,
        .role = ROLE_OTHER,
        .span = item->span,
    };
    spec.layer = spec.name;
    spec.feature_axis = shape.rank ? shape.rank - 1 : 0;
    if (!weight_init(w, frame, scope, item, &spec))
        return -1;

    int number = (int)network->pub.weights.len;
    vec_push(lower->arena, &network->pub.weights, spec);
    name_map_set_number(lower->arena, &network->weight_numbers, key, number);
    if (name_map_number(&lower->key_numbers, key) < 0) {
        vec_push(lower->arena, &lower->keys, ((WeightKey){ key, shape, item->span, false, false }));
        name_map_set_number(lower->arena, &lower->key_numbers, key, (int)lower->keys.len - 1);
    }
    return number;
}

/* A weight that was declared before, by this body or another one, has the shape that it had. */
static bool same_shape(Walk *w, Frame *frame, const BodyItem *item, const char *key, Shape shape)
{
    Lower *lower = w->lower;
    Shape made = lower->keys.data[name_map_number(&lower->key_numbers, key)].shape;
    if (shape_equal(made, shape))
        return true;
    return walk_fail(
        w, frame->place, DIAG_SHAPE_MISMATCH, item->span,
        arena_printf(lower->arena,
                     "the weight '%s' is shared, but would be %s here where it is %s elsewhere",
                     item->name.text, sample_text(lower->arena, shape),
                     sample_text(lower->arena, made)));
}

static bool walk_weight(Walk *w, Frame *frame, Scope *scope, const BodyItem *item)
{
    Shape shape;
    if (!weight_shape(w, frame, scope, item, &shape))
        return false;
    const char *key = intern_cstr(
        w->lower->names, arena_printf(w->lower->arena, "%s%s", frame->key_prefix, item->name.text));
    int number = name_map_number(&w->network->weight_numbers, key);
    Bound *old = find_bound(frame, item->name.text);
    if (old && old->weight != number) {
        return walk_fail(w, frame->place, DIAG_REPEATED_NAME, item->name.span,
                         "the name is taken by another value or layer of this body");
    }

    if (number < 0)
        number = declare_weight(w, frame, scope, item, key, shape);
    if (number < 0 || !same_shape(w, frame, item, key, shape))
        return false;
    if (!old) {
        int value = walk_add_value(
            w, (BodyValue){ .shape = shape, .use = -1, .weight = number, .span = item->span });
        walk_bind_value(w, frame, scope, item->name.text, value);
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

bool walk_body(Walk *w, Frame *frame, Scope *scope, const Body *body)
{
    for (size_t i = 0; i < body->len && !frame->stopped; i++) {
        if (++w->turns > 4 * BODY_MOST_USES) {
            return walk_fail(w, frame->place, DIAG_TOO_LARGE, body->data[i]->span,
                             "the network unfolds to more than a million layers");
        }
        if (!walk_item(w, frame, scope, body->data[i]))
            return false;
    }
    return true;
}

/* The input is what the data gives, or what the body itself states (state_input). */
static void take_input_of_data(Walk *w, Frame *frame, Scope *scope)
{
    const DataInfo *data = w->data;
    BodyValue input = { .shape = data->sample,
                        .batched = true,
                        .positions = input_has_positions(data, data->sample),
                        .use = -1,
                        .weight = -1,
                        .span = data->span };
    w->e->g->sample = shape_batched(data->sample, true);
    w->network->input = frame->input = frame->current = walk_add_value(w, input);
    w->network->pub.input = data->sample;
    walk_bind_input(w, frame, scope);
}

/* Gives the network its output; false: reported. */
static bool finish(Walk *w, const Frame *frame, const ModelDecl *decl, Span use)
{
    Lower *lower = w->lower;
    Network *network = w->network;
    if (frame->current < 0) {
        diag_error(lower->diags, DIAG_NO_INPUT, use,
                   "the shape of the input of '%s' is not known: no data tells it, and the model "
                   "does not state it",
                   decl->name);
        return false;
    }
    network->output = frame->current;
    const BodyValue *out = &network->values.data[network->output];
    if (!out->batched) {
        return walk_fail(w, NULL, DIAG_WRONG_SHAPE, decl->name_span,
                         "the model's output is a weight alone and does not follow from its input");
    }
    if (w->e->g->error) {
        diag_error(lower->diags, DIAG_INTERNAL, decl->name_span, "%s", w->e->g->error);
        return false;
    }
    network->pub.output = out->shape;
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
    walk_bind_data(&w, scope);
    for (size_t i = 0; i < decl->form->arg_count; i++)
        scope_bind(scope, decl->form->args[i].name, decl->form->args[i].default_value);
    if (data)
        take_input_of_data(&w, &frame, scope);
    return walk_body(&w, &frame, scope, &decl->stmt->body) && finish(&w, &frame, decl, use);
}
