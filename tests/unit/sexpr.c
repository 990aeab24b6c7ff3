/* sexpr.c: prints syntax trees, so that a test can say in one line what a script must become. */
#include "tests/unit/sexpr.h"

static void put_expr(FILE *out, const Expr *e);
static void put_body(FILE *out, const Body *body);

static const char *const operators[] = {
    [OP_ADD] = "+", [OP_SUB] = "-",   [OP_MUL] = "*", [OP_DIV] = "/",   [OP_POW] = "^",
    [OP_LT] = "<",  [OP_LE] = "<=",   [OP_GT] = ">",  [OP_GE] = ">=",   [OP_EQ] = "==",
    [OP_NE] = "!=", [OP_AND] = "and", [OP_OR] = "or", [OP_NOT] = "not", [OP_NEG] = "neg",
};

static void put_all(FILE *out, Expr *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputc(' ', out);
        put_expr(out, items[i]);
    }
}

/* 3, 30%, or 3. for one that is not whole. */
static void put_number(FILE *out, const Expr *e)
{
    if (e->is_integer)
        fprintf(out, "%.0f", e->number);
    else
        fprintf(out, e->is_percent ? "%g%%" : "%g.", e->number);
}

static void put_call(FILE *out, const Expr *e)
{
    fprintf(out, "(%s", e->name.text);
    for (size_t i = 0; i < e->args.len; i++) {
        fputc(' ', out);
        if (e->args.data[i].key.text)
            fprintf(out, "%s=", e->args.data[i].key.text);
        put_expr(out, e->args.data[i].value);
    }
    fputc(')', out);
}

static void put_operation(FILE *out, const Expr *e)
{
    Expr *parts[3] = { e->a, e->b, e->c };
    size_t count = 1;
    while (count < 3 && parts[count])
        count++;

    fputc('(', out);
    switch (e->kind) {
    case EXPR_RANGE: fputs("..", out); break;
    case EXPR_INDEX: fputs("at", out); break;
    case EXPR_COND: fputs("?", out); break;
    default: fputs(operators[e->op], out);
    }
    put_all(out, parts, count);
    fputc(')', out);
}

static void put_expr(FILE *out, const Expr *e)
{
    switch (e->kind) {
    case EXPR_NUMBER: put_number(out, e); break;
    case EXPR_STRING: fprintf(out, "\"%s\"", e->text); break;
    case EXPR_BOOL: fputs(e->boolean ? "true" : "false", out); break;
    case EXPR_NONE: fputs("none", out); break;
    case EXPR_NAME: fputs(e->name.text, out); break;
    case EXPR_SHAPE:
        for (size_t i = 0; i < e->dim_count; i++)
            fprintf(out, "%s%lld", i ? "x" : "", (long long)e->dims[i]);
        break;
    case EXPR_LIST:
        fputs("(list", out);
        put_all(out, e->items, e->item_count);
        fputc(')', out);
        break;
    case EXPR_CALL: put_call(out, e); break;
    case EXPR_FIELD:
        put_expr(out, e->a);
        fprintf(out, ".%s", e->name.text);
        break;
    default: put_operation(out, e);
    }
}

static void put_named(FILE *out, const char *what, const Expr *value)
{
    if (!value)
        return;
    fprintf(out, " %s=", what);
    put_expr(out, value);
}

static void put_settings(FILE *out, const Settings *settings)
{
    if (!settings->present)
        return;
    fputs(" {", out);
    for (size_t i = 0; i < settings->len; i++) {
        fprintf(out, "%s%s=", i ? " " : "", settings->data[i].key.text);
        put_expr(out, settings->data[i].value);
    }
    fputc('}', out);
}

static void put_chain(FILE *out, const Chain *chain)
{
    fputs("(->", out);
    put_all(out, chain->links, chain->len);
    fputc(')', out);
}

static void put_item(FILE *out, const BodyItem *item)
{
    static const char *const kinds[] = { "", "repeat", "if", "layer", "weight" };
    if (item->kind == BODY_CHAIN) {
        if (item->name.text)
            fprintf(out, "%s=", item->name.text);
        put_chain(out, &item->chain);
        return;
    }

    fprintf(out, "(%s", kinds[item->kind]);
    if (item->name.text)
        fprintf(out, " %s", item->name.text);
    put_all(out, item->dims, item->dim_count);
    if (item->expr)
        put_all(out, (Expr *const *)&item->expr, 1);
    if (item->kind == BODY_LAYER)
        put_all(out, item->chain.links, 1);
    if (item->kind == BODY_REPEAT || item->kind == BODY_IF)
        put_body(out, &item->body);
    if (item->other.len)
        put_body(out, &item->other);
    fputc(')', out);
}

static void put_body(FILE *out, const Body *body)
{
    fputs(" {", out);
    for (size_t i = 0; i < body->len; i++) {
        if (i)
            fputc(' ', out);
        put_item(out, body->data[i]);
    }
    fputc('}', out);
}

static void put_params(FILE *out, const Params *params)
{
    for (size_t i = 0; i < params->len; i++) {
        fprintf(out, " %s", params->data[i].name.text);
        if (!params->data[i].fallback)
            continue;
        fputc('=', out);
        put_expr(out, params->data[i].fallback);
    }
}

static void put_action(FILE *out, const Action *action)
{
    fprintf(out, "(%s", verb_name(action->verb));
    put_all(out, action->operands, action->operand_count);
    put_named(out, "on", action->on);
    put_named(out, "with", action->with);
    if (action->as.text)
        fprintf(out, " as=%s", action->as.text);
    put_named(out, "to", action->to);
    put_named(out, "from", action->from);
    put_settings(out, &action->settings);
    fputc(')', out);
}

static void put_stmt(FILE *out, const Stmt *s)
{
    static const char *const kinds[] = { "const", "param",  "fn",    "schedule", "optimizer",
                                         "data",  "recipe", "block", "model",    "import" };
    if (s->kind == STMT_ACTION) {
        put_action(out, &s->action);
        return;
    }

    fprintf(out, "(%s %s", kinds[s->kind], s->kind == STMT_IMPORT ? s->text : s->name.text);
    if (s->base.text)
        fprintf(out, " from=%s", s->base.text);
    put_params(out, &s->params);
    put_named(out, "", s->value);
    put_named(out, "in", s->domain);
    put_settings(out, &s->settings);
    for (size_t i = 0; i < s->lines.len; i++) {
        fprintf(out, " %s%s=", s->lines.data[i].is_state ? "state:" : "",
                s->lines.data[i].name.text);
        put_expr(out, s->lines.data[i].value);
    }
    if (s->kind == STMT_BLOCK || s->kind == STMT_MODEL)
        put_body(out, &s->body);
    fputc(')', out);
}

void sexpr_script(FILE *out, const Script *script)
{
    for (size_t i = 0; i < script->len; i++) {
        if (i)
            fputc(' ', out);
        put_stmt(out, script->data[i]);
    }
}
