/* shared_code.c: which units share machine code (shared_code.h). */
#include "driver/shared_code.h"
#include <string.h>

Codes *codes_new(void)
{
    Arena *arena = arena_new();
    Codes *codes = ARENA_NEW(arena, Codes);
    codes->arena = arena;
    codes->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    codes->compiled = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    return codes;
}

void codes_free(Codes *codes)
{
    pthread_mutex_destroy(&codes->lock);
    pthread_cond_destroy(&codes->compiled);
    arena_free(codes->arena);
}

/* Numbers in which they differ are read, where that can still be had. */
static bool serves(Code *code, const double *value)
{
    for (size_t i = 0; i < code->numbers; i++)
        if (value[i] != code->value[i] && code->entry && !code->read[i])
            return false;
    for (size_t i = 0; i < code->numbers; i++)
        if (value[i] != code->value[i])
            code->read[i] = true;
    return true;
}

Code *codes_of_plan(Codes *codes, Plan *plan, const char *name, bool share, bool *made)
{
    size_t numbers = plan_numbers(plan, NULL);
    double *value = ARENA_ARRAY(codes->arena, double, numbers + 1);
    bool *read = ARENA_ARRAY(codes->arena, bool, numbers + 1);
    plan_numbers(plan, value);
    *made = false;
    for (size_t i = 0; share && i < codes->list.len; i++) {
        Code *code = codes->list.data[i];
        if (code->numbers != numbers || !plan_alike(code->plan, plan))
            continue;
        if (serves(code, value))
            return code;
        for (size_t k = 0; k < numbers; k++)
            read[k] |= code->read[k] || value[k] != code->value[k];
    }
    *made = true;
    Code *code = ARENA_NEW(codes->arena, Code);
    *code =
        (Code){ arena_printf(codes->arena, "%s", name), plan, numbers, value, read, NULL, false };
    vec_push(codes->arena, &codes->list, code);
    return code;
}

Code *codes_find(const Codes *codes, const char *name)
{
    for (size_t i = 0; i < codes->list.len; i++)
        if (strcmp(codes->list.data[i]->name, name) == 0)
            return codes->list.data[i];
    return NULL;
}

const Plan *code_final_plan(Code *code)
{
    plan_read_numbers(code->plan, code->read);
    return code->plan;
}
