/* driver.h: the commands, one function a row of the table in commands.c, and what they share. */
#ifndef NNC_DRIVER_H
#define NNC_DRIVER_H
#include "driver/options.h"

enum { EXIT_SCRIPT = 1, EXIT_USAGE = 2, EXIT_FILES = 3 };

int command_run(Options *options);
int command_build(Options *options);
int command_repl(Options *options);
int command_check(Options *options);
int command_show(Options *options);
int command_explain(Options *options);
int command_fmt(Options *options);
int command_predict(Options *options);
int command_report(Options *options);

/* The whole program behind main(). */
int driver_main(int argc, char **argv);
/* Flushes standard output; `status`, or 3 with a word on standard error where what was printed
 * could not be written. */
int driver_flush(int status);
#endif
