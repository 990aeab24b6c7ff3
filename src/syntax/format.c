/* format.c: `nnc fmt`: the words of a script as they are, with the usual space between them.
 *
 * The tokens are walked side by side in two forms: as scanned, with every newline, and as
 * newlines.c left them, which says what each word is and which newlines end a statement. Lines stay
 * lines; one may be added only after a `{` or before a `}` whose partner is on another line.
 * Comments are found in the gaps between tokens. In a last sweep the `=` of settings and the
 * comments of neighbouring lines are aligned. The result is read again and compared word by word.
 */
#include "syntax/format.h"
#include "support/utf8.h"
#include "syntax/tokens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 4, FARTHEST_ARROW = 40 };

/* A line of the result. */
typedef struct Line {
    /* width: of the code in characters, without the indentation */
    const char *code;
    size_t indent, width;
    const char *comment; /* or NULL */
    /* characters before the `=` of a setting; 0: none */
    size_t key;
    bool blank_before;
} Line;

/* broken: its partner is on another line */
typedef struct Bracket {
    uint16_t kind;
    bool broken;
    size_t indent;
} Bracket;

typedef struct Formatter {
    Arena *arena;
    const SourceFile *file;
    Tokens raw, laid;
    /* per raw token: a brace whose partner is on another line */
    bool *broken;
    VEC(Line) lines;
    VEC(Bracket) open;
    char *code;
    size_t length, capacity; /* of the line under way */
    size_t indent, key;
    /* kinds of the words before; the line's first word has TOK_NEWLINE before it */
    uint16_t last, before_last;
    Span last_span;
    /* column of the statement's first arrow; 0: none yet */
    size_t arrow;
    uint16_t head; /* what the top-level statement begins with */
    /* a blank line comes before what follows; the next word starts a statement */
    bool blank, fresh;
} Formatter;

static bool is_operand_end(int kind)
{
    return kind == TOK_NAME || kind == TOK_NUMBER || kind == TOK_STRING || kind == TOK_SHAPE ||
           kind == TOK_RPAREN || kind == TOK_RBRACKET || kind == TOK_TRUE || kind == TOK_FALSE ||
           kind == TOK_NONE || kind == TOK_IN;
}

/* ---- spaces between two words of a line ---- */

static const char *text_of(const Formatter *f, Span span)
{
    return f->file->text + span.begin;
}

static bool is_whole(const Formatter *f, Span span)
{
    size_t length = span.end - span.begin;
    return strspn(text_of(f, span), "0123456789_") >= length;
}

/* `1..5` has no spaces; next to other numbers the points would be read as part of them. */
static bool range_is_close(const Formatter *f, int left, Span left_span, int right, Span right_span)
{
    bool l = left == TOK_NAME || left == TOK_RPAREN || left == TOK_RBRACKET ||
             (left == TOK_NUMBER && is_whole(f, left_span));
    return l && (right == TOK_NAME || right == TOK_LPAREN || right == TOK_MINUS ||
                 (right == TOK_NUMBER && *text_of(f, right_span) != '.'));
}

static bool was_unary(const Formatter *f)
{
    return f->last == TOK_MINUS && !is_operand_end(f->before_last);
}

static bool needs_space(const Formatter *f, uint16_t kind, const Token *next)
{
    uint16_t last = f->last;
    if (last == TOK_NEWLINE || last == TOK_LPAREN || last == TOK_LBRACKET || last == TOK_DOT ||
        last == TOK_CARET || was_unary(f)) {
        return false;
    }
    if (last == TOK_LBRACE || kind == TOK_RBRACE || kind == TOK_LBRACE)
        return true;
    switch (kind) {
    case TOK_COMMA:
    case TOK_RPAREN:
    case TOK_RBRACKET:
    case TOK_DOT:
    case TOK_CARET: return false;
    case TOK_LPAREN:
        return !(last == TOK_NAME || (last == TOK_VERB && f->before_last != TOK_NEWLINE) ||
                 last == TOK_RPAREN);
    case TOK_LBRACKET: return !(last == TOK_NAME || last == TOK_RPAREN || last == TOK_RBRACKET);
    case TOK_DOTS: return next && !range_is_close(f, last, f->last_span, next->kind, next->span);
    default: break;
    }
    if (last == TOK_DOTS)
        return f->code[f->length - 3] == ' ';
    return true;
}

