/* elsewhere.c: what a name of another library is called here, from elsewhere.def. */
#include "support/diag.h"
#include <ctype.h>
#include <string.h>

enum { DIAG_ANY = DIAG_COUNT };

static const struct {
    int id;
    const char *names, *help, *called;
} rows[] = {

#define ELSEWHERE(id, names, help) { DIAG_##id, names, help, NULL },
#define RENAMED(id, names, name) { DIAG_##id, names, "this is '" name "' here", name },
#include "support/elsewhere.def"
#undef ELSEWHERE
#undef RENAMED
};

/* Whether the `length` characters at `word` are the name, but for case and '_'. */
static bool is_alike(const char *word, size_t length, const char *name)
{
    const char *end = word + length;
    for (;; word++, name++) {
        while (word < end && *word == '_')
            word++;
        while (*name == '_')
            name++;
        if (word == end || !*name)
            return word == end && !*name;
        if (tolower((unsigned char)*word) != tolower((unsigned char)*name))
            return false;
    }
}

static bool has_name(const char *names, const char *name)
{
    while (*names) {
        size_t length = strcspn(names, " ");
        if (is_alike(names, length, name))
            return true;
        names += length + (names[length] == ' ');
    }
    return false;
}

static bool is_accepted(const char *name, const char *const *accepted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(accepted[i], name))
            return true;
    return false;
}

const char *said_elsewhere(DiagId id, const char *name, const char *const *accepted, size_t count)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((rows[i].id == (int)id || rows[i].id == DIAG_ANY) && has_name(rows[i].names, name) &&
            (!rows[i].called || !accepted || is_accepted(rows[i].called, accepted, count))) {
            return rows[i].help;
        }
    }
    return NULL;
}
