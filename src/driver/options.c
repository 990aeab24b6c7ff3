/* options.c: the table of options, reading them, and their help. */
#include "driver/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The commands that take an option. */
enum {
    RUN = FOR_RUN,
    BUILD = FOR_BUILD,
    FMT = FOR_FMT,
    SHOW = FOR_SHOW,
    REPORT = FOR_REPORT,
    PREDICT = FOR_PREDICT,
    SCRIPTS = FOR_RUN | FOR_BUILD | FOR_REPL | FOR_CHECK | FOR_SHOW | FOR_PREDICT,
    ALL = SCRIPTS | FOR_FMT | FOR_REPORT | FOR_EXPLAIN
};

typedef struct Row Row;
/* Takes the option's value (NULL where none was given) into `options`; false where it is not one
 * that the row's `accepts` describes. */
typedef bool Take(Arena *arena, Options *options, const Row *row, const char *value);

typedef enum Needs { NO_VALUE, VALUE, MAYBE_VALUE } Needs;

struct Row {
    const char *name;
    char letter; /* 0: none */
    Needs needs;
    const char *value_name;
    /* what a right value is, for the message about a wrong one */
    const char *accepts;
    unsigned commands;
    Take *take;
    size_t field; /* offset in Options, for takes that serve several rows */
    int choice;   /* likewise */
    const char *help;
};

#define AT(member) offsetof(Options, member)

static bool take_flag(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena, (void)value;
    *(bool *)((char *)options + row->field) = true;
    return true;
}

static bool take_text(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena;
    *(const char **)((char *)options + row->field) = value;
    return *value != '\0';
}

static bool take_set(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)row;
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return false;
    ParamOverride set = { arena_strndup(arena, value, (size_t)(equals - value)), equals + 1,
                          false };
    vec_push(arena, &options->sets, set);
    return true;
}

static bool take_threads(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena, (void)row;
    char *end;
    errno = 0;
    long n = strtol(value, &end, 10);
    options->threads = (int32_t)n;
    return !errno && end != value && !*end && n >= 1 && n <= 1024;
}

static bool take_seed(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena, (void)row;
    char *end;
    errno = 0;
    options->seed = strtoull(value, &end, 10);
    options->seed_given = true;
    return !errno && *value >= '0' && *value <= '9' && !*end;
}

/* A choice: `accepts` is "auto|always|never", and the place of the word in it is the value of an
 * enum. */
static bool take_choice(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena;
    size_t length = strlen(value);
    int place = 0;
    for (const char *word = row->accepts;; place++) {
        size_t n = strcspn(word, "|");
        if (n == length && memcmp(word, value, n) == 0) {
            *(int *)((char *)options + row->field) = place;
            return true;
        }
        if (!word[n])
            return false;
        word += n + 1;
    }
}

static bool take_diagnostics(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena, (void)row;
    options->json = strcmp(value, "json") == 0;
    return options->json || strcmp(value, "text") == 0;
}

static bool take_show(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena;
    options->show = (ShowWhat)row->choice;
    if (value)
        options->pass = value;
    return true;
}

static bool take_graph(Arena *arena, Options *options, const Row *row, const char *value)
{
    (void)arena;
    options->show = (ShowWhat)row->choice;
    options->dot = value && strcmp(value, "dot") == 0;
    return !value || options->dot || strcmp(value, "text") == 0;
}

