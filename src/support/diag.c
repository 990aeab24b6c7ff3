/* diag.c: collecting diagnostics. Printing them is diag_print.c's. */
#include "support/diag.h"
#include "support/diag_order.h"
#include "support/utf8.h"
#include <stdlib.h>
#include <string.h>

/* A damaged file can hold a mistake a byte; beyond these they are only counted. */
enum { MOST_KEPT = 10000 };

static const struct {
    const char *code, *explanation;
} kinds[DIAG_COUNT] = {

#define DIAG(id, code, explanation) [DIAG_##id] = { code, explanation },
#include "support/diag.def"
#undef DIAG
};

/* Where errors are already: a set by open addressing, of a power of two, at most half full. */
struct DiagPlaces {
    const Span **spans;
    size_t cap, len;
};

const char *diag_code(DiagId id)
{
    return kinds[id].code;
}

const char *diag_explanation(DiagId id)
{
    return kinds[id].explanation;
}

int diag_find(const char *code)
{
    for (int id = 0; id < DIAG_COUNT; id++)
        if (!strcmp(kinds[id].code, code))
            return id;
    return -1;
}

Diagnostics *diagnostics_new(Arena *arena)
{
    Diagnostics *d = ARENA_NEW(arena, Diagnostics);
    d->arena = arena;
    diagnostics_clear(d);
    return d;
}

void diagnostics_clear(Diagnostics *d)
{
    d->list.len = d->errors = 0;
    d->places = ARENA_NEW(d->arena, struct DiagPlaces);
}

static const Span **place_slot(const struct DiagPlaces *set, const Span *place)
{
    size_t i = (place->begin * UINT64_C(0x9E3779B97F4A7C15) ^ (uintptr_t)place->file) >> 7;
    for (;; i++) {
        const Span **slot = &set->spans[i & (set->cap - 1)];
        if (!*slot || ((*slot)->begin == place->begin && (*slot)->file == place->file))
            return slot;
    }
}

/* Whether the place is new; it is kept then. */
static bool place_add(Diagnostics *d, const Span *place)
{
    struct DiagPlaces *set = d->places;
    if ((set->len + 1) * 2 > set->cap) {
        struct DiagPlaces larger = { .cap = set->cap ? set->cap * 2 : 64, .len = set->len };
        larger.spans = ARENA_ARRAY(d->arena, const Span *, larger.cap);
        for (size_t i = 0; i < set->cap; i++)
            if (set->spans[i])
                *place_slot(&larger, set->spans[i]) = set->spans[i];
        *set = larger;
    }
    const Span **slot = place_slot(set, place);
    if (*slot)
        return false;
    *slot = place;
    set->len++;
    return true;
}

/* Text that any terminal and any JSON reader takes: broken bytes and control characters are
 * replaced. */
static const char *readable(Arena *arena, char *text)
{
    size_t length = strlen(text), bad = 0;
    for (size_t i = 0; i < length; i += utf8_length(text + i, length - i))
        bad += utf8_is_unprintable(text + i, length - i);
    if (!bad)
        return text;
    char *clean = arena_alloc(arena, length + 3 * bad + 1), *to = clean;
    for (size_t i = 0, bytes; i < length; i += bytes) {
        bytes = utf8_length(text + i, length - i);
        if (text[i] != '\n' && utf8_is_unprintable(text + i, length - i)) {
            memcpy(to, UTF8_REPLACEMENT, 3);
            to += 3;
        } else {
            memcpy(to, text + i, bytes);
            to += bytes;
        }
    }
    return clean;
}

__attribute__((format(printf, 5, 0))) static Diagnostic *
make(Diagnostics *d, Severity severity, DiagId id, Span span, const char *format, va_list args)
{
    Diagnostic *made = ARENA_NEW(d->arena, Diagnostic);
    made->severity = severity;
    made->id = id;
    made->span = span;
    made->exit_status = severity == SEVERITY_ERROR;
    made->message = readable(d->arena, arena_vprintf(d->arena, format, args));
    return made;
}

