/* test_driver.c: the command line, values as JSON, and exit statuses that need no script. */
#include "driver/driver.h"
#include "driver/toolchain.h"
#include "driver/json_values.h"
#include "driver/signatures.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORDS = 16 };

/* Splits at spaces; the words live in the arena. */
static int words_of(Arena *arena, const char *line, char **argv)
{
    int argc = 0;
    for (char *word = strtok(arena_strndup(arena, line, strlen(line)), " ");
         word && argc < MOST_WORDS; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return argc;
}

static bool parses(Arena *arena, const char *line, Options *options)
{
    char *argv[MOST_WORDS];
    int argc = words_of(arena, line, argv);
    return options_parse(arena, argc, argv, options);
}

static int status_of(Arena *arena, const char *line)
{
    char *argv[MOST_WORDS];
    int argc = words_of(arena, line, argv);
    return driver_main(argc, argv);
}

static void test_options(Arena *arena)
{
    Options o;
    ok(parses(arena,
              "nnc run --set a=5 t.nn --set b= --threads=3 --seed 18446744073709551615 --log l "
              "--quiet",
              &o),
       "options before and after the file");
    ok(o.command && !strcmp(o.command->name, "run") && o.operands.len == 1 &&
           !strcmp(o.operands.data[0], "t.nn"),
       "the command and its file");
    ok(o.sets.len == 2 && !strcmp(o.sets.data[0].name, "a") && !strcmp(o.sets.data[0].value, "5") &&
           !*o.sets.data[1].value,
       "--set, twice");
    ok(o.threads == 3 && o.seed_given && o.seed == UINT64_MAX && o.quiet && !strcmp(o.log, "l"),
       "numbers, flags, texts");
    ok(parses(arena, "nnc --quiet run t.nn", &o) && o.quiet, "an option before the command");
    ok(parses(arena, "nnc build t.nn -oprog --emit=asm", &o) && !strcmp(o.output, "prog") &&
           o.emit == BUILD_ASM,
       "-oNAME and a choice");
    ok(parses(arena, "nnc show --ir=fuse t.nn", &o) && o.show == SHOW_IR && !strcmp(o.pass, "fuse"),
       "--ir=PASS");
    ok(parses(arena, "nnc show --ir t.nn", &o) && o.show == SHOW_IR && !o.pass &&
           o.operands.len == 1,
       "--ir takes the next word for a file");
    ok(parses(arena, "nnc run -- --odd.nn", &o) && o.operands.len == 1, "-- ends the options");
    ok(parses(arena, "nnc run t.nn --diagnostics json --color never", &o) &&
           options_format(&o) == DIAG_JSON && !options_color(&o),
       "how errors are said");

    static const char *const wrong[] = {
        "nnc rnu t.nn",
        "nnc run t.nn --widht 3",
        "nnc run t.nn --threads 0",
        "nnc run t.nn --threads many",
        "nnc run t.nn --threads 99999999999",
        "nnc run t.nn --seed lucky",
        "nnc run t.nn --seed -1",
        "nnc run t.nn --seed 99999999999999999999",
        "nnc run t.nn --color sometimes",
        "nnc run t.nn --set width",
        "nnc run t.nn --set =3",
        "nnc run t.nn --log",
        "nnc run t.nn --quiet=yes",
        "nnc run t.nn --emit=obj",
        "nnc --emit=obj run t.nn",
        "nnc build t.nn --emit=elf",
        "nnc run t.nn -x",
        "nnc run t.nn --diagnostics xml",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ok(!parses(arena, wrong[i], &o), "wrong: %s", wrong[i]);
}

static void test_statuses(Arena *arena)
{
    ok(status_of(arena, "nnc") == EXIT_USAGE, "nothing asked");
    ok(status_of(arena, "nnc run") == EXIT_USAGE, "no script");
    ok(status_of(arena, "nnc run a.nn b.nn") == EXIT_USAGE, "two scripts");
    ok(status_of(arena, "nnc run /nowhere/at/all.nn") == EXIT_FILES, "a script that is not there");
    ok(status_of(arena, "nnc explain unknown-layr") == EXIT_USAGE, "an unknown code");
    ok(status_of(arena, "nnc fmt /nowhere/a.nn") == EXIT_FILES,
       "a script to lay out that is not there");
    ok(status_of(arena, "nnc show a.nn") == EXIT_USAGE, "show of nothing");
    ok(status_of(arena, "nnc show a.nn --ir=nonsense") == EXIT_USAGE, "show of no pass");
}

static bool dumps_as(json_t *json, const char *want)
{
    char *got = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    bool same = got && !strcmp(got, want);
    if (!same)
        printf("# got %s\n", got ? got : "nothing");
    free(got);
    json_decref(json);
    return same;
}

static void test_values(Arena *arena)
{
    Value three = { .kind = VALUE_NUMBER, .number = 3, .is_integer = true },
          half = { .kind = VALUE_NUMBER, .number = 0.5 };
    Value endless = { .kind = VALUE_NUMBER, .number = -INFINITY },
          text = { .kind = VALUE_STRING, .text = "a\"b", .length = 3 };
    Value shape = { .kind = VALUE_SHAPE, .dims = (int64_t[]){ 1, 28 }, .count = 2 },
          none = { .kind = VALUE_NONE };
    Value items[] = { three, half }, list = { .kind = VALUE_LIST, .items = items, .count = 2 };
    ok(dumps_as(value_json(arena, &three), "3") && dumps_as(value_json(arena, &half), "0.5"),
       "numbers");
    ok(dumps_as(value_json(arena, &endless), "{\"op\":\"/\",\"a\":-1.0,\"b\":0.0}"),
       "JSON has no infinity");
    ok(dumps_as(value_json(arena, &text), "\"a\\\"b\"") &&
           dumps_as(value_json(arena, &none), "null"),
       "text and nothing");
    ok(dumps_as(value_json(arena, &shape), "[1,28]") &&
           dumps_as(value_json(arena, &list), "[3,0.5]"),
       "shapes and lists");

    Form word = { .category = FORM_WORD, .name = "drop" },
         metric = { .category = FORM_METRIC,
                    .name = "top_k",
                    .arg_count = 1,
                    .args = (ArgSpec[]){ { .name = "k" } } };
    Call drop = { .form = &word }, top = { .form = &metric, .args = &three };
    Value dropped = { .kind = VALUE_CALL, .call = &drop },
          top_3 = { .kind = VALUE_CALL, .call = &top };
    ok(dumps_as(value_json(arena, &dropped), "\"drop\""), "a word");
    ok(dumps_as(value_json(arena, &top_3), "{\"form\":\"top_k\",\"k\":3}") &&
           dumps_as(metric_json(arena, &top_3), "{\"name\":\"top_k\",\"k\":3}"),
       "a form, a metric");
    ok(strcmp(value_signature(arena, &three, true), value_signature(arena, &half, true)) != 0,
       "signatures tell values apart");

    Later run = { .kind = LATER_FIELD, .result = "run", .name = "loss" },
          one = { .kind = LATER_CONST, .constant = three };
    Later history = { .kind = LATER_FIELD, .result = "run", .name = "history" },
          at = { .kind = LATER_INDEX, .a = &history, .b = &one };
    Later less = { .kind = LATER_BINARY, .op = OP_LT, .a = &run, .b = &one },
          absolute = { .kind = LATER_CALL, .name = "abs", .a = &less };
    ok(dumps_as(later_json(arena, &absolute),
                "{\"op\":\"abs\",\"a\":{\"op\":\"<\",\"a\":{\"field\":\"loss\",\"of\":{\"result\":"
                "\"run\"}},\"b\":3}}"),
       "a later value");
    ok(dumps_as(later_json(arena, &at),
                "{\"index\":3,\"of\":{\"field\":\"history\",\"of\":{\"result\":\"run\"}}}"),
       "an index");
}

static void test_places(Arena *arena)
{
    char *error = NULL, *folder = toolchain_temporary(arena, &error);
    ok(folder != NULL, "a folder for intermediate files");
    if (!folder)
        return;
    char *path = arena_printf(arena, "%s/made", folder), *beside = toolchain_beside(arena, path);
    FILE *out = fopen(beside, "w");
    if (out)
        fclose(out);
    ok(strncmp(beside, folder, strlen(folder)) == 0 && out &&
           toolchain_publish(arena, beside, path, &error) && access(path, F_OK) == 0,
       "made beside, then moved");
    ok(!toolchain_publish(arena, beside, path, &error) && error,
       "what was not made cannot be moved");
    toolchain_remove(folder);
    ok(access(folder, F_OK) != 0, "the folder is gone");
}

int main(void)
{
    Arena *arena = arena_new();
    test_options(arena);
    test_statuses(arena);
    test_values(arena);
    test_places(arena);
    arena_free(arena);
    return done_testing();
}
