/* preparation.c: preparations and their scalings, in memory (preparation.h). */
#include "data/preparation.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

nnrt_preparation *nnrt_preparation_new(int64_t features)
{
    nnrt_preparation *p = calloc(1, sizeof *p);
    if (p)
        p->features = features;
    return p;
}

nnrt_preparation *nnrt_preparation_hold(nnrt_preparation *p)
{
    if (p)
        __atomic_add_fetch(&p->holders, 1, __ATOMIC_RELAXED);
    return p;
}

void nnrt_preparation_free(nnrt_preparation *p)
{
    if (!p || __atomic_fetch_sub(&p->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;

    for (size_t j = 0; p->column && j < p->columns; j++) {
        free(p->column[j].name);
        nnrt_name_map_free(&p->column[j].values);
    }
    for (size_t i = 0; p->target_name && i < p->target_count; i++)
        free(p->target_name[i]);

    free(p->column);
    free(p->mean);
    free(p->target_name);
    nnrt_scaling_free(&p->samples);
    nnrt_scaling_free(&p->target);
    nnrt_name_map_free(&p->classes);
    json_decref(p->tokens);
    free(p);
}

nnrt_preparation *nnrt_preparation_copy(const nnrt_preparation *p)
{
    nnrt_error unused = { 0 };
    json_t *saved = nnrt_preparation_json(p);
    nnrt_preparation *copy = saved ? nnrt_preparation_read(saved, "", &unused) : NULL;
    json_decref(saved);
    return copy;
}

bool nnrt_preparation_equal(const nnrt_preparation *a, const nnrt_preparation *b)
{
    if (a == b)
        return true;

    json_t *one = a && b ? nnrt_preparation_json(a) : NULL,
           *other = one ? nnrt_preparation_json(b) : NULL;
    bool equal = one && other && json_equal(one, other);
    json_decref(one);
    json_decref(other);
    return equal;
}

static char *feature_name(const nnrt_feature_column *c, size_t value)
{
    const char *text = c->categorical ? c->values.text[value] : "";
    char *name = NULL;
    int made;

    if (c->name && c->categorical)
        made = asprintf(&name, "%s=%s", c->name, text);
    else if (c->name)
        made = asprintf(&name, "%s", c->name);
    else if (c->categorical)
        made = asprintf(&name, "%zu=%s", c->number, text);
    else
        made = asprintf(&name, "%zu", c->number);
    return made < 0 ? NULL : name;
}

char **nnrt_preparation_feature_names(const nnrt_preparation *p)
{
    char **names = p->columns ? calloc((size_t)p->features + 1, sizeof *names) : NULL;

    for (size_t j = 0; names && j < p->columns; j++) {
        const nnrt_feature_column *c = &p->column[j];
        size_t width = c->categorical ? c->values.count : 1;
        for (size_t v = 0; v < width; v++)
            names[c->feature + (int64_t)v] = feature_name(c, v);
    }
    return names;
}

/* ---- scaling ---- */

bool nnrt_scaling_new(nnrt_scaling *s, nnrt_scale kind, size_t width)
{
    *s = (nnrt_scaling){ kind, width, calloc(width + 1, sizeof(double)),
                         calloc(width + 1, sizeof(double)) };
    return s->shift && s->unit;
}

void nnrt_scaling_free(nnrt_scaling *s)
{
    free(s->shift);
    free(s->unit);
    *s = (nnrt_scaling){ 0 };
}

double nnrt_scale_value(const nnrt_scaling *s, size_t i, double value)
{
    i = s->width ? i % s->width : 0;
    switch (s->kind) {
    case NNRT_SCALE_NONE: return value;
    case NNRT_SCALE_FACTOR: return value * s->unit[0];
    case NNRT_SCALE_LOG: value = log1p(value); break;
    default: break;
    }
    return s->unit[i] > 0 ? (value - s->shift[i]) / s->unit[i] : 0;
}

double nnrt_unscale_value(const nnrt_scaling *s, size_t i, double value)
{
    i = s->width ? i % s->width : 0;
    switch (s->kind) {
    case NNRT_SCALE_NONE: return value;
    case NNRT_SCALE_FACTOR: return value / s->unit[0];
    case NNRT_SCALE_LOG: return expm1(value * s->unit[i] + s->shift[i]);
    default: return value * s->unit[i] + s->shift[i];
    }
}
