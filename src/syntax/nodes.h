/* nodes.h: what the grammar's actions call to make nodes (ast.h), and the lists that they grow. */
#ifndef NNC_NODES_H
#define NNC_NODES_H
#include "syntax/ast.h"

typedef struct Parser Parser;

typedef VEC(Expr *) ExprList;
typedef VEC(Arg) ArgList;
typedef VEC(Setting) SettingList;
typedef VEC(Param) ParamList;
typedef VEC(UpdateLine) LineList;
typedef VEC(BodyItem *) ItemList;

Expr *build_name(Parser *parser, Span span, Name name);
Expr *build_bool(Parser *parser, Span span, bool value);
Expr *build_none(Parser *parser, Span span);
Expr *build_list(Parser *parser, Span span, ExprList items);
Expr *build_range(Parser *parser, Span span, Span op, Expr *first, Expr *last);
Expr *build_call(Parser *parser, Span span, Name callee, ArgList args);
/* "old" to "new" in a list: a call of `to` */
Expr *build_renaming(Parser *parser, Span span, Span to, Expr *old, Expr *new);
Expr *build_field(Parser *parser, Span span, Expr *of, Name field);
Expr *build_index(Parser *parser, Span span, Expr *of, Expr *index);
Expr *build_unary(Parser *parser, Span span, OpKind op, Span op_span, Expr *operand);
Expr *build_binary(Parser *parser, Span span, OpKind op, Span op_span, Expr *left, Expr *right);
Expr *build_cond(Parser *parser, Span span, Span op_span, Expr *condition, Expr *yes, Expr *no);

BodyItem *build_item(Parser *parser, BodyKind kind, Span span, Name name);
/* REPEAT or IF; its span runs from its word to the closing brace. */
BodyItem *build_nested(Parser *parser, BodyKind kind, Span span, Name name, Expr *expr, Body body,
                       Body other);
Chain build_link(Parser *parser, Expr *link);
Body build_body(ItemList items, Span span);

Stmt *build_stmt(Parser *parser, StmtKind kind, Span span, Name name);
Stmt *build_action(Parser *parser, Span span, Name verb, ExprList operands, Action *clauses,
                   Settings settings);
Settings build_settings(SettingList settings, Span span);
Params build_params(ParamList params);
UpdateBody build_lines(LineList lines);

/* Each adds to a list; what could not be read (NULL, or without a name) is left out. */
void build_add_setting(Parser *parser, SettingList *list, Setting setting);
void build_add_line(Parser *parser, LineList *list, UpdateLine line);
void build_add_item(Parser *parser, ItemList *list, BodyItem *item);
#endif
