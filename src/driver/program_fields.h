/* program_fields.h: how the compiler writes the fields of a program: by their rows in
 * abi/program.def alone, so that no other key can come in. */
#ifndef NNC_PROGRAM_FIELDS_H
#define NNC_PROGRAM_FIELDS_H
#include "abi/program.h"
#include "ir/graph.h"
#include <stdint.h>

/* Takes the value over; NULL is null. */
void put(json_t *object, ProgramField field, json_t *value);
void put_text(json_t *object, ProgramField field, const char *text);
void put_integer(json_t *object, ProgramField field, int64_t value);
void put_truth(json_t *object, ProgramField field, bool value);
/* null where the number is not finite */
void put_number(json_t *object, ProgramField field, double value);
void put_shape(json_t *object, ProgramField field, Shape shape);

json_t *number_or_null(double value);
json_t *integer_list(const int64_t *values, size_t count);
#endif
