/* syntax_errors.c: what is said when a token cannot be where it is: first the mistakes that
 * people make often, each with what to do about it, else what was expected there. */
#include "syntax/syntax_errors.h"
#include "syntax/parse.h"
#include <string.h>

enum { MOST_NAMED = 4, LONGEST_QUOTE = 40 };

typedef struct Mistake {
    Parser *parser;
    Item item;
    const Token *tokens, *at; /* all, and the one at fault */
    const char *const *expected;
} Mistake;

/* The token as a message names it. */
static const char *found(const Mistake *m, const Token *token)
{
    if (token == &m->tokens[m->parser->end] || token->kind == TOK_NEWLINE)
        return "the end of the line";
    if (token->span.begin == token->span.end)
        return "this";
    int length = (int)(token->span.end - token->span.begin);
    const char *text = token->span.file->text + token->span.begin;
    if (length <= LONGEST_QUOTE)
        return arena_printf(m->parser->arena, "'%.*s'", length, text);
    while (length > LONGEST_QUOTE || ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return arena_printf(m->parser->arena, "'%.*s...'", length, text);
}

static bool is_operator(int token)
{
    return (token >= TOK_PLUS && token <= TOK_NE) || token == TOK_AND || token == TOK_OR ||
           token == TOK_QUESTION || token == TOK_DOTS || token == TOK_DOT;
}

/* ---- common mistakes: each reports, or leaves it to the next ---- */

static bool is_first(const Mistake *m)
{
    return m->at == &m->tokens[m->item.begin];
}

static bool followed_by_assign(const Mistake *m)
{
    return m->at < &m->tokens[m->item.end] && m->at[1].kind == TOK_ASSIGN;
}

/* `m.fit(d)`, `model.fit(d)`: a method where a verb belongs. */
static bool method_call(const Mistake *m)
{
    const Token *first = &m->tokens[m->item.begin];
    if (m->item.brace != NO_TOKEN || m->at != first + 1 || m->at->kind != TOK_DOT || !first->text ||
        !token_is_word(m->at[1].kind)) {
        return false;
    }
    const char *instead = said_elsewhere(DIAG_UNKNOWN_STATEMENT, m->at[1].text, NULL, 0);
    Diagnostic *error =
        diag_error(m->parser->diags, DIAG_UNKNOWN_STATEMENT, span_join(first->span, m->at[1].span),
                   "unknown statement '%.80s.%.80s'", first->text, m->at[1].text);
    diag_help(m->parser->diags, error, "%s",
              instead ? instead : "an action starts with its verb: train m on d");
    return true;
}

/* `nn.ReLU()`, `x = m.fit(d)`: a call of what is inside a module. */
static bool module_call(const Mistake *m)
{
    static const DiagId kinds[] = { DIAG_UNKNOWN_LAYER, DIAG_UNKNOWN_FUNCTION,
                                    DIAG_UNKNOWN_STATEMENT };
    if (m->at->kind != TOK_LPAREN || m->at < &m->tokens[m->item.begin] + 3 ||
        m->at[-2].kind != TOK_DOT || !token_is_word(m->at[-1].kind)) {
        return false;
    }
    const Token *name = &m->at[-1];
    const char *instead = NULL;
    for (size_t i = 0; !instead && i < sizeof kinds / sizeof *kinds; i++)
        instead = said_elsewhere(kinds[i], name->text, NULL, 0);
    Diagnostic *error = diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span,
                                   "'%.80s' cannot be called with '.'", name->text);
    diag_help(m->parser->diags, error, "%s",
              instead ? instead : "layers and functions are named without a module: dense(10)");
    return true;
}

/* `train m on d epochs=5`: settings without their braces. */
static bool settings_without_braces(const Mistake *m)
{
    if (m->item.brace != NO_TOKEN || m->tokens[m->item.begin].kind != TOK_VERB ||
        !followed_by_assign(m) || !token_is_word(m->at->kind)) {
        return false;
    }
    const SourceFile *file = m->at->span.file;
    uint32_t begin = m->tokens[m->item.begin].span.begin, end = m->at[-1].span.end;
    if (m->at[-1].kind == TOK_COMMA)
        end = m->at[-2].span.end;
    int head = (int)(end - begin),
        rest = (int)(m->tokens[m->item.end].span.begin - m->at->span.begin);
    Diagnostic *error =
        diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span, "settings go between braces");
    if (head < 2 * LONGEST_QUOTE && rest < 2 * LONGEST_QUOTE) {
        diag_help(m->parser->diags, error, "write '%.*s { %.*s }'", head, file->text + begin, rest,
                  file->text + m->at->span.begin);
    }
    return true;
}

