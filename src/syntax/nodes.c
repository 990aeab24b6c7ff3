/* nodes.c: nodes of the syntax tree, made bottom-up. Each knows how deep it nests, so that no
 * walker of the tree can be led deeper than NESTING_LIMIT. */
#include "syntax/nodes.h"
#include "syntax/tokens.h"

static uint32_t deeper(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The node's depth, which is set; beyond the limit the whole statement is given up. */
static uint32_t limited(Parser *parser, Span span, uint32_t depth)
{
    if (depth < NESTING_LIMIT)
        return depth;
    parser_report_depth(parser, span);
    return NESTING_LIMIT;
}

static Expr *new_expr(Parser *parser, ExprKind kind, Span span)
{
    Expr *made = ARENA_NEW(parser->arena, Expr);
    made->kind = kind;
    made->span = span;
    return made;
}

static Expr *new_parent(Parser *parser, ExprKind kind, Span span, Expr *a, Expr *b, Expr *c)
{
    Expr *made = new_expr(parser, kind, span);
    made->a = a;
    made->b = b;
    made->c = c;
    uint32_t depth = deeper(a ? a->depth : 0, deeper(b ? b->depth : 0, c ? c->depth : 0));
    made->depth = limited(parser, span, depth + 1);
    return made;
}

Expr *build_name(Parser *parser, Span span, Name name)
{
    Expr *made = new_expr(parser, EXPR_NAME, span);
    made->name = name;
    return made;
}

Expr *build_bool(Parser *parser, Span span, bool value)
{
    Expr *made = new_expr(parser, EXPR_BOOL, span);
    made->boolean = value;
    return made;
}

Expr *build_none(Parser *parser, Span span)
{
    return new_expr(parser, EXPR_NONE, span);
}

Expr *build_list(Parser *parser, Span span, ExprList items)
{
    Expr *made = new_expr(parser, EXPR_LIST, span);
    made->items = items.data;
    made->item_count = items.len;
    for (size_t i = 0; i < items.len; i++)
        made->depth = deeper(made->depth, items.data[i]->depth);
    made->depth = limited(parser, span, made->depth + 1);
    return made;
}

Expr *build_range(Parser *parser, Span span, Span op, Expr *first, Expr *last)
{
    Expr *made = new_parent(parser, EXPR_RANGE, span, first, last, NULL);
    made->op_span = op;
    return made;
}

Expr *build_call(Parser *parser, Span span, Name callee, ArgList args)
{
    Expr *made = new_expr(parser, EXPR_CALL, span);
    made->name = callee;
    made->args = (Args){ args.data, args.len };
    for (size_t i = 0; i < args.len; i++)
        made->depth = deeper(made->depth, args.data[i].value->depth);
    made->depth = limited(parser, span, made->depth + 1);
    return made;
}

Expr *build_renaming(Parser *parser, Span span, Span to, Expr *old, Expr *new)
{
    ArgList args = { 0 };
    vec_push(parser->arena, &args, ((Arg){ { 0 }, old, old->span }));
    vec_push(parser->arena, &args, ((Arg){ { 0 }, new, new->span }));
    return build_call(parser, span, (Name){ intern_cstr(parser->names, "to"), to }, args);
}

Expr *build_field(Parser *parser, Span span, Expr *of, Name field)
{
    Expr *made = new_parent(parser, EXPR_FIELD, span, of, NULL, NULL);
    made->name = field;
    return made;
}

Expr *build_index(Parser *parser, Span span, Expr *of, Expr *index)
{
    return new_parent(parser, EXPR_INDEX, span, of, index, NULL);
}

Expr *build_unary(Parser *parser, Span span, OpKind op, Span op_span, Expr *operand)
{
    Expr *made = new_parent(parser, EXPR_UNARY, span, operand, NULL, NULL);
    made->op = op;
    made->op_span = op_span;
    return made;
}

Expr *build_binary(Parser *parser, Span span, OpKind op, Span op_span, Expr *left, Expr *right)
{
    Expr *made = new_expr(parser, EXPR_BINARY, span);
    made->op = op;
    made->op_span = op_span;
    made->a = left;
    made->b = right;
    /* walkers loop down the left side */
    uint32_t below = left->kind == EXPR_BINARY ? left->depth : left->depth + 1;
    made->depth = limited(parser, span, deeper(below, right->depth + 1));
    return made;
}

Expr *build_cond(Parser *parser, Span span, Span op_span, Expr *condition, Expr *yes, Expr *no)
{
    Expr *made = new_parent(parser, EXPR_COND, span, condition, yes, no);
    made->op_span = op_span;
    return made;
}

BodyItem *build_item(Parser *parser, BodyKind kind, Span span, Name name)
{
    BodyItem *made = ARENA_NEW(parser->arena, BodyItem);
    made->kind = kind;
    made->span = span;
    made->name = name;
    return made;
}

static uint32_t body_depth(Body body)
{
    uint32_t depth = 0;
    for (size_t i = 0; i < body.len; i++)
        depth = deeper(depth, body.data[i]->depth);
    return depth;
}

BodyItem *build_nested(Parser *parser, BodyKind kind, Span span, Name name, Expr *expr, Body body,
                       Body other)
{
    BodyItem *made = build_item(parser, kind, span, name);
    made->expr = expr;
    made->body = body;
    made->other = other;
    made->depth = limited(parser, span, deeper(body_depth(body), body_depth(other)) + 1);
    return made;
}

Chain build_link(Parser *parser, Expr *link)
{
    return (Chain){ arena_dup(parser->arena, &link, sizeof link), 1, link->span };
}

Body build_body(ItemList items, Span span)
{
    return (Body){ items.data, items.len, span };
}

Stmt *build_stmt(Parser *parser, StmtKind kind, Span span, Name name)
{
    Stmt *made = ARENA_NEW(parser->arena, Stmt);
    made->kind = kind;
    made->span = span;
    made->name = name;
    return made;
}

Stmt *build_action(Parser *parser, Span span, Name verb, ExprList operands, Action *clauses,
                   Settings settings)
{
    Stmt *made = build_stmt(parser, STMT_ACTION, span, (Name){ 0 });
    made->action = *clauses;
    made->action.verb = verb_find(verb.text);
    made->action.verb_span = verb.span;
    made->action.operands = operands.data;
    made->action.operand_count = operands.len;
    made->action.settings = settings;
    return made;
}

Settings build_settings(SettingList settings, Span span)
{
    return (Settings){ settings.data, settings.len, span, true };
}

Params build_params(ParamList params)
{
    return (Params){ params.data, params.len };
}

UpdateBody build_lines(LineList lines)
{
    return (UpdateBody){ lines.data, lines.len };
}

void build_add_setting(Parser *parser, SettingList *list, Setting setting)
{
    if (setting.key.text)
        vec_push(parser->arena, list, setting);
}

void build_add_line(Parser *parser, LineList *list, UpdateLine line)
{
    if (line.name.text)
        vec_push(parser->arena, list, line);
}

void build_add_item(Parser *parser, ItemList *list, BodyItem *item)
{
    if (item)
        vec_push(parser->arena, list, item);
}
