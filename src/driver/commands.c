/* commands.c: the table of commands, and the way from the command line into one of them. */
#include "driver/driver.h"
#include "abi/nnrt.h"
#include "base/base.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef NNC_VERSION
#define NNC_VERSION "unknown"
#endif

const Command commands[] = {
    { "run", "SCRIPT", "run a script",
      "The script's actions run from top to bottom; its paths start at its own folder.\n", FOR_RUN,
      1, 1, command_run },
    { "build", "SCRIPT", "make a native program that does what run does",
      "The program needs neither nnc nor LLVM; its paths start at the current folder.\n"
      "--emit=lib makes NAME.h and libNAME.a with int MODEL_predict(const float *x, size_t n, "
      "float *out).\n",
      FOR_BUILD, 1, 1, command_build },
    { "repl", "[SCRIPT]", "read declarations and actions one by one",
      "A script given is run first. Errors do not end the session; the end of the "
      "input (Ctrl-D) does.\n",
      FOR_REPL, 0, 1, command_repl },
    { "check", "SCRIPT", "find errors; show shapes, parameters, operations and memory",
      "The data is read and checked against the models. Nothing is trained or written.\n",
      FOR_CHECK, 1, 1, command_check },
    { "predict", "SCRIPT FILE", "what a trained model says of new samples",
      "FILE is read as the model's data is; targets are not needed, nothing is trained, and the "
      "script's own data files are not read. Without --output, CSV on standard output.\n",
      FOR_PREDICT, 2, 2, command_predict },
    { "fmt", "SCRIPT", "rewrite a script in the standard layout",
      "Words, comments and line breaks stay; spaces, indentation and blank lines change. A script "
      "that cannot be read is left alone.\n",
      FOR_FMT, 1, 1, command_fmt },
    { "show", "SCRIPT", "print what the compiler makes of a script",
      "Choose what with one of --ir, --graph, --plan, --llvm and --asm.\n", FOR_SHOW, 1, 1,
      command_show },
    { "report", "LOG...", "make a page about one or more logs",
      "The page shows the curves of all trainings and a table of their final metrics; it loads "
      "nothing from elsewhere.\n",
      FOR_REPORT, 1, SIZE_MAX, command_report },
    { "explain", "CODE", "explain the code of an error, such as unknown-layer", NULL, FOR_EXPLAIN,
      1, 1, command_explain },
};
const size_t command_count = sizeof commands / sizeof *commands;

int driver_flush(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno != EPIPE) {
        fprintf(stderr, "nnc: error: standard output cannot be written: %s\n",
                strerror(errno ? errno : EIO));
    }
    return EXIT_FILES;
}

static int start(int argc, char **argv, Arena *arena)
{
    Options options;
    if (!options_parse(arena, argc, argv, &options))
        return EXIT_USAGE;
    if (options.help) {
        options_help(options.command, stdout);
        return 0;
    }
    if (options.version) {
        printf("nnc %s\n", NNC_VERSION);
        return 0;
    }
    if (!options.command) {
        options_help(NULL, stderr);
        return EXIT_USAGE;
    }
    if (options.operands.len < options.command->least) {
        return options_wrong(&options, "'%s' needs %s", options.command->name,
                             options.command->operands);
    }
    if (options.operands.len > options.command->most) {
        return options_wrong(&options, "'%s' is one operand too many: '%s' takes %s",
                             options.operands.data[options.command->most], options.command->name,
                             options.command->operands);
    }
    return options.command->run(&options);
}

int driver_main(int argc, char **argv)
{
    nnrt_signals_early();
    Arena *arena = arena_new();
    int status = start(argc, argv, arena);
    arena_free(arena);
    return driver_flush(status);
}
