/* nn.y: the grammar of one statement of a `.nn` file. Actions only build nodes (syntax/nodes.h);
 * names are looked up and constants folded later, by sema.
 *
 * The tokens come from an array that syntax/brackets.c and syntax/newlines.c have put in order:
 * brackets are balanced, newlines that end nothing are gone, and a reserved word that is used as an
 * ordinary name is a NAME. syntax/parse.c feeds them, one statement at a time.
 *
 * After an error inside braces the feed gives RESUME and goes on at the end of the broken item.
 * That is why every list in braces has the item `error RESUME`. */
%require "3.6"

%code requires {
#include "syntax/nodes.h"
}

%code {
#include "syntax/tokens.h"

int nnlex(NNSTYPE *value, Span *span, Parser *parser);
static void nnerror(const Span *span, Parser *parser, const char *message);

#define YYMAXDEPTH 400000

/* From the first symbol to the last; for an empty rule, the end of what came before. */
#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    ((current) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n))                               \
                     : (Span){ YYRHSLOC(rhs, 0).file, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end })
}

%define api.pure full
%define api.prefix {nn}
%define api.location.type {Span}
%define api.token.prefix {TOK_}
%define parse.error custom
/* so that the list of expected tokens is exact */
%define parse.lac full
%locations
%expect 0
%param {Parser *parser}

/* There is no %destructor: every value lies in the parser's arena, those of a broken statement
 * too. */
%union {
    Expr *expr;
    Name name;
    Arg arg;
    ArgList args;
    ExprList exprs;
    Setting setting;
    SettingList settings;
    Settings braces;
    Param param;
    ParamList params;
    UpdateLine line;
    LineList lines;
    BodyItem *item;
    ItemList items;
    Body body;
    Chain chain;
    Stmt *stmt;
    Action *action;

    struct {
        Expr *to, *from;
    } path;
}

/* The texts are what messages call the tokens. */
%token END 0            "the end of the statement"
%token NEWLINE          "a new line"
%token BROKEN           "what cannot be read"
%token RESUME           "the next item"
%token <name> NAME      "a name"
%token <expr> NUMBER    "a number"
%token <expr> STRING    "a text"
%token <expr> SHAPE     "a shape"

/* Reserved words (keywords.def, abi/verbs.def); VERB to NONE are those that can begin a line or be
 * a value. */
%token <name> VERB      "a verb"
%token <name> PARAM "param" DATA "data" FN "fn" OPTIMIZER "optimizer" SCHEDULE "schedule"
%token <name> BLOCK "block" MODEL "model" RECIPE "recipe" IMPORT "import"
%token <name> LAYER "layer" WEIGHT "weight" STATE "state"
%token <name> REPEAT "repeat" IF "if" ELSE "else"
%token <name> IN "in" AND "and" OR "or" NOT "not" TRUE "true" FALSE "false" NONE "none"

/* Words of clauses: names, but in the head of an action (newlines.c). */
%token <name> ON "on" WITH "with" AS "as" TO "to" FROM "from"

%token LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}"
%token COMMA "," COLON ":" QUESTION "?" DOT "." DOTS ".." ARROW "->" ASSIGN "="
%token PLUS "+" MINUS "-" STAR "*" SLASH "/" CARET "^"
%token LT "<" LE "<=" GT ">" GE ">=" EQ "==" NE "!="

/* Precedence, loosest first. */
%right QUESTION COLON               /* a ? b : c ? d : e is a ? b : (c ? d : e) */
%left OR
%left AND
%precedence NOT                     /* not a < b is not (a < b), but not a and b is (not a) and b */
%nonassoc LT LE GT GE EQ NE         /* a < b < c is an error */
%nonassoc DOTS                      /* 0..n - 1 is 0..(n - 1) */
%left PLUS MINUS
%left STAR SLASH
%precedence NEGATION                /* -a * b is (-a) * b, but -a ^ 2 is -(a ^ 2) */
%right CARET                        /* a ^ b ^ c is a ^ (b ^ c) */

%type <expr> expr primary call link
%type <expr> list_item
%type <exprs> exprs list_items operands chain_links weight_dims
%type <arg> arg
%type <args> args arg_list
%type <setting> setting
%type <settings> setting_list
%type <braces> braces braces_opt
%type <param> param
%type <params> params params_opt param_list
%type <line> line
%type <lines> line_list lines
%type <item> item conditional
%type <items> item_list
%type <body> body else_opt
%type <chain> chain
%type <stmt> declaration action
%type <action> clauses clause_on clause_with
%type <path> clause_path

