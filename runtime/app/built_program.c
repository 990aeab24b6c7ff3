/* built_program.c: the main function of programs made by `nnc build`: their options, then the
 * embedded program. */
#include "abi/program.h"
#include "app/app.h"
#include "base/base.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct command {
    const char *name;
    nnrt_options options;
    const char *color;
    bool help, version;
} command;

static bool take_threads(command *c, const char *value)
{
    char *end;
    errno = 0;
    long n = strtol(value, &end, 10);
    c->options.threads = (int32_t)n;
    return *value >= '0' && *value <= '9' && !*end && !errno && n >= 1 && n <= 4096;
}

static bool take_seed(command *c, const char *value)
{
    char *end;
    errno = 0;
    c->options.seed = strtoull(value, &end, 10);
    c->options.seed_given = true;
    return *value >= '0' && *value <= '9' && !*end && !errno;
}

static bool take_color(command *c, const char *value)
{
    c->color = value;
    return !strcmp(value, "auto") || !strcmp(value, "always") || !strcmp(value, "never");
}

static bool take_diagnostics(command *c, const char *value)
{
    c->options.diagnostics_json = !strcmp(value, "json");
    return c->options.diagnostics_json || !strcmp(value, "text");
}

static bool take_log(command *c, const char *value)
{
    c->options.log_path = value;
    return *value;
}

static bool take_resume(command *c, const char *value)
{
    c->options.resume_path = value;
    return *value;
}

static bool take_quiet(command *c, const char *value)
{
    (void)value;
    return c->options.quiet = true;
}

static bool take_dry_run(command *c, const char *value)
{
    (void)value;
    return c->options.dry_run = true;
}

static bool take_help(command *c, const char *value)
{
    (void)value;
    return c->help = true;
}

static bool take_version(command *c, const char *value)
{
    (void)value;
    return c->version = true;
}

static const struct {
    const char *name, *argument, *accepted, *help;
    char letter; /* '\0': none */
    bool (*take)(command *, const char *);
} rows[] = {
    { "--threads", "N", "a whole number from 1", "run on N threads (default: all processors)", '\0',
      take_threads },
    { "--seed", "N", "a whole number from 0", "the seed where the script does not set one", '\0',
      take_seed },
    { "--log", "F", "a file", "write JSON lines to F", '\0', take_log },
    { "--resume", "F", "a file", "continue from a checkpoint", '\0', take_resume },
    { "--dry-run", NULL, NULL, "two batches of everything; writes nothing, checks no assertions",
      '\0', take_dry_run },
    { "--quiet", NULL, NULL, "no progress", 'q', take_quiet },
    { "--color", "WHEN", "auto, always or never", "colour messages: auto, always, never", '\0',
      take_color },
    { "--diagnostics", "FORM", "text or json", "messages as text or as JSON lines", '\0',
      take_diagnostics },
    { "--help", NULL, NULL, "show this help", 'h', take_help },
    { "--version", NULL, NULL, "show what made this program", '\0', take_version },
};

enum { ROWS = sizeof rows / sizeof *rows };

static bool usage_error(const command *c, const char *text, const char *what, const char *accepted)
{
    fprintf(stderr, "%s: error: %s '%s'%s%s [wrong-usage]\nhelp: %s --help lists the options\n",
            c->name, text, what, accepted ? ": it takes " : "", accepted ? accepted : "", c->name);
    return false;
}

/* Whether the `length` characters are the row's name, or its letter behind a '-'. */
static bool is_option(int row, const char *text, size_t length)
{
    if (length == 2 && text[0] == '-' && rows[row].letter && text[1] == rows[row].letter)
        return true;
    return strlen(rows[row].name) == length && !strncmp(rows[row].name, text, length);
}

static bool read_options(command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        int row = 0;
        while (row < ROWS && !is_option(row, argv[i], length))
            row++;
        if (row == ROWS) {
            return usage_error(c, *argv[i] == '-' ? "unknown option" : "unexpected argument",
                               argv[i], NULL);
        }
        const char *value = argv[i][length] ? argv[i] + length + 1 : NULL;
        if (!rows[row].argument && value)
            return usage_error(c, "this option takes no value:", rows[row].name, NULL);
        if (rows[row].argument && !value && i + 1 < argc)
            value = argv[++i];
        if (rows[row].argument && (!value || !rows[row].take(c, value)))
            return usage_error(c, "wrong value of option", rows[row].name, rows[row].accepted);
        if (!rows[row].argument)
            rows[row].take(c, NULL);
    }
    return true;
}

