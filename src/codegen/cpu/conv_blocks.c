/* conv_blocks.c: the geometry of convolutions: which cells a pixel reads, how an image is cut into
 * blocks that fit the scratch, and where a cell is in there. */
#include "codegen/cpu/conv.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t space_volume(const int64_t space[SPACE_RANK])
{
    return space[0] * space[1] * space[2];
}

void space_index(int64_t i, int64_t b, int64_t c, int64_t at[SPACE_RANK])
{
    at[0] = i / (b * c);
    at[1] = i / c % b;
    at[2] = i % c;
}

void conv_start(Conv *c, Emitter *e, const Node *n, Shape source, Shape target, int64_t inner)
{
    *c = (Conv){ .e = e,
                 .w = n->as.window,
                 .transposed = n->op == IR_CONV_TRANSPOSE,
                 .in = source.dim[1],
                 .out = target.dim[1],
                 .inner = inner };
    space_of(source, c->source);
    space_of(target, c->target);
    c->taps = (int64_t)c->w.size[0] * c->w.size[1] * c->w.size[2];
    c->packing = PACK_PANELS;
    if (c->w.groups > 1)
        c->packing = PACK_GROUPS;
    else if (c->in <= e->target->machine->sums->narrow_channels)
        c->packing = PACK_NARROW;
    c->pixel = c->packing == PACK_NARROW ? c->in : LANES;
}

static void add_tap(Side *s, int64_t tap, int64_t off)
{
    s->low = s->taps ? least(s->low, off) : off;
    s->high = s->taps ? most(s->high, off) : off;
    s->tap[s->taps] = tap;
    s->off[s->taps++] = off;
}

/* A transposed convolution reads, for pixel i, the cells j with j * stride - before + t * dilation
 * = i: of the taps, those for which i + before - t * dilation is a multiple of the stride. */
Side conv_side(const Conv *c, int d, int64_t residue)
{
    const Window *w = &c->w;
    int64_t stride = w->stride[d], before = w->before[d];
    Side s = { .tap = ARENA_ARRAY(c->e->arena, int64_t, w->size[d]),
               .off = ARENA_ARRAY(c->e->arena, int64_t, w->size[d]) };
    if (!c->transposed) {
        s.count = c->target[d];
        s.dst_step = 1;
        s.src0 = -before;
        s.src_step = stride;
        for (int64_t t = 0; t < w->size[d]; t++)
            add_tap(&s, t, t * w->dilation[d]);
        return s;
    }

    s.dst0 = ((residue - before) % stride + stride) % stride;
    s.dst_step = stride;
    s.count = s.dst0 < c->target[d] ? (c->target[d] - s.dst0 + stride - 1) / stride : 0;
    s.src_step = 1;
    for (int64_t t = 0; t < w->size[d]; t++) {
        int64_t from = s.dst0 + before - t * w->dilation[d];
        if (from % stride == 0)
            add_tap(&s, t, from / stride);
    }
    return s;
}

int64_t conv_channel_units(const Conv *c)
{
    if (c->packing == PACK_NARROW)
        return 1;
    return c->packing == PACK_GROUPS ? c->inner : (c->in + LANES - 1) / LANES;
}

int64_t conv_chunk_floats(const Conv *c, const Residue *r)
{
    return r->cells * (c->packing == PACK_NARROW ? c->pixel : LANES * r->chunk);
}

/* Finds what the block reads. */
static void measure(Residue *r)
{
    r->cells = 1;
    for (int d = 0; d < SPACE_RANK; d++) {
        const Side *s = &r->side[d];
        r->extent[d] = (r->block[d] - 1) * s->src_step + s->high - s->low + 1;
        r->cells *= r->extent[d];
    }
}

/* Halves one extent of a block of more than `spare` pixels, or the chunk. False: there is nothing
 * left to halve. */
static bool halve(Residue *r, int64_t spare)
{
    bool divisible = space_volume(r->block) > spare;
    int64_t *part = NULL;
    if (r->block[0] > 1 && divisible)
        part = &r->block[0];
    else if (r->block[1] > 1 && divisible)
        part = &r->block[1];
    else if (r->chunk > 1)
        part = &r->chunk;
    else if (r->block[2] > 1 && divisible)
        part = &r->block[2];
    if (part)
        *part = (*part + 1) / 2;
    return part != NULL;
}

/* Blocks are whole images where they fit, else have fewer rows, then fewer channels, then shorter
 * rows. The rows of a filter go in blocks that stay in the first-level cache while the pixels pass.
 * Where filters are summed the pixels stay there, and are so many that the sums' own loads don't
 * count. */
void conv_cut_blocks(const Conv *c, Residue *r, bool sums)
{
    const Machine *m = c->e->target->machine;
    int64_t units = conv_channel_units(c);
    int64_t filter_rows = r->side[0].taps * r->side[1].taps * r->side[2].taps *
                          (c->packing == PACK_PANELS ? LANES : 1);
    r->chunk = units;
    if (!sums && r->chunk > 1)
        r->chunk = least(r->chunk, most(1, m->cached_rows / filter_rows));
    for (int d = 0; d < SPACE_RANK; d++)
        r->block[d] = r->side[d].count;

    int64_t limit = sums ? m->sums->conv_near_floats : m->sums->conv_floats;
    for (measure(r); conv_chunk_floats(c, r) > limit; measure(r)) {
        bool fits = conv_chunk_floats(c, r) <= m->sums->conv_floats;
        if (!halve(r, sums && fits ? m->sums->conv_near_pixels : 1))
            break;
    }
    r->chunks = (units + r->chunk - 1) / r->chunk;
    if (conv_chunk_floats(c, r) > m->conv_floats_max) {
        emit_fail(c->e,
                  "a filter of %dx%dx%d cells is larger than the code for convolutions can hold",
                  c->w.size[0], c->w.size[1], c->w.size[2]);
    }
}

int64_t conv_tap_offset(const Conv *c, const Residue *r, const int64_t tap[SPACE_RANK])
{
    int64_t at = 0;
    for (int d = 0; d < SPACE_RANK; d++)
        at = at * r->extent[d] + r->side[d].off[tap[d]] - r->side[d].low;
    return at * c->pixel;
}

int64_t conv_channel_offset(const Conv *c, const Residue *r, int64_t channel, int64_t chunk)
{
    if (c->packing == PACK_NARROW)
        return channel;
    if (c->packing == PACK_GROUPS)
        return (channel - chunk * r->chunk) * r->cells * LANES;
    return (channel / LANES - chunk * r->chunk) * r->cells * LANES + channel % LANES;
}

void conv_chunk_channels(const Conv *c, const Residue *r, int64_t chunk, int64_t *begin,
                         int64_t *end)
{
    int64_t each = c->packing == PACK_PANELS ? r->chunk * LANES : r->chunk;
    *begin = c->packing == PACK_NARROW ? 0 : chunk * each;
    *end = c->packing == PACK_NARROW ? c->in : least(c->inner, *begin + each);
}

Val conv_table(Emitter *e, Val *offsets, int64_t count)
{
    Val table = LLVMAddGlobal(e->module, LLVMArrayType2(e->i32, (uint64_t)count), "taps");
    LLVMSetInitializer(table, LLVMConstArray2(e->i32, offsets, (uint64_t)count));
    LLVMSetGlobalConstant(table, true);
    LLVMSetLinkage(table, LLVMPrivateLinkage);
    return table;
}
