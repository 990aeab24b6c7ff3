/* interpret.c: the naive evaluation of each op; see interpret.h. */
#include "interpret.h"
#include <math.h>
#include <string.h>

static Shape sized(Shape s, int64_t n)
{
    for (int i = 0; i < s.rank; i++)
        if (s.dim[i] == DIM_BATCH)
            s.dim[i] = n;
    return s;
}

int64_t interpret_elements(Shape shape, int64_t n)
{
    return shape_elements(sized(shape, n));
}

/* The coordinates of an element, and the element of a shape that broadcasts to it. */
static void coordinates(Shape s, int64_t at, int64_t *c)
{
    for (int i = s.rank; i-- > 0;) {
        c[i] = at % s.dim[i];
        at /= s.dim[i];
    }
}

static int64_t element(Shape s, const int64_t *c, int rank)
{
    int64_t at = 0;
    for (int i = 0; i < s.rank; i++) {
        int64_t k = c[rank - s.rank + i];
        at = at * s.dim[i] + (s.dim[i] == 1 ? 0 : k);
    }
    return at;
}

/* Where `from` broadcasts to `to`: the element of `from` that element `at` of `to` reads. */
static int64_t broadcast_element(Shape from, Shape to, int64_t at)
{
    if (shape_elements(from) == 1)
        return 0;
    int64_t c[GRAPH_MAX_RANK + 1] = { 0 };
    coordinates(to, at, c);
    return element(from, c, to.rank);
}

static double drawn(RandomKind kind, uint32_t stream, int64_t at)
{
    uint64_t h = ((uint64_t)stream << 32 ^ (uint64_t)at) * UINT64_C(0x9E3779B97F4A7C15) + 1, u[2];
    for (int i = 0; i < 2; i++) {
        h ^= h >> 31;
        h *= UINT64_C(0xBF58476D1CE4E5B9);
        u[i] = (h ^ h >> 27) >> 12;
    }
    double a = (double)u[0] / 4503599627370496.0, b = (double)u[1] / 4503599627370496.0;
    return kind == RANDOM_UNIFORM ? a : sqrt(-2 * log(1 - a)) * cos(6.283185307179586 * b);
}

static double reduction_start(Op op)
{
    switch (op) {
    case IR_REDUCE_SUM: return 0;
    case IR_REDUCE_MAX: return -INFINITY;
    default: return INFINITY;
    }
}

static void reduce(const Node *n, Shape from, Shape to, const double *a, double *out)
{
    int64_t count = shape_elements(from), outs = shape_elements(to);
    for (int64_t i = 0; i < outs; i++)
        out[i] = reduction_start(n->op);

    for (int64_t i = 0; i < count; i++) {
        double *o = &out[broadcast_element(to, from, i)];
        switch (n->op) {
        case IR_REDUCE_SUM: *o += a[i]; break;
        case IR_REDUCE_MAX: *o = fmax(*o, a[i]); break;
        default: *o = fmin(*o, a[i]);
        }
    }
}

static void contract(const Node *n, Shape sa, Shape sb, const double *a, const double *b,
                     double *out)
{
    int64_t ca = sa.rank ? sa.dim[sa.rank - 1] : 1, cb = sb.rank ? sb.dim[sb.rank - 1] : 1,
            ra = shape_elements(sa) / ca, rb = shape_elements(sb) / cb;
    bool ta = n->as.contract.ta, tb = n->as.contract.tb;
    int64_t rows = ta ? ca : ra, inner = ta ? ra : ca, columns = tb ? rb : cb;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t j = 0; j < columns; j++) {
            double sum = 0;
            for (int64_t k = 0; k < inner; k++)
                sum += a[ta ? k * ca + r : r * ca + k] * b[tb ? j * cb + k : k * cb + j];
            out[r * columns + j] = sum;
        }
    }
}

/* slice, pad, permute and concat: each output element from one input element, or 0. */
static void move(const Interpretation *in, const Node *n, Shape to, double *out)
{
    for (int64_t i = 0; i < shape_elements(to); i++) {
        int64_t c[GRAPH_MAX_RANK + 1] = { 0 }, from[GRAPH_MAX_RANK + 1] = { 0 };
        coordinates(to, i, c);

        int input = 0;
        memcpy(from, c, sizeof from);
        bool inside = true;

        if (n->op == IR_SLICE)
            from[n->as.slice.axis] += n->as.slice.begin;
        if (n->op == IR_PAD) {
            int64_t k = c[n->as.pad.axis] - n->as.pad.before;
            inside = k >= 0 && k < to.dim[n->as.pad.axis] - n->as.pad.before - n->as.pad.after;
            from[n->as.pad.axis] = k;
        }
        if (n->op == IR_PERMUTE)
            for (int k = 0; k < to.rank; k++)
                from[n->as.permute.order[k]] = c[k];
        if (n->op == IR_CONCAT)
            while (from[n->as.axis] >= graph_node(in->g, n->inputs[input])->shape.dim[n->as.axis])
                from[n->as.axis] -= graph_node(in->g, n->inputs[input++])->shape.dim[n->as.axis];

        Shape source = sized(graph_node(in->g, n->inputs[input])->shape, in->n);
        out[i] = inside ? in->node[n->inputs[input]][element(source, from, source.rank)] : 0;
    }
}

