/* command_explain.c: `nnc explain CODE`. */
#include "driver/driver.h"
#include <stdio.h>
#include <string.h>

int command_explain(Options *options)
{
    const char *code = options->operands.data[0];
    int id = diag_find(code);
    if (id < 0) {
        const char *codes[DIAG_COUNT];
        for (int i = 0; i < DIAG_COUNT; i++)
            codes[i] = diag_code((DiagId)i);
        const char *near = nearest_name(code, codes, DIAG_COUNT);
        if (near)
            return options_wrong(options, "there is no code '%s'; did you mean '%s'?", code, near);
        fprintf(stderr, "nnc: error: there is no code '%s'; the codes are:\n", code);
        for (int i = 0; i < DIAG_COUNT; i++)
            fprintf(stderr, "  %s\n", codes[i]);
        return EXIT_USAGE;
    }
    const char *text = diag_explanation((DiagId)id);
    size_t length = strlen(text);
    printf("%s\n\n%s%s", diag_code((DiagId)id), text,
           length && text[length - 1] == '\n' ? "" : "\n");
    return 0;
}
