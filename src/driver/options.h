/* options.h: the command line, read against two tables: the commands and the options
 * (docs/language.md). */
#ifndef NNC_OPTIONS_H
#define NNC_OPTIONS_H
#include "sema/sema.h"

typedef enum BuildEmit { BUILD_EXE, BUILD_OBJECT, BUILD_ASM, BUILD_LLVM, BUILD_LIB } BuildEmit;

typedef enum ShowWhat {
    SHOW_NOTHING,
    SHOW_IR,
    SHOW_GRAPH,
    SHOW_LLVM,
    SHOW_ASM,
    SHOW_PLAN
} ShowWhat;

typedef enum ColorMode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } ColorMode;

typedef struct Command Command;

typedef struct Options {
    const Command *command;     /* NULL: none named */
    VEC(const char *) operands; /* what is not an option */
    VEC(ParamOverride) sets;
    int32_t threads; /* 0: as many as there are processors */
    bool seed_given;
    uint64_t seed;
    const char *cpu, *log, *resume, *output, *pass, *model, *weights;
    bool dry_run, quiet, json, help, version, check, dot;
    ColorMode color;
    BuildEmit emit;
    ShowWhat show;
} Options;

/* One bit a command: an option's row says which commands take it. */
enum {
    FOR_RUN = 1u << 0,
    FOR_BUILD = 1u << 1,
    FOR_REPL = 1u << 2,
    FOR_CHECK = 1u << 3,
    FOR_FMT = 1u << 4,
    FOR_SHOW = 1u << 5,
    FOR_REPORT = 1u << 6,
    FOR_EXPLAIN = 1u << 7,
    FOR_PREDICT = 1u << 8
};

struct Command {
    const char *name;
    const char *operands; /* "SCRIPT", for the usage line */
    const char *help;     /* one line */
    const char *more;     /* further lines for its own --help, or NULL */
    unsigned bit;
    size_t least, most;           /* operands */
    int (*run)(Options *options); /* gives the exit status */
};

extern const Command commands[];
extern const size_t command_count;

/* Reads argv; NULL-free strings point into it or into the arena. False, having reported why on
 * standard error: wrong usage. */
bool options_parse(Arena *arena, int argc, char **argv, Options *options);
/* What --help says: of a command, or of all. */
void options_help(const Command *command, FILE *out);
/* "nnc: error: ..." and where to read on, on standard error; gives exit status 2. */
int options_wrong(const Options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether standard error is to be coloured, and how diagnostics are printed. */
bool options_color(const Options *options);
DiagFormat options_format(const Options *options);
#endif
