/* report_log.c: trainings and other records from logs.
 *
 * A log holds any number of trainings; each `start` begins one, `epoch`s and an `end` belong to the
 * last one begun with their model and data. A line that cannot be read, or a log that ends in the
 * middle, is a warning, and what there is is shown. */
#include "driver/report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void warn(Report *r, const char *text)
{
    fprintf(stderr, "nnc: warning: %s\n", text);
    vec_push(r->arena, &r->warnings, text);
}

static const char *text_of(Report *r, const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? arena_strndup(r->arena, text, strlen(text)) : "";
}

static Training *add_training(Report *r, const char *log, const json_t *event)
{
    Training t = { .log = log,
                   .model = text_of(r, event, "model"),
                   .data = text_of(r, event, "data"),
                   .recipe = text_of(r, event, "recipe"),
                   .epochs = json_array() };
    vec_push(r->arena, &r->trainings, t);
    return &r->trainings.data[r->trainings.len - 1];
}

/* The training of this log that an event belongs to; one that began before the log did comes into
 * being. */
static Training *training_of(Report *r, const char *log, const json_t *event)
{
    for (size_t i = r->trainings.len; i-- > 0;) {
        Training *t = &r->trainings.data[i];
        /* compared again */
        bool begins = *t->recipe && json_integer_value(json_object_get(event, "epoch")) == 1 &&
                      json_array_size(t->epochs);
        if (t->log == log && !t->end && !begins &&
            strcmp(t->model, text_of(r, event, "model")) == 0 &&
            strcmp(t->data, text_of(r, event, "data")) == 0 &&
            strcmp(t->recipe, text_of(r, event, "recipe")) == 0) {
            return t;
        }
    }
    return add_training(r, log, event);
}

static void keep_record(Report *r, const char *log, const char *kind, json_t *event)
{
    const char *title = arena_printf(r->arena, "%s (%s)", kind, log);
    size_t last = r->others.len;
    bool continues = last && strcmp(r->other_titles.data[last - 1], title) == 0;
    /* Steps are counted from 1: a second path begins there. */
    if (continues && json_integer_value(json_object_get(event, "step")) == 1 &&
        strcmp(kind, "minimize") == 0) {
        continues = false;
    }
    if (!continues) {
        vec_push(r->arena, &r->others, json_array());
        vec_push(r->arena, &r->other_titles, title);
    }
    json_object_del(event, "event");
    json_array_append(r->others.data[r->others.len - 1], event);
}

static void take_event(Report *r, const char *log, json_t *event)
{
    static const char *const records[] = { "minimize", "inspect", "trial", "fold" };
    const char *kind = text_of(r, event, "event");
    if (strcmp(kind, "start") == 0) {
        add_training(r, log, event)->start = json_incref(event);
    } else if (strcmp(kind, "epoch") == 0) {
        json_array_append(training_of(r, log, event)->epochs, event);
    } else if (strcmp(kind, "end") == 0) {
        Training *t = training_of(r, log, event);
        if (!t->end)
            t->end = json_incref(event);
    } else if (strcmp(kind, "error") == 0 && r->trainings.len &&
               r->trainings.data[r->trainings.len - 1].log == log) {
        Training *t = &r->trainings.data[r->trainings.len - 1];
        if (!t->end && !t->error)
            t->error = json_incref(event);
    } else if (strcmp(kind, "evaluate") == 0 && json_is_object(json_object_get(event, "metrics"))) {
        vec_push(r->arena, &r->others, json_incref(json_object_get(event, "metrics")));
        vec_push(r->arena, &r->other_titles,
                 arena_printf(r->arena, "%s on %s.%s (%s)", text_of(r, event, "model"),
                              text_of(r, event, "data"), text_of(r, event, "part"), log));
    }
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (strcmp(kind, records[i]) == 0)
            keep_record(r, log, kind, event);
}

/* What ended a training of this log too early. */
static void warn_of_ends(Report *r, const char *path, size_t first)
{
    for (size_t i = first; i < r->trainings.len; i++) {
        const Training *t = &r->trainings.data[i];
        if (t->error) {
            warn(r, arena_printf(r->arena, "%s: the training of %s ended with an error: %s", path,
                                 t->model, text_of(r, t->error, "message")));
        } else if (!t->end && !*t->recipe) {
            warn(r, arena_printf(
                        r->arena,
                        "%s: the training of %s has no end: it was cut short, or is still running",
                        path, t->model));
        }
    }
}

/* True: the line is an event. */
static bool take_line(Report *r, const char *path, size_t number, const char *line, size_t length)
{
    json_error_t why;
    json_t *event = json_loadb(line, length, 0, &why);
    bool is_event = json_is_object(event) && json_object_get(event, "event");
    if (is_event) {
        take_event(r, path, event);
    } else if (line[strspn(line, " \t\r\n")]) {
        bool cut = line[length - 1] != '\n';
        warn(r, arena_printf(r->arena,
                             cut ? "%s:%zu: the log was cut short; what came before is shown"
                                 : "%s:%zu: this line is not an event of a log; it is left out",
                             path, number));
    }
    json_decref(event);
    return is_event;
}

bool report_read_log(Report *r, const char *path)
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0, number = 0, events = 0, first = r->trainings.len;
    ssize_t length;
    if (!in) {
        fprintf(stderr, "nnc: error: %s cannot be read: %s\n", path, strerror(errno));
        return false;
    }

    errno = 0;
    while ((length = getline(&line, &capacity, in)) > 0)
        events += take_line(r, path, ++number, line, (size_t)length);

    bool failed = ferror(in) != 0;
    if (failed)
        fprintf(stderr, "nnc: error: %s cannot be read: %s\n", path, strerror(errno ? errno : EIO));
    else if (!events)
        warn(r, arena_printf(r->arena, "%s: there is no event in this file", path));
    warn_of_ends(r, path, first);
    free(line);
    fclose(in);
    return !failed;
}

/* ---- what a training is called: as little as tells it from the others ---- */

static bool data_differ(const Report *r)
{
    for (size_t i = 1; i < r->trainings.len; i++)
        if (strcmp(r->trainings.data[0].data, r->trainings.data[i].data) != 0)
            return true;
    return false;
}

static bool logs_differ(const Report *r)
{
    for (size_t i = 1; i < r->trainings.len; i++)
        if (strcmp(r->trainings.data[0].log, r->trainings.data[i].log) != 0)
            return true;
    return false;
}

static bool is_alike(const Training *a, const Training *b)
{
    return strcmp(a->model, b->model) == 0 && strcmp(a->recipe, b->recipe) == 0 &&
           strcmp(a->data, b->data) == 0 && a->log == b->log;
}

void report_label_trainings(Report *r)
{
    bool data = data_differ(r), log = logs_differ(r);
    for (size_t i = 0; i < r->trainings.len; i++) {
        Training *t = &r->trainings.data[i];
        const char *base = strrchr(t->log, '/');
        size_t before = 0;
        t->label = data ? arena_printf(r->arena, "%s on %s", t->model, t->data) : t->model;
        if (*t->recipe)
            t->label = arena_printf(r->arena, "%s with %s", t->label, t->recipe);
        if (log)
            t->label = arena_printf(r->arena, "%s (%s)", t->label, base ? base + 1 : t->log);
        for (size_t k = 0; k < i; k++)
            before += is_alike(&r->trainings.data[k], t);
        if (before)
            t->label = arena_printf(r->arena, "%s #%zu", t->label, before + 1);
    }
}
