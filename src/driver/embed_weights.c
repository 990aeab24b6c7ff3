/* embed_weights.c: reads weights files while a library is built, and puts them into the program's
 * text as base64. */
#include "driver/embed_weights.h"
#include "driver/program_fields.h"
#include "base/base.h"
#include <string.h>
#include <unistd.h>

static char *base64(Arena *arena, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = ARENA_ARRAY(arena, char, (size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16 | (n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                        (n > 2 ? bytes[i + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

/* The last action that reads or writes this model's weights in a file that is there; *path from the
 * current folder. */
static const CheckedAction *find_file(Compiler *c, const Compiled *compiled,
                                      const ModelInstance *model, char **path)
{
    for (size_t i = compiled->actions.len; i-- > 0;) {
        const CompiledAction *a = compiled->actions.data[i];
        if (a->model != model || !a->action->path ||
            (a->action->verb != VERB_SAVE && a->action->verb != VERB_LOAD)) {
            continue;
        }
        bool relative = c->folder && a->action->path[0] != '/';
        *path = relative ? arena_printf(c->arena, "%s/%s", c->folder, a->action->path)
                         : arena_printf(c->arena, "%s", a->action->path);
        if (access(*path, R_OK) == 0)
            return a->action;
    }
    return NULL;
}

static bool read_values(Compiler *c, const ModelInstance *model, const nnrt_safetensors *file,
                        const char *path, json_t *values, nnrt_error *e)
{
    for (size_t i = 0; i < model->weights.len; i++) {
        const WeightSpec *w = &model->weights.data[i];
        const nnrt_tensor_in *t = nnrt_safetensors_find(file, w->name);
        if (!t) {
            return nnrt_fail(e, NNRT_FILES, "weights-mismatch", "%s has no tensor '%s'", path,
                             w->name);
        }
        if (!shape_equal(shape_of(t->rank > GRAPH_MAX_RANK ? GRAPH_MAX_RANK : t->rank, t->dims),
                         w->shape) &&
            t->elements + shape_elements(w->shape) != 2) {
            return nnrt_fail(
                e, NNRT_FILES, "weights-mismatch", "%s has '%s' as %s, but the model has %s", path,
                w->name,
                shape_text(c->arena,
                           shape_of(t->rank > GRAPH_MAX_RANK ? GRAPH_MAX_RANK : t->rank, t->dims)),
                shape_text(c->arena, w->shape));
        }
        float *logical = ARENA_ARRAY(c->arena, float, t->elements);
        if (!nnrt_safetensors_read(file, t, logical, e))
            return false;
        json_object_set_new(values, w->name,
                            json_string(base64(c->arena, (const unsigned char *)logical,
                                               (size_t)t->elements * sizeof *logical)));
    }
    return true;
}

bool embed_weights(Compiler *c, const Compiled *compiled, json_t *program)
{
    for (size_t i = 0; i < compiled->models.len; i++) {
        const ModelInstance *model = compiled->models.data[i];
        char *path;
        const CheckedAction *action = find_file(c, compiled, model, &path);
        if (!action)
            continue;
        nnrt_error e = { 0 };
        json_t *values = json_object();
        nnrt_safetensors *file = nnrt_safetensors_open(path, &e);
        bool ok = file && read_values(c, model, file, path, values, &e);
        nnrt_safetensors_close(file);
        put(json_array_get(json_object_get(program, "models"), i), FIELD_model_values, values);
        if (!ok)
            compiler_report_runtime(c, action->path_span, &e);
    }
    return c->diags->errors == 0;
}
