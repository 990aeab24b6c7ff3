/* records.c: seeds, and records of several trainings (records.h). */
#include "experiments/records.h"
#include "base/base.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t nnrt_nth_seed(uint64_t seed, uint64_t i)
{
    if (!i)
        return seed;
    nnrt_random random = nnrt_random_new(seed, NNRT_DRAW_OTHER, (uint32_t)i, (uint32_t)(i >> 32));
    uint64_t high = nnrt_random_u32(&random);
    return high << 32 | nnrt_random_u32(&random);
}

/* ---- records ---- */
/* Of each number of `like`: what `combine` makes of the records' numbers at that path. */
typedef struct summary {
    const json_t *records, *mean;
} summary;

static json_t *path_in(const json_t *record, const char *const *path, size_t depth)
{
    for (size_t i = 0; record && i < depth; i++)
        record = json_object_get(record, path[i]);
    return (json_t *)record;
}

static double combine(const summary *s, const char *const *path, size_t depth)
{
    const json_t *mean = s->mean ? path_in(s->mean, path, depth) : NULL;
    double sum = 0, about = json_number_value(mean);
    size_t n = json_array_size(s->records);
    for (size_t i = 0; i < n; i++) {
        const json_t *value = path_in(json_array_get(s->records, i), path, depth);
        if (!json_is_number(value))
            return NAN;
        double d = json_number_value(value) - about;
        sum += s->mean ? d * d : json_number_value(value);
    }
    if (!s->mean)
        return sum / (double)n;
    return n > 1 ? sqrt(sum / (double)(n - 1)) : 0;
}

static json_t *summarize(const summary *s, const json_t *like, const char **path, size_t depth)
{
    enum { DEEPEST = 4 };

    json_t *object = json_object();
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)like, name, value) {
        path[depth] = name;
        if (json_is_object(value) && depth + 1 < DEEPEST)
            json_object_set_new(object, name, summarize(s, value, path, depth + 1));
        else if (json_is_number(value))
            nnrt_put_number(object, name, combine(s, path, depth + 1), false);
    }
    return object;
}

json_t *nnrt_records_mean(const json_t *records)
{
    const char *path[8];
    return summarize(&(summary){ records, NULL }, json_array_get(records, 0), path, 0);
}

json_t *nnrt_records_deviation(const json_t *records, const json_t *mean)
{
    const char *path[8];
    return summarize(&(summary){ records, mean }, json_array_get(records, 0), path, 0);
}

void nnrt_record_training(json_t *record, const json_t *result)
{
    static const char *const parts[] = { "train", "validation" };
    for (int i = 0; i < 2; i++) {
        json_t *part = json_object_get(result, parts[i]);
        if (part)
            json_object_set(record, parts[i], part);
    }
    json_object_set(record, "epochs", json_object_get(result, "epochs"));
    json_object_set(record, "seconds", json_object_get(result, "seconds"));
}

void nnrt_log_record(nnrt_program *program, const char *event, const json_t *record)
{
    nnrt_log *log = program->session->log;
    const char *name;
    json_t *value;
    if (!log)
        return;
    nnrt_log_begin(log, event);
    nnrt_log_text(log, "model", nnrt_action_text(program, "model"));
    nnrt_log_text(log, "data", nnrt_action_text(program, "data"));
    json_object_foreach ((json_t *)record, name, value) {
        nnrt_log_json(log, name, value);
    }
    nnrt_log_end(log);
    nnrt_log_flush(log);
}

/* ---- printing ---- */
void nnrt_print_progress(const nnrt_program *program, const char *format, ...)
{
    va_list arguments;
    if (program->session->options.quiet)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void nnrt_numbers_text(const json_t *object, char *text, size_t size)
{
    const char *name;
    json_t *value;
    size_t at = 0;
    if (size)
        *text = '\0';
    json_object_foreach ((json_t *)object, name, value) {
        if (json_is_number(value) && at < size) {
            int n = snprintf(text + at, size - at, "%s%s %.4g", at ? "  " : "", name,
                             json_number_value(value));
            at += n > 0 ? (size_t)n : 0;
        }
    }
}

json_t *nnrt_json_at(const json_t *object, const char *path)
{
    const char *dot = strchr(path, '.');
    if (!dot)
        return json_object_get(object, path);
    json_t *inner = json_object_getn(object, path, (size_t)(dot - path));
    return json_is_object(inner) ? nnrt_json_at(inner, dot + 1) : NULL;
}

static void cell_text(const json_t *value, char *text, size_t size)
{
    if (json_is_number(value))
        snprintf(text, size, "%.6g", json_number_value(value));
    else if (json_is_string(value))
        snprintf(text, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
    else
        snprintf(text, size, "-");
}

void nnrt_print_records(const char *title, const json_t *records, const char *const *columns,
                        size_t count)
{
    enum { CELL = 64 };

    char text[CELL];
    size_t r;
    json_t *record;
    printf("%s\n", title);
    int width[32] = { 0 };
    bool present[32] = { false };
    if (count > 32)
        count = 32;
    for (size_t c = 0; c < count; c++) {
        width[c] = (int)strlen(columns[c]);
        json_array_foreach (records, r, record) {
            const json_t *value = nnrt_json_at(record, columns[c]);
            if (!value)
                continue;
            present[c] = true;
            cell_text(value, text, sizeof text);
            if ((int)strlen(text) > width[c])
                width[c] = (int)strlen(text);
        }
    }
    for (size_t c = 0; c < count; c++)
        if (present[c])
            printf("  %*s", width[c], columns[c]);
    putchar('\n');
    json_array_foreach (records, r, record) {
        for (size_t c = 0; c < count; c++) {
            if (!present[c])
                continue;
            cell_text(nnrt_json_at(record, columns[c]), text, sizeof text);
            printf("  %*s", width[c], text);
        }
        putchar('\n');
    }
}
