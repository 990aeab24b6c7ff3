/* newlines.c: which newlines end a statement, and which words are names; so the grammar needs no
 * rules for newlines. One pass over the tokens, whose brackets are balanced.
 *
 * Newlines that end nothing go: those inside ( ) and [ ], after a comma or an operator, and before
 * a line that starts with `->`. Reserved words that are keys or fields become names, and on, with,
 * as, to and from become words in the head of an action. */
#include "syntax/tokens.h"
#include <string.h>

typedef VEC(uint32_t) Indices;

typedef struct Layout {
    Parser *parser;
    Tokens out;
    Indices open;
    int head;         /* what the statement begins with */
    uint32_t head_at; /* where in `out` */
} Layout;

static int last_kind(const Layout *l)
{
    return l->out.len ? l->out.data[l->out.len - 1].kind : TOK_NEWLINE;
}

static int open_kind(const Layout *l)
{
    return l->open.len ? l->out.data[l->open.data[l->open.len - 1]].kind : TOK_END;
}

static bool has_settings(int head)
{
    return head == TOK_DATA || head == TOK_RECIPE || head == TOK_VERB;
}

static void emit(Layout *l, Token token)
{
    uint32_t at = (uint32_t)l->out.len;
    token.parent = l->open.len ? l->open.data[l->open.len - 1] : NO_TOKEN;
    token.closes = 0;
    if (!l->open.len && last_kind(l) == TOK_NEWLINE) {
        l->head = token.kind;
        l->head_at = at;
    }
    vec_push(l->parser->scratch, &l->out, token);
    if (token_opens(token.kind))
        vec_push(l->parser->scratch, &l->open, at);
    else if (token_closes(token.kind) && l->open.len)
        l->open.len--;
}

/* The closing brackets that are missing before this token. */
static void emit_missing(Layout *l, const Token *before)
{
    for (uint32_t n = before->closes; n && l->open.len; n--) {
        Span last = l->out.data[l->out.len - 1].span;
        Token closing = { .kind = (uint16_t)token_partner(open_kind(l)),
                          .span = { last.file, last.end, last.end },
                          .reported = true };
        emit(l, closing);
        if (closing.kind != TOK_RBRACE || l->open.len || before->kind == TOK_NEWLINE)
            continue;
        closing.kind = TOK_NEWLINE;
        emit(l, closing);
    }
}

/* Round brackets after the name of a declaration hold its parameters, which are names and not keys.
 */
static bool in_params(const Layout *l)
{
    bool declares = l->head == TOK_FN || l->head == TOK_SCHEDULE || l->head == TOK_OPTIMIZER ||
                    l->head == TOK_BLOCK || l->head == TOK_MODEL;
    return declares && l->open.len == 1 && l->open.data[0] == l->head_at + 2;
}

static bool is_key(const Layout *l, const Token *after)
{
    if (after->kind != TOK_ASSIGN)
        return false;
    int last = last_kind(l);
    switch (open_kind(l)) {
    case TOK_LPAREN: return (last == TOK_LPAREN || last == TOK_COMMA) && !in_params(l);
    case TOK_LBRACE:
        return (last == TOK_LBRACE || last == TOK_COMMA || last == TOK_NEWLINE) &&
               has_settings(l->head);
    default: return false;
    }
}

/* `per = model | layer`: the two reserved words that are also the whole value of a key. */
static bool is_word_value(const Layout *l, const Token *token, const Token *after)
{
    if ((token->kind != TOK_MODEL && token->kind != TOK_LAYER) || last_kind(l) != TOK_ASSIGN)
        return false;
    if (open_kind(l) == TOK_LPAREN ? in_params(l)
                                   : open_kind(l) != TOK_LBRACE || !has_settings(l->head)) {
        return false;
    }
    return after->kind == TOK_COMMA || after->kind == TOK_NEWLINE || token_closes(after->kind);
}

/* In `objective = minimize(train.loss)` a verb is a call's name, and `train` before a point part of
 * a measure's: inside braces and parentheses no action can begin. */