/* ---- lines ---- */

static void add_text(Formatter *f, const char *text, size_t length)
{
    if (f->length + length + 1 > f->capacity) {
        size_t capacity = 2 * (f->length + length) + 128;
        char *grown = arena_alloc(f->arena, capacity);
        if (f->length)
            memcpy(grown, f->code, f->length);
        f->code = grown;
        f->capacity = capacity;
    }
    memcpy(f->code + f->length, text, length);
    f->length += length;
}

static size_t characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i += utf8_length(text + i, length - i))
        count++;
    return count;
}

/* Without blanks at its end, and with one after the `#` where a letter follows. */
static const char *tidy_comment(Formatter *f, Span span)
{
    const char *text = text_of(f, span);
    size_t length = span.end - span.begin;
    while (length > 1 && strchr(" \t\r", text[length - 1]))
        length--;
    bool close = length > 1 && !strchr(" \t#!", text[1]);
    return arena_printf(f->arena, "#%s%.*s", close ? " " : "", (int)length - 1, text + 1);
}

static void end_line(Formatter *f, const char *comment)
{
    if (f->length || comment) {
        Line line = { .code = arena_strndup(f->arena, f->code ? f->code : "", f->length),
                      .indent = f->indent,
                      .comment = comment,
                      .key = f->key,
                      .blank_before = f->blank && f->lines.len };
        line.width = characters(line.code, f->length);
        vec_push(f->arena, &f->lines, line);
        f->blank = false;
    }
    f->length = f->key = 0;
    f->last = TOK_NEWLINE;
}

static size_t block_indent(const Formatter *f)
{
    for (size_t i = f->open.len; i--;)
        if (f->open.data[i].broken || f->open.data[i].kind != TOK_LBRACE)
            return f->open.data[i].indent + INDENT;
    return 0;
}

/* The indentation of the line that begins with this word. */
static size_t line_indent(const Formatter *f, uint16_t kind)
{
    size_t inside = block_indent(f);
    if (token_closes(kind) && f->open.len)
        return f->open.data[f->open.len - 1].indent;
    bool in_list = f->open.len && f->open.data[f->open.len - 1].kind != TOK_LBRACE;
    if (f->fresh || in_list)
        return inside;
    if (kind == TOK_ARROW && f->arrow)
        return f->arrow;
    return inside + INDENT;
}

static bool holds_settings(const Formatter *f)
{
    return f->open.len && f->open.data[f->open.len - 1].kind == TOK_LBRACE &&
           (f->head == TOK_DATA || f->head == TOK_RECIPE || f->head == TOK_VERB);
}

static void add_word(Formatter *f, const Token *token, uint16_t kind, const Token *next)
{
    bool first = f->last == TOK_NEWLINE;
    if (f->fresh && !f->open.len)
        f->head = kind;
    if (first)
        f->indent = line_indent(f, kind);
    if (f->fresh)
        f->arrow = 0;
    if (needs_space(f, kind, next))
        add_text(f, " ", 1);
    if (kind == TOK_ASSIGN && f->before_last == TOK_NEWLINE && holds_settings(f))
        f->key = characters(f->code, f->length - 1);
    if (kind == TOK_ARROW && !f->arrow) {
        size_t column = f->indent + characters(f->code ? f->code : "", f->length);
        f->arrow = column <= FARTHEST_ARROW ? column : block_indent(f) + INDENT;
    }
    add_text(f, text_of(f, token->span), token->span.end - token->span.begin);
    f->before_last = f->last;
    f->last = kind;
    f->last_span = token->span;
    f->fresh = false;
}

/* ---- the walk ---- */

/* Which braces have their partner on another line. Brackets balance: the script was read without an
 * error. */
static void find_broken(Formatter *f)
{
    VEC(size_t) open = { 0 };
    VEC(uint32_t) lines = { 0 };
    uint32_t line = 0;
    f->broken = ARENA_ARRAY(f->arena, bool, f->raw.len + 1);
    for (size_t i = 0; i < f->raw.len; i++) {
        int kind = f->raw.data[i].kind;
        if (kind == TOK_NEWLINE)
            line++;
        if (token_opens(kind)) {
            vec_push(f->arena, &open, i);
            vec_push(f->arena, &lines, line);
        } else if (token_closes(kind) && open.len) {
            size_t partner = open.data[--open.len];
            f->broken[i] = f->broken[partner] = lines.data[--lines.len] != line;
        }
    }
}

