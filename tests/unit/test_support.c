/* test_support.c: arenas, interned names, nearest names, positions in sources, and how diagnostics
 * are printed. */
#include "support/diag.h"
#include "support/support.h"
#include "tests/unit/tap.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void memory(void)
{
    Arena *arena = arena_new();
    bool zero = true, aligned = true;
    for (size_t size = 0; size < 3000; size += 7) {
        char *block = arena_alloc(arena, size);
        aligned = aligned && (uintptr_t)block % _Alignof(max_align_t) == 0;
        for (size_t i = 0; i < size; i++)
            zero = zero && !block[i];
        if (size)
            memset(block, 0xAA, size);
    }
    char *large = arena_alloc(arena, 5 << 20);
    large[(5 << 20) - 1] = 1;
    ok(zero && aligned, "blocks are zeroed and aligned");
    ok(!strcmp(arena_printf(arena, "%d-%s", 7, "x"), "7-x") &&
           !strcmp(arena_strndup(arena, "abcdef", 3), "abc"),
       "texts are made in an arena");
    VEC(int) list = { 0 };
    bool same = true;
    for (int i = 0; i < 10000; i++)
        vec_push(arena, &list, i);
    for (int i = 0; i < 10000; i++)
        same = same && list.data[i] == i;
    ok(same && list.len == 10000, "arrays grow");

    Interner *names = interner_new(arena);
    const char *first = intern(names, "alphabet", 5), *kept[2000];
    char text[16];
    for (int i = 0; i < 2000; i++)
        snprintf(text, sizeof text, "n%d", i), kept[i] = intern_cstr(names, text);
    same = true;
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "n%d", i),
            same = same && kept[i] == intern_cstr(names, text) && !strcmp(kept[i], text);
    }
    ok(same && first == intern_cstr(names, "alpha") && first != kept[0],
       "equal names are one pointer");
    arena_free(arena);
    arena_free(NULL);
}

static void nearest(void)
{
    static const char *const words[] = { "dense", "conv", "step", "train", "rmsprop",
                                         "g",     "lr",   "Relu", "relu",  "standard" };

    static const struct {
        const char *name, *want;
    } cases[] = {
        { "dence", "dense" },    { "Dense", "dense" },    { "stpe", "step" },
        { "trian", "train" },    { "rmspop", "rmsprop" }, { "gg", "g" },
        { "RELU", "Relu" },      { "relus", "relu" },     { "standart", "standard" },
        { "transformer", NULL }, { "x", NULL },           { "", NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = nearest_name(cases[i].name, words, sizeof words / sizeof *words);
        ok(got == cases[i].want || (got && cases[i].want && !strcmp(got, cases[i].want)),
           "nearest to '%s' is %s", cases[i].name, got ? got : "nothing");
    }
}

static char *printed(Diagnostics *d, DiagFormat format)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    diagnostics_print(d, out, format);
    fclose(out);
    return text;
}

static void prints(const char *name, Diagnostics *d, const char *want)
{
    char *text = printed(d, DIAG_TEXT);
    if (!ok(!strcmp(text, want), "%s", name))
        printf("# %s\n", text);
    free(text);
}

static Span span_of(const SourceFile *file, const char *part)
{
    uint32_t begin = (uint32_t)(strstr(file->text, part) - file->text);
    return (Span){ file, begin, begin + (uint32_t)strlen(part) };
}

