/* recursion.c: whether a declaration uses itself through others. That can be only where its name is
 * declared again, or hides a built-in: bodies that were read before now mean the new one. */
#include "sema/internal.h"

typedef struct UseSearch {
    Sema *sema;
    const char *name;
    FormCategory category;
    NameMap seen;
    Span where;
    int depth;
} UseSearch;

static bool statement_uses(UseSearch *search, const Stmt *stmt);

static bool name_uses(UseSearch *search, Name name)
{
    bool functions = search->category == FORM_FN;
    const Form *form = functions ? sema_find_function(search->sema, name.text) : NULL;
    if (name.text == search->name) {
        if (!search->where.file)
            search->where = name.span;
        return true;
    }
    for (int c = FORM_BLOCK; !functions && !form && c <= FORM_MODEL; c++)
        form = name_map_get(&search->sema->forms[c], name.text);
    if (!form || !form->decl || name_map_get(&search->seen, name.text))
        return false;
    name_map_set(search->sema->arena, &search->seen, name.text, (void *)form);
    return statement_uses(search, form->decl);
}

static bool call_uses(const Expr *expr, void *context)
{
    return expr->kind == EXPR_CALL && name_uses(context, expr->name);
}

static bool body_uses(UseSearch *search, const Body *body)
{
    if (search->depth > SEMA_MAX_DEPTH)
        return false;
    search->depth++;
    bool found = false;
    for (size_t i = 0; i < body->len && !found; i++) {
        const BodyItem *item = body->data[i];
        for (size_t j = 0; j < item->chain.len && !found; j++) {
            const Expr *link = item->chain.links[j];
            found = name_uses(search, link->kind == EXPR_FIELD && link->a->kind == EXPR_NAME
                                          ? link->a->name
                                          : link->name);
        }
        found = found || body_uses(search, &item->body) || body_uses(search, &item->other);
    }
    search->depth--;
    return found;
}

static bool statement_uses(UseSearch *search, const Stmt *stmt)
{
    if (search->depth++ > SEMA_MAX_DEPTH)
        return false;
    ExprWalk w = { call_uses, search, 0 };
    bool found = search->category == FORM_FN ? stmt->value && walk_expr(&w, stmt->value)
                                             : body_uses(search, &stmt->body);
    search->depth--;
    return found;
}

bool is_recursive(Sema *sema, const Stmt *stmt, FormCategory category)
{
    UseSearch search = { .sema = sema, .name = stmt->name.text, .category = category };
    if (!statement_uses(&search, stmt))
        return false;
    bool inside = search.where.file == stmt->span.file && search.where.begin >= stmt->span.begin &&
                  search.where.end <= stmt->span.end;
    Diagnostic *d = diag_error(sema->diags, DIAG_RECURSION, inside ? search.where : stmt->name.span,
                               "'%s' uses itself%s", stmt->name.text,
                               inside ? "" : " through other declarations");
    if (!inside) {
        diag_note(sema->diags, d, search.where,
                  "the name is used here, and now means the new declaration");
    }
    return true;
}
