/* brackets.c: every bracket gets its partner, in one pass over the tokens.
 *
 * One that is never closed is reported where it was opened, and ends where its writer most likely
 * meant it to: a round or square one at the end of the first line that does not obviously go on, a
 * brace before the next line that only a new statement can start with, else at the end of the
 * file. A closing bracket too many becomes BROKEN. */
#include "syntax/tokens.h"

/* Whether a line that begins so can only be a new statement of a script, wherever brackets seem to
 * be open. */
static bool starts_statement(const Token *token, const Token *after)
{
    switch (token_class(token)) {
    case WORD_DECLARATION: return token_is_word(after->kind) || after->kind == TOK_STRING;
    case WORD_VERB:
        return token_is_word(after->kind) || after->kind == TOK_STRING ||
               after->kind == TOK_NUMBER || after->kind == TOK_SHAPE || after->kind == TOK_LPAREN ||
               after->kind == TOK_LBRACKET || after->kind == TOK_MINUS;
    default: return false;
    }
}

/* Whether a line that begins so cannot be inside round or square brackets. */
static bool starts_item(const Token *token, const Token *after)
{
    switch (token->kind) {
    case TOK_REPEAT:
    case TOK_IF:
    case TOK_ELSE:
    case TOK_LAYER:
    case TOK_WEIGHT:
    case TOK_STATE: return after->kind != TOK_ASSIGN;
    default: return starts_statement(token, after);
    }
}

typedef struct Opener {
    uint32_t at; /* its token */
    /* the first newline inside that may have been meant to end it, or NO_TOKEN */
    uint32_t line_end;
    uint32_t line;
    uint32_t round_below, square_below; /* a brace's: how many were open outside of it */
    bool cut;                           /* a string without its end follows on its line */
} Opener;

typedef struct Balance {
    Parser *parser;
    Tokens out;
    VEC(Opener) open;
    /* open ones; the latter two since the innermost brace */
    uint32_t braces, rounds, squares;
    uint32_t line;
    /* the newline after the head of a declaration that lacks its brace, or NO_TOKEN */
    uint32_t headless;
    uint32_t line_begin; /* the first token of the line */
    bool line_at_top;    /* no bracket was open before it */
} Balance;

static void push_opener(Balance *b, int kind)
{
    Opener opener = { .at = (uint32_t)b->out.len - 1,
                      .line_end = NO_TOKEN,
                      .line = b->line,
                      .round_below = b->rounds,
                      .square_below = b->squares };
    if (kind == TOK_LPAREN)
        b->rounds++;
    else if (kind == TOK_LBRACKET)
        b->squares++;
    else
        b->braces++, b->rounds = b->squares = 0;
    vec_push(b->parser->scratch, &b->open, opener);
}

static Opener pop_opener(Balance *b)
{
    Opener opener = b->open.data[--b->open.len];
    int kind = b->out.data[opener.at].kind;
    if (kind == TOK_LPAREN)
        b->rounds--;
    else if (kind == TOK_LBRACKET)
        b->squares--;
    else
        b->braces--, b->rounds = opener.round_below, b->squares = opener.square_below;
    return opener;
}

static int innermost(const Balance *b)
{
    return b->open.len ? b->out.data[b->open.data[b->open.len - 1].at].kind : TOK_END;
}

/* Closes what is open above `keep` openers, before the token that will be next; it is `before`, for
 * messages. Of those on one line the outermost is reported. */
static void close_unclosed(Balance *b, size_t keep, const Token *before)
{
    for (size_t i = keep; i < b->open.len; i++) {
        const Opener *opener = &b->open.data[i];
        Token *token = &b->out.data[opener->at];
        token->reported = true;
        if (opener->cut || (i > keep && opener->line == b->open.data[i - 1].line))
            continue;
        Diagnostic *error = diag_error(b->parser->diags, DIAG_UNCLOSED, token->span,
                                       "'%s' is never closed", token_bracket(token->kind));
        const char *wanted = token_bracket(token_partner(token->kind));
        if (before->kind == TOK_END) {
            diag_help(b->parser->diags, error, "the file ends without its '%s'", wanted);
        } else {
            diag_note(b->parser->diags, error, before->span, "a '%s' is missing before this",
                      wanted);
        }
    }

    while (b->open.len > keep) {
        Opener opener = pop_opener(b);
        if (b->out.data[opener.at].kind == TOK_LBRACE || opener.line_end == NO_TOKEN) {
            /* `before` has been pushed already */
            b->out.data[b->out.len - 1].closes++;
            continue;
        }
        b->out.data[opener.line_end].closes++;
        Opener *outer = b->open.len > keep ? &b->open.data[b->open.len - 1] : NULL;
        if (outer && outer->line_end == NO_TOKEN && b->out.data[outer->at].kind != TOK_LBRACE)
            outer->line_end = opener.line_end;
    }
}

