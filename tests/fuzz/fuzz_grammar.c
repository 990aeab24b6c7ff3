/* fuzz_grammar.c: any bytes are read as a script, and what is said about them is printed; nothing
 * may crash, leak or hang. */
#include "support/diag.h"
#include "syntax/parse.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diagnostics *diags = diagnostics_new(arena);
    SourceFile *file = source_from_text(arena, "fuzz.nn", (const char *)data, size);
    Script *script = parse_file(arena, interner_new(arena), diags, file);

    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    diagnostics_print(diags, out, DIAG_TEXT);
    diagnostics_print(diags, out, DIAG_JSON);
    fclose(out);
    free(text);

    if (!script)
        abort();
    parse_is_unfinished((const char *)data, size);
    arena_free(arena);
    return 0;
}
