/* program.c: a program's JSON against the rows of program.def. */
#include "abi/program.h"
#include "abi/verbs.h"
#include <math.h>
#include <stdio.h>

/* The kinds of JSON, as bits. */
enum { NUL = 1, TRUTH = 2, INTEGER = 4, REAL = 8, TEXT = 16, LISTED = 32, TABLE = 64 };

typedef enum Presence { REQUIRED, NULLABLE, OPTIONAL } Presence;

typedef enum Count { ONE, LIST, MAP } Count;

typedef enum Others { CLOSED, OPEN } Others;

typedef struct TypeRow {
    int kinds;
    ProgramType object; /* what TABLE is, or TYPE_none */
} TypeRow;

typedef struct ObjectRow {
    ProgramType also;
    Others others;
} ObjectRow;

typedef struct FieldRow {
    const char *key;
    ProgramType object, type;
    Presence presence;
    Count count;
} FieldRow;

static const TypeRow types[PROGRAM_TYPES] = {
#define TYPE(name, kinds, object) [TYPE_##name] = { kinds, TYPE_##object },
#include "abi/program.def"
#define OBJECT(name, also, others, help) [TYPE_##name] = { TABLE, TYPE_##name },
#include "abi/program.def"
};

static const ObjectRow objects[PROGRAM_TYPES] = {
#define OBJECT(name, also, others, help) [TYPE_##name] = { TYPE_##also, others },
#include "abi/program.def"
};

/* The rows of one object are together. */
static const FieldRow fields[PROGRAM_FIELDS] = {
#define FIELD(object, key, presence, count, type, help)                                            \
    { #key, TYPE_##object, TYPE_##type, presence, count },
#include "abi/program.def"
};

static const ProgramType object_of_verb[VERB_COUNT] = {
#define VERB(id, name, ...) [VERB_##id] = TYPE_##name,
#include "abi/verbs.def"
#undef VERB
};

const char *program_field_key(ProgramField field)
{
    return fields[field].key;
}

ProgramField program_field_find(ProgramType object, const char *key)
{
    for (; object != TYPE_none; object = objects[object].also)
        for (int i = 0; i < PROGRAM_FIELDS; i++)
            if (fields[i].object == object && !strcmp(fields[i].key, key))
                return (ProgramField)i;
    return PROGRAM_FIELDS;
}

/* ---- the check ---- */

/* Where a value is: a key or, without one, a number in a list. */
typedef struct Place {
    const struct Place *outer;
    const char *key;
    size_t index;
} Place;

typedef struct Check {
    char *why;
    size_t size;
} Check;

static void write_place(const Check *check, const Place *place)
{
    if (!place)
        return;
    write_place(check, place->outer);
    size_t length = strlen(check->why);
    char *to = check->why + length;
    if (place->key)
        snprintf(to, check->size - length, "%s%s", place->outer ? "." : "", place->key);
    else
        snprintf(to, check->size - length, "[%zu]", place->index);
}

static bool fail(const Check *check, const Place *place, const char *what)
{
    if (!check->size)
        return false;
    *check->why = '\0';
    write_place(check, place);
    size_t length = strlen(check->why);
    snprintf(check->why + length, check->size - length, "%s %s", length ? "" : "the program", what);
    return false;
}

static bool check_value(const Check *check, const json_t *value, ProgramType type,
                        const Place *place);

/* A whole number may be written as a real one: 3.0. */
static int kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL: return NUL;
    case JSON_TRUE:
    case JSON_FALSE: return TRUTH;
    case JSON_INTEGER: return INTEGER;
    case JSON_REAL:
        return json_real_value(value) == floor(json_real_value(value)) ? INTEGER | REAL : REAL;
    case JSON_STRING: return TEXT;
    case JSON_ARRAY: return LISTED;
    case JSON_OBJECT: return TABLE;
    }
    return 0;
}

static bool check_list(const Check *check, const json_t *list, ProgramType type, const Place *place)
{
    if (!json_is_array(list))
        return fail(check, place, "is not a list");
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (!check_value(check, item, type, &(Place){ place, NULL, i }))
            return false;
    }
    return true;
}

static bool check_map(const Check *check, json_t *map, ProgramType type, const Place *place)
{
    if (!json_is_object(map))
        return fail(check, place, "is not an object");
    const char *key;
    json_t *item;
    json_object_foreach (map, key, item) {
        if (!check_value(check, item, type, &(Place){ place, key, 0 }))
            return false;
    }
    return true;
}

static bool check_field(const Check *check, json_t *value, const FieldRow *row, const Place *place)
{
    if (!value)
        return row->presence == OPTIONAL || fail(check, place, "is missing");
    if (json_is_null(value) && row->presence == NULLABLE)
        return true;
    switch (row->count) {
    case ONE: return check_value(check, value, row->type, place);
    case LIST: return check_list(check, value, row->type, place);
    case MAP: return check_map(check, value, row->type, place);
    }
    return false;
}

/* The fields of one object and of those that it includes; *known counts those that are there. */
static bool check_fields(const Check *check, const json_t *object, ProgramType type,
                         const Place *place, size_t *known)
{
    for (; type != TYPE_none; type = objects[type].also) {
        int i = 0;
        while (i < PROGRAM_FIELDS && fields[i].object != type)
            i++;
        for (; i < PROGRAM_FIELDS && fields[i].object == type; i++) {
            json_t *value = json_object_get(object, fields[i].key);
            *known += value != NULL;
            if (!check_field(check, value, &fields[i], &(Place){ place, fields[i].key, 0 }))
                return false;
        }
    }
    return true;
}

static bool check_keys(const Check *check, const json_t *object, ProgramType type, ProgramType verb,
                       const Place *place)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        if (program_field_find(type, key) == PROGRAM_FIELDS &&
            program_field_find(verb, key) == PROGRAM_FIELDS) {
            return fail(check, &(Place){ place, key, 0 }, "is not a field of the program");
        }
    }
    return true;
}

static bool check_object(const Check *check, const json_t *object, ProgramType type,
                         const Place *place)
{
    ProgramType of_verb = TYPE_none;
    size_t known = 0;
    if (type == TYPE_action) {
        const char *word = json_string_value(json_object_get(object, "verb"));
        Verb verb = word ? verb_find(word) : VERB_COUNT;
        if (verb == VERB_COUNT)
            return fail(check, place, "has no verb");
        /* another variant carries it out */
        if (json_object_size(object) == 1)
            return true;
        of_verb = object_of_verb[verb];
    }

    if (!check_fields(check, object, type, place, &known) ||
        !check_fields(check, object, of_verb, place, &known)) {
        return false;
    }
    return objects[type].others == OPEN || known == json_object_size(object) ||
           check_keys(check, object, type, of_verb, place);
}

static bool check_value(const Check *check, const json_t *value, ProgramType type,
                        const Place *place)
{
    int kind = kind_of(value);
    if (!(types[type].kinds & kind))
        return fail(check, place, "is of the wrong type");
    return kind != TABLE || types[type].object == TYPE_none ||
           check_object(check, value, types[type].object, place);
}

bool program_check(const json_t *value, ProgramType type, char *why, size_t size)
{
    return check_value(&(Check){ why, size }, value, type, NULL);
}