/* The comment between the last token and the newline (or end) at `at`. */
static const char *comment_before(Formatter *f, size_t i)
{
    uint32_t begin = utf8_has_bom(f->file->text, f->file->length) ? 3 : 0;
    if (i)
        begin = f->raw.data[i - 1].span.end;
    uint32_t end =
        f->raw.data[i].kind == TOK_END ? (uint32_t)f->file->length : f->raw.data[i].span.begin;
    const char *at = memchr(f->file->text + begin, '#', end - begin);
    return at ? tidy_comment(f, (Span){ f->file, (uint32_t)(at - f->file->text), end }) : NULL;
}

/* At a newline or the end: `i` is its place, `laid` that of the next word. */
static void walk_newline(Formatter *f, size_t i, size_t laid, uint32_t *newlines)
{
    const char *comment = comment_before(f, i);
    bool empty = !f->length && !comment;
    if (comment && !f->length) {
        const Token *next = &f->laid.data[laid];
        bool alone = f->fresh || next->kind == TOK_NEWLINE || next->kind == TOK_END ||
                     token_closes(next->kind);
        f->indent = alone ? block_indent(f) : line_indent(f, next->kind);
    }
    end_line(f, comment);

    *newlines = empty ? *newlines + 1 : 1;
    bool in_list = f->open.len && f->open.data[f->open.len - 1].kind != TOK_LBRACE;
    f->blank = *newlines > 1 && !in_list;
}

static void walk_word(Formatter *f, size_t i, uint16_t kind)
{
    const Token *token = &f->raw.data[i];
    const Token *next = i + 1 < f->raw.len ? token + 1 : NULL;
    if (kind == TOK_RBRACE && f->broken[i]) {
        if (f->length)
            end_line(f, NULL);
        f->blank = false;
    }
    if (f->lines.len && f->last == TOK_NEWLINE && f->open.len && f->before_last == TOK_LBRACE)
        f->blank = false;
    add_word(f, token, kind, next);

    if (token_opens(kind)) {
        vec_push(f->arena, &f->open, ((Bracket){ kind, f->broken[i], f->indent }));
        if (kind == TOK_LBRACE)
            f->fresh = true;
        if (kind == TOK_LBRACE && f->broken[i] && next && next->kind != TOK_NEWLINE) {
            end_line(f, NULL);
            f->before_last = TOK_LBRACE;
        }
    } else if (token_closes(kind) && f->open.len) {
        f->open.len--;
    } else if (kind == TOK_COMMA && f->open.len &&
               f->open.data[f->open.len - 1].kind == TOK_LBRACE) {
        f->fresh = true;
    }
}

static void walk(Formatter *f)
{
    size_t laid = 0;
    uint32_t newlines = 0;
    f->last = TOK_NEWLINE;
    f->fresh = true;

    for (size_t i = 0; i < f->raw.len; i++) {
        uint16_t kind = f->raw.data[i].kind;
        if (kind == TOK_NEWLINE || kind == TOK_END) {
            walk_newline(f, i, laid, &newlines);
            continue;
        }
        for (; laid < f->laid.len && f->laid.data[laid].kind == TOK_NEWLINE; laid++)
            f->fresh = true;
        if (laid < f->laid.len)
            kind = f->laid.data[laid++].kind;
        walk_word(f, i, kind);
        newlines = 0;
    }
}

/* ---- what is aligned ---- */

/* The widest key of the run of settings that begins here. */
static size_t run_of_keys(const Formatter *f, size_t first, size_t *last)
{
    size_t widest = 0;
    for (*last = first; *last < f->lines.len; (*last)++) {
        const Line *line = &f->lines.data[*last];
        bool only_comment = line->comment && !line->width;
        if (*last > first && (line->blank_before || line->indent != f->lines.data[first].indent))
            break;
        if (!only_comment && !line->key)
            break;
        if (line->key > widest)
            widest = line->key;
    }
    return widest;
}