/* ---- windows ---- */
typedef struct Meeting {
    int64_t window[SPACE_RANK], tap[SPACE_RANK], cell[SPACE_RANK];
} Meeting;

static int64_t in_space(const int64_t *at, const int64_t *extent)
{
    return (at[0] * extent[1] + at[1]) * extent[2] + at[2];
}

/* The next pair of a window and one of its cells, windows in order; false after the last one.
 * Cells outside the image are passed over. */
static bool next_meeting(const Window *w, const int64_t *image, const int64_t *windows, int64_t *at,
                         Meeting *m)
{
    int64_t size[SPACE_RANK] = { w->size[0], w->size[1], w->size[2] },
            taps = size[0] * size[1] * size[2];
    for (; *at < taps * windows[0] * windows[1] * windows[2]; (*at)++) {
        int64_t o = *at / taps, t = *at % taps;
        bool inside = true;
        for (int d = SPACE_RANK; d-- > 0; o /= windows[d], t /= size[d]) {
            m->window[d] = o % windows[d];
            m->tap[d] = t % size[d];
            m->cell[d] = m->window[d] * w->stride[d] - w->before[d] + m->tap[d] * w->dilation[d];
            inside = inside && m->cell[d] >= 0 && m->cell[d] < image[d];
        }
        if (inside) {
            (*at)++;
            return true;
        }
    }
    return false;
}

static void convolve(const Interpretation *in, const Node *n, double *out)
{
    const Window *w = &n->as.window;
    const double *a = in->node[n->inputs[0]], *b = in->node[n->inputs[1]];
    bool filters_made = n->op == IR_CONV_WEIGHT, transposed = n->op == IR_CONV_TRANSPOSE;
    Shape sa = graph_node(in->g, n->inputs[0])->shape, sb = graph_node(in->g, n->inputs[1])->shape;
    Shape image_shape = transposed ? n->shape : sa, window_shape = n->shape;
    if (transposed || filters_made)
        window_shape = transposed ? sa : sb;

    int64_t image[SPACE_RANK], windows[SPACE_RANK],
        size[SPACE_RANK] = { w->size[0], w->size[1], w->size[2] };
    space_of(image_shape, image);
    space_of(window_shape, windows);
    int64_t cells = image[0] * image[1] * image[2], places = windows[0] * windows[1] * windows[2],
            taps = size[0] * size[1] * size[2];
    int64_t channels = image_shape.dim[1], filters = window_shape.dim[1],
            c_each = channels / w->groups, f_each = filters / w->groups;

    for (int64_t i = 0, count = interpret_elements(n->shape, in->n); i < count; i++)
        out[i] = 0;

    for (int64_t s = 0; s < in->n; s++) {
        for (int64_t f = 0; f < filters; f++) {
            for (int64_t c = 0; c < c_each; c++) {
                int64_t channel = f / f_each * c_each + c, at = 0;
                Meeting m;
                while (next_meeting(w, image, windows, &at, &m)) {
                    int64_t x = (s * channels + channel) * cells + in_space(m.cell, image),
                            y = (s * filters + f) * places + in_space(m.window, windows),
                            t = in_space(m.tap, size);
                    /* A filter's derivative is a sum in parts: here, all of it in the first. */
                    if (filters_made)
                        out[(f * c_each + c) * taps + t] += a[x] * b[y];
                    else if (transposed)
                        out[x] += a[y] * b[(channel * f_each + f % f_each) * taps + t];
                    else
                        out[y] += a[x] * b[(f * c_each + c) * taps + t];
                }
            }
        }
    }
}

