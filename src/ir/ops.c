/* ops.c: the columns of ops.def that concern an op by itself. */
#include "ir/graph.h"
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int arity;
    OpClass class;
    unsigned traits;
    double cost;
} op_table[IR_OP_COUNT] = {

#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    { name, inputs, CLASS_##class, traits, cost },
#include "ir/ops.def"
#undef OP
};

const char *op_name(Op op)
{
    return op_table[op].name;
}

int op_arity(Op op)
{
    return op_table[op].arity;
}

OpClass op_class(Op op)
{
    return op_table[op].class;
}

bool op_has(Op op, OpTrait trait)
{
    return op_table[op].traits & trait;
}

double op_cost(Op op)
{
    return op_table[op].cost;
}

/* 0 keeps its sign, and a NaN stays one. */
static double sign(double x)
{
    if (x > 0)
        return 1;
    return x < 0 ? -1 : x;
}

static double smaller(double x, double y)
{
    return y < x || y != y ? y : x;
}

static double larger(double x, double y)
{
    return y > x || y != y ? y : x;
}

/* The upper half of a float32, rounded to nearest, ties to even; a NaN stays one. */
static double round_bf16(double x)
{
    float narrow = (float)x;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    if (narrow != narrow)
        return narrow;

    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&narrow, &bits, sizeof bits);
    return narrow;
}

double op_evaluate(Op op, const double *in)
{
#define a in[0]
#define b in[1]
#define c in[2]
    switch (op) {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    case IR_##id: return value;
#include "ir/ops.def"
#undef OP
    default: return NAN;
    }
#undef a
#undef b
#undef c
}
