/* parse.c: reads a file statement by statement: feeds the grammar with tokens, and after an error
 * lets it go on after the broken item (a setting, a line of a body) or, outside of braces, with
 * the next statement. What is said about an error is in syntax_errors.c. */
#include "syntax/parse.h"
#include "syntax/syntax_errors.h"
#include "syntax/tokens.h"
#include <string.h>

int nnlex(NNSTYPE *value, Span *span, Parser *parser);

/* ---- the feed ---- */

int nnlex(NNSTYPE *value, Span *span, Parser *parser)
{
    const Token *token = &parser->tokens.data[parser->next];
    *span = token->span;
    if (parser->resume) {
        parser->resume = false;
        span->end = span->begin;
        return TOK_RESUME;
    }
    parser->current = parser->next;
    if (parser->next == parser->end)
        return TOK_END;
    parser->next++;
    if (token->kind == TOK_NUMBER || token->kind == TOK_STRING || token->kind == TOK_SHAPE)
        value->expr = token->expr;
    else
        value->name = (Name){ token->text, token->span };
    return token->kind;
}

/* ---- recovery ---- */

/* The brace around the token, or NO_TOKEN. */
static uint32_t brace_around(const Parser *parser, uint32_t at)
{
    const Token *tokens = parser->tokens.data;
    for (at = tokens[at].parent; at != NO_TOKEN && tokens[at].kind != TOK_LBRACE;
         at = tokens[at].parent) {
    }
    return at;
}

/* Whether the token separates, or ends, the items between the brace and its partner. */
static bool ends_item(const Parser *parser, uint32_t at, uint32_t brace)
{
    const Token *token = &parser->tokens.data[at];
    if (token->parent != brace)
        return false;
    if (token->kind == TOK_NEWLINE || token->kind == TOK_RBRACE)
        return true;
    int head = parser->tokens.data[parser->begin].kind;
    return token->kind == TOK_COMMA && brace != NO_TOKEN &&
           (head == TOK_DATA || head == TOK_RECIPE || head == TOK_VERB);
}

Item item_around(const Parser *parser, uint32_t at)
{
    Item item = { .brace = brace_around(parser, at), .begin = at, .end = at };
    while (item.begin > parser->begin && item.begin - 1 != item.brace &&
           !ends_item(parser, item.begin - 1, item.brace)) {
        item.begin--;
    }
    while (item.end < parser->end && !ends_item(parser, item.end, item.brace))
        item.end++;
    for (uint32_t i = item.begin; i < item.end; i++)
        item.reported = item.reported || parser->tokens.data[i].reported;
    return item;
}

static void lose(Parser *parser, const Token *token)
{
    if (token->kind == TOK_NAME)
        vec_push(parser->arena, &parser->lost, ((Name){ token->text, token->span }));
}

/* The names that a broken statement would have declared: `name = ...`, `model name ...`, `train ...
 * as name ...`. */
static void lose_statement(Parser *parser, uint32_t begin, uint32_t end)
{
    const Token *tokens = parser->tokens.data;
    if (begin + 1 >= end)
        return;
    if (tokens[begin + 1].kind == TOK_ASSIGN)
        lose(parser, &tokens[begin]);
    else if (tokens[begin].kind != TOK_VERB && tokens[begin].kind != TOK_IMPORT)
        lose(parser, &tokens[begin + 1]);
    for (uint32_t i = begin + 1; i + 1 < end; i++) {
        bool as = tokens[i].kind == TOK_AS ||
                  (tokens[i].kind == TOK_NAME && !strcmp(tokens[i].text, "as"));
        if (as && tokens[i].parent == NO_TOKEN)
            lose(parser, &tokens[i + 1]);
    }
}

/* Likewise in a body: `name = ...`, `layer name ...`. */
static void lose_item(Parser *parser, Item item)
{
    const Token *first = &parser->tokens.data[item.begin];
    int head = parser->tokens.data[parser->begin].kind;
    if (item.begin + 1 >= item.end || head == TOK_DATA || head == TOK_RECIPE || head == TOK_VERB)
        return;
    if (first[1].kind == TOK_ASSIGN)
        lose(parser, first);
    else if (first->kind == TOK_LAYER || first->kind == TOK_WEIGHT || first->kind == TOK_STATE)
        lose(parser, first + 1);
}

