/* program.h: the program that the compiler hands to the runtime, described for both by program.def:
 * its fields by number, and the check of a whole program. docs/program.md is the same for readers.
 */
#ifndef NNC_PROGRAM_H
#define NNC_PROGRAM_H
#include <jansson.h>
#include <stdbool.h>

/* Types of values; each object is one. */
typedef enum ProgramType {

#define TYPE(name, kinds, object) TYPE_##name,
#include "abi/program.def"
#define OBJECT(name, also, others, help) TYPE_##name,
#include "abi/program.def"
    PROGRAM_TYPES,
    TYPE_none
} ProgramType;

typedef enum ProgramField {

#define FIELD(object, key, presence, count, type, help) FIELD_##object##_##key,
#include "abi/program.def"
    PROGRAM_FIELDS
} ProgramField;

const char *program_field_key(ProgramField field);
/* The field with this key of an object, those of `also` included; PROGRAM_FIELDS: it has none. */
ProgramField program_field_find(ProgramType object, const char *key);

/* Whether a program, or a part of one, is as program.def says: nothing is there but its fields,
 * those that must be there are, and all are of their types. Otherwise `why` names the place:
 * "units[3].scalars is missing". */
bool program_check(const json_t *value, ProgramType type, char *why, size_t size);
#endif