/* What a trace shows of a value (YYDEBUG). */
%printer { fprintf(yyo, "%s", $$.text); } <name>
%printer { fprintf(yyo, "bytes %u to %u", $$->span.begin, $$->span.end); } <expr> <stmt>

%%

/* ---- statements ---- */
script:
  declaration
    {
        parser->statement = $1;
        (void)yynerrs; /* Bison counts errors, and nobody reads the count */
    }
| action
    { parser->statement = $1; }
;

declaration:
  NAME ASSIGN expr
    {
        $$ = build_stmt(parser, STMT_CONST, @$, $1);
        $$->value = $3;
    }
| PARAM NAME ASSIGN expr
    {
        $$ = build_stmt(parser, STMT_PARAM, @$, $2);
        $$->value = $4;
    }
| PARAM NAME ASSIGN expr IN expr
    {
        $$ = build_stmt(parser, STMT_PARAM, @$, $2);
        $$->value = $4;
        $$->domain = $6;
    }
| FN NAME params ASSIGN expr
    {
        $$ = build_stmt(parser, STMT_FN, @$, $2);
        $$->params = build_params($3);
        $$->value = $5;
    }
| SCHEDULE NAME params_opt ASSIGN expr
    {
        $$ = build_stmt(parser, STMT_SCHEDULE, @$, $2);
        $$->params = build_params($3);
        $$->value = $5;
    }
| SCHEDULE NAME params_opt lines
    {
        $$ = build_stmt(parser, STMT_SCHEDULE, @$, $2);
        $$->params = build_params($3);
        $$->lines = build_lines($4);
    }
| OPTIMIZER NAME params_opt lines
    {
        $$ = build_stmt(parser, STMT_OPTIMIZER, @$, $2);
        $$->params = build_params($3);
        $$->lines = build_lines($4);
    }
| DATA NAME braces
    {
        $$ = build_stmt(parser, STMT_DATA, @$, $2);
        $$->settings = $3;
    }
| RECIPE NAME braces
    {
        $$ = build_stmt(parser, STMT_RECIPE, @$, $2);
        $$->settings = $3;
    }
| RECIPE NAME FROM NAME braces
    {
        $$ = build_stmt(parser, STMT_RECIPE, @$, $2);
        $$->base = $4;
        $$->settings = $5;
    }
| BLOCK NAME params_opt body
    {
        $$ = build_stmt(parser, STMT_BLOCK, @$, $2);
        $$->params = build_params($3);
        $$->body = $4;
    }
| MODEL NAME params_opt body
    {
        $$ = build_stmt(parser, STMT_MODEL, @$, $2);
        $$->params = build_params($3);
        $$->body = $4;
    }
| IMPORT STRING
    {
        $$ = build_stmt(parser, STMT_IMPORT, @$, (Name){ 0 });
        $$->text = $2->text;
    }
;

params:
  LPAREN RPAREN                         { $$ = (ParamList){ 0 }; }
| LPAREN param_list comma_opt RPAREN    { $$ = $2; }
;
params_opt:
  %empty                                { $$ = (ParamList){ 0 }; }