void parser_report_unexpected(Parser *parser, const char *const *expected)
{
    Item item = item_around(parser, parser->current);
    if (!item.reported)
        syntax_error_report(parser, item, expected);
    parser->broken = true;
    if (item.brace == NO_TOKEN) {
        bool whole = expected[TOK_END] && parser->tokens.data[parser->begin].kind != TOK_VERB;
        parser->cut_at = whole && parser->current < parser->end ? parser->current : NO_TOKEN;
        return;
    }
    lose_item(parser, item);
    parser->resume = true;
    parser->next = item.end;
}

void parser_report_depth(Parser *parser, Span span)
{
    if (!parser->too_deep) {
        Span spot = { span.file, span.begin, span.begin + 1 };
        diag_error(parser->diags, DIAG_NESTING_TOO_DEEP, spot, "this is nested too deeply");
    }
    parser->too_deep = true;
}

/* ---- statements ---- */

static Stmt *read_statement(Parser *parser, uint32_t begin, uint32_t end)
{
    parser->begin = parser->next = parser->current = begin;
    parser->end = end;
    parser->resume = parser->broken = parser->too_deep = false;
    parser->statement = NULL;
    parser->cut_at = NO_TOKEN;
    nnparse(parser);
    if (parser->too_deep)
        parser->statement = NULL;
    if (parser->statement)
        parser->statement->broken = parser->broken;
    return parser->statement;
}

static uint32_t statement_end(const Parser *parser, uint32_t at)
{
    const Token *tokens = parser->tokens.data;
    while (tokens[at].kind != TOK_END &&
           !(tokens[at].kind == TOK_NEWLINE && tokens[at].parent == NO_TOKEN)) {
        at++;
    }
    return at;
}

Script *parse_file(Arena *arena, Interner *names, Diagnostics *diags, const SourceFile *file)
{
    Parser parser = {
        .arena = arena, .scratch = arena_new(), .names = names, .diags = diags, .file = file
    };
    VEC(Stmt *) read = { 0 };
    scan_file(&parser);
    balance_brackets(&parser);
    settle_newlines(&parser);
    for (uint32_t begin = 0, end; parser.tokens.data[begin].kind != TOK_END;
         begin = end + (parser.tokens.data[end].kind == TOK_NEWLINE)) {
        end = statement_end(&parser, begin);
        if (begin == end)
            continue;
        Stmt *statement = read_statement(&parser, begin, end);
        if (!statement && parser.cut_at != NO_TOKEN)
            statement = read_statement(&parser, begin, parser.cut_at);
        if (statement)
            vec_push(arena, &read, statement);
        else
            lose_statement(&parser, begin, end);
    }
    arena_free(parser.scratch);

    Script *script = ARENA_NEW(arena, Script);
    *script = (Script){ read.data, read.len, file, parser.lost.data, parser.lost.len };
    return script;
}

/* ---- the REPL's question ---- */

bool parse_is_unfinished(const char *text, size_t length)
{
    Arena *arena = arena_new();
    Parser parser = { .arena = arena,
                      .scratch = arena,
                      .names = interner_new(arena),
                      .diags = diagnostics_new(arena),
                      .file = source_from_text(arena, "<stdin>", text, length) };
    scan_file(&parser);
    balance_brackets(&parser);
    settle_newlines(&parser);
    size_t last = parser.tokens.len - 1; /* END */
    while (last && parser.tokens.data[last - 1].kind == TOK_NEWLINE)
        last--;
    bool unfinished =
        parser.unfinished || (last && (token_continues_line(parser.tokens.data[last - 1].kind) ||
                                       parser.tokens.data[last - 1].kind == TOK_NOT));
    arena_free(arena);
    return unfinished;
}
