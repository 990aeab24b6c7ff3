/* extent.c: how many layers a body unfolds to at least, told without unfolding it.
 *
 * Blocks that use blocks twice double at each level: a few lines can say more layers than there is
 * memory for, so they are counted before the walk, each block once. Conditions, and repeats whose
 * count is not a plain number, count as nothing: the walk has its own limit. */
#include "lower/room.h"
#include <math.h>

typedef struct Extent {
    Lower *lower;
    NameMap known; /* block -> index into counts */
    VEC(double) counts;
    int depth;
} Extent;

static double body_layers(Extent *x, const Body *body);

static double block_layers(Extent *x, const Form *form)
{
    int known = name_map_number(&x->known, form->name);
    if (known >= 0)
        return x->counts.data[known];
    if (x->depth >= BODY_DEPTH)
        return 0;
    x->depth++;
    double count = body_layers(x, &form->decl->body);
    x->depth--;
    vec_push(x->lower->arena, &x->counts, count);
    name_map_set_number(x->lower->arena, &x->known, form->name, (int)x->counts.len - 1);
    return count;
}

static double chain_layers(Extent *x, const Chain *chain)
{
    double count = 0;
    for (size_t i = 0; i < chain->len; i++) {
        const Expr *link = chain->links[i];
        if (link->kind != EXPR_NAME && link->kind != EXPR_CALL)
            continue;
        const Form *block = sema_find_form(x->lower->sema, FORM_BLOCK, link->name.text);
        if (block && block->decl) {
            count += block_layers(x, block);
        } else if (sema_find_form(x->lower->sema, FORM_LAYER, link->name.text) ||
                   sema_find_form(x->lower->sema, FORM_FN, link->name.text)) {
            count += 1;
        }
    }
    return count;
}

static double repeat_times(const Expr *count)
{
    if (count->kind == EXPR_NUMBER)
        return fmax(0, count->number);
    if (count->kind == EXPR_RANGE && count->a->kind == EXPR_NUMBER && count->b->kind == EXPR_NUMBER)
        return fmax(0, count->b->number - count->a->number + 1);
    return 0;
}

static double body_layers(Extent *x, const Body *body)
{
    double count = 0;
    for (size_t i = 0; i < body->len; i++) {
        const BodyItem *item = body->data[i];
        if (item->kind == BODY_CHAIN)
            count += chain_layers(x, &item->chain);
        if (item->kind == BODY_REPEAT) {
            double times = repeat_times(item->expr);
            if (times > 0)
                count += times * body_layers(x, &item->body);
        }
    }
    return count;
}

bool body_is_too_large(Lower *lower, const Body *body)
{
    Extent x = { .lower = lower };
    return body_layers(&x, body) > BODY_MOST_USES;
}
