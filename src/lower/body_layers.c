/* body_layers.c: uses of layers, blocks and models while a body is walked. */
#include "lower/body_walk.h"
#include <string.h>

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

/* ---- uses ---- */
static int apply_use(Walk *w, Frame *frame, LayerUse use)
{
    Network *network = w->network;
    if (network->uses.len >= BODY_MOST_USES) {
        walk_fail(w, frame->place, DIAG_TOO_LARGE, use.span,
                  "the network has more than a million layers");
        return -1;
    }
    use.place = frame->place;
    use.output = (int)network->values.len;
    vec_push(w->lower->arena, &network->uses, use);
    walk_add_value(
        w, (BodyValue){ .use = (int)network->uses.len - 1, .weight = -1, .span = use.span });
    if (!emission_use(w->e, network->uses.len - 1))
        return -1;
    Shape full = graph_node(w->e->g, emission_value(w->e, use.output))->shape;
    BodyValue *v = &network->values.data[use.output];
    v->batched = shape_has_batch(full);
    v->shape = shape_sample(full);
    v->positions = value_has_positions(network, &use, v);
    LayerUse *made = &network->uses.data[network->uses.len - 1];
    if (!made->operations)
        made->operations = (double)shape_elements(v->shape);
    return use.output;
}

/* The value that an argument names, in the body it is written in. -1: none. */
static int value_of(Walk *w, Frame *frame, const Value *v)
{
    if (v->kind == VALUE_NUMBER) {
        return walk_add_value(
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
    size_t count = values ? 1 : 0;
    if (values && values->kind == VALUE_LIST)
        count = values->count;
    use->args = ARENA_ARRAY(w->lower->arena, int, count + 1);
    use->arg_count = count;
    for (size_t i = 0; i < count; i++) {
        const Value *v = values->kind == VALUE_LIST ? &values->items[i] : values;
        use->args[i] = value_of(w, frame, v);
        if (use->args[i] < 0) {
            return walk_fail(w, frame->place, DIAG_WRONG_KIND, v->span.file ? v->span : use->span,
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
            return walk_fail(w, frame->place, DIAG_NOT_CONSTANT, use->span,
                             "an argument is known only while the script runs");
        }
        any = any || use->args[i] >= 0;
    }
    use->arg_count = any ? form->arg_count : 0;
    return true;
}

/* What the layer is made by; false (reported) where a call can't be a layer. */
static bool find_row(Walk *w, Frame *frame, LayerUse *use)
{
    const Form *form = use->call->form;
    if (form->category == FORM_LAYER) {
        use->row = layer_row(use->kind);
        return use->row ||
               walk_fail(
                   w, frame->place, DIAG_NOT_AVAILABLE, use->span,
                   arena_printf(w->lower->arena, "the layer '%s' is not available yet", use->kind));
    }
    if (form->leading == 1 || !form->decl)
        return true;
    return walk_fail(w, frame->place, DIAG_WRONG_KIND, use->span,
                     arena_printf(w->lower->arena,
                                  "'%s' is a loss, a function of a prediction and a target, and "
                                  "cannot be a layer",
                                  use->kind));
}

/* The layer's name in its body: as declared, as its argument says, or its kind with a number. NULL:
 * reported. */
static const char *local_name(Walk *w, Frame *frame, const LayerUse *use, const char *declared)
{
    const Call *call = use->call;
    const Value *given = call->form->category == FORM_LAYER ? call_find(call, "name") : NULL;
    const char *written = given && given->kind == VALUE_STRING ? given->text : NULL;
    if (written && !*written) {
        walk_fail(w, frame->place, DIAG_OUT_OF_RANGE, use->span, "a layer's name cannot be empty");
        return NULL;
    }
    if (declared)
        return declared;
    return written ? written : next_name(w, frame, use->kind);
}

int apply_layer(Walk *w, Frame *frame, const Call *call, Span span, int value, const char *declared)
{
    Arena *arena = w->lower->arena;
    const char *kind = call->form->name;
    LayerUse use = { .call = call, .kind = kind, .input = value, .span = span };
    if (!find_row(w, frame, &use))
        return -1;
    const char *local = local_name(w, frame, &use, declared);
    if (!local || !walk_take_name(w, frame, local, declared != NULL, span))
        return -1;

    use.name = arena_printf(arena, "%s%s", frame->name_prefix, local);
    use.key_prefix = arena_printf(arena, "%s%s.", frame->key_prefix, local);
    use.name_prefix = arena_printf(arena, "%s%s.", frame->name_prefix, local);
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
    return walk_fail(w, place, DIAG_NESTING_TOO_DEEP, span,
                     "blocks and models use one another too deeply");
}

/* Arguments that are values of the body outside are values of the one inside. */
static bool bind_arguments(Walk *w, Frame *outer, Frame *inner, Scope *scope, const Call *call,
                           Span span)
{
    for (size_t i = 0; i < call->form->arg_count; i++) {
        if (call->args[i].kind != VALUE_LATER || !call->args[i].tensor)
            continue;
        int argument = value_of(w, outer, &call->args[i]);
        if (argument < 0) {
            return walk_fail(w, outer->place, DIAG_WRONG_KIND, span,
                             "an argument of this block is not a value of the body");
        }
        walk_bind_value(w, inner, scope, call->form->args[i].name, argument);
    }
    return true;
}

int apply_block(Walk *w, Frame *frame, const Call *call, Span span, int value, const char *declared)
{
    Lower *lower = w->lower;
    const char *local = declared ? declared : next_name(w, frame, call->form->name);
    if (!enter(w, frame->place, span) || !walk_take_name(w, frame, local, declared != NULL, span))
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
    if (!bind_arguments(w, frame, &inner, scope, call, span))
        return -1;
    walk_bind_input(w, &inner, scope);
    bool ok = walk_body(w, &inner, scope, &call->form->decl->body);
    w->depth--;
    return ok ? inner.current : -1;
}

int apply_model(Walk *w, Frame *frame, const Call *call, Span span, int value, const char *part)
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
    walk_bind_data(w, scope);
    scope_bind_call(scope, call);
    walk_bind_input(w, &inner, scope);
    bool ok = walk_body(w, &inner, scope, &call->form->decl->body);
    w->depth--;

    if (ok && part && !inner.stopped) {
        ok = walk_fail(
            w, frame->place, DIAG_UNKNOWN_PART, span,
            arena_printf(lower->arena, "the model '%s' binds no value named '%s'", model, part));
    }
    return ok ? inner.current : -1;
}