static void say_help(const command *c, const char *script)
{
    printf("usage: %s [OPTION...]\n\nDoes what `nnc run %s` does.\n\n", c->name,
           script ? script : "SCRIPT");
    for (int i = 0; i < ROWS; i++) {
        char option[40];
        snprintf(option, sizeof option, "%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        printf("  %-20s %s\n", option, rows[i].help);
    }
}

/* __builtin_cpu_supports takes literals only. */
static bool cpu_has(const char *feature, size_t length)
{
#if defined(__x86_64__) || defined(__i386__)
    static const char *const names[] = { "sse4.1",   "sse4.2",   "avx",        "avx2",
                                         "fma",      "avx512f",  "avx512bw",   "avx512cd",
                                         "avx512dq", "avx512vl", "avx512bf16", "bmi",
                                         "bmi2",     "popcnt" };
    const bool has[] = {
        __builtin_cpu_supports("sse4.1"),     __builtin_cpu_supports("sse4.2"),
        __builtin_cpu_supports("avx"),        __builtin_cpu_supports("avx2"),
        __builtin_cpu_supports("fma"),        __builtin_cpu_supports("avx512f"),
        __builtin_cpu_supports("avx512bw"),   __builtin_cpu_supports("avx512cd"),
        __builtin_cpu_supports("avx512dq"),   __builtin_cpu_supports("avx512vl"),
        __builtin_cpu_supports("avx512bf16"), __builtin_cpu_supports("bmi"),
        __builtin_cpu_supports("bmi2"),       __builtin_cpu_supports("popcnt"),
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && !strncmp(names[i], feature, length))
            return has[i];
#else
    (void)feature;
    (void)length;
#endif
    return true; /* no name that we could ask for */
}

static bool cpu_suffices(const command *c, const char *features)
{
    for (const char *f = features ? features : ""; *f;) {
        size_t length = strcspn(f, ",");
        if (!cpu_has(f, length)) {
            fprintf(stderr,
                    "%s: error: this processor lacks '%.*s', which the program was built for "
                    "[unsupported-cpu]\nhelp: build it with --cpu x86-64-v3, or on this machine\n",
                    c->name, (int)length, f);
            return false;
        }
        f += length + (f[length] == ',');
    }
    return true;
}

typedef struct embedded {
    const nnrt_embedded *units;
    size_t count;
} embedded;

static nnrt_unit resolve(void *context, const char *name, double *compile_seconds)
{
    const embedded *e = context;
    (void)compile_seconds;
    for (size_t i = 0; i < e->count; i++)
        if (!strcmp(e->units[i].name, name))
            return e->units[i].unit;
    return NULL;
}

static int run(command *c, const json_t *program, embedded *units)
{
    nnrt_error error = { 0 };
    const char *no_color = getenv("NO_COLOR");
    c->options.color =
        !strcmp(c->color, "always") ||
        (!strcmp(c->color, "auto") && isatty(STDERR_FILENO) && !(no_color && *no_color));
    nnrt_session *session = nnrt_session_new(&c->options, &error);
    if (!session) {
        fprintf(stderr, "%s: error: %s [%s]\n", c->name, error.text, error.code);
        return error.status;
    }
    int status = nnrt_session_run(session, program, resolve, units);
    nnrt_session_free(session);
    return status;
}

/* NULL: said why */
static json_t *read_program(const command *c, const char *text)
{
    json_error_t error;
    char why[sizeof error.text];
    json_t *program = json_loads(text, 0, &error);
    if (program && program_check(program, TYPE_program, why, sizeof why))
        return program;
    fprintf(stderr, "%s: error: the program in this file is damaged: %s [internal]\n", c->name,
            program ? why : error.text);
    json_decref(program);
    return NULL;
}

int nnrt_main(int argc, char **argv, const char *program_json, const nnrt_embedded *units,
              size_t unit_count, const char *cpu_features)
{
    const char *name = argc > 0 && argv[0] ? argv[0] : "program", *slash = strrchr(name, '/');
    command c = { .name = slash ? slash + 1 : name,
                  .color = "auto",
                  .options = { .cpu = cpu_features } };
    embedded with = { units, unit_count };

    nnrt_signals_early();
    if (!read_options(&c, argc, argv))
        return NNRT_USAGE;
    json_t *program = read_program(&c, program_json);
    if (!program)
        return NNRT_FILES;

    int status = NNRT_OK;
    if (c.help) {
        say_help(&c, json_string_value(json_object_get(program, "script")));
    } else if (c.version) {
        printf("%s: made by nnc from %s (runtime %d)\n", c.name,
               json_string_value(json_object_get(program, "script")), NNRT_ABI);
    } else {
        status = cpu_suffices(&c, cpu_features) ? run(&c, program, &with) : NNRT_USAGE;
    }
    json_decref(program);
    if ((c.help || c.version) && fflush(stdout) && errno != EPIPE)
        status = NNRT_FILES;
    return status;
}