static void diagnostics(void)
{
    Arena *arena = arena_new();
    Diagnostics *d = diagnostics_new(arena);
    static const char script[] = "model m {\n\tdence(4)\r\n}\nprint \"\xC3\xA4\", widht\n";
    SourceFile *file = source_from_text(arena, "t.nn", script, sizeof script - 1);
    uint32_t line, column;
    source_position(file, span_of(file, "widht").begin, &line, &column);
    ok(line == 4 && column == 12, "columns count characters");
    source_position(file, (uint32_t)file->length, &line, &column);
    ok(line == 5 && column == 1, "the end has a place");

    static const char *const layers[] = { "conv", "dense" };
    diag_unknown(d, DIAG_UNKNOWN_NAME, span_of(file, "widht"), "name", "widht", NULL, 0);
    Diagnostic *error =
        diag_unknown(d, DIAG_UNKNOWN_LAYER, span_of(file, "dence"), "layer", "dence", layers, 2);
    diag_note(d, error, span_of(file, "m {"), "in this model");
    diag_error(d, DIAG_SYNTAX, span_of(file, "dence(4)"), "a second one there");
    ok(d->errors == 2 && diagnostics_exit_status(d) == 1, "one error a place");
    prints("text is sorted, with source, carets, help and notes", d,
           "t.nn:2:2: error: unknown layer 'dence' [unknown-layer]\n"
           "    2 | \tdence(4)\n"
           "      | \t^~~~~\n"
           "help: did you mean 'dense'?\n"
           "help: accepted: conv, dense\n"
           "t.nn:1:7: note: in this model\n"
           "    1 | model m {\n"
           "      |       ^~~\n"
           "t.nn:4:12: error: unknown name 'widht' [unknown-name]\n"
           "    4 | print \"\xC3\xA4\", widht\n"
           "      |            ^~~~~\n");
    char *text = printed(d, DIAG_JSON);
    json_t *first = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    ok(first && json_object_size(first) == 10 &&
           json_integer_value(json_object_get(first, "end_column")) == 7 &&
           !strcmp(json_string_value(json_object_get(first, "code")), "unknown-layer") &&
           json_array_size(json_object_get(first, "notes")) == 1,
       "JSON has the contract's keys");
    json_decref(first);
    free(text);
    text = printed(d, DIAG_TEXT_COLOR);
    ok(strstr(text, "\33[1;31merror:\33[0m") && strstr(text, "\33[0m\n"), "colours are SGR codes");
    free(text);

    diagnostics_clear(d);
    ok(!d->errors && !diagnostics_exit_status(d), "cleared");
    diag_error(d, DIAG_MISSING_FILE, (Span){ 0 }, "no file 'a\33b\xFF'")->exit_status = 3;
    ok(diagnostics_exit_status(d) == 3, "the first error's exit status");
    prints("an error without a place, unprintable bytes replaced", d,
           "nnc: error: no file 'a\xEF\xBF\xBD"
           "b\xEF\xBF\xBD' [missing-file]\n");

    diagnostics_clear(d);
    char *many = arena_alloc(arena, 4001);
    memset(many, 'x', 4000);
    file = source_from_text(arena, "l.nn", many, 4000);
    diag_error(d, DIAG_SYNTAX, (Span){ file, 2000, 2003 }, "here");
    text = printed(d, DIAG_TEXT);
    ok(strlen(text) < 600 && strstr(text, "...") && strstr(text, "^~~\n"),
       "of a long line an excerpt is shown");
    free(text);
    for (uint32_t i = 0; i < 24; i++)
        diag_error(d, DIAG_SYNTAX, (Span){ file, i, i + 1 }, "here");
    text = printed(d, DIAG_TEXT);
    ok(strstr(text, "nnc: 5 more errors not shown\n"), "twenty errors at most");
    free(text);
    arena_free(arena);
}

static void codes(void)
{
    bool explained = true;
    for (int id = 0; id < DIAG_COUNT; id++) {
        const char *text = diag_explanation((DiagId)id);
        explained = explained && diag_find(diag_code((DiagId)id)) == id &&
                    strstr(text, "before:") && strstr(text, "after:");
    }
    ok(explained && diag_find("nonsense") == -1,
       "every code is explained, with an example before and after");
}

static void files(void)
{
    Arena *arena = arena_new();
    char *error = NULL;
    ok(!source_read(arena, "/nonexistent/x.nn", &error) && error, "a file that is not there");
    ok(!source_read(arena, "/", &error) && error, "a folder is no file");
    SourceFile *file = source_read(arena, "/dev/null", &error);
    ok(file && !error && !file->length && file->line_count == 1, "an empty file");
    arena_free(arena);
}

int main(void)
{
    memory();
    nearest();
    diagnostics();
    codes();
    files();
    return done_testing();
}
