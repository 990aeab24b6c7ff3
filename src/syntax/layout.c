/* layout.c: from the file's words to tokens that a grammar without newline rules of its own can
 * read. Two passes:
 *
 * 1. balance: every bracket gets its partner. One that is never closed is reported where it was
 *    opened, and ends where its writer most likely meant: a round or square one at the first
 *    line's end that is no obvious continuation, a brace before the next line that only a new
 *    statement can start with, else at the file's end. A closing one too many is BROKEN.
 * 2. layout: newlines that end nothing go (inside ( ) and [ ], after a comma or an operator,
 *    before a line that starts with `->`); reserved words that are keys or fields become names,
 *    and on, with, as, to, from words in an action's head.
 *
 * Both are linear in the number of tokens. */
#include "syntax/tokens.h"
#include <string.h>

typedef VEC(uint32_t) Indices;

/* ---- what a token can stand beside ---- */

static bool is_opening(int kind)
{
    return kind == TOK_LPAREN || kind == TOK_LBRACKET || kind == TOK_LBRACE;
}

static bool is_closing(int kind)
{
    return kind == TOK_RPAREN || kind == TOK_RBRACKET || kind == TOK_RBRACE;
}

static int closing_of(int kind)
{
    return kind == TOK_LPAREN ? TOK_RPAREN : kind == TOK_LBRACKET ? TOK_RBRACKET : TOK_RBRACE;
}

static const char *bracket_text(int kind)
{
    switch (kind) {
    case TOK_LPAREN: return "(";
    case TOK_RPAREN: return ")";
    case TOK_LBRACKET: return "[";
    case TOK_RBRACKET: return "]";
    case TOK_LBRACE: return "{";
    default: return "}";
    }
}

/* A statement does not end behind these. */
static bool is_continued(int kind)
{
    switch (kind) {
    case TOK_COMMA:
    case TOK_ARROW:
    case TOK_DOTS:
    case TOK_QUESTION:
    case TOK_COLON:
    case TOK_PLUS:
    case TOK_MINUS:
    case TOK_STAR:
    case TOK_SLASH:
    case TOK_CARET:
    case TOK_LT:
    case TOK_LE:
    case TOK_GT:
    case TOK_GE:
    case TOK_EQ:
    case TOK_NE:
    case TOK_AND:
    case TOK_OR: return true;
    default: return false;
    }
}

static bool is_word(int kind)
{
    return kind == TOK_NAME || (kind >= TOK_VERB && kind <= TOK_NONE);
}

static WordClass class_of(const Token *token)
{
    return is_word(token->kind) ? keyword_class(token->text) : WORD_NAME;
}

/* Whether a line that begins so can only be a new statement of a script, wherever brackets seem to
 * be open. */
static bool starts_statement(const Token *token, const Token *behind)
{
    switch (class_of(token)) {
    case WORD_DECLARATION: return is_word(behind->kind) || behind->kind == TOK_STRING;
    case WORD_VERB:
        return is_word(behind->kind) || behind->kind == TOK_STRING || behind->kind == TOK_NUMBER ||
               behind->kind == TOK_SHAPE || behind->kind == TOK_LPAREN ||
               behind->kind == TOK_LBRACKET || behind->kind == TOK_MINUS;
    default: return false;
    }
}

/* Whether a line that begins so can't stand inside round or square brackets. */
static bool starts_item(const Token *token, const Token *behind)
{
    switch (token->kind) {
    case TOK_REPEAT:
    case TOK_IF:
    case TOK_ELSE:
    case TOK_LAYER:
    case TOK_WEIGHT:
    case TOK_STATE: return behind->kind != TOK_ASSIGN;
    default: return starts_statement(token, behind);
    }
}

