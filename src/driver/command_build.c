/* command_build.c: `nnc build`: all units compiled ahead of time, the program's text beside them,
 * and the runtime. */
#include "driver/driver.h"
#include "driver/embed_weights.h"
#include "driver/program_json.h"
#include "driver/toolchain.h"
#include <ctype.h>
#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Build {
    Compiler *c;
    const Compiled *compiled;
    Arena *arena;
    const char *output; /* NAME of -o */
    const json_t *json; /* the program */
    BuiltProgram program;
    char *error;
} Build;

/* Rows: what --emit makes besides programs and libraries, and the suffix where -o says no name. */
static const struct {
    CodeForm form;
    const char *suffix;
} kinds[] = {
    [BUILD_EXE] = { CODE_OBJECT, "" }, [BUILD_OBJECT] = { CODE_OBJECT, ".o" },
    [BUILD_ASM] = { CODE_ASM, ".s" },  [BUILD_LLVM] = { CODE_LLVM, ".ll" },
    [BUILD_LIB] = { CODE_OBJECT, "" },
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The script's name without its suffix, in the current folder. NULL where that would be the script
 * itself. */
static const char *default_output(Arena *arena, const char *script, BuildEmit emit)
{
    const char *name = base_name(script), *dot = strrchr(name, '.');
    size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    const char *output = arena_printf(arena, "%.*s%s", (int)length, name, kinds[emit].suffix);
    return strcmp(output, name) == 0 ? NULL : output;
}

static bool emit_code(Build *b, CodeForm form, const char *path)
{
    Target *target = compiler_target(b->c, &b->error);
    return target && b->c->backend->write_program(target, &b->program, form, path, &b->error);
}

static bool build_file(Build *b)
{
    char *beside = toolchain_beside(b->arena, b->output);
    if (emit_code(b, kinds[b->c->options->emit].form, beside))
        return toolchain_publish(b->arena, beside, b->output, &b->error);
    unlink(beside);
    return false;
}

static bool build_program(Build *b, const char *folder)
{
    char *object = arena_printf(b->arena, "%s/program.o", folder),
         *beside = toolchain_beside(b->arena, b->output);
    if (emit_code(b, CODE_OBJECT, object) && toolchain_link(b->arena, object, beside, &b->error))
        return toolchain_publish(b->arena, beside, b->output, &b->error);
    unlink(beside);
    return false;
}

static void write_model(FILE *out, const ModelInstance *m, bool embedded)
{
    const char *name = m->decl->name;
    int64_t in = shape_elements(m->input), of = shape_elements(m->output);
    fprintf(out, "/* Model %s: %" PRId64 " numbers a sample in, %" PRId64 " out (%s). */\n", name,
            in, of, head_name(m->head));
    fprintf(out,
            "/* Takes its weights from a safetensors file%s: 0, or 3 where the file cannot be read "
            "or does not fit. */\n",
            embedded ? ", in place of those it was built with" : "");
    fprintf(out, "int %s_load(const char *path);\n", name);
    fprintf(out,
            "/* x: n samples of %" PRId64 " floats, one after the other; out: n times %" PRId64
            ". 0, or 1 while there are no weights. */\n",
            in, of);
    fprintf(out, "int %s_predict(const float *x, size_t n, float *out);\n\n", name);
}

static char *guard_of(Arena *arena, const char *name)
{
    char *guard = arena_printf(arena, "NNC_%s_H", name);
    for (char *c = guard; *c; c++) {
        *c = isalnum((unsigned char)*c) && (unsigned char)*c < 128
                 ? (char)toupper((unsigned char)*c)
                 : '_';
    }
    return guard;
}

static void write_models(FILE *out, const Build *b, const char *name)
{
    const char *guard = guard_of(b->arena, name);
    const json_t *models = json_object_get(b->json, "models");
    fprintf(out,
            "/* Models compiled by nnc. Link with lib%s.a -lm -lpthread. Samples are given as the "
            "training saw them, normalised. */\n"
            "#ifndef %s\n#define %s\n#include <stddef.h>\n#ifdef __cplusplus\nextern \"C\" "
            "{\n#endif\n\n",
            name, guard, guard);
    for (size_t i = 0; i < b->compiled->models.len; i++) {
        const json_t *values = json_object_get(json_array_get(models, i), "values");
        write_model(out, b->compiled->models.data[i], values != NULL);
    }
    fputs("#ifdef __cplusplus\n}\n#endif\n#endif\n", out);
}

static bool write_header(Build *b, const char *path, const char *name)
{
    char *beside = toolchain_beside(b->arena, path);
    FILE *out = fopen(beside, "w");
    if (!out) {
        b->error = arena_printf(b->arena, "%s: %s", path, strerror(errno));
        return false;
    }
    write_models(out, b, name);
    bool written = !ferror(out);
    if (fclose(out) == 0 && written)
        return toolchain_publish(b->arena, beside, path, &b->error);
    b->error = arena_printf(b->arena, "%s: %s", path, strerror(errno));
    unlink(beside);
    return false;
}

static bool build_library(Build *b, const char *folder)
{
    const char *name = base_name(b->output);
    int prefix = (int)(name - b->output);
    char *library = arena_printf(b->arena, "%.*slib%s.a", prefix, b->output, name);
    char *object = arena_printf(b->arena, "%s/program.o", folder),
         *beside = toolchain_beside(b->arena, library);
    if (!emit_code(b, CODE_OBJECT, object) ||
        !toolchain_archive(b->arena, folder, object, beside, &b->error)) {
        unlink(beside);
        return false;
    }
    return toolchain_publish(b->arena, beside, library, &b->error) &&
           write_header(b, arena_printf(b->arena, "%.*s%s.h", prefix, b->output, name), name);
}

static void fill_program(Build *b, char *json)
{
    const Compiled *compiled = b->compiled;
    bool library = b->c->options->emit == BUILD_LIB;
    BuiltProgram *p = &b->program;
    const Codes *codes = b->c->codes;
    size_t most = library ? compiled->predict_units.len : codes->list.len;
    p->plans = ARENA_ARRAY(b->arena, const Plan *, most + 1);
    p->unit_names = ARENA_ARRAY(b->arena, const char *, most + 1);
    for (size_t i = 0; i < most; i++) {
        Code *code = library ? compiled->predict_units.data[i]->code : codes->list.data[i];
        p->plans[i] = code_final_plan(code);
        p->unit_names[i] = code->name;
    }
    p->count = most;
    p->json = json;
    p->with_main = !library;
    p->models = ARENA_ARRAY(b->arena, const char *, compiled->models.len + 1);
    p->model_count = library ? compiled->models.len : 0;
    for (size_t i = 0; i < p->model_count; i++)
        p->models[i] = compiled->models.data[i]->decl->name;
}

static bool build(Build *b)
{
    BuildEmit emit = b->c->options->emit;
    if (emit != BUILD_EXE && emit != BUILD_LIB)
        return build_file(b);
    char *folder = toolchain_temporary(b->arena, &b->error);
    if (!folder)
        return false;
    bool ok = emit == BUILD_EXE ? build_program(b, folder) : build_library(b, folder);
    toolchain_remove(folder);
    return ok;
}

/* The compiled script as a program, made and written: the exit status. */
static int make_output(Build *b)
{
    Compiler *c = b->c;
    json_t *program = program_json(c, b->compiled, false);
    bool ok = c->options->emit == BUILD_LIB ? embed_weights(c, b->compiled, program)
                                            : add_variants(c, b->compiled, program);
    if (!ok) {
        json_decref(program);
        return compiler_report(c);
    }

    program_verify(program);
    char *text = json_dumps(program, JSON_COMPACT | JSON_REAL_PRECISION(17));
    b->json = program;
    fill_program(b, text);
    ok = build(b);
    if (!ok) {
        fprintf(stderr, "nnc: error: cannot make %s: %s\n", b->output,
                b->error ? b->error : "the reason is unknown");
    }
    free(text);
    json_decref(program);
    return ok ? 0 : EXIT_FILES;
}

int command_build(Options *options)
{
    Compiler *c = compiler_new(options);
    Compiled compiled;
    Build b = { .c = c, .compiled = &compiled, .arena = c->arena };
    int status;
    c->lists_all = options->emit == BUILD_LIB;
    b.output = options->output ? options->output
                               : default_output(c->arena, options->operands.data[0], options->emit);

    if (!b.output) {
        status = options_wrong(
            options, "the script's name leaves no name for the output: give one with -o NAME");
    } else if (compile_script(c, options->operands.data[0], &compiled, &status)) {
        status = make_output(&b);
    }
    compiler_free(c);
    return status;
}
