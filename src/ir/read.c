/* read.c: reads the text form of a graph (print.c). Any text is answered with a graph that the
 * verifier accepts, or with an error. */
#include "ir/graph.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader {
    Arena *arena;
    Graph *graph;
    const char *at;
    int line;
    char *error;
} Reader;

static bool fail(Reader *r, const char *what)
{
    if (!r->error)
        r->error = arena_printf(r->arena, "line %d: expected %s", r->line, what);
    return false;
}

static void blanks(Reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
        r->at++;
}

static bool at_end_of_line(Reader *r)
{
    blanks(r);
    return *r->at == '\n' || *r->at == '\0';
}

static bool mark(Reader *r, char c)
{
    blanks(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

/* Takes the word if it comes next. */
static bool word(Reader *r, const char *text)
{
    blanks(r);
    size_t n = strlen(text);
    if (strncmp(r->at, text, n) != 0 || isalnum((unsigned char)r->at[n]) || r->at[n] == '_')
        return false;
    r->at += n;
    return true;
}

static bool integer(Reader *r, int64_t *value)
{
    blanks(r);
    char *end;
    errno = 0;
    long long v = strtoll(r->at, &end, 10);
    if (end == r->at || errno != 0 || isspace((unsigned char)*r->at))
        return fail(r, "an integer");
    r->at = end;
    *value = v;
    return true;
}

static bool small(Reader *r, int64_t low, int64_t high, int *value)
{
    int64_t v;
    if (!integer(r, &v))
        return false;
    if (v < low || v > high)
        return fail(r, "a number in range");
    *value = (int)v;
    return true;
}

static bool real(Reader *r, double *value)
{
    blanks(r);
    char *end;
    double v = strtod(r->at, &end);
    if (end == r->at || isspace((unsigned char)*r->at))
        return fail(r, "a number");
    r->at = end;
    *value = v;
    return true;
}

static bool string(Reader *r, const char **value)
{
    if (!mark(r, '"'))
        return fail(r, "a string");
    size_t length = strcspn(r->at, "\n");
    char *text = arena_alloc(r->arena, length + 1);
    size_t n = 0;
    while (*r->at != '"') {
        if (*r->at == '\0' || *r->at == '\n')
            return fail(r, "the string's end");
        if (*r->at == '\\') {
            r->at++;
            if (*r->at == 'x' && isxdigit((unsigned char)r->at[1]) &&
                isxdigit((unsigned char)r->at[2])) {
                char hex[3] = { r->at[1], r->at[2], 0 };
                text[n++] = (char)strtol(hex, NULL, 16);
                r->at += 3;
                continue;
            }
            if (*r->at == '\0' || *r->at == '\n')
                return fail(r, "the string's end");
        }
        text[n++] = *r->at++;
    }
    r->at++;
    *value = text;
    return true;
}

static bool shape(Reader *r, Shape *s)
{
    *s = shape_scalar();
    if (!mark(r, '['))
        return fail(r, "a shape");
    if (mark(r, ']'))
        return true;
    do {
        if (s->rank == GRAPH_MAX_RANK)
            return fail(r, "a shape of lower rank");
        if (word(r, "n")) {
            if (s->rank > 1 || shape_has_batch(*s))
                return fail(r, "n once, as one of the first two dimensions");
            s->dim[s->rank++] = DIM_BATCH;
        } else {
            int64_t d;
            if (!integer(r, &d))
                return false;
            if (d < 1)
                return fail(r, "a positive dimension");
            s->dim[s->rank++] = d;
        }
    } while (mark(r, ','));
    return mark(r, ']') || fail(r, "]");
}

static bool read_header(Reader *r, Graph *g)
{
    int64_t streams;
    if (!word(r, "graph") || !string(r, &g->name))
        return fail(r, "graph \"name\"");
    if (!word(r, "batch") || !integer(r, &g->batch) || g->batch < 0)
        return fail(r, "batch");
    if (!word(r, "sample") || !shape(r, &g->sample))
        return fail(r, "sample [shape]");
    if (!word(r, "target") || !shape(r, &g->target))
        return fail(r, "target [shape]");
    if (!word(r, "streams") || !integer(r, &streams) || streams < 0 || streams > UINT32_MAX)
        return fail(r, "streams");
    g->streams = (uint32_t)streams;
    return true;
}

static bool read_tensor_line(Reader *r, Graph *g)
{
    Tensor t = { .weight = -1 };
    if (word(r, "weight"))
        t.role = TENSOR_WEIGHT;
    else if (word(r, "state"))
        t.role = TENSOR_STATE;
    else if (word(r, "result"))
        t.role = TENSOR_RESULT;
    else if (word(r, "classes"))
        t.role = TENSOR_CLASSES;
    else
        return fail(r, "weight, state, result or classes");

    if (!string(r, &t.name) || !shape(r, &t.shape))
        return false;
    if (!word(r, "axis"))
        return fail(r, "axis");
    if (!small(r, 0, t.shape.rank > 0 ? t.shape.rank - 1 : 0, &t.feature_axis))
        return false;

    if (t.role == TENSOR_STATE) {
        if (!word(r, "weight"))
            return fail(r, "weight");
        if (!small(r, -1, (int64_t)g->tensors.len - 1, &t.weight))
            return false;
        if (!word(r, "initial"))
            return fail(r, "initial");
        if (!real(r, &t.initial))
            return false;
    }

    t.pruned = word(r, "pruned");
    graph_add_tensor(g, t);
    return true;
}

static bool read_layer(Reader *r, Graph *g)
{
    Layer l;
    int output;
    if (!string(r, &l.name) || !string(r, &l.kind))
        return false;
    if (!mark(r, '%'))
        return fail(r, "%node");
    if (!small(r, -1, INT32_MAX, &output))
        return false;
    l.output = output;
    vec_push(r->arena, &g->layers, l);
    return true;
}

static bool read_op(Reader *r, Op *op)
{
    for (int i = 0; i < IR_OP_COUNT; i++) {
        if (word(r, op_name((Op)i))) {
            *op = (Op)i;
            return true;
        }
    }
    return fail(r, "an op's name");
}

static bool keyed(Reader *r, const char *key, int64_t *value)
{
    if (!word(r, key))
        return fail(r, key);
    return integer(r, value);
}

static bool keyed_small(Reader *r, const char *key, int64_t high, int *value)
{
    if (!word(r, key))
        return fail(r, key);
    return small(r, 0, high, value);
}

static int64_t last_tensor(const Reader *r)
{
    return (int64_t)r->graph->tensors.len - 1;
}

/* ---- what a node carries: the column of ops.def, read_<carries> ---- */
static bool read_nothing(Reader *r, Node *n)
{
    (void)r;
    (void)n;
    return true;
}

static bool read_value(Reader *r, Node *n)
{
    return real(r, &n->as.value);
}

static bool read_hyper(Reader *r, Node *n)
{
    for (int i = 0; i < HYPER_COUNT; i++) {
        if (word(r, hyper_name((Hyper)i))) {
            n->as.hyper = (Hyper)i;
            return true;
        }
    }
    return fail(r, "a hyper's name");
}

static bool read_tensor(Reader *r, Node *n)
{
    return keyed_small(r, "tensor", last_tensor(r), &n->as.tensor);
}

static bool read_axis(Reader *r, Node *n)
{
    return keyed_small(r, "along", GRAPH_MAX_RANK - 1, &n->as.axis);
}

static bool read_random(Reader *r, Node *n)
{
    int64_t stream;
    if (word(r, "normal"))
        n->as.random.kind = RANDOM_NORMAL;
    else if (!word(r, "uniform"))
        return fail(r, "uniform or normal");
    if (!keyed(r, "stream", &stream))
        return false;
    if (stream < 0 || stream > UINT32_MAX)
        return fail(r, "a stream's number");
    n->as.random.stream = (uint32_t)stream;
    return true;
}

static bool read_contract(Reader *r, Node *n)
{
    n->as.contract.ta = word(r, "ta");
    n->as.contract.tb = word(r, "tb");
    return true;
}

static bool read_window(Reader *r, Node *n)
{
    Window *w = &n->as.window;

    const struct {
        const char *name;
        int32_t *value;
        int least;
    } sides[] = { { "size", w->size, 1 },
                  { "stride", w->stride, 1 },
                  { "dilation", w->dilation, 1 },
                  { "before", w->before, 0 } };

    enum { MOST = 1 << 24 };

    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        if (!word(r, sides[i].name))
            return fail(r, sides[i].name);
        for (int k = 0; k < SPACE_RANK; k++)
            if (!small(r, sides[i].least, MOST, &sides[i].value[k]))
                return false;
    }
    return keyed_small(r, "groups", MOST, &w->groups) && keyed_small(r, "parts", MOST, &w->parts);
}

static bool read_slice(Reader *r, Node *n)
{
    return keyed_small(r, "along", GRAPH_MAX_RANK - 1, &n->as.slice.axis) &&
           keyed(r, "from", &n->as.slice.begin) && keyed(r, "to", &n->as.slice.end);
}

static bool read_pad(Reader *r, Node *n)
{
    return keyed_small(r, "along", GRAPH_MAX_RANK - 1, &n->as.pad.axis) &&
           keyed(r, "before", &n->as.pad.before) && keyed(r, "after", &n->as.pad.after);
}

static bool read_permute(Reader *r, Node *n)
{
    if (!word(r, "order"))
        return fail(r, "order");
    for (int i = 0; i < GRAPH_MAX_RANK && (blanks(r), isdigit((unsigned char)*r->at)); i++) {
        int axis;
        if (!small(r, 0, GRAPH_MAX_RANK - 1, &axis))
            return false;
        n->as.permute.order[i] = (int8_t)axis;
    }
    return true;
}

static bool read_heads(Reader *r, Node *n)
{
    if (!keyed_small(r, "heads", INT32_MAX, &n->as.heads.heads))
        return false;
    n->as.heads.transposed = word(r, "transposed");
    return true;
}

static bool read_slot(Reader *r, Node *n)
{
    for (int i = SLOT_OUT; i <= SLOT_TENSOR; i++) {
        if (word(r, slot_name((Slot)i))) {
            n->slot = (Slot)i;
            n->slot_tensor = -1;
            return n->slot != SLOT_TENSOR ||
                   keyed_small(r, "tensor", last_tensor(r), &n->slot_tensor);
        }
    }
    return fail(r, "a slot's name");
}

static bool (*const readers[IR_OP_COUNT])(Reader *, Node *) = {
#define OP(id, name, inputs, class, rule, carries, derive, fold, cost, traits, value, help)        \
    read_##carries,
#include "ir/ops.def"
#undef OP
};

static bool read_node(Reader *r, Graph *g)
{
    int64_t id;
    if (!integer(r, &id))
        return false;
    if (id != (int64_t)g->nodes.len)
        return fail(r, "the next node's number");
    if (!mark(r, '='))
        return fail(r, "=");

    Node n;
    memset(&n, 0, sizeof n);
    n.layer = -1;
    if (!read_op(r, &n.op))
        return false;

    VEC(NodeId) inputs = { 0 };
    while (mark(r, '%')) {
        int input;
        if (!small(r, 0, (int64_t)g->nodes.len - 1, &input))
            return false;
        vec_push(r->arena, &inputs, input);
    }

    n.inputs = inputs.data;
    n.input_count = (int)inputs.len;
    if (op_arity(n.op) >= 0 ? op_arity(n.op) != n.input_count : n.input_count < 1)
        return fail(r, "as many inputs as the op takes");
    if (!readers[n.op](r, &n) || !shape(r, &n.shape))
        return false;

    int axis = n.shape.rank > 0 ? n.shape.rank - 1 : 0;
    if (word(r, "axis") && !small(r, 0, axis, &axis))
        return false;
    n.feature_axis = (int8_t)axis;
    if (mark(r, '@') && !small(r, 0, (int64_t)g->layers.len - 1, &n.layer))
        return false;

    if (word(r, "backward"))
        n.part = PART_BACKWARD;
    else if (word(r, "update"))
        n.part = PART_UPDATE;

    NodeId got = graph_add_node(g, &n, op_class(n.op) != CLASS_EFFECT);
    return got == (NodeId)id || fail(r, "a node unlike all before it");
}

Graph *graph_read(Arena *arena, const char *text, char **error)
{
    Graph *g = graph_new(arena, "", 0);
    Reader r = { .arena = arena, .graph = g, .at = text, .line = 1 };
    bool header = false, fine = true;

    while (fine && *r.at != '\0') {
        if (!at_end_of_line(&r) && *r.at != '#') {
            if (!header)
                fine = header = read_header(&r, g);
            else if (word(&r, "tensor"))
                fine = read_tensor_line(&r, g);
            else if (word(&r, "layer"))
                fine = read_layer(&r, g);
            else if (mark(&r, '%'))
                fine = read_node(&r, g);
            else
                fine = fail(&r, "tensor, layer or %node");
            if (fine && !at_end_of_line(&r))
                fine = fail(&r, "the end of the line");
        }
        if (!fine)
            break;
        r.at += strcspn(r.at, "\n");
        if (*r.at == '\n')
            r.at++;
        r.line++;
    }

    if (fine && !header)
        fine = fail(&r, "graph \"name\"");
    if (fine) {
        r.error = graph_verify(g);
        fine = r.error == NULL;
    }
    if (error)
        *error = r.error;
    return fine ? g : NULL;
}