/* ---- 1. brackets ---- */

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
    /* the newline behind a declaration's head that lacks its brace, or NO_TOKEN */
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
                                       "'%s' is never closed", bracket_text(token->kind));
        const char *wanted = bracket_text(closing_of(token->kind));
        if (before->kind == TOK_END) {
            diag_help(b->parser->diags, error, "the file ends without the '%s' for it", wanted);
        } else {
            diag_note(b->parser->diags, error, before->span,
                      "this stands where '%s' is missing at the latest", wanted);
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
        depth += (rest->kind == opening) - (rest->kind == closing_of(opening));
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
                   bracket_text(token->kind), bracket_text(opening));
    diag_help(b->parser->diags, error, "write '%s' here", bracket_text(closing_of(opening)));
    diag_note(b->parser->diags, error, opener->span, "this is open");
    token->kind = (uint16_t)closing_of(opening);
    token->reported = true;
    pop_opener(b);
    return true;
}

/* `rest` is what follows. */
static void close_bracket(Balance *b, const Token *rest)
{
    Token *token = &b->out.data[b->out.len - 1];
    uint32_t partners = token->kind == TOK_RBRACE   ? b->braces
                        : token->kind == TOK_RPAREN ? b->rounds
                                                    : b->squares;
    if (!partners) {
        if (token->kind == TOK_RBRACE && give_head_its_brace(b, token))
            return;
        if (is_other_bracket(b, token, rest))
            return;
        diag_error(b->parser->diags, DIAG_UNCLOSED, token->span, "'%s' closes nothing that is open",
                   bracket_text(token->kind));
        token->kind = TOK_BROKEN;
        token->reported = true;
        return;
    }
    size_t at = b->open.len - 1;
    while (closing_of(b->out.data[b->open.data[at].at].kind) != token->kind)
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
        if (opener->line_end == NO_TOKEN && before != TOK_NEWLINE && !is_continued(before) &&
            !is_opening(before)) {
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

/* A '{' on a line of its own, behind a declaration's head or an action, is reported and read as if
 * it stood on the line above. */
static void join_brace(Balance *b)
{
    size_t at = b->out.len - 1, line_end = at;
    while (line_end && b->out.data[line_end - 1].kind == TOK_NEWLINE)
        line_end--;
    if (line_end == at || !line_end || b->out.data[line_end - 1].kind == TOK_LBRACE ||
        is_continued(b->out.data[line_end - 1].kind)) {
        return;
    }
    Token *brace = &b->out.data[at];
    Diagnostic *error =
        diag_error(b->parser->diags, DIAG_SYNTAX, brace->span, "'{' cannot start a line");
    diag_help(b->parser->diags, error, "it stands at the end of the line that it belongs to");
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

static void balance(Parser *parser)
{
    Balance b = { .parser = parser, .headless = NO_TOKEN, .line_at_top = true };
    const Tokens in = parser->tokens;
    for (size_t i = 0; i < in.len; i++) {
        const Token *token = &in.data[i];
        bool first = i == 0 || in.data[i - 1].kind == TOK_NEWLINE;
        vec_push(parser->scratch, &b.out, *token);
        if (token->cut)
            mark_cut(&b);
        if (first && b.open.len && token->kind != TOK_END && starts_item(token, token + 1)) {
            size_t keep = b.open.len;
            bool all = starts_statement(token, token + 1);
            while (keep && (all || b.out.data[b.open.data[keep - 1].at].kind != TOK_LBRACE))
                keep--;
            if (keep < b.open.len)
                close_unclosed(&b, keep, token);
        }
        if (first && token->kind == TOK_LBRACE)
            join_brace(&b);
        if (is_opening(token->kind)) {
            push_opener(&b, token->kind);
        } else if (is_closing(token->kind)) {
            close_bracket(&b, token + 1);
        } else if (token->kind == TOK_NEWLINE) {
            end_line(&b);
        } else if (token->kind == TOK_END && b.open.len) {
            for (size_t k = 0; k < b.open.len; k++)
                parser->unfinished = parser->unfinished || !b.open.data[k].cut;
            close_unclosed(&b, 0, token);
        }
    }
    parser->tokens = b.out;
}

/* ---- 2. newlines and words ---- */

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
    if (is_opening(token.kind))
        vec_push(l->parser->scratch, &l->open, at);
    else if (is_closing(token.kind) && l->open.len)
        l->open.len--;
}

/* The closing brackets that are missing before this token. */
static void emit_missing(Layout *l, const Token *before)
{
    for (uint32_t n = before->closes; n && l->open.len; n--) {
        Span last = l->out.data[l->out.len - 1].span;
        Token closing = { .kind = (uint16_t)closing_of(open_kind(l)),
                          .span = { last.file, last.end, last.end },
                          .reported = true };
        emit(l, closing);
        if (closing.kind != TOK_RBRACE || l->open.len || before->kind == TOK_NEWLINE)
            continue;
        closing.kind = TOK_NEWLINE;
        emit(l, closing);
    }
}

/* Round brackets behind a declaration's name hold its parameters, which are names and no keys. */
static bool in_params(const Layout *l)
{
    bool declares = l->head == TOK_FN || l->head == TOK_SCHEDULE || l->head == TOK_OPTIMIZER ||
                    l->head == TOK_BLOCK || l->head == TOK_MODEL;
    return declares && l->open.len == 1 && l->open.data[0] == l->head_at + 2;
}

static bool is_key(const Layout *l, const Token *behind)
{
    if (behind->kind != TOK_ASSIGN)
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
static bool is_word_value(const Layout *l, const Token *token, const Token *behind)
{
    if ((token->kind != TOK_MODEL && token->kind != TOK_LAYER) || last_kind(l) != TOK_ASSIGN)
        return false;
    if (open_kind(l) == TOK_LPAREN ? in_params(l)
                                   : open_kind(l) != TOK_LBRACE || !has_settings(l->head)) {
        return false;
    }
    return behind->kind == TOK_COMMA || behind->kind == TOK_NEWLINE || is_closing(behind->kind);
}

/* In `objective = minimize(train.loss)` a verb is a call's name, and `train` before a point part of
 * a measure's: inside braces and parentheses no action can begin. */
static bool is_measure_word(const Layout *l, const Token *token, const Token *behind)
{
    if (token->kind != TOK_VERB || !l->open.len)
        return false;
    if (behind->kind == TOK_LPAREN)
        return last_kind(l) == TOK_ASSIGN;
    return behind->kind == TOK_DOT && open_kind(l) == TOK_LPAREN &&
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

static void emit_word(Layout *l, const Token *token, const Token *behind)
{
    Token word = *token;
    if (last_kind(l) == TOK_DOT || is_key(l, behind) || is_word_value(l, token, behind) ||
        is_measure_word(l, token, behind)) {
        word.kind = TOK_NAME;
    } else if (word.kind == TOK_NAME && !l->open.len && last_kind(l) != TOK_NEWLINE) {
        word.kind = (uint16_t)clause_token(word.text, l->head);
    }
    emit(l, word);
}

/* An action's clause on a line of its own is reported, and read as if it stood behind the line
 * above. */
static bool joins_clause(Layout *l, Token *next, const Token *behind)
{
    if (l->open.len || l->head != TOK_VERB || next->kind != TOK_NAME ||
        clause_token(next->text, TOK_VERB) == TOK_NAME) {
        return false;
    }
    if (!is_word(behind->kind) && behind->kind != TOK_STRING)
        return false;
    Diagnostic *error = diag_error(l->parser->diags, DIAG_SYNTAX, next->span,
                                   "'%s' cannot start a line", next->text);
    diag_help(l->parser->diags, error,
              "an action stands on one line; only its settings in { } may take several");
    next->reported = true;
    return true;
}

static void layout(Parser *parser)
{
    Layout l = { .parser = parser };
    Tokens in = parser->tokens;
    for (size_t i = 0; i < in.len; i++) {
        Token *token = &in.data[i];
        if (token->closes)
            emit_missing(&l, token);
        if (token->kind != TOK_NEWLINE) {
            if (is_word(token->kind))
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
                            last == TOK_LBRACE || is_continued(last) ||
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

void layout_tokens(Parser *parser)
{
    balance(parser);
    layout(parser);
}