/* `model m = [a, b]`, `recipe r = ...`: declarations take no '='. */
static bool assigned_declaration(const Mistake *m)
{
    static const struct {
        int kind;
        const char *help;
    } heads[] = {
        { TOK_MODEL, "layers go between braces: model m { dense(10) -> relu -> dense(classes) }" },
        { TOK_BLOCK, "layers go between braces: block b { dense(10) -> relu }" },
        { TOK_DATA,
          "settings go between braces: data d { source = csv(\"f.csv\", target = \"y\") }" },
        { TOK_RECIPE, "settings go between braces: recipe r { epochs = 10 }" },
    };

    const Token *first = &m->tokens[m->item.begin];
    if (m->item.brace != NO_TOKEN || m->at != first + 2 || m->at->kind != TOK_ASSIGN)
        return false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if (heads[i].kind != first->kind)
            continue;
        Diagnostic *error = diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span,
                                       "a %s is declared without '='", first->text);
        diag_help(m->parser->diags, error, "%s", heads[i].help);
        return true;
    }
    return false;
}

/* `[dense(10), relu]` in a body. */
static bool list_of_layers(const Mistake *m)
{
    int head = m->tokens[m->parser->begin].kind;
    bool body = head == TOK_MODEL || head == TOK_BLOCK;
    if (m->item.brace == NO_TOKEN || !body || !is_first(m) || m->at->kind != TOK_LBRACKET)
        return false;
    Diagnostic *error =
        diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span, "layers are not put in a list");
    diag_help(m->parser->diags, error, "join them by '->', or give each a line: dense(10) -> relu");
    return true;
}

static void report_unquoted(const Mistake *m, const char *help)
{
    Diagnostic *error = diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span,
                                   "expected a text before %s", found(m, m->at));
    diag_help(m->parser->diags, error, "%s", help);
}

/* `import numpy` */
static bool foreign_import(const Mistake *m)
{
    if (m->tokens[m->item.begin].kind != TOK_IMPORT || !token_is_word(m->at->kind))
        return false;
    report_unquoted(m, "nothing of Python is imported, for all of it is built in; import "
                       "\"blocks.nn\" reads another .nn file");
    return true;
}

/* `save m to f.safetensors`, `csv(data/titanic.csv)`: a file's name without quotes. */
static bool unquoted_file(const Mistake *m)
{
    bool word = token_is_word(m->at->kind) && m->at < &m->tokens[m->item.end],
         path = word && (m->at[1].kind == TOK_DOT || m->at[1].kind == TOK_SLASH) &&
                m->at->kind != TOK_NAME,
         only = m->at->kind == TOK_NAME && !m->expected[TOK_NUMBER];
    if (!m->expected[TOK_STRING] || is_first(m) || !(path || only))
        return false;
    report_unquoted(m, "a file's name goes between double quotes: \"f.csv\"");
    return true;
}

/* `trian m on d`: a first word that starts no statement. */
static bool unknown_statement(const Mistake *m)
{
    const Token *first = &m->tokens[m->item.begin];
    if (m->item.brace != NO_TOKEN || m->at != first + 1 || first->kind != TOK_NAME)
        return false;
    bool assigns = m->at->kind == TOK_MINUS
                       ? m->at[1].kind == TOK_ASSIGN || m->at[1].kind == TOK_MINUS
                       : m->at->kind == TOK_COLON || is_operator(m->at->kind);
    if (assigns && m->at->kind != TOK_DOT) { /* a += 1, a := 1 */
        diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span, "expected '=' before %s",
                   found(m, m->at));
        return true;
    }
    const char *accepted[128];
    size_t count = 0;
    for (size_t i = 0; i < keyword_count && count < sizeof accepted / sizeof *accepted; i++)
        if (keyword_class(keyword_names[i]) >= WORD_DECLARATION)
            accepted[count++] = keyword_names[i];
    Diagnostic *error = diag_unknown(m->parser->diags, DIAG_UNKNOWN_STATEMENT, first->span,
                                     "statement", first->text, accepted, count);
    bool known = said_elsewhere(DIAG_UNKNOWN_STATEMENT, first->text, accepted, count);
    if (!known && (m->at->kind == TOK_ARROW || m->at->kind == TOK_LPAREN))
        diag_help(m->parser->diags, error, "layers go between the braces of a model or block");
    return true;
}

