/* walk.c: expressions visited without evaluating them. */
#include "sema/internal.h"

bool walk_expr(ExprWalk *w, const Expr *expr)
{
    if (w->depth > SEMA_MAX_DEPTH)
        return false;
    w->depth++;

    bool found = false;
    while (expr && !found) {
        found = w->visit(expr, w->context);
        for (size_t i = 0; !found && i < expr->args.len; i++)
            found = walk_expr(w, expr->args.data[i].value);
        for (size_t i = 0; !found && i < expr->item_count; i++)
            found = walk_expr(w, expr->items[i]);
        /* goes on along the side that grows long, in a loop */
        const Expr *first = expr->b, *second = NULL, *next = expr->a;
        if (expr->kind == EXPR_COND) {
            first = expr->a;
            second = expr->b;
            next = expr->c;
        } else if (expr->kind == EXPR_BINARY && expr->op == OP_POW) {
            first = expr->a;
            next = expr->b;
        }
        found = found || (first && walk_expr(w, first)) || (second && walk_expr(w, second));
        expr = next;
    }
    w->depth--;
    return found;
}