static void pool(const Interpretation *in, const Node *n, double *out)
{
    const Window *w = &n->as.window;
    const double *a = in->node[n->inputs[0]],
                 *y = n->input_count > 1 ? in->node[n->inputs[1]] : NULL,
                 *d = n->input_count > 2 ? in->node[n->inputs[2]] : a;
    bool back = n->op == IR_POOL_MAX_BACK || n->op == IR_POOL_SUM_BACK;
    Shape sa = graph_node(in->g, n->inputs[n->input_count > 1 ? 1 : 0])->shape;

    int64_t image[SPACE_RANK], windows[SPACE_RANK];
    space_of(back ? n->shape : sa, image);
    space_of(back ? sa : n->shape, windows);
    int64_t cells = image[0] * image[1] * image[2], places = windows[0] * windows[1] * windows[2],
            count = interpret_elements(n->shape, in->n);

    for (int64_t i = 0; i < count; i++)
        out[i] = n->op == IR_POOL_MAX ? -INFINITY : 0;

    for (int64_t s = 0; s < in->n * n->shape.dim[1]; s++) {
        int64_t at = 0, taken = -1;
        Meeting m;
        while (next_meeting(w, image, windows, &at, &m)) {
            int64_t x = s * cells + in_space(m.cell, image),
                    o = s * places + in_space(m.window, windows);
            if (n->op == IR_POOL_MAX)
                out[o] = fmax(out[o], a[x]);
            else if (n->op == IR_POOL_SUM)
                out[o] += a[x];
            else if (n->op == IR_POOL_SUM_BACK)
                out[x] += d[o];
            else if (a[x] == y[o] && taken != o) {
                out[x] += d[o];
                taken = o;
            }
        }
    }
}

static double leaf(const Interpretation *in, const Node *n, Shape shape, int64_t i)
{
    int64_t c[GRAPH_MAX_RANK + 1] = { 0 };
    switch (n->op) {
    case IR_CONST: return n->as.value;
    case IR_HYPER: return n->as.hyper == HYPER_N ? (double)in->n : in->hyper[n->as.hyper];
    case IR_INPUT: return in->x[i];
    case IR_TARGET: return in->y[i];
    case IR_SAMPLE_WEIGHT: return in->w ? in->w[i] : 1;
    case IR_WEIGHT: return in->tensor[n->as.tensor][i];
    case IR_RANDOM: return drawn(n->as.random.kind, n->as.random.stream, i);
    default: coordinates(shape, i, c); return (double)c[n->as.axis];
    }
}

static void evaluate(Interpretation *in, NodeId id)
{
    const Node *n = graph_node(in->g, id);
    Shape shape = sized(n->shape, in->n);
    int64_t count = shape_elements(shape);
    double *out = in->node[id] = ARENA_ARRAY(in->g->arena, double, count);
    Shape a = n->input_count ? sized(graph_node(in->g, n->inputs[0])->shape, in->n) : shape;
    const double *x = n->input_count ? in->node[n->inputs[0]] : NULL;

    switch (op_class(n->op)) {
    case CLASS_LEAF:
        for (int64_t i = 0; i < count; i++)
            out[i] = leaf(in, n, shape, i);
        return;
    case CLASS_MAP:
        for (int64_t i = 0; i < count; i++) {
            double v[3] = { 0 };
            for (int k = 0; k < n->input_count && k < 3; k++) {
                v[k] = in->node[n->inputs[k]][broadcast_element(
                    sized(graph_node(in->g, n->inputs[k])->shape, in->n), shape, i)];
            }
            out[i] = op_evaluate(n->op, v);
        }
        return;
    case CLASS_REDUCE: reduce(n, a, shape, x, out); return;
    case CLASS_CONTRACT:
        contract(n, a, sized(graph_node(in->g, n->inputs[1])->shape, in->n), x,
                 in->node[n->inputs[1]], out);
        return;
    case CLASS_WINDOW:
        if (n->op == IR_CONV || n->op == IR_CONV_TRANSPOSE || n->op == IR_CONV_WEIGHT)
            convolve(in, n, out);
        else
            pool(in, n, out);
        return;
    case CLASS_MOVE:
        if (n->op == IR_RESHAPE)
            memcpy(out, x, sizeof *out * (size_t)count);
        else
            move(in, n, shape, out);
        return;
    case CLASS_EFFECT:
        memcpy(out, x, sizeof *out * (size_t)count);
        if (n->op == IR_ASSIGN)
            in->assigned[n->as.tensor] = out;
        else if (n->slot == SLOT_TENSOR)
            in->assigned[n->slot_tensor] = out;
        else if (n->slot == SLOT_OUT) {
            in->out = out;
            in->out_shape = shape;
        } else
            in->slot[n->slot] = out[0];
        return;
    }
}

void interpret(Interpretation *in)
{
    in->node = ARENA_ARRAY(in->g->arena, double *, in->g->nodes.len);
    in->assigned = ARENA_ARRAY(in->g->arena, double *, in->g->tensors.len);
    for (size_t i = 0; i < in->g->nodes.len; i++)
        evaluate(in, (NodeId)i);
}