static const Row rows[] = {
    { "--set", 0, VALUE, "NAME=VALUE", "NAME=VALUE", SCRIPTS, take_set, 0, 0,
      "give a param of the script another value (repeatable)" },
    { "--threads", 0, VALUE, "N", "a whole number from 1 to 1024", SCRIPTS, take_threads, 0, 0,
      "compute with N threads (default: one per processor)" },
    { "--seed", 0, VALUE, "N", "a whole number from 0", SCRIPTS, take_seed, 0, 0,
      "the seed, where the script has none (default: 0)" },
    { "--cpu", 0, VALUE, "NAME", "the name of a CPU", SCRIPTS, take_text, AT(cpu), 0,
      "compile for this CPU, such as x86-64-v3 (default: this machine's)" },
    { "--dry-run", 0, NO_VALUE, NULL, NULL, SCRIPTS, take_flag, AT(dry_run), 0,
      "run two batches of everything; write nothing, check no assertion" },
    { "--log", 0, VALUE, "FILE", "a path", SCRIPTS, take_text, AT(log), 0,
      "write events to FILE as JSON lines" },
    { "--resume", 0, VALUE, "FILE", "a path", RUN, take_text, AT(resume), 0,
      "resume from a checkpoint" },
    { "--output", 'o', VALUE, "NAME", "a path", BUILD | REPORT | PREDICT, take_text, AT(output), 0,
      "what to make (default: the script's name)" },
    { "--model", 0, VALUE, "NAME", "the name of a model", PREDICT, take_text, AT(model), 0,
      "the model that predicts (default: the one saved last, or the only one)" },
    { "--weights", 0, VALUE, "FILE", "a path", PREDICT, take_text, AT(weights), 0,
      "its weights (default: the file of the script's last save)" },
    { "--emit", 0, VALUE, "KIND", "exe|obj|asm|llvm|lib", BUILD, take_choice, AT(emit), 0,
      "what kind of file to make: exe, obj, asm, llvm or lib" },
    { "--ir", 0, MAYBE_VALUE, "PASS", NULL, SHOW, take_show, 0, SHOW_IR,
      "the graph after a pass (default: the last one)" },
    { "--graph", 0, MAYBE_VALUE, "FORM", "text or dot", SHOW, take_graph, 0, SHOW_GRAPH,
      "the graph before the first pass, as text or (=dot) for Graphviz" },
    { "--plan", 0, NO_VALUE, NULL, NULL, SHOW, take_show, 0, SHOW_PLAN,
      "kernels: what was fused, what was not and why; memory" },
    { "--llvm", 0, NO_VALUE, NULL, NULL, SHOW, take_show, 0, SHOW_LLVM, "LLVM IR" },
    { "--asm", 0, NO_VALUE, NULL, NULL, SHOW, take_show, 0, SHOW_ASM, "assembly for the target" },
    { "--check", 0, NO_VALUE, NULL, NULL, FMT, take_flag, AT(check), 0,
      "change nothing; exit with 1 where fmt would" },
    { "--quiet", 'q', NO_VALUE, NULL, NULL, ALL, take_flag, AT(quiet), 0,
      "print errors only: no progress, no notes" },
    { "--color", 0, VALUE, "WHEN", "auto|always|never", ALL, take_choice, AT(color), 0,
      "colour on standard error: auto, always or never" },
    { "--diagnostics", 0, VALUE, "FORM", "text|json", SCRIPTS | FMT, take_diagnostics, 0, 0,
      "how errors are printed: text or json" },
    { "--help", 'h', NO_VALUE, NULL, NULL, ALL, take_flag, AT(help), 0, "print this help" },
    { "--version", 0, NO_VALUE, NULL, NULL, ALL, take_flag, AT(version), 0, "print the version" },
};

enum { ROWS = sizeof rows / sizeof *rows };

int options_wrong(const Options *options, const char *format, ...)
{
    Arena *arena = arena_new();
    Diagnostics *diags = diagnostics_new(arena);
    va_list args;
    va_start(args, format);
    Diagnostic *error =
        diag_error(diags, DIAG_WRONG_USAGE, (Span){ 0 }, "%s", arena_vprintf(arena, format, args));
    va_end(args);
    if (options->command)
        diag_help(diags, error, "'nnc %s --help' shows how to use it", options->command->name);
    else
        diag_help(diags, error, "'nnc --help' shows how to use it");
    diagnostics_print(diags, stderr, options_format(options));
    arena_free(arena);
    return 2;
}

static const Command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool unknown_command(const Options *options, Arena *arena, const char *name)
{
    const char **names = ARENA_ARRAY(arena, const char *, command_count);
    const char *list = "";
    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i].name;
        list = arena_printf(arena, "%s%s%s", list, i ? ", " : "", names[i]);
    }
    const char *near = nearest_name(name, names, command_count);
    if (near)
        options_wrong(options, "unknown command '%s'; did you mean '%s'?", name, near);
    else
        options_wrong(options, "unknown command '%s'; the commands are %s", name, list);
    return false;
}