Diagnostic *diag_error(Diagnostics *d, DiagId id, Span span, const char *format, ...)
{
    if (d->errors >= MOST_KEPT) {
        d->errors++;
        return ARENA_NEW(d->arena, Diagnostic);
    }
    va_list args;
    va_start(args, format);
    Diagnostic *made = make(d, SEVERITY_ERROR, id, span, format, args);
    va_end(args);
    if (span.file && !place_add(d, &made->span))
        return made;
    d->errors++;
    vec_push(d->arena, &d->list, made);
    return made;
}

Diagnostic *diag_warning(Diagnostics *d, DiagId id, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Diagnostic *made = make(d, SEVERITY_WARNING, id, span, format, args);
    va_end(args);
    if (d->list.len < 2 * MOST_KEPT)
        vec_push(d->arena, &d->list, made);
    return made;
}

void diag_help(Diagnostics *d, Diagnostic *to, const char *format, ...)
{
    if (!to->message)
        return; /* one that is only counted */
    va_list args;
    va_start(args, format);
    const char *text = readable(d->arena, arena_vprintf(d->arena, format, args));
    va_end(args);
    to->help = to->help ? arena_printf(d->arena, "%s\n%s", to->help, text) : text;
}

void diag_note(Diagnostics *d, Diagnostic *to, Span span, const char *format, ...)
{
    if (!to->message)
        return;
    va_list args;
    va_start(args, format);
    Diagnostic *note = make(d, SEVERITY_NOTE, to->id, span, format, args);
    va_end(args);
    vec_push(d->arena, &to->notes, note);
}

Diagnostic *diag_unknown(Diagnostics *d, DiagId id, Span span, const char *what, const char *name,
                         const char *const *accepted, size_t count)
{
    Diagnostic *made = diag_error(d, id, span, "unknown %s '%.80s'", what, name);
    const char *instead = said_elsewhere(id, name, accepted, count);
    const char *nearest = instead ? NULL : nearest_name(name, accepted, count);
    if (instead)
        diag_help(d, made, "%s", instead);
    if (nearest)
        diag_help(d, made, "did you mean '%s'?", nearest);
    size_t length = 1;
    for (size_t i = 0; i < count; i++)
        length += strlen(accepted[i]) + 2;
    char *list = arena_alloc(d->arena, length), *end = list;
    for (size_t i = 0; i < count; i++)
        end = stpcpy(stpcpy(end, i ? ", " : ""), accepted[i]);
    if (count)
        diag_help(d, made, "accepted: %s", list);
    return made;
}

int diagnostics_exit_status(const Diagnostics *d)
{
    int first = 0;
    for (size_t i = 0; i < d->list.len; i++) {
        const Diagnostic *it = d->list.data[i];
        if (it->severity != SEVERITY_ERROR)
            continue;
        if (it->exit_status == 1)
            return 1;
        if (!first)
            first = it->exit_status;
    }
    return first;
}

typedef struct Ordered {
    Diagnostic *it;
    size_t index;
} Ordered;

static int compare(const void *left, const void *right)
{
    const Ordered *a = left, *b = right;
    const SourceFile *fa = a->it->span.file, *fb = b->it->span.file;
    if (fa != fb) {
        if (!fa || !fb)
            return fa ? 1 : -1;
        if (fa->number != fb->number)
            return fa->number < fb->number ? -1 : 1;
    } else if (fa && a->it->span.begin != b->it->span.begin) {
        return a->it->span.begin < b->it->span.begin ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

Diagnostic **diagnostics_in_order(Diagnostics *d)
{
    size_t count = d->list.len;
    Ordered *order = ARENA_ARRAY(d->arena, Ordered, count);
    Diagnostic **sorted = ARENA_ARRAY(d->arena, Diagnostic *, count);
    for (size_t i = 0; i < count; i++)
        order[i] = (Ordered){ d->list.data[i], i };
    qsort(order, count, sizeof *order, compare);
    for (size_t i = 0; i < count; i++)
        sorted[i] = order[i].it;
    return sorted;
}
