/* command_report.c: `nnc report`: one page of one or more logs: the curves of all trainings over
 * each other, and a table of their final metrics. */
#include "base/base.h"
#include "driver/driver.h"
#include "driver/report.h"
#include <string.h>

static int write_report(Report *r, const char *path)
{
    nnrt_error e = { 0 };
    nnrt_atomic_file *file = nnrt_atomic_open(path, &e);
    if (file) {
        report_write_page(file->stream, r);
        if (r->figure->failed) {
            nnrt_atomic_abort(file);
            nnrt_fail(&e, NNRT_FILES, "out-of-memory", "out of memory");
        } else {
            nnrt_atomic_commit(file, &e);
        }
    }
    if (!e.status)
        return 0;
    fprintf(stderr, "nnc: error: %s\n", e.text);
    return EXIT_FILES;
}

static const char *title_of(Report *r)
{
    const char *title = "Report";
    for (size_t i = 0; i < r->trainings.len; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known |= strcmp(r->trainings.data[k].model, r->trainings.data[i].model) == 0;
        if (!known && i < 12) {
            title = arena_printf(r->arena, "%s%s%s", i ? title : "", i ? ", " : "",
                                 r->trainings.data[i].model);
        }
    }
    return title;
}

static int report(Options *options, Report *r)
{
    for (size_t i = 0; i < options->operands.len; i++)
        if (!report_read_log(r, options->operands.data[i]))
            return EXIT_FILES;
    r->log_count = options->operands.len;
    report_label_trainings(r);
    report_draw_charts(r);
    r->figure->title = title_of(r);
    if (!r->trainings.len && !r->figure->panels) {
        fputs("nnc: error: there is nothing to show in these logs\n", stderr);
        return EXIT_FILES;
    }
    return write_report(r, options->output);
}

int command_report(Options *options)
{
    if (!options->output)
        return options_wrong(options, "'report' needs '-o F.html', the page to write");
    Arena *arena = arena_new();
    Report r = { .arena = arena, .figure = nnrt_figure_new() };
    int status = EXIT_FILES;
    if (r.figure)
        status = report(options, &r);
    for (size_t i = 0; i < r.trainings.len; i++) {
        json_decref(r.trainings.data[i].start);
        json_decref(r.trainings.data[i].end);
        json_decref(r.trainings.data[i].error);
        json_decref(r.trainings.data[i].epochs);
    }
    for (size_t i = 0; i < r.others.len; i++)
        json_decref(r.others.data[i]);
    nnrt_figure_free(r.figure);
    arena_free(arena);
    return status;
}
