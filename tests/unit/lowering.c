/* lowering.c: see lowering.h. */
#include "lowering.h"
#include <stdio.h>
#include <string.h>

Bench bench_new(const char *text)
{
    Bench b = { .arena = arena_new() };
    Interner *names = interner_new(b.arena);
    b.diags = diagnostics_new(b.arena);
    b.sema = sema_new(b.arena, names, b.diags);
    sema_load_prelude(b.sema);
    b.lower = lower_new(b.sema);
    SourceFile *file = source_from_text(b.arena, "test.nn", text, strlen(text));
    b.script = sema_check(b.sema, parse_file(b.arena, names, b.diags, file));
    return b;
}

void bench_free(Bench *b)
{
    arena_free(b->arena);
}

void complain(const Bench *b)
{
    for (size_t i = 0; i < b->diags->list.len; i++) {
        const Diagnostic *d = b->diags->list.data[i];
        uint32_t line = 0, column = 0;
        if (d->span.file)
            source_position(d->span.file, d->span.begin, &line, &column);
        printf("# %u:%u: %s [%s]\n", line, column, d->message, diag_code(d->id));
    }
}

const CheckedAction *action_of(const Bench *b, Verb verb)
{
    for (size_t i = 0; i < b->script->count; i++)
        if (b->script->actions[i]->verb == verb)
            return b->script->actions[i];
    return NULL;
}

UnitSpec unit_spec(UnitKind kind, const ModelInstance *model, const DataInfo *data,
                   const CheckedAction *action)
{
    return (UnitSpec){ .kind = kind,
                       .name = "u",
                       .model = model,
                       .data = data,
                       .action = action,
                       .recipe = action && action->recipe.count ? &action->recipe : NULL,
                       .batch = 5,
                       .steps = 3,
                       .epochs = 3,
                       .per_epoch = 1 };
}

const char *script_for(Arena *arena, const char *declare, const char *body, const char *recipe)
{
    return arena_printf(arena,
                        "%s\n"
                        "data d { source = regression(13, 4, 0.1) }\n"
                        "model m {\n"
                        "    %s\n"
                        "}\n"
                        "recipe r {\n"
                        "    epochs = 3\n"
                        "    %s\n"
                        "    %s\n"
                        "}\n"
                        "train m on d with r\n",
                        declare, body,
                        strstr(recipe, "optimizer") ? "" : "optimizer = sgd(lr = 0.1)", recipe);
}

const WeightSpec *weight_of(const ModelInstance *m, const char *name)
{
    for (size_t i = 0; m && i < m->weights.len; i++)
        if (!strcmp(m->weights.data[i].name, name))
            return &m->weights.data[i];
    return NULL;
}