static bool is_measure_word(const Layout *l, const Token *token, const Token *after)
{
    if (token->kind != TOK_VERB || !l->open.len)
        return false;
    if (after->kind == TOK_LPAREN)
        return last_kind(l) == TOK_ASSIGN;
    return after->kind == TOK_DOT && open_kind(l) == TOK_LPAREN &&
           (last_kind(l) == TOK_LPAREN || last_kind(l) == TOK_ASSIGN);
}

/* A clause's word, where the statement can have clauses. */
static int clause_token(const char *text, int head)
{
    static const struct {
        char text[5];
        uint16_t kind;
    } words[] = {
        { "on", TOK_ON }, { "with", TOK_WITH }, { "as", TOK_AS },
        { "to", TOK_TO }, { "from", TOK_FROM },
    };

    if (head != TOK_VERB && head != TOK_RECIPE)
        return TOK_NAME;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i].text) && (head == TOK_VERB || words[i].kind == TOK_FROM))
            return words[i].kind;
    return TOK_NAME;
}

/* The `to` of `["h.*" to "block*"]`: no other word can stand between two texts. */
static bool is_renaming(const Layout *l, const Token *token, const Token *after)
{
    return token->kind == TOK_NAME && !strcmp(token->text, "to") && open_kind(l) == TOK_LBRACKET &&
           last_kind(l) == TOK_STRING && after->kind == TOK_STRING;
}

static void emit_word(Layout *l, const Token *token, const Token *after)
{
    Token word = *token;
    if (last_kind(l) == TOK_DOT || is_key(l, after) || is_word_value(l, token, after) ||
        is_measure_word(l, token, after)) {
        word.kind = TOK_NAME;
    } else if (is_renaming(l, token, after)) {
        word.kind = TOK_TO;
    } else if (word.kind == TOK_NAME && !l->open.len && last_kind(l) != TOK_NEWLINE) {
        word.kind = (uint16_t)clause_token(word.text, l->head);
    }
    emit(l, word);
}

/* An action's clause on a line of its own is reported, and read as if it were at the end of
 * the line above. */
static bool joins_clause(Layout *l, Token *next, const Token *after)
{
    if (l->open.len || l->head != TOK_VERB || next->kind != TOK_NAME ||
        clause_token(next->text, TOK_VERB) == TOK_NAME) {
        return false;
    }
    if (!token_is_word(after->kind) && after->kind != TOK_STRING)
        return false;
    Diagnostic *error = diag_error(l->parser->diags, DIAG_SYNTAX, next->span,
                                   "'%s' cannot start a line", next->text);
    diag_help(l->parser->diags, error,
              "an action goes on one line; only its settings in { } may take several");
    next->reported = true;
    return true;
}

void settle_newlines(Parser *parser)
{
    Layout l = { .parser = parser };
    Tokens in = parser->tokens;
    for (size_t i = 0; i < in.len; i++) {
        Token *token = &in.data[i];
        if (token->closes)
            emit_missing(&l, token);
        if (token->kind != TOK_NEWLINE) {
            if (token_is_word(token->kind))
                emit_word(&l, token, token + 1);
            else
                emit(&l, *token);
            continue;
        }

        size_t next = i + 1;
        while (in.data[next].kind == TOK_NEWLINE && !in.data[next].closes)
            next++;
        int open = open_kind(&l), last = last_kind(&l);
        bool ends_nothing = open == TOK_LPAREN || open == TOK_LBRACKET || last == TOK_NEWLINE ||
                            last == TOK_LBRACE || token_continues_line(last) ||
                            in.data[next].kind == TOK_ARROW;

        Token line_end = *token;
        if (!ends_nothing && !joins_clause(&l, &in.data[next], &in.data[next] + 1)) {
            line_end.span.begin = line_end.span.end = l.out.data[l.out.len - 1].span.end;
            emit(&l, line_end);
        }
        i = next - 1;
    }
    parser->tokens = l.out;
}