/* `laier enc = dense(3)`: the same inside a body. */
static bool unknown_item(const Mistake *m)
{
    static const char *const in_bodies[] = { "repeat", "if", "else", "layer", "weight" },
                             *const in_lines[] = { "state" };
    const Token *first = &m->tokens[m->item.begin];
    int head = m->tokens[m->parser->begin].kind;
    bool body = head == TOK_MODEL || head == TOK_BLOCK,
         lines = head == TOK_OPTIMIZER || head == TOK_SCHEDULE;
    if (m->item.brace == NO_TOKEN || !(body || lines) || m->at != first + 1 ||
        first->kind != TOK_NAME) {
        return false;
    }
    const char *near =
        body ? nearest_name(first->text, in_bodies, 5) : nearest_name(first->text, in_lines, 1);
    if (!near || m->at->kind == TOK_NEWLINE || m->at->kind == TOK_RBRACE)
        return false;
    Diagnostic *error = diag_error(m->parser->diags, DIAG_UNKNOWN_STATEMENT, first->span,
                                   "unknown word '%.80s' before %s", first->text, found(m, m->at));
    diag_help(m->parser->diags, error, "did you mean '%s'?", near);
    return true;
}

static bool else_alone(const Mistake *m)
{
    if (m->at->kind != TOK_ELSE || !is_first(m) || followed_by_assign(m))
        return false;
    Diagnostic *error =
        diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span, "'else' without an 'if'");
    diag_help(m->parser->diags, error,
              "'else' goes on the line of the '}' that ends the 'if': } else {");
    return true;
}

static bool out_of_place(const Mistake *m)
{
    static const struct {
        int kind;
        const char *where;
    } places[] = {
        { TOK_REPEAT, "a model or block" }, { TOK_IF, "a model or block" },
        { TOK_LAYER, "a model or block" },  { TOK_WEIGHT, "a model or block" },
        { TOK_STATE, "an optimizer" },
    };

    if (!is_first(m) || followed_by_assign(m))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].kind != m->at->kind)
            continue;
        diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span, "'%s' can be used only inside %s",
                   m->at->text, places[i].where);
        return true;
    }
    bool starts = m->item.brace != NO_TOKEN &&
                  keyword_class(m->at->text ? m->at->text : "") >= WORD_DECLARATION;
    if (!starts || m->at->kind < TOK_VERB || m->at->kind > TOK_NONE)
        return false;
    diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span,
               "'%s' starts a statement, and statements cannot go inside braces", m->at->text);
    return true;
}

static void report_reserved(const Mistake *m, const Token *word)
{
    Diagnostics *diags = m->parser->diags;
    Diagnostic *error =
        diag_error(diags, DIAG_RESERVED_WORD, word->span,
                   "'%s' is a word of the language and cannot be a name here", word->text);
    if (keyword_class(word->text) != WORD_NAME)
        diag_help(diags, error, "choose another name, such as '%s_'", word->text);
    else
        diag_help(diags, error, "in an action, '%s' introduces a clause", word->text);
}

/* `data = 3` */
static bool reserved_binding(const Mistake *m)
{
    const Token *first = &m->tokens[m->item.begin];
    if (m->at != first + 1 || m->at->kind != TOK_ASSIGN || first->kind < TOK_VERB ||
        first->kind > TOK_NONE) {
        return false;
    }
    report_reserved(m, first);
    return true;
}

/* A word of the language where a name belongs. */
static bool reserved_word(const Mistake *m)
{
    bool is_word =
        (m->at->kind >= TOK_VERB && m->at->kind <= TOK_FROM) && m->at != &m->tokens[m->parser->end];
    if (!is_word || (!m->expected[TOK_NAME] && !followed_by_assign(m)))
        return false;
    if (m->at->kind == TOK_ELSE && !followed_by_assign(m))
        return false;
    report_reserved(m, m->at);
    return true;
}

/* `a = 1 b = 2`: something whole, and something else after it. */
static bool second_statement(const Mistake *m)
{
    bool ends = m->item.brace == NO_TOKEN ? m->expected[TOK_END] : m->expected[TOK_NEWLINE];
    bool starts = m->at->kind == TOK_NAME || (m->at->kind >= TOK_VERB && m->at->kind <= TOK_NONE);
    if (!ends || !starts || m->at->kind == TOK_ELSE)
        return false;
    Diagnostic *error = diag_error(m->parser->diags, DIAG_SYNTAX, m->at->span,
                                   "expected the end of the line before %s", found(m, m->at));
    diag_help(m->parser->diags, error, "put each %s on a line of its own",
              m->item.brace == NO_TOKEN ? "statement" : "item");
    return true;
}

static bool clause_order(const Mistake *m)
{
    if (m->at->kind < TOK_ON || m->at->kind > TOK_FROM || m->item.brace != NO_TOKEN ||
        m->tokens[m->parser->begin].kind != TOK_VERB) {
        return false;
    }
    bool again = false;
    for (const Token *t = &m->tokens[m->item.begin]; t < m->at; t++)
        again = again || t->kind == m->at->kind;
    Diagnostic *error =
        diag_error(m->parser->diags, again ? DIAG_EXTRA_CLAUSE : DIAG_SYNTAX, m->at->span,
                   again ? "a second '%s'" : "'%s' cannot come here", m->at->text);
    diag_help(
        m->parser->diags, error,
        "an action is written: verb what on data with recipe as name to \"file\" { settings }");
    return true;
}