/* A '}' that closes nothing, though a declaration above has a head and no brace: it gets one. */
static bool give_head_its_brace(Balance *b, const Token *brace)
{
    if (b->headless == NO_TOKEN)
        return false;
    Token *line_end = &b->out.data[b->headless];
    Span spot = { brace->span.file, line_end[-1].span.end, line_end[-1].span.end };
    Diagnostic *error =
        diag_error(b->parser->diags, DIAG_UNCLOSED, spot, "'{' is missing at the end of this line");
    diag_note(b->parser->diags, error, brace->span, "this '}' closes what was never opened");
    line_end->kind = TOK_LBRACE;
    line_end->span = spot;
    line_end->reported = true;
    b->headless = NO_TOKEN;
    return true;
}

/* Whether the bracket that is open innermost is closed further down the line. */
static bool closes_on_line(const Balance *b, const Token *rest)
{
    int opening = innermost(b), depth = 1;
    for (; depth && rest->kind != TOK_NEWLINE && rest->kind != TOK_END; rest++)
        depth += (rest->kind == opening) - (rest->kind == token_partner(opening));
    return !depth;
}

/* `dense(4]`: the wrong one of two brackets is read as the right one. */
static bool is_other_bracket(Balance *b, Token *token, const Token *rest)
{
    int opening = innermost(b);
    if (token->kind == TOK_RBRACE || !b->open.len || opening == TOK_LBRACE ||
        closes_on_line(b, rest)) {
        return false;
    }
    const Token *opener = &b->out.data[b->open.data[b->open.len - 1].at];
    Diagnostic *error =
        diag_error(b->parser->diags, DIAG_UNCLOSED, token->span, "'%s' cannot close '%s'",
                   token_bracket(token->kind), token_bracket(opening));
    diag_help(b->parser->diags, error, "write '%s' here", token_bracket(token_partner(opening)));
    diag_note(b->parser->diags, error, opener->span, "opened here");
    token->kind = (uint16_t)token_partner(opening);
    token->reported = true;
    pop_opener(b);
    return true;
}

/* The next bracket down the line that closes none of those opened there, or NULL. */
static Token *next_closing(Token *rest)
{
    int depth = 0;
    for (; rest->kind != TOK_NEWLINE && rest->kind != TOK_END; rest++) {
        if (token_closes(rest->kind) && !depth--)
            return rest;
        depth += token_opens(rest->kind);
    }
    return NULL;
}

/* `(1 + [2)]`: two that stand in each other's place are one mistake. */
static bool is_exchanged(Balance *b, Token *token, Token *rest)
{
    int opening = innermost(b), wanted = token_partner(opening);
    Token *other = next_closing(rest);
    bool round = opening == TOK_LPAREN || opening == TOK_LBRACKET;
    if (!round || token->kind == TOK_RBRACE || token->kind == wanted || !other ||
        other->kind != wanted || b->open.len < 2 ||
        token_partner(b->out.data[b->open.data[b->open.len - 2].at].kind) != token->kind) {
        return false;
    }
    Token *opener = &b->out.data[b->open.data[b->open.len - 1].at];
    Diagnostic *error =
        diag_error(b->parser->diags, DIAG_UNCLOSED, token->span, "'%s' cannot close '%s'",
                   token_bracket(token->kind), token_bracket(opening));
    diag_help(b->parser->diags, error, "what was opened last is closed first: '%s' before '%s'",
              token_bracket(wanted), token_bracket(token->kind));
    diag_note(b->parser->diags, error, opener->span, "opened here");
    pop_opener(b);
    other->kind = token->kind;
    opener->kind = token->kind = TOK_BROKEN;
    opener->reported = token->reported = true;
    return true;
}

