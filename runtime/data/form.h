/* form.h: the arguments of a form, as the program's JSON has them (program.h): { "form": "npy",
 * "x": "x.npy", ... }. */
#ifndef NNRT_FORM_H
#define NNRT_FORM_H
#include <jansson.h>
#include <stdbool.h>

/* The argument under a name; the fallback where it is absent or of another type. */
const char *nnrt_form_text(const json_t *form, const char *name, const char *fallback);
/* Whether texts become tokens by a `tokenizer`. */
bool nnrt_form_has_tokenizer(const json_t *form);
double nnrt_form_number(const json_t *form, const char *name, double fallback);
#endif
