/* passes.c: runs the pipeline of passes.def, with the verifiers after each pass. */
#include "passes/passes.h"
#include <string.h>
#include <time.h>

typedef struct PassRow {
    const char *name, *help;
    Plan *(*run)(Plan *);
} PassRow;

static const PassRow pass_table[] = {
#define PASS(id, name, help) { #name, help, pass_##name },
#include "passes/passes.def"
#undef PASS
};

enum { PASS_COUNT = sizeof pass_table / sizeof *pass_table };

bool pass_exists(const char *name)
{
    for (int i = 0; i < PASS_COUNT; i++)
        if (strcmp(pass_table[i].name, name) == 0)
            return true;
    return false;
}

const char *pass_name(size_t index)
{
    return index < PASS_COUNT ? pass_table[index].name : NULL;
}

const char *pass_help(size_t index)
{
    return index < PASS_COUNT ? pass_table[index].help : NULL;
}

Plan *plan_fail(Plan *plan, const char *format, ...)
{
    if (plan->error)
        return plan;
    va_list args;
    va_start(args, format);
    plan->error = arena_vprintf(plan->arena, format, args);
    va_end(args);
    return plan;
}

static void report_time(const char *name, struct timespec since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "%-12s %8.3f ms\n", name,
            (double)(now.tv_sec - since.tv_sec) * 1e3 +
                (double)(now.tv_nsec - since.tv_nsec) * 1e-6);
}

static Plan *refuse(Plan *plan, const char *pass, const char *what, char **error)
{
    if (error)
        *error = arena_printf(plan->arena, "graph %s: pass %s: %s", plan->graph->name, pass, what);
    return NULL;
}

Plan *passes_run(Graph *graph, const PassOptions *options, char **error)
{
    static const PassOptions none = { 0 };
    if (!options)
        options = &none;

    Plan *plan = ARENA_NEW(graph->arena, Plan);
    plan->arena = graph->arena;
    plan->graph = graph;
    plan->machine = options->machine ? options->machine : machine_cpu(false);
    if (error)
        *error = NULL;

    char *wrong = graph_verify(graph);
    if (wrong)
        return refuse(plan, "none", wrong, error);

    for (int i = 0; i < PASS_COUNT; i++) {
        const PassRow *pass = &pass_table[i];
        struct timespec start;
        clock_gettime(CLOCK_MONOTONIC, &start);
        plan = pass->run(plan);
        if (options->time)
            report_time(pass->name, start);
        if (plan->error)
            return refuse(plan, pass->name, plan->error, error);
        if ((wrong = graph_verify(plan->graph)) || (wrong = plan_verify(plan)))
            return refuse(plan, pass->name, wrong, error);
        if (options->dump && options->dump_pass && strcmp(options->dump_pass, pass->name) == 0) {
            graph_print(plan->graph, options->dump);
            if (plan->kernels.len > 0)
                plan_print(plan, options->dump);
        }
    }
    return plan;
}
