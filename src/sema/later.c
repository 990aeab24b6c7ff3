/* later.c: values known only when the script runs, as trees. The program carries them to the
 * runtime, which works them out (runtime/model/later.c). */
#include "sema/internal.h"

Later *later_of(Sema *sema, const Value *value)
{
    if (value->kind == VALUE_LATER)
        return value->later;
    Later *later = ARENA_NEW(sema->arena, Later);
    *later = (Later){ .kind = LATER_CONST, .constant = *value, .span = value->span };
    bool plain = value->kind == VALUE_NUMBER || value->kind == VALUE_STRING ||
                 value->kind == VALUE_BOOL || value->kind == VALUE_NONE;
    if (!plain) { /* a list, a shape: as `print` shows it */
        const char *text = value_text(sema->arena, value);
        later->constant = value_string(text, strlen(text), value->span);
    }
    return later;
}

Value later_value(Later *later, Span span)
{
    return (Value){ .kind = VALUE_LATER, .later = later, .span = span };
}