/* ---- what was expected ---- */

static bool all(const Mistake *m, int a, int b)
{
    return m->expected[a] && m->expected[b];
}

/* A group of tokens that has a name of its own, told by two of them. */
static const char *expected_group(const Mistake *m)
{
    if (all(m, TOK_VERB, TOK_PARAM))
        return "a declaration or an action";
    if (all(m, TOK_REPEAT, TOK_LAYER))
        return m->expected[TOK_RBRACE] ? "a layer or '}'" : "a layer";
    if (all(m, TOK_NUMBER, TOK_STRING)) {
        if (m->expected[TOK_RPAREN])
            return "a value or ')'";
        return m->expected[TOK_RBRACKET] ? "a value or ']'" : "a value";
    }
    if (all(m, TOK_NAME, TOK_IN))
        return "a layer";
    return NULL;
}

/* Operators, and the bracket of a call or an index: every value could go on with them. */
static bool only_continues(const Mistake *m, int token)
{
    bool after_value = m->expected[TOK_STAR] || m->expected[TOK_ARROW];
    return is_operator(token) || ((token == TOK_LPAREN || token == TOK_LBRACKET) && after_value);
}

/* What a message leaves out of the list: what only goes on, and clauses where there is an end. */
static bool is_left_out(const Mistake *m, int token)
{
    bool clauses = m->expected[TOK_TO] && m->expected[TOK_END];
    if (clauses && ((token >= TOK_ON && token <= TOK_FROM) || token == TOK_LBRACE))
        return true;
    return only_continues(m, token) || (token == TOK_END && m->expected[TOK_NEWLINE]) ||
           token == TOK_IN || (token == TOK_TO && m->expected[TOK_RBRACKET]);
}

/* The list of what could come there, in words; NULL where it is too long to help. */
static const char *expected_text(const Mistake *m)
{
    const char *group = expected_group(m);
    if (group)
        return group;

    const char *list[TOK_COUNT];
    size_t count = 0;
    for (int token = 0; token < (int)TOK_COUNT; token++) {
        const char *name = m->expected[token];
        if (!name || is_left_out(m, token))
            continue;
        if (token == TOK_END)
            name = "the end of the line";
        bool plain = !strncmp(name, "a ", 2) || !strncmp(name, "the ", 4);
        list[count++] = plain ? name : arena_printf(m->parser->arena, "'%s'", name);
    }
    if (!count || count > MOST_NAMED)
        return NULL;

    const char *text = list[0];
    for (size_t i = 1; i < count; i++) {
        text =
            arena_printf(m->parser->arena, "%s%s%s", text, i + 1 < count ? ", " : " or ", list[i]);
    }
    return text;
}

static void anything_else(const Mistake *m)
{
    const char *text = expected_text(m), *what = found(m, m->at);
    Span span = m->at->span;
    if (m->at == &m->tokens[m->parser->end] || m->at->kind == TOK_NEWLINE)
        span.begin = span.end = m->at[-1].span.end;
    Diagnostic *error =
        text ? diag_error(m->parser->diags, DIAG_SYNTAX, span, "expected %s before %s", text, what)
             : diag_error(m->parser->diags, DIAG_SYNTAX, span, "%s cannot come here", what);
    bool line_above = is_first(m) && m->at > m->tokens && m->at[-1].kind == TOK_NEWLINE;
    if (is_operator(m->at->kind) && line_above && m->at->kind != TOK_DOT) {
        diag_help(m->parser->diags, error, "to continue the line above, put the %s at its end",
                  what);
    } else if (m->at->kind == TOK_STAR && m->at > m->tokens && m->at[-1].kind == TOK_STAR) {
        diag_help(m->parser->diags, error, "a power is written with '^'");
    } else if (m->at->kind == TOK_ASSIGN && m->expected[TOK_EQ]) {
        diag_help(m->parser->diags, error, "values are compared with '=='");
    } else if (m->expected[TOK_TO] && m->at->kind == TOK_STRING) {
        diag_help(m->parser->diags, error, "a file comes after 'to' or 'from'");
    }
}

void syntax_error_report(Parser *parser, Item item, const char *const *expected)
{
    static bool (*const common[])(const Mistake *) = {
        method_call,          module_call,       settings_without_braces,
        assigned_declaration, list_of_layers,    foreign_import,
        unquoted_file,        unknown_statement, unknown_item,
        reserved_binding,     else_alone,        out_of_place,
        reserved_word,        clause_order,      second_statement,
    };
    const Token *tokens = parser->tokens.data;
    Mistake mistake = { parser, item, tokens, &tokens[parser->current], expected };
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (common[i](&mistake))
            return;
    anything_else(&mistake);
}
