/* command_show.c: `nnc show`: the graphs, plans and code of a script's units. */
#include "driver/compile.h"
#include "driver/driver.h"
#include <stdlib.h>

static const char *const pass_names[] = {
#define PASS(id, name, help) #name,
#include "passes/passes.def"
#undef PASS
};

enum { PASSES = sizeof pass_names / sizeof *pass_names };

static int unknown_pass(Compiler *c, const char *name)
{
    const char *near = nearest_name(name, pass_names, PASSES), *list = "";
    if (near)
        return options_wrong(c->options, "there is no pass '%s'; did you mean '%s'?", name, near);
    for (int i = 0; i < PASSES; i++)
        list = arena_printf(c->arena, "%s%s%s", list, i ? ", " : "", pass_names[i]);
    return options_wrong(c->options, "there is no pass '%s'; the passes are %s", name, list);
}

static int show_code(Compiler *c, const Unit *unit, CodeForm form)
{
    char *error = NULL, *text = NULL;
    Target *target = compiler_target(c, &error);
    if (target)
        text = c->backend->unit_text(target, unit->plan, form, &error);
    if (!text) {
        fprintf(stderr, "nnc: error: %s: %s\n", unit->spec.name,
                error ? error : "no code was made");
        return EXIT_SCRIPT;
    }
    fputs(text, stdout);
    free(text);
    return 0;
}

static int show_unit(Compiler *c, const Unit *unit)
{
    switch (c->options->show) {
    case SHOW_PLAN: plan_print(unit->plan, stdout); break;
    case SHOW_LLVM: return show_code(c, unit, CODE_LLVM);
    case SHOW_ASM: return show_code(c, unit, CODE_ASM);
    case SHOW_IR:
    case SHOW_GRAPH: /* dumped on the way through the passes */
    case SHOW_NOTHING: break;
    }
    return 0;
}

static int show(Compiler *c, const char *path)
{
    Compiled compiled;
    int status;
    const char *pass = c->options->pass ? c->options->pass : pass_names[PASSES - 1];
    if (!pass_exists(pass))
        return unknown_pass(c, pass);
    if (c->options->show == SHOW_IR)
        c->passes.dump = stdout;
    c->passes.dump_pass = pass;
    c->show_graphs = c->options->show == SHOW_GRAPH;
    if (!compile_script(c, path, &compiled, &status))
        return status;
    for (size_t i = 0; i < compiled.units.len && !status; i++)
        status = show_unit(c, compiled.units.data[i]);
    return status;
}

int command_show(Options *options)
{
    if (options->show == SHOW_NOTHING) {
        return options_wrong(options,
                             "'show' needs one of --ir, --graph, --plan, --llvm and --asm");
    }
    Compiler *c = compiler_new(options);
    int status = show(c, options->operands.data[0]);
    compiler_free(c);
    return status;
}
