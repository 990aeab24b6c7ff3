/* generate_text.c: `generate`: a text continued token by token, by a model that scores the next
 * one. */
#include "actions/actions.h"
#include "actions/next_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writing {
    nnrt_program *program;
    const nnrt_model *model;
    const nnrt_data *data;
    nnrt_instance *unit;
    bool keeps_state;      /* the unit takes one token after another */
    int64_t window, width; /* tokens of a sample; scores of a position */
    int64_t prompt;        /* tokens of the prompt */
    nnrt_prompt tokens;    /* with room for all that will be added */
    nnrt_sampling sampling;
    nnrt_random random;
    float *sample, *out;
    nnrt_candidate *room;
} writing;

/* ---- scores ---- */
static void launch(writing *w)
{
    nnrt_call call = nnrt_instance_call(w->program, w->unit, 0);
    call.x = w->sample;
    call.out = w->out;
    call.last = 1;
    nnrt_launch(w->unit, &call);
}

/* The last tokens, numbered from 0; what is behind them doesn't matter. */
static const float *scores_of_window(writing *w)
{
    int64_t seen = w->tokens.count < w->window ? w->tokens.count : w->window;
    const int64_t *first = w->tokens.number + w->tokens.count - seen;
    for (int64_t i = 0; i < w->window; i++)
        w->sample[i] = i < seen ? (float)first[i] : 0;
    launch(w);
    return w->model->output_rank == 2 ? w->out + (seen - 1) * w->width : w->out;
}

/* What the unit has not seen yet: all of the prompt, then a token at a time. */
static const float *scores_of_state(writing *w)
{
    int64_t first = w->tokens.count == w->prompt ? 0 : w->tokens.count - 1;
    for (int64_t i = first; i < w->tokens.count; i++) {
        w->sample[0] = (float)w->tokens.number[i];
        launch(w);
    }
    return w->out;
}

/* ---- writing ---- */
static bool add_token(writing *w, nnrt_error *e)
{
    const float *scores = w->keeps_state ? scores_of_state(w) : scores_of_window(w);
    int64_t next = nnrt_next_token(scores, w->data->classes, &w->sampling, &w->random, w->room);
    if (next < 0) {
        return nnrt_fail(e, NNRT_DIVERGED, "diverged",
                         "model '%s' scores the token behind %lld others as NaN or infinity",
                         w->model->name, (long long)w->tokens.count);
    }
    w->tokens.number[w->tokens.count++] = next;
    return !nnrt_stop_asked() || nnrt_interrupted(e);
}

static bool add_tokens(writing *w, int64_t length, nnrt_error *e)
{
    int64_t *more =
        realloc(w->tokens.number, (size_t)(w->tokens.count + length) * sizeof *w->tokens.number);
    if (!more)
        return nnrt_no_memory(e);
    w->tokens.number = more;
    nnrt_instance_reset(w->unit);
    for (int64_t i = 0; i < length; i++)
        if (!add_token(w, e))
            return false;
    return true;
}

/* The prompt as it was written, and the tokens that follow it. */
static char *text_of(const writing *w, size_t *length, nnrt_error *e)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, length);
    if (to) {
        fputs(nnrt_action_text(w->program, "prompt"), to);
        for (int64_t i = w->prompt; i < w->tokens.count; i++)
            nnrt_prompt_write_token(w->data, w->tokens.number[i], to);
    }
    if (to && !fclose(to))
        return text;
    free(text);
    nnrt_no_memory(e);
    return NULL;
}

static bool write_text(const writing *w, const char *text, size_t length, nnrt_error *e)
{
    const char *to = nnrt_action_text(w->program, "to");
    if (w->program->session->options.dry_run)
        return true;
    if (!to) {
        fwrite(text, 1, length, stdout);
        putchar('\n');
        return !ferror(stdout) || nnrt_flush_output(w->program, e);
    }
    char *path = nnrt_program_path(w->program, to);
    nnrt_atomic_file *file = path ? nnrt_atomic_open(path, e) : NULL;
    bool ok = path || nnrt_no_memory(e);
    if (file) {
        fwrite(text, 1, length, file->stream);
        ok = nnrt_atomic_commit(file, e);
    }
    free(path);
    return ok && file;
}

