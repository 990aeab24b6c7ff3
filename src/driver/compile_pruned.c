/* compile_pruned.c: pruned models keep their zeros, and so do models that load a file of pruned
 * weights: which models those are follows from the actions, and from the files that are there. */
#include "driver/compile_units.h"
#include "base/base.h"
#include <ctype.h>
#include <string.h>

void note_pruned_file(Compiler *c, const CompiledAction *a, const char *path)
{
    if (lower_is_pruned(c->lower, a->model))
        vec_push(c->arena, &c->pruned_files, path);
}

static bool is_pruned(const Compiler *c, const ModelInstance *model)
{
    for (size_t i = 0; i < c->pruned.len; i++)
        if (c->pruned.data[i] == model)
            return true;
    return false;
}

static bool set_pruned(Compiler *c, const ModelInstance *model)
{
    if (is_pruned(c, model))
        return true;
    if (!lower_set_pruned(c->lower, model))
        return false;
    vec_push(c->arena, &c->pruned, model);
    c->freezes++;
    return true;
}

bool units_prune(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (set_pruned(c, a->model))
        return true;
    diag_error(c->diags, DIAG_NO_PARAMS, a->action->model_span,
               "model '%s' has no kernel that could be pruned", a->model->decl->name);
    return false;
}

bool units_save(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (a->action->path)
        note_pruned_file(c, a, a->action->path);
    return true;
}

/* "a.7.safetensors" is what the checkpoint "a.safetensors" writes after epoch 7. */
static const char *without_epoch(Compiler *c, const char *path)
{
    const char *dot = strrchr(path, '.'), *digits = dot;
    while (digits && digits > path && isdigit((unsigned char)digits[-1]))
        digits--;
    bool numbered = digits && digits < dot && digits > path && digits[-1] == '.';
    return numbered ? arena_printf(c->arena, "%.*s%s", (int)(digits - 1 - path), path, dot) : path;
}

/* Written by an action above, or there already. */
static bool file_is_pruned(Compiler *c, const char *path)
{
    const char *plain = without_epoch(c, path);
    for (size_t i = 0; i < c->pruned_files.len; i++) {
        if (strcmp(c->pruned_files.data[i], path) == 0 ||
            strcmp(c->pruned_files.data[i], plain) == 0) {
            return true;
        }
    }
    nnrt_error unused = { 0 };
    const char *whole =
        *path == '/' || !c->folder ? path : arena_printf(c->arena, "%s/%s", c->folder, path);
    nnrt_safetensors *file = nnrt_safetensors_open(whole, &unused);
    bool pruned = file && nnrt_safetensors_metadata(file, NNRT_PRUNED_MARK);
    nnrt_safetensors_close(file);
    return pruned;
}

bool units_load(Compiler *c, Compiled *out, CompiledAction *a)
{
    (void)out;
    if (a->action->path && file_is_pruned(c, a->action->path))
        set_pruned(c, a->model);
    return true;
}