static bool unknown_option(const Options *options, const char *name)
{
    const char *names[ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (!options->command || (rows[i].commands & options->command->bit))
            names[count++] = rows[i].name;
    const char *near = nearest_name(name, names, count);
    if (near)
        options_wrong(options, "unknown option '%s'; did you mean '%s'?", name, near);
    else
        options_wrong(options, "unknown option '%s'", name);
    return false;
}

/* One word of the command line split into the option's row and the value glued to it ("--seed=3",
 * "-oNAME"), if any. */
static const Row *find_option(Arena *arena, const char *word, const char **name, const char **value)
{
    *name = word;
    *value = NULL;
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    if (equals) {
        *name = arena_strndup(arena, word, (size_t)(equals - word));
        *value = equals + 1;
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, *name) == 0)
            return &rows[i];
        if (word[1] != '-' && rows[i].letter == word[1] &&
            (rows[i].needs != NO_VALUE || !word[2])) {
            *name = arena_strndup(arena, word, 2);
            *value = word[2] ? word + 2 : NULL;
            return &rows[i];
        }
    }
    return NULL;
}

static bool take_option(Arena *arena, Options *options, int argc, char **argv, int *at)
{
    const char *name, *value, *word = argv[*at];
    const Row *row = find_option(arena, word, &name, &value);
    if (!row)
        return unknown_option(options, name);
    if (options->command && !(row->commands & options->command->bit)) {
        options_wrong(options, "'nnc %s' takes no option '%s'", options->command->name, name);
        return false;
    }
    if (row->needs == NO_VALUE && value) {
        options_wrong(options, "option '%s' takes no value", name);
        return false;
    }
    if (row->needs == VALUE && !value) {
        if (*at + 1 >= argc) {
            options_wrong(options, "option '%s' needs a value: %s", name, row->accepts);
            return false;
        }
        value = argv[++*at];
    }
    if (row->take(arena, options, row, value))
        return true;
    options_wrong(options, "'%s' is not a value of option '%s', which takes %s", value, name,
                  row->accepts);
    return false;
}

/* Options may come before the command (`nnc --quiet run f.nn`): they are checked against it once it
 * is known. */
static bool check_early(Arena *arena, const Options *options, char **argv, int count)
{
    for (int i = 1; i < count; i++) {
        const char *name, *value;
        const Row *row = argv[i][0] == '-' ? find_option(arena, argv[i], &name, &value) : NULL;
        if (row && !(row->commands & options->command->bit)) {
            options_wrong(options, "'nnc %s' takes no option '%s'", options->command->name, name);
            return false;
        }
        if (row && row->needs == VALUE && !value)
            i++;
    }
    return true;
}

bool options_parse(Arena *arena, int argc, char **argv, Options *options)
{
    *options = (Options){ 0 };
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            if (!take_option(arena, options, argc, argv, &i))
                return false;
        } else if (!options->command) {
            options->command = find_command(word);
            if (!options->command)
                return unknown_command(options, arena, word);
            if (!check_early(arena, options, argv, i))
                return false;
        } else {
            vec_push(arena, &options->operands, word);
        }
    }
    return true;
}

static void help_options(unsigned mask, FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        const Row *row = &rows[i];
        if (!(row->commands & mask))
            continue;
        char left[64];
        const char *between = row->needs == VALUE ? " " : "";
        if (row->needs == MAYBE_VALUE)
            between = "[=";
        snprintf(left, sizeof left, "%c%c%s%s%s%s%s", row->letter ? '-' : ' ',
                 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name, between,
                 row->value_name ? row->value_name : "", row->needs == MAYBE_VALUE ? "]" : "");
        fprintf(out, "  %-26s %s\n", left, row->help);
    }
}

void options_help(const Command *command, FILE *out)
{
    if (command) {
        fprintf(out, "usage: nnc %s [OPTION]... %s\n%s\n\n", command->name, command->operands,
                command->help);
        if (command->more)
            fprintf(out, "%s\n", command->more);
        fputs("options, before or after the file:\n", out);
        help_options(command->bit, out);
        return;
    }
    fputs(
        "usage: nnc COMMAND [OPTION]... FILE\nnnc compiles .nn files: one file describes a neural "
        "network and how to train it.\n\ncommands:\n",
        out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-9s %-10s %s\n", commands[i].name, commands[i].operands, commands[i].help);
    fputs("\noptions that most commands take ('nnc COMMAND --help' lists a command's own):\n", out);
    help_options(RUN, out);
    fputs("\nexit status: 0 done, 1 the script is wrong, 2 wrong usage, 3 data or files, 4 "
          "training diverged, 5 an assertion failed, 130 interrupted\n",
          out);
}

bool options_color(const Options *options)
{
    if (options->color != COLOR_AUTO)
        return options->color == COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

DiagFormat options_format(const Options *options)
{
    if (options->json)
        return DIAG_JSON;
    return options_color(options) ? DIAG_TEXT_COLOR : DIAG_TEXT;
}
