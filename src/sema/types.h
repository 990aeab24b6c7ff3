/* types.h: the types of arguments and settings, as forms.def and settings.def write them.
 *
 * A type is a union "a|b" of atoms: numbers (a table in types.c: size, rate, ...), bool, string,
 * none, shape, window and padding (a number or a shape), any, word(a|b), list(T), values (one or
 * more constants), tensor and tensors (values of the network), model, monitor (validation.loss),
 * and the categories of forms by their names (optimizer, init, ...). */
#ifndef NNC_SEMA_TYPES_H
#define NNC_SEMA_TYPES_H
#include "sema/internal.h"

/* One member of a union: its name, and what is in its parentheses. */
typedef struct Atom {
    const char *name;
    size_t length;
    const char *inner;
    size_t inner_length;
} Atom;

/* Reads the atom at *at, and moves on to the next one. False: there is none before `end`. */
bool next_atom(const char **at, const char *end, Atom *atom);

#define EACH_ATOM(type, atom)                                                                      \
    for (const char *at_ = (type), *end_ = at_ + strlen(at_); next_atom(&at_, end_, &(atom));)

bool atom_is(const Atom *atom, const char *name);
bool atom_is_number(const Atom *atom); /* one of the table of numbers */
/* Reads the word at inner[*at] of word(a|b), and moves on. False: there are no more. */
bool next_word(const Atom *words, size_t *at, const char **word, size_t *length);

/* Whether a value that is not a bare word fits an atom of a type. */
bool value_fits(const Value *v, const Atom *atom, const char *type);

/* "a number above 0, or none" */
const char *type_text(Sema *sema, const char *type);
/* Adds the names of the forms that a type takes. */
void help_forms(Sema *sema, Diagnostic *to, const char *type);
/* `what` is the place, as in eval_as. */
void report_mistyped(Sema *sema, const Value *v, Span span, const char *type, const char *what);
#endif