/* Tokens of bytes may come to what is no UTF-8: JSON gets a mark for each such byte. */
static json_t *as_json(const char *text, size_t length)
{
    char *sound = NULL;
    size_t size;
    FILE *to = open_memstream(&sound, &size);
    for (size_t i = 0; to && i < length;) {
        uint32_t point;
        size_t bytes = nnrt_utf8_decode(text + i, length - i, &point);
        if (bytes)
            fwrite(text + i, 1, bytes, to);
        else
            fputs("\xEF\xBF\xBD", to);
        i += bytes ? bytes : 1;
    }
    json_t *json = to && !fclose(to) ? json_stringn(sound, size) : NULL;
    free(sound);
    return json;
}

static bool finish(const writing *w, nnrt_error *e)
{
    size_t length;
    char *text = text_of(w, &length, e);
    if (!text)
        return false;
    json_t *result = json_object();
    bool ok = !json_object_set_new(result, "text", as_json(text, length)) || nnrt_no_memory(e);
    ok = ok && write_text(w, text, length, e);
    free(text);
    if (!ok) {
        json_decref(result);
        return false;
    }
    return nnrt_result_set(&w->program->session->results, nnrt_action_text(w->program, "as"),
                           result, NULL, NULL, e);
}

/* ---- the action ---- */
static bool open_prompt(writing *w, nnrt_error *e)
{
    const char *memory = nnrt_action_text(w->program, "memory");
    w->window = (int64_t)nnrt_action_number(w->program, "window", 1);
    w->keeps_state = memory && !strcmp(memory, "state");
    bool any_length = w->keeps_state || (memory && !strcmp(memory, "causal"));
    bool ok = nnrt_prompt_read(w->data, nnrt_action_text(w->program, "prompt"), w->window,
                               any_length, &w->tokens, e);
    w->prompt = w->tokens.count;
    return ok;
}

static bool open_model(writing *w, nnrt_error *e)
{
    nnrt_program *program = w->program;
    nnrt_model *model = nnrt_program_model(program, nnrt_action_text(program, "model"), e);
    w->model = model;
    if (!model || !nnrt_model_draw(model, nnrt_action_seed(program), e))
        return false;
    w->data = nnrt_program_data(program, nnrt_action_text(program, "data"), e);
    w->unit = nnrt_program_instance(program, nnrt_action_text(program, "unit"), NULL, e);
    w->width = model->output_rank ? model->output[model->output_rank - 1] : 1;
    return w->data && w->unit;
}

static bool prepare(writing *w, nnrt_error *e)
{
    if (!open_model(w, e) || !open_prompt(w, e))
        return false;
    w->sampling.temperature = nnrt_action_number(w->program, "temperature", 1);
    w->sampling.top_k = (int64_t)nnrt_action_number(w->program, "top_k", 0);
    w->sampling.top_p = nnrt_action_number(w->program, "top_p", 1);
    w->random = nnrt_random_new(nnrt_action_seed(w->program), NNRT_DRAW_TOKENS, 0, 0);
    w->sample = nnrt_tensor_new((size_t)w->window);
    w->out = nnrt_tensor_new((size_t)w->model->output_size);
    w->room = calloc((size_t)w->data->classes, sizeof *w->room);
    return (w->sample && w->out && w->room) || nnrt_no_memory(e);
}

bool nnrt_do_generate(nnrt_program *program, nnrt_error *e)
{
    enum { DRY = 2 };

    writing w = { .program = program };
    int64_t length = (int64_t)nnrt_action_number(program, "length", 0);
    if (program->session->options.dry_run && length > DRY)
        length = DRY;
    bool ok = prepare(&w, e) && add_tokens(&w, length, e) && finish(&w, e);
    free(w.tokens.number);
    free(w.sample);
    free(w.out);
    free(w.room);
    return ok;
}