/* `rest` is what follows. */
static void close_bracket(Balance *b, Token *rest)
{
    Token *token = &b->out.data[b->out.len - 1];
    if (is_exchanged(b, token, rest))
        return;
    uint32_t partners = b->squares;
    if (token->kind == TOK_RBRACE)
        partners = b->braces;
    else if (token->kind == TOK_RPAREN)
        partners = b->rounds;

    if (!partners) {
        if (token->kind == TOK_RBRACE && give_head_its_brace(b, token))
            return;
        if (is_other_bracket(b, token, rest))
            return;
        diag_error(b->parser->diags, DIAG_UNCLOSED, token->span, "'%s' closes nothing",
                   token_bracket(token->kind));
        token->kind = TOK_BROKEN;
        token->reported = true;
        return;
    }

    size_t at = b->open.len - 1;
    while (token_partner(b->out.data[b->open.data[at].at].kind) != token->kind)
        at--;
    if (at + 1 < b->open.len)
        close_unclosed(b, at + 1, token);
    pop_opener(b);
}

static void end_line(Balance *b)
{
    uint32_t at = (uint32_t)b->out.len - 1;
    if (b->open.len && innermost(b) != TOK_LBRACE && at) {
        Opener *opener = &b->open.data[b->open.len - 1];
        int before = b->out.data[at - 1].kind;
        if (opener->line_end == NO_TOKEN && before != TOK_NEWLINE &&
            !token_continues_line(before) && !token_opens(before)) {
            opener->line_end = at;
        }
    }
    const Token *first = &b->out.data[b->line_begin];
    if (b->line_at_top && b->line_begin < at && starts_statement(first, first + 1)) {
        bool bare = first->kind == TOK_DATA || first->kind == TOK_MODEL ||
                    first->kind == TOK_BLOCK || first->kind == TOK_RECIPE ||
                    first->kind == TOK_OPTIMIZER;
        b->headless =
            bare && !b->open.len && b->out.data[at - 1].kind != TOK_RBRACE ? at : NO_TOKEN;
    }
    b->line++;
    b->line_begin = at + 1;
    b->line_at_top = !b->open.len;
}

/* A '{' on a line of its own, after the head of a declaration or an action, is reported and read as
 * if it were on the line above. */
static void join_brace(Balance *b)
{
    size_t at = b->out.len - 1, line_end = at;
    while (line_end && b->out.data[line_end - 1].kind == TOK_NEWLINE)
        line_end--;
    if (line_end == at || !line_end || b->out.data[line_end - 1].kind == TOK_LBRACE ||
        token_continues_line(b->out.data[line_end - 1].kind)) {
        return;
    }
    Token *brace = &b->out.data[at];
    Diagnostic *error =
        diag_error(b->parser->diags, DIAG_SYNTAX, brace->span, "'{' cannot start a line");
    diag_help(b->parser->diags, error, "put it at the end of the line that it belongs to");
    brace->reported = true;
    b->out.data[line_end] = *brace;
    b->out.len = line_end + 1;
    b->line_begin = (uint32_t)b->out.len - 1;
    b->headless = NO_TOKEN;
}

static void mark_cut(Balance *b)
{
    for (size_t i = b->open.len; i-- && b->open.data[i].line == b->line;)
        b->open.data[i].cut = true;
}

/* At a line that cannot be inside what is open: closes that. */
static void close_before_line(Balance *b, const Token *first)
{
    if (!b->open.len || first->kind == TOK_END || !starts_item(first, first + 1))
        return;
    size_t keep = b->open.len;
    bool all = starts_statement(first, first + 1);
    while (keep && (all || b->out.data[b->open.data[keep - 1].at].kind != TOK_LBRACE))
        keep--;
    if (keep < b->open.len)
        close_unclosed(b, keep, first);
}

static void close_at_end(Balance *b, const Token *end)
{
    Parser *parser = b->parser;
    for (size_t i = 0; i < b->open.len; i++)
        parser->unfinished = parser->unfinished || !b->open.data[i].cut;
    close_unclosed(b, 0, end);
}

void balance_brackets(Parser *parser)
{
    Balance b = { .parser = parser, .headless = NO_TOKEN, .line_at_top = true };
    const Tokens in = parser->tokens;

    for (size_t i = 0; i < in.len; i++) {
        const Token *token = &in.data[i];
        bool first = i == 0 || in.data[i - 1].kind == TOK_NEWLINE;
        vec_push(parser->scratch, &b.out, *token);
        if (token->cut)
            mark_cut(&b);
        if (first)
            close_before_line(&b, token);
        if (first && token->kind == TOK_LBRACE)
            join_brace(&b);

        if (token_opens(token->kind))
            push_opener(&b, token->kind);
        else if (token_closes(token->kind))
            close_bracket(&b, &in.data[i + 1]);
        else if (token->kind == TOK_NEWLINE)
            end_line(&b);
        else if (token->kind == TOK_END && b.open.len)
            close_at_end(&b, token);
    }
    parser->tokens = b.out;
}
