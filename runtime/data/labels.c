/* labels.c: targets as classes or values (labels.h). */
#include "data/labels.h"
#include "data/block.h"
#include <stdlib.h>
#include <string.h>

enum { LABEL_TEXT = 48 };

/* The shortest text that reads back as the same float. */
static void real_text(float value, char text[LABEL_TEXT])
{
    for (int digits = 6; digits <= 9; digits++) {
        double back;
        int64_t integer;
        snprintf(text, LABEL_TEXT, "%.*g", digits, (double)value);
        for (char *c = text; *c; c++)
            if (*c == ',')
                *c = '.'; /* a locale's point */
        if (nnrt_parse_number(text, strlen(text), &back, &integer) && (float)back == value)
            return;
    }
}

/* Target i as text; `buffer` holds those that are numbers. */
static const char *label_text(const nnrt_source *source, int64_t i, char buffer[LABEL_TEXT])
{
    if (source->kind == NNRT_LABEL_TEXT)
        return source->texts[source->text[i]];
    if (source->kind == NNRT_LABEL_INTEGER)
        snprintf(buffer, LABEL_TEXT, "%lld", (long long)source->integer[i]);
    else
        real_text(source->real[i], buffer);
    return buffer;
}

static int by_integer(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_real(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Sorts and drops repetitions; returns how many are left. */
static int64_t distinct(void *items, int64_t count, size_t bytes,
                        int (*order)(const void *, const void *))
{
    char *at = items;
    qsort(items, (size_t)count, bytes, order);
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (!i || order(at + (size_t)(kept - 1) * bytes, at + (size_t)i * bytes) != 0)
            memmove(at + (size_t)kept++ * bytes, at + (size_t)i * bytes, bytes);
    return kept;
}

/* Small whole numbers, which most classes are, are marked in a table and need no sorting. */
static bool distinct_integers(const nnrt_source *training, int64_t targets, nnrt_classes *classes)
{
    enum { TABLE = 1 << 20 };

    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t i = 0; i < targets; i++) {
        least = training->integer[i] < least ? training->integer[i] : least;
        most = training->integer[i] > most ? training->integer[i] : most;
    }
    uint64_t range = (uint64_t)most - (uint64_t)least;
    bool small = range < TABLE;
    classes->integer =
        malloc((small ? (size_t)range + 1 : (size_t)targets) * sizeof *classes->integer);
    if (!classes->integer)
        return false;
    if (!small) {
        memcpy(classes->integer, training->integer, (size_t)targets * sizeof *classes->integer);
        classes->count = distinct(classes->integer, targets, sizeof *classes->integer, by_integer);
        return true;
    }
    char *seen = calloc((size_t)range + 1, 1);
    if (!seen)
        return false;
    for (int64_t i = 0; i < targets; i++)
        seen[training->integer[i] - least] = 1;
    for (uint64_t k = 0; k <= range; k++)
        if (seen[k])
            classes->integer[classes->count++] = least + (int64_t)k;
    free(seen);
    return true;
}

static bool name_classes(nnrt_classes *classes)
{
    char text[LABEL_TEXT];
    for (int64_t c = 0; c < classes->count; c++) {
        nnrt_source one = { .kind = classes->kind,
                            .integer = classes->integer ? &classes->integer[c] : NULL,
                            .real = classes->real ? &classes->real[c] : NULL };
        const char *name = label_text(&one, 0, text);
        uint32_t number;
        if (!nnrt_name_map_add(&classes->name, name, strlen(name), &number))
            return false;
    }
    return true;
}

bool nnrt_classes_find(const nnrt_source *training, nnrt_classes *classes, nnrt_error *e)
{
    int64_t targets = training->count * training->target_size;
    bool found = true;
    *classes = (nnrt_classes){ .kind = training->kind };
    if (training->kind == NNRT_LABEL_TEXT) {
        uint32_t number;
        classes->count = (int64_t)training->text_count;
        for (size_t i = 0; found && i < training->text_count; i++) {
            found = nnrt_name_map_add(&classes->name, training->texts[i],
                                      strlen(training->texts[i]), &number);
        }
    } else if (training->kind == NNRT_LABEL_INTEGER) {
        found = distinct_integers(training, targets, classes) && name_classes(classes);
    } else if ((found =
                    (classes->real = malloc((size_t)targets * sizeof *classes->real)) != NULL)) {
        memcpy(classes->real, training->real, (size_t)targets * sizeof *classes->real);
        classes->count = distinct(classes->real, targets, sizeof *classes->real, by_real);
        found = name_classes(classes);
    }
    return found || nnrt_no_memory_for(e, training->y_name);
}

void nnrt_classes_free(nnrt_classes *classes)
{
    free(classes->integer);
    free(classes->real);
    nnrt_name_map_free(&classes->name);
    *classes = (nnrt_classes){ 0 };
}

/* The class of target i, or -1. */
static int64_t class_of(const nnrt_source *source, const nnrt_classes *classes, int64_t i)
{
    if (source->kind == classes->kind && source->kind != NNRT_LABEL_TEXT) {
        bool integer = source->kind == NNRT_LABEL_INTEGER;
        const void *found =
            integer ? bsearch(&source->integer[i], classes->integer, (size_t)classes->count,
                              sizeof *classes->integer, by_integer)
                    : bsearch(&source->real[i], classes->real, (size_t)classes->count,
                              sizeof *classes->real, by_real);
        if (!found)
            return -1;
        return integer ? (const int64_t *)found - classes->integer
                       : (const float *)found - classes->real;
    }
    char buffer[LABEL_TEXT];
    const char *text = label_text(source, i, buffer);
    uint32_t number;
    return nnrt_name_map_find(&classes->name, text, strlen(text), &number) ? (int64_t)number : -1;
}

static bool unknown_class(const nnrt_source *source, const nnrt_classes *classes, int64_t i,
                          nnrt_error *e)
{
    char place[600], text[LABEL_TEXT];
    size_t used = 0;
    nnrt_source_place(source, source->y_name, i / source->target_size, place, sizeof place);
    nnrt_fail(e, NNRT_FILES, "unknown-class",
              "%s: the class '%.200s' does not occur in the training part", place,
              label_text(source, i, text));
    for (size_t c = 0; c < classes->name.count && used + 60 < sizeof e->help; c++) {
        used += (size_t)snprintf(e->help + used, sizeof e->help - used, "%s%.40s",
                                 c ? ", " : "training knows: ", classes->name.text[c]);
    }
    return false;
}

float *nnrt_class_numbers(const nnrt_source *source, const nnrt_classes *classes, nnrt_error *e)
{
    int64_t targets = source->count * source->target_size;
    float *number = nnrt_floats_new(targets, e);
    for (int64_t i = 0; number && i < targets; i++) {
        int64_t class = class_of(source, classes, i);
        if (class < 0) {
            unknown_class(source, classes, i, e);
            free(number);
            return NULL;
        }
        number[i] = (float)class;
    }
    return number;
}

float *nnrt_real_targets(nnrt_source *source, nnrt_error *e)
{
    float *value = source->real;
    int64_t targets = source->count * source->target_size;
    source->real = NULL;
    if (value)
        return value;
    if (source->kind == NNRT_LABEL_TEXT) {
        char place[600];
        nnrt_fail(e, NNRT_FILES, "bad-target",
                  "%s: '%.200s' is not a number, as targets of a regression must be",
                  nnrt_source_place(source, source->y_name, 0, place, sizeof place),
                  source->texts[source->text[0]]);
        return NULL;
    }
    value = nnrt_floats_new(targets, e);
    for (int64_t i = 0; value && i < targets; i++)
        value[i] = (float)source->integer[i];
    return value;
}