| params
;
param_list:
  param
    {
        $$ = (ParamList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| param_list COMMA param
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;
param:
  NAME                                  { $$ = (Param){ $1, NULL, @$ }; }
| NAME ASSIGN expr                      { $$ = (Param){ $1, $3, @$ }; }
;
comma_opt: %empty | COMMA ;
newline_opt: %empty | NEWLINE ;

/* ---- actions: the clauses come in one order, but for `to` and `as` ---- */
action:
  VERB operands clauses braces_opt      { $$ = build_action(parser, @$, $1, $2, $3, $4); }
;
operands:
  expr
    {
        $$ = (ExprList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| operands COMMA expr
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;
clauses:
  clause_with
| clause_with AS NAME
    {
        $$ = $1;
        $$->as = $3;
    }
| clause_with clause_path
    {
        $$ = $1;
        $$->to = $2.to;
        $$->from = $2.from;
    }
| clause_with AS NAME clause_path
    {
        $$ = $1;
        $$->as = $3;
        $$->to = $4.to;
        $$->from = $4.from;
    }
| clause_with clause_path AS NAME
    {
        $$ = $1;
        $$->to = $2.to;
        $$->from = $2.from;
        $$->as = $4;
    }
;
clause_path:
  TO expr                               { $$.to = $2, $$.from = NULL; }
| FROM expr                             { $$.from = $2, $$.to = NULL; }
;
clause_with:
  clause_on
| clause_on WITH expr
    {
        $$ = $1;
        $$->with = $3;
    }
;
clause_on:
  %empty
    { $$ = ARENA_NEW(parser->arena, Action); }
| ON expr
    {
        $$ = ARENA_NEW(parser->arena, Action);
        $$->on = $2;
    }
;

/* ---- settings of data, recipes and actions ---- */
braces_opt:
  %empty                                { $$ = (Settings){ 0 }; }
| braces
;
braces:
  LBRACE RBRACE                                 { $$ = build_settings((SettingList){ 0 }, @$); }
| LBRACE setting_list separators_opt RBRACE     { $$ = build_settings($2, @$); }
;
setting_list:
  setting
    {
        $$ = (SettingList){ 0 };
        build_add_setting(parser, &$$, $1);
    }
| setting_list separators setting
    {
        $$ = $1;
        build_add_setting(parser, &$$, $3);
    }
;
setting:
  NAME ASSIGN expr
    { $$ = (Setting){ $1, $3, @$ }; }
| error RESUME
    {
        yyerrok;
        $$ = (Setting){ 0 };
    }
;
separators: NEWLINE | COMMA | COMMA NEWLINE | NEWLINE COMMA ;
separators_opt: %empty | separators ;

/* ---- bodies of optimizers and schedules ---- */
lines:
  LBRACE RBRACE                         { $$ = (LineList){ 0 }; }
| LBRACE line_list newline_opt RBRACE   { $$ = $2; }
;
line_list:
  line
    {
        $$ = (LineList){ 0 };
        build_add_line(parser, &$$, $1);
    }
| line_list NEWLINE line
    {
        $$ = $1;
        build_add_line(parser, &$$, $3);
    }
;
line:
  NAME ASSIGN expr
    { $$ = (UpdateLine){ false, $1, $3, @$ }; }
| STATE NAME ASSIGN expr
    { $$ = (UpdateLine){ true, $2, $4, @$ }; }
| error RESUME
    {
        yyerrok;
        $$ = (UpdateLine){ 0 };
    }
;

/* ---- bodies of models and blocks ---- */
body:
  LBRACE RBRACE                         { $$ = build_body((ItemList){ 0 }, @$); }
| LBRACE item_list newline_opt RBRACE   { $$ = build_body($2, @$); }
;
item_list:
  item
    {
        $$ = (ItemList){ 0 };
        build_add_item(parser, &$$, $1);
    }
| item_list NEWLINE item
    {
        $$ = $1;
        build_add_item(parser, &$$, $3);
    }
;
item:
  chain
    {
        $$ = build_item(parser, BODY_CHAIN, @$, (Name){ 0 });
        $$->chain = $1;
    }
| NAME ASSIGN chain
    {
        $$ = build_item(parser, BODY_CHAIN, @$, $1);
        $$->chain = $3;
    }
| REPEAT expr body
    { $$ = build_nested(parser, BODY_REPEAT, @$, (Name){ 0 }, $2, $3, (Body){ 0 }); }
| REPEAT NAME IN expr body
    { $$ = build_nested(parser, BODY_REPEAT, @$, $2, $4, $5, (Body){ 0 }); }
| conditional
| LAYER NAME ASSIGN link
    {
        $$ = build_item(parser, BODY_LAYER, @$, $2);
        $$->chain = build_link(parser, $4);
    }
| WEIGHT NAME ASSIGN expr
    {
        $$ = build_item(parser, BODY_WEIGHT, @$, $2);
        $$->expr = $4;
    }
| WEIGHT NAME weight_dims ASSIGN expr
    {
        $$ = build_item(parser, BODY_WEIGHT, @$, $2);
        $$->expr = $5;
        $$->dims = $3.data;
        $$->dim_count = $3.len;
    }
| error RESUME
    {
        yyerrok;
        $$ = NULL;
    }
;
conditional:
  IF expr body else_opt
    { $$ = build_nested(parser, BODY_IF, @$, (Name){ 0 }, $2, $3, $4); }
;
else_opt:
  %empty
    { $$ = (Body){ 0 }; }
| ELSE body
    { $$ = $2; }
| ELSE conditional
    {
        ItemList one = { 0 };
        build_add_item(parser, &one, $2);
        $$ = build_body(one, @2);
    }
;
weight_dims:
  LBRACKET exprs comma_opt RBRACKET     { $$ = $2; }
;

chain:
  chain_links                           { $$ = (Chain){ $1.data, $1.len, @$ }; }
;
chain_links:
  link
    {
        $$ = (ExprList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| chain_links ARROW link
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;
link:
  NAME                                  { $$ = build_name(parser, @$, $1); }
| IN                                    { $$ = build_name(parser, @$, $1); }
| call
| link DOT NAME                         { $$ = build_field(parser, @$, $1, $3); }
;

/* ---- values ---- */
expr:
  primary
| expr PLUS expr                        { $$ = build_binary(parser, @$, OP_ADD, @2, $1, $3); }
| expr MINUS expr                       { $$ = build_binary(parser, @$, OP_SUB, @2, $1, $3); }
| expr STAR expr                        { $$ = build_binary(parser, @$, OP_MUL, @2, $1, $3); }
| expr SLASH expr                       { $$ = build_binary(parser, @$, OP_DIV, @2, $1, $3); }
| expr CARET expr                       { $$ = build_binary(parser, @$, OP_POW, @2, $1, $3); }
| expr LT expr                          { $$ = build_binary(parser, @$, OP_LT, @2, $1, $3); }
| expr LE expr                          { $$ = build_binary(parser, @$, OP_LE, @2, $1, $3); }
| expr GT expr                          { $$ = build_binary(parser, @$, OP_GT, @2, $1, $3); }
| expr GE expr                          { $$ = build_binary(parser, @$, OP_GE, @2, $1, $3); }
| expr EQ expr                          { $$ = build_binary(parser, @$, OP_EQ, @2, $1, $3); }
| expr NE expr                          { $$ = build_binary(parser, @$, OP_NE, @2, $1, $3); }
| expr AND expr                         { $$ = build_binary(parser, @$, OP_AND, @2, $1, $3); }
| expr OR expr                          { $$ = build_binary(parser, @$, OP_OR, @2, $1, $3); }
| NOT expr                              { $$ = build_unary(parser, @$, OP_NOT, @1, $2); }
| MINUS expr %prec NEGATION             { $$ = build_unary(parser, @$, OP_NEG, @1, $2); }
| expr DOTS expr                        { $$ = build_range(parser, @$, @2, $1, $3); }
| expr QUESTION expr COLON expr         { $$ = build_cond(parser, @$, @2, $1, $3, $5); }
;

primary:
  NUMBER
| STRING
| SHAPE
| call
| NAME                                  { $$ = build_name(parser, @$, $1); }
| IN                                    { $$ = build_name(parser, @$, $1); }
| TRUE                                  { $$ = build_bool(parser, @$, true); }
| FALSE                                 { $$ = build_bool(parser, @$, false); }
| NONE                                  { $$ = build_none(parser, @$); }
| LPAREN expr RPAREN
    {
        $$ = $2;
        $$->span = @$;
    }
| LBRACKET RBRACKET                     { $$ = build_list(parser, @$, (ExprList){ 0 }); }
| LBRACKET list_items comma_opt RBRACKET        { $$ = build_list(parser, @$, $2); }
| primary DOT NAME                      { $$ = build_field(parser, @$, $1, $3); }
| primary LBRACKET expr RBRACKET        { $$ = build_index(parser, @$, $1, $3); }
;
list_items:
  list_item
    {
        $$ = (ExprList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| list_items COMMA list_item
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;
list_item:
  expr
| expr TO expr                          { $$ = build_renaming(parser, @$, @2, $1, $3); }
;
exprs:
  expr
    {
        $$ = (ExprList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| exprs COMMA expr
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;

call:
  NAME LPAREN args RPAREN               { $$ = build_call(parser, @$, $1, $3); }
;
args:
  %empty                                { $$ = (ArgList){ 0 }; }
| arg_list comma_opt
;
arg_list:
  arg
    {
        $$ = (ArgList){ 0 };
        vec_push(parser->arena, &$$, $1);
    }
| arg_list COMMA arg
    {
        $$ = $1;
        vec_push(parser->arena, &$$, $3);
    }
;
arg:
  expr                                  { $$ = (Arg){ { 0 }, $1, @$ }; }
| NAME ASSIGN expr                      { $$ = (Arg){ $1, $3, @$ }; }
;

%%

/* Bison calls this only when its stack is full; other errors go to yyreport_syntax_error. */
static void nnerror(const Span *span, Parser *parser, const char *message)
{
    (void)message;
    parser_report_depth(parser, *span);
}

static int yyreport_syntax_error(const yypcontext_t *context, Parser *parser)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *expected[TOK_COUNT] = { NULL };
    int count = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

    for (int i = 0; i < count; i++)
        for (int token = 0; token < (int)TOK_COUNT; token++)
            if (YYTRANSLATE(token) == kinds[i])
                expected[token] = yysymbol_name(kinds[i]);
    parser_report_unexpected(parser, expected);
    return 0;
}
