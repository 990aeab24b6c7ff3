/* shared_code.h: the machine code of a script's units, shared by those that differ in numbers
 * alone: trials of `tune` are one network with other rates.
 *
 * A code belongs to the plan that it was first made of. A unit whose plan is alike takes it, and
 * the numbers in which the two differ are from then on read at run time, after the plan's own
 * scalars; every unit says what all of its numbers are. Code that is compiled already, with one of
 * them built in, stays as it is, and another one is made. */
#ifndef NNC_SHARED_CODE_H
#define NNC_SHARED_CODE_H
#include "codegen/backend.h"
#include <pthread.h>

typedef struct Code {
    /* of the unit that it was made for, and the function's symbol */
    const char *name;
    Plan *plan;
    size_t numbers; /* constants of the plan */
    double *value;
    bool *read;      /* at run time, each of them */
    nnrt_unit entry; /* NULL until it is asked for */
    bool under_way;  /* being compiled */
} Code;

typedef struct Codes {
    Arena *arena;
    VEC(Code *) list;
    size_t units; /* named so far: each name is another */
    /* of entries, while trials side by side ask for them */
    pthread_mutex_t lock;
    pthread_cond_t compiled;
} Codes;

Codes *codes_new(void);
void codes_free(Codes *codes);
/* The code of a plan: an old one if `share` and there is one that serves. *made: it is a new one,
 * and the plan must live as long as the codes. */
Code *codes_of_plan(Codes *codes, Plan *plan, const char *name, bool share, bool *made);
Code *codes_find(const Codes *codes, const char *name); /* NULL: there is none */
/* Before it is compiled, for the first time and the last: no number is to be read that is not read
 * now. */
const Plan *code_final_plan(Code *code);
#endif
