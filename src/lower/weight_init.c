/* weight_init.c: initialisers to distributions (docs/language.md).
 *
 * glorot: Glorot and Bengio 2010; he: He et al. 2015; lecun: LeCun et al. 1998. The plain names are
 * the normal variants, those of glorot called xavier the uniform ones; a uniform one of the same
 * variance v ends at sqrt(3 v). */
#include "lower/room.h"
#include <math.h>
#include <string.h>

WeightInit init_constant(double value)
{
    return (WeightInit){ INIT_CONSTANT, value, 0 };
}

typedef enum Scaling { BY_BOTH, BY_IN_TWICE, BY_IN } Scaling;

typedef struct ScaledInit {
    const char *name;
    Scaling scaling;
    bool uniform;
} ScaledInit;

static const ScaledInit scaled[] = {
    { "glorot", BY_BOTH, false }, { "glorot_uniform", BY_BOTH, true },
    { "xavier", BY_BOTH, true },  { "xavier_uniform", BY_BOTH, true },
    { "he", BY_IN_TWICE, false }, { "he_uniform", BY_IN_TWICE, true },
    { "lecun", BY_IN, false },    { "lecun_uniform", BY_IN, true },
};

static WeightInit init_scaled(const ScaledInit *row, double fan_in, double fan_out)
{
    double fans = fan_in;
    if (row->scaling == BY_BOTH)
        fans = (fan_in + fan_out) / 2;
    if (row->scaling == BY_IN_TWICE)
        fans = fan_in / 2;
    double variance = 1 / fmax(fans, 1e-9);
    if (row->uniform)
        return (WeightInit){ INIT_UNIFORM, -sqrt(3 * variance), sqrt(3 * variance) };
    return (WeightInit){ INIT_NORMAL, 0, sqrt(variance) };
}

static double argument(const Call *call, size_t i, double otherwise)
{
    return call && i < call->form->arg_count && call->args[i].kind == VALUE_NUMBER
               ? call->args[i].number
               : otherwise;
}

static const ScaledInit *find_scaled(const char *name)
{
    for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++)
        if (!strcmp(name, scaled[i].name))
            return &scaled[i];
    return NULL;
}

bool init_from_value(const Value *init, double fan_in, double fan_out, WeightInit *out)
{
    const char *name = value_word(init);
    const Call *call = value_call(init);
    if (init && init->kind == VALUE_NUMBER) {
        *out = init_constant(init->number);
        return true;
    }
    if (!name || !strcmp(name, "auto"))
        return false;
    const ScaledInit *row = find_scaled(name);

    if (row)
        *out = init_scaled(row, fan_in, fan_out);
    else if (!strcmp(name, "zeros"))
        *out = init_constant(0);
    else if (!strcmp(name, "ones"))
        *out = init_constant(1);
    else if (!strcmp(name, "constant"))
        *out = init_constant(argument(call, 0, 0));
    else if (!strcmp(name, "normal"))
        *out = (WeightInit){ INIT_NORMAL, 0, argument(call, 0, 1) };
    else if (!strcmp(name, "truncated_normal"))
        *out = (WeightInit){ INIT_TRUNCATED_NORMAL, argument(call, 0, 1), 0 };
    else if (!strcmp(name, "uniform"))
        *out = (WeightInit){ INIT_UNIFORM, argument(call, 0, 0), argument(call, 1, 1) };
    else if (!strcmp(name, "orthogonal"))
        *out = (WeightInit){ INIT_ORTHOGONAL, 1, 0 };
    else
        return false;
    return true;
}

WeightInit init_for_activation(const char *activation, double fan_in, double fan_out)
{
    static const char *const rectifiers[] = { "relu",       "leaky_relu", "prelu", "rrelu",
                                              "elu",        "gelu",       "silu",  "mish",
                                              "hard_swish", "softplus" };
    static const ScaledInit glorot = { "glorot", BY_BOTH, false },
                            he = { "he", BY_IN_TWICE, false }, lecun = { "lecun", BY_IN, false };
    const ScaledInit *row = &glorot;
    if (activation && !strcmp(activation, "selu"))
        row = &lecun;
    for (size_t i = 0; activation && i < sizeof rectifiers / sizeof *rectifiers; i++)
        if (!strcmp(activation, rectifiers[i]))
            row = &he;
    return init_scaled(row, fan_in, fan_out);
}

void init_fans(Shape shape, double *fan_in, double *fan_out)
{
    double field = 1;
    for (int i = 2; i < shape.rank; i++)
        field *= (double)shape.dim[i];
    *fan_in = (shape.rank >= 2 ? (double)shape.dim[1] : (double)shape_elements(shape)) * field;
    *fan_out = (shape.rank >= 1 ? (double)shape.dim[0] : 1) * field;
}