static void align_keys(Formatter *f)
{
    for (size_t first = 0, last; first < f->lines.len; first = last) {
        last = first + 1;
        if (!f->lines.data[first].key)
            continue;
        size_t widest = run_of_keys(f, first, &last);
        for (size_t i = first; i < last; i++) {
            Line *line = &f->lines.data[i];
            if (!line->key || line->key == widest)
                continue;
            size_t bytes = strcspn(line->code, " ");
            line->code = arena_printf(f->arena, "%.*s%*s%s", (int)bytes, line->code,
                                      (int)(widest - line->key), "", line->code + bytes);
            line->width += widest - line->key;
        }
    }
}

static void print_lines(Formatter *f, FILE *out)
{
    for (size_t first = 0, last; first < f->lines.len; first = last) {
        size_t column = 0;
        for (last = first;
             last < f->lines.len && (last == first || !f->lines.data[last].blank_before); last++) {
            const Line *line = &f->lines.data[last];
            if (!line->comment || !line->width) {
                last += last == first;
                break;
            }
            if (line->indent + line->width > column)
                column = line->indent + line->width;
        }
        for (size_t i = first; i < last; i++) {
            const Line *line = &f->lines.data[i];
            if (line->blank_before)
                fputc('\n', out);
            fprintf(out, "%*s%s", (int)line->indent, "", line->code);
            if (line->comment && line->width)
                fprintf(out, "%*s  ", (int)(column - line->indent - line->width), "");
            fprintf(out, "%s\n", line->comment ? line->comment : "");
        }
    }
}

/* ---- checking ---- */

static void read_tokens(Arena *arena, Interner *names, const SourceFile *file, Tokens *raw,
                        Tokens *laid)
{
    Parser parser = { .arena = arena,
                      .scratch = arena,
                      .names = names,
                      .diags = diagnostics_new(arena),
                      .file = file };
    scan_file(&parser);
    if (raw) {
        *raw = parser.tokens;
        raw->data =
            arena_dup(arena, parser.tokens.data, parser.tokens.len * sizeof *parser.tokens.data);
    }
    balance_brackets(&parser);
    settle_newlines(&parser);
    *laid = parser.tokens;
}

/* A newline before a closing brace may have been added: it means nothing. */
static size_t next_telling(const Tokens *tokens, size_t i)
{
    const Token *data = tokens->data;
    while (i + 1 < tokens->len && data[i].kind == TOK_NEWLINE &&
           (data[i + 1].kind == TOK_RBRACE || data[i + 1].kind == TOK_END)) {
        i++;
    }
    return i;
}

static bool says_the_same(const Tokens *a, const SourceFile *in_a, const Tokens *b,
                          const SourceFile *in_b)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        i = next_telling(a, i);
        k = next_telling(b, k);
        if (i >= a->len || k >= b->len)
            return i >= a->len && k >= b->len;
        const Token *x = &a->data[i], *y = &b->data[k];
        if (x->kind != y->kind)
            return false;
        if (x->kind == TOK_NEWLINE || x->kind == TOK_END)
            continue;
        uint32_t length = x->span.end - x->span.begin;
        if (length != y->span.end - y->span.begin ||
            memcmp(in_a->text + x->span.begin, in_b->text + y->span.begin, length)) {
            return false;
        }
    }
}

char *format_script(Arena *arena, Interner *names, Diagnostics *diags, const SourceFile *file,
                    size_t *length)
{
    parse_file(arena, names, diags, file);
    if (diags->errors)
        return NULL;

    Formatter f = { .arena = arena, .file = file };
    read_tokens(arena, names, file, &f.raw, &f.laid);
    find_broken(&f);
    walk(&f);
    align_keys(&f);

    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out)
        print_lines(&f, out);
    if (!out || fclose(out)) {
        diag_error(diags, DIAG_INTERNAL, (Span){ file, 0, 0 },
                   "there is not enough memory to format the script");
        return NULL;
    }
    char *made = arena_strndup(arena, text, *length);
    free(text);

    const SourceFile *again = source_from_text(arena, file->path, made, *length);
    Tokens laid;
    read_tokens(arena, names, again, NULL, &laid);
    if (says_the_same(&f.laid, file, &laid, again))
        return made;
    diag_error(diags, DIAG_INTERNAL, (Span){ file, 0, 0 },
               "the formatted script would mean something else, so it is left as it is");
    return NULL;
}
