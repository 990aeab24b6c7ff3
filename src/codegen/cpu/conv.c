/* conv.c: convolutions of 1 to 3 dimensions, transposed ones, and sums of filters' derivatives.
 *
 * Direct convolution (Zhang, Franchetti and Low, High performance zero-memory overhead direct
 * convolutions, ICML 2018, but for the copy): the cells that a block of an image needs are copied
 * into a small scratch with zeros around them, so that all tiles are alike; a register tile is then
 * a row of pixels times 16 filters, and sums run over channels, and within a channel over the
 * filter's cells. A table holds, for each of those, where it lies in the scratch: so strides,
 * dilation, padding and the number of dimensions cost nothing. A transposed convolution of stride s
 * is s convolutions a dimension, each with the cells of the filter that meet pixels of one residue.
 * Scratch: channels in panels of 16; few channels side by side; of groups, for each lane the
 * channel that its filter reads. */
#include "codegen/cpu/conv.h"

/* One dimension: pixel j of `count` lies at dst0 + j * dst_step and reads cell src0 + j * src_step
 * + off[t] for each of its taps. */
typedef struct Side {
    int64_t count, dst0, dst_step, src0, src_step, taps, low, high;
    int64_t *tap, *off;
} Side;

typedef enum Packing { PACK_PANELS, PACK_NARROW, PACK_GROUPS } Packing;

typedef struct Conv {
    Emitter *e;
    Window w;
    bool transposed;
    int64_t source[SPACE_RANK], target[SPACE_RANK];
    /* channels of the image read, filters, channels that a filter reads */
    int64_t in, out, inner;
    int64_t taps; /* of a filter */
    Packing packing;
    int64_t pixel; /* floats between neighbours in the scratch */
    Val in_base, stride, panel, scratch;
} Conv;

/* A part of the work with its own cells of the filter: all of it, or one residue; and how it is
 * cut. */
typedef struct Pass {
    Side side[SPACE_RANK];
    int64_t block[SPACE_RANK], extent[SPACE_RANK], cells;
    int64_t chunk, chunks; /* channels (panels of them) in the scratch at a time */
} Pass;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void conv_start(Conv *c, Emitter *e, const Node *n, Shape source, Shape target,
                       int64_t inner)
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
    c->packing = c->w.groups > 1                                      ? PACK_GROUPS
                 : c->in <= e->target->machine->sums->narrow_channels ? PACK_NARROW
                                                                      : PACK_PANELS;
    c->pixel = c->packing == PACK_NARROW ? c->in : LANES;
}

static Side side_of(const Conv *c, int d, int64_t residue)
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
            s.tap[s.taps] = t, s.off[s.taps++] = t * w->dilation[d];
    } else {
        s.dst0 = ((residue - before) % stride + stride) % stride;
        s.dst_step = stride;
        s.count = s.dst0 < c->target[d] ? (c->target[d] - s.dst0 + stride - 1) / stride : 0;
        s.src_step = 1;
        for (int64_t t = 0; t < w->size[d]; t++) {
            int64_t from = s.dst0 + before - t * w->dilation[d];
            if (from % stride == 0)
                s.tap[s.taps] = t, s.off[s.taps++] = from / stride;
        }
    }
    for (int64_t t = 0; t < s.taps; t++) {
        s.low = t ? least(s.low, s.off[t]) : s.off[t];
        s.high = t ? most(s.high, s.off[t]) : s.off[t];
    }
    return s;
}

static int64_t chunk_floats(const Conv *c, const Pass *p)
{
    return p->cells * (c->packing == PACK_NARROW ? c->pixel : LANES * p->chunk);
}

static void measure(Pass *p)
{
    p->cells = 1;
    for (int d = 0; d < SPACE_RANK; d++) {
        p->extent[d] =
            (p->block[d] - 1) * p->side[d].src_step + p->side[d].high - p->side[d].low + 1;
        p->cells *= p->extent[d];
    }
}

static int64_t pixels_of(const Pass *p)
{
    return p->block[0] * p->block[1] * p->block[2];
}

/* Blocks of whole images where they fit, else of fewer rows, then of fewer channels, then of
 * shorter rows. Filters' rows go in blocks that stay in the first-level cache while the pixels
 * pass; where filters are summed, the pixels do, and there are so many that the sums' own loads
 * don't count. */
static void cut(const Conv *c, Pass *p, bool sums)
{
    const Machine *m = c->e->target->machine;

    int64_t channels = c->packing == PACK_GROUPS ? c->inner : (c->in + LANES - 1) / LANES;
    int64_t rows = p->side[0].taps * p->side[1].taps * p->side[2].taps *
                   (c->packing == PACK_PANELS ? LANES : 1);
    p->chunk = c->packing == PACK_NARROW ? 1 : channels;
    if (!sums && p->chunk > 1)
        p->chunk = least(p->chunk, most(1, m->cached_rows / rows));
    for (int d = 0; d < SPACE_RANK; d++)
        p->block[d] = p->side[d].count;
    for (measure(p); chunk_floats(c, p) > (sums ? m->sums->conv_near_floats : m->sums->conv_floats);
         measure(p)) {
        int64_t spare =
            sums && chunk_floats(c, p) <= m->sums->conv_floats ? m->sums->conv_near_pixels : 1;
        if (p->block[0] > 1 && pixels_of(p) > spare)
            p->block[0] = (p->block[0] + 1) / 2;
        else if (p->block[1] > 1 && pixels_of(p) > spare)
            p->block[1] = (p->block[1] + 1) / 2;
        else if (p->chunk > 1)
            p->chunk = (p->chunk + 1) / 2;
        else if (p->block[2] > 1 && pixels_of(p) > spare)
            p->block[2] = (p->block[2] + 1) / 2;
        else
            break;
    }
    p->chunks = c->packing == PACK_NARROW ? 1 : (channels + p->chunk - 1) / p->chunk;
    if (chunk_floats(c, p) > m->conv_floats_max) {
        emit_fail(c->e,
                  "a filter of %dx%dx%d cells is larger than the code for convolutions can hold",
                  c->w.size[0], c->w.size[1], c->w.size[2]);
    }
}

/* ---- the scratch ---- */
static void zero_vectors(Emitter *e, Val address, int64_t floats)
{
    Loop l = loop_begin(e, c64(e, 0), c64(e, floats), LANES, 0, NULL, NULL);
    store_vector(e, vconst(e, 0), float_offset(e, address, l.i));
    loop_end(e, &l, NULL);
}

static void zero_floats(const Conv *c, Val address, int64_t floats)
{
    Emitter *e = c->e;
    bool vectors = c->pixel == LANES;
    Loop l = loop_begin(e, c64(e, 0), c64(e, floats), vectors ? LANES : 1, 0, NULL, NULL);
    if (vectors)
        store_vector(e, vconst(e, 0), float_offset(e, address, l.i));
    else
        LLVMBuildStore(e->b, cf(e, 0), float_offset(e, address, l.i));
    loop_end(e, &l, NULL);
}

/* Copies `count` cells of a row; of PACK_GROUPS one lane. */
static void copy_cells(const Conv *c, Val from, Val to, int64_t count, bool lane)
{
    Emitter *e = c->e;
    if (count <= 0)
        return;
    Loop l = loop_begin(e, c64(e, 0), c64(e, count), 1, 0, NULL, NULL);
    Val source = float_offset(e, from, imul(e, l.i, LANES)),
        target = float_offset(e, to, imul(e, l.i, c->pixel));
    if (lane || c->packing == PACK_NARROW) {
        for (int64_t i = 0; i < (lane ? 1 : c->in); i++) {
            LLVMBuildStore(e->b,
                           LLVMBuildLoad2(e->b, e->f32, float_offset(e, source, c64(e, i)), ""),
                           float_offset(e, target, c64(e, i)));
        }
    } else {
        store_vector(e, load_vector(e, source), target);
    }
    loop_end(e, &l, NULL);
}

/* The rows of a block of one panel, or lane of it. `from` is the image's first cell, `first` the
 * block's first pixels. */
static void copy_rows(const Conv *c, const Pass *p, Val from, Val to, const Val first[2],
                      int64_t first2, bool lane)
{
    Emitter *e = c->e;
    Val base[2], row[2];
    for (int d = 0; d < 2; d++) {
        base[d] = iadd(e, imul(e, first[d], p->side[d].src_step),
                       c64(e, p->side[d].src0 + p->side[d].low));
    }
    int64_t base2 = first2 * p->side[2].src_step + p->side[2].src0 + p->side[2].low,
            width = p->extent[2];
    int64_t start = most(0, base2), before = least(width, start - base2),
            valid = most(0, least(c->source[2], base2 + width) - start),
            after = width - before - valid;
    Loop u0 = loop_begin(e, c64(e, 0), c64(e, p->extent[0]), 1, 0, NULL, NULL);
    row[0] = iadd(e, base[0], u0.i);
    Loop u1 = loop_begin(e, c64(e, 0), c64(e, p->extent[1]), 1, 0, NULL, NULL);
    row[1] = iadd(e, base[1], u1.i);
    Val target =
        float_offset(e, to, imul(e, iadd(e, imul(e, u0.i, p->extent[1]), u1.i), width * c->pixel));
    Val inside =
        LLVMBuildAnd(e->b, LLVMBuildICmp(e->b, LLVMIntULT, row[0], c64(e, c->source[0]), ""),
                     LLVMBuildICmp(e->b, LLVMIntULT, row[1], c64(e, c->source[1]), ""), "");
    Branch b = branch_begin(e, inside);
    Val source = float_offset(
        e, from,
        imul(e,
             iadd(e, imul(e, iadd(e, imul(e, row[0], c->source[1]), row[1]), c->source[2]),
                  c64(e, start)),
             LANES));
    if (!lane && before > 0)
        zero_floats(c, target, before * c->pixel);
    copy_cells(c, source, float_offset(e, target, c64(e, before * c->pixel)), valid, lane);
    if (!lane && after > 0) {
        zero_floats(c, float_offset(e, target, c64(e, (before + valid) * c->pixel)),
                    after * c->pixel);
    }
    branch_else(e, &b);
    if (!lane)
        zero_floats(c, target, width * c->pixel);
    branch_end(e, &b);
    loop_end(e, &u1, NULL);
    loop_end(e, &u0, NULL);
}

/* Lane by lane the channel that its filter reads; the lanes are all zeroed first. */
static void copy_groups(const Conv *c, const Pass *p, Val image, Val to, Val channel,
                        const Val first[2], int64_t first2)
{
    Emitter *e = c->e;
    if (c->inner == 1 && c->in == c->out) {
        copy_rows(c, p, float_offset(e, image, LLVMBuildMul(e->b, c->panel, c->stride, "")), to,
                  first, first2, false);
        return;
    }
    zero_floats(c, to, p->cells * LANES);
    Loop l = loop_begin(e, c64(e, 0), c64(e, LANES), 1, 0, NULL, NULL);
    Val filter = imin(e, iadd(e, imul(e, c->panel, LANES), l.i), c64(e, c->out - 1));
    Val group = LLVMBuildUDiv(e->b, filter, c64(e, c->out / c->w.groups), ""),
        from = iadd(e, imul(e, group, c->inner), channel);
    Val at = iadd(e, LLVMBuildMul(e->b, LLVMBuildLShr(e->b, from, c64(e, 4), ""), c->stride, ""),
                  LLVMBuildAnd(e->b, from, c64(e, LANES - 1), ""));
    copy_rows(c, p, float_offset(e, image, at), float_offset(e, to, l.i), first, first2, true);
    loop_end(e, &l, NULL);
}

static void copy_block(const Conv *c, const Pass *p, Val image, int64_t chunk, const Val first[2],
                       int64_t first2)
{
    Emitter *e = c->e;
    int64_t channels = c->packing == PACK_GROUPS   ? c->inner
                       : c->packing == PACK_NARROW ? 1
                                                   : (c->in + LANES - 1) / LANES;
    int64_t begin = chunk * p->chunk, end = least(channels, begin + p->chunk);
    Loop l = loop_begin(e, c64(e, begin), c64(e, end), 1, 0, NULL, NULL);
    Val to = float_offset(e, c->scratch,
                          imul(e, LLVMBuildSub(e->b, l.i, c64(e, begin), ""), p->cells * LANES));
    if (c->packing == PACK_GROUPS) {
        copy_groups(c, p, image, to, l.i, first, first2);
    } else {
        copy_rows(c, p, float_offset(e, image, LLVMBuildMul(e->b, l.i, c->stride, "")), to, first,
                  first2, false);
    }
    loop_end(e, &l, NULL);
}

/* Where a cell of a filter lies in the scratch, from a pixel's own place. */
static int64_t tap_offset(const Conv *c, const Pass *p, const int64_t t[SPACE_RANK])
{
    int64_t at = 0;
    for (int d = 0; d < SPACE_RANK; d++)
        at = at * p->extent[d] + p->side[d].off[t[d]] - p->side[d].low;
    return at * c->pixel;
}

static int64_t channel_offset(const Conv *c, const Pass *p, int64_t channel, int64_t chunk)
{
    if (c->packing == PACK_NARROW)
        return channel;
    if (c->packing == PACK_GROUPS)
        return (channel - chunk * p->chunk) * p->cells * LANES;
    return (channel / LANES - chunk * p->chunk) * p->cells * LANES + channel % LANES;
}

/* The channels of a chunk. */
static void chunk_channels(const Conv *c, const Pass *p, int64_t chunk, int64_t *begin,
                           int64_t *end)
{
    int64_t each = c->packing == PACK_PANELS ? p->chunk * LANES : p->chunk;
    *begin = c->packing == PACK_NARROW ? 0 : chunk * each;
    *end = c->packing == PACK_NARROW ? c->in : least(c->inner, *begin + each);
}

/* The table of pixel_tile, and its length. */
static Val table_of(const Conv *c, const Pass *p, int64_t chunk, bool sequential, int64_t *length)
{
    Emitter *e = c->e;
    const Side *s = p->side;
    int64_t begin, end, used = 0, per = s[0].taps * s[1].taps * s[2].taps;
    chunk_channels(c, p, chunk, &begin, &end);
    Val *value = ARENA_ARRAY(e->arena, Val, 2 * (end - begin) * per + 1);
    for (int64_t channel = begin; channel < end; channel++) {
        for (int64_t i = 0; i < per; i++) {
            int64_t t[SPACE_RANK] = { i / (s[1].taps * s[2].taps), i / s[2].taps % s[1].taps,
                                      i % s[2].taps };
            value[used++] =
                c32(e, (int32_t)(tap_offset(c, p, t) + channel_offset(c, p, channel, chunk)));
            int64_t cell =
                (s[0].tap[t[0]] * c->w.size[1] + s[1].tap[t[1]]) * c->w.size[2] + s[2].tap[t[2]];
            if (!sequential)
                value[used++] = c32(e, (int32_t)((channel * c->taps + cell) * LANES));
        }
    }
    *length = (end - begin) * per;
    if (used == 0)
        value[used++] = c32(e, 0);
    Val table = LLVMAddGlobal(e->module, LLVMArrayType2(e->i32, (uint64_t)used), "taps");
    LLVMSetInitializer(table, LLVMConstArray2(e->i32, value, (uint64_t)used));
    LLVMSetGlobalConstant(table, true);
    LLVMSetLinkage(table, LLVMPrivateLinkage);
    return table;
}

/* ---- pixels ---- */
typedef struct Row {
    Val a, b, c, table;
    int64_t length;
    bool sequential, first;
} Row;

static void call_tiles(const Conv *c, const Pass *p, const Row *r, Val from, int64_t count,
                       int rows)
{
    Emitter *e = c->e;
    if (count <= 0)
        return;
    LLVMTypeRef type;
    PixelTile tile = { c->packing == PACK_GROUPS ? TILE_LANES : TILE_BROADCAST, rows,
                       c->pixel * p->side[2].src_step, p->side[2].dst_step * LANES, r->sequential };
    Val fn = pixel_tile(e, tile, &type);
    Loop l = loop_begin(e, c64(e, 0), c64(e, count), 1, 0, NULL, NULL);
    Val pixel = iadd(e, from, imul(e, l.i, rows));
    Val args[] = {
        float_offset(e, r->a, imul(e, pixel, tile.step)),     r->table,          r->b,
        float_offset(e, r->c, imul(e, pixel, tile.out_step)), c64(e, r->length), c64(e, r->first)
    };
    LLVMBuildCall2(e->b, type, fn, args, 6, "");
    loop_end(e, &l, NULL);
}

/* A row of pixels in near-equal tiles. */
static void row_tiles(const Conv *c, const Pass *p, const Row *r, int64_t width)
{
    int64_t tiles =
                (width + c->e->target->machine->tile_rows - 1) / c->e->target->machine->tile_rows,
            each = width / tiles, larger = width % tiles;
    call_tiles(c, p, r, c64(c->e, 0), larger, (int)each + 1);
    call_tiles(c, p, r, c64(c->e, larger * (each + 1)), tiles - larger, (int)each);
}

static bool takes_part(const Pass *p)
{
    for (int d = 0; d < SPACE_RANK; d++)
        if (p->side[d].count == 0 || p->side[d].taps == 0)
            return false;
    return true;
}

static void emit_pass(const Conv *c, const Pass *p, Val image, Val filters, Val out)
{
    Emitter *e = c->e;
    const Side *s = p->side;
    if (!takes_part(p))
        return;
    bool sequential = s[0].taps * s[1].taps * s[2].taps == c->taps;
    Val *tables = ARENA_ARRAY(e->arena, Val, p->chunks);
    int64_t *lengths = ARENA_ARRAY(e->arena, int64_t, p->chunks);
    for (int64_t i = 0; i < p->chunks; i++)
        tables[i] = table_of(c, p, i, sequential, &lengths[i]);
    Loop b0 = loop_begin(e, c64(e, 0), c64(e, s[0].count), p->block[0], 0, NULL, NULL);
    Loop b1 = loop_begin(e, c64(e, 0), c64(e, s[1].count), p->block[1], 0, NULL, NULL);
    Val first[2] = { b0.i, b1.i };
    Val end0 = imin(e, iadd(e, b0.i, c64(e, p->block[0])), c64(e, s[0].count)),
        end1 = imin(e, iadd(e, b1.i, c64(e, p->block[1])), c64(e, s[1].count));
    for (int64_t first2 = 0; first2 < s[2].count; first2 += p->block[2]) {
        for (int64_t chunk = 0; chunk < p->chunks; chunk++) {
            copy_block(c, p, image, chunk, first, first2);
            Loop j0 = loop_begin(e, b0.i, end0, 1, 0, NULL, NULL);
            Loop j1 = loop_begin(e, b1.i, end1, 1, 0, NULL, NULL);
            Val r0 = imul(e, LLVMBuildSub(e->b, j0.i, b0.i, ""), s[0].src_step),
                r1 = imul(e, LLVMBuildSub(e->b, j1.i, b1.i, ""), s[1].src_step);
            Val q0 = iadd(e, imul(e, j0.i, s[0].dst_step), c64(e, s[0].dst0)),
                q1 = iadd(e, imul(e, j1.i, s[1].dst_step), c64(e, s[1].dst0));
            Val at = imul(e, iadd(e, imul(e, q0, c->target[1]), q1), c->target[2]);
            int64_t begin, end;
            chunk_channels(c, p, chunk, &begin, &end);
            Row row = { .b = sequential ? float_offset(e, filters, c64(e, begin * c->taps * LANES))
                                        : filters,
                        .table = tables[chunk],
                        .length = lengths[chunk],
                        .sequential = sequential,
                        .first = chunk == 0 };
            row.a = float_offset(
                e, c->scratch,
                imul(e, iadd(e, imul(e, r0, p->extent[1]), r1), p->extent[2] * c->pixel));
            row.c = float_offset(
                e, out, imul(e, iadd(e, at, c64(e, s[2].dst0 + first2 * s[2].dst_step)), LANES));
            row_tiles(c, p, &row, least(p->block[2], s[2].count - first2));
            loop_end(e, &j1, NULL);
            loop_end(e, &j0, NULL);
        }
    }
    loop_end(e, &b1, NULL);
    loop_end(e, &b0, NULL);
}

static Val scratch_memory(Emitter *e, int64_t floats)
{
    Val memory = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, (floats + LANES - 1) / LANES), "");
    LLVMSetAlignment(memory, NNRT_ALIGN);
    return memory;
}

static int64_t volume(const int64_t space[SPACE_RANK])
{
    return space[0] * space[1] * space[2];
}

void emit_conv(Emitter *e, const Node *n, Val fn)
{
    Conv c;
    const Node *filters = graph_node(e->g, n->inputs[1]);
    conv_start(&c, e, n, graph_node(e->g, n->inputs[0])->shape, n->shape, filters->shape.dim[1]);
    int64_t residues[SPACE_RANK] = { 1, 1, 1 }, floats = 0;
    for (int d = 0; d < SPACE_RANK && c.transposed; d++)
        residues[d] = c.w.stride[d];
    int64_t count = volume(residues);
    bool gaps = false; /* pixels that no cell of a filter meets */
    Pass *passes = ARENA_ARRAY(e->arena, Pass, count);
    for (int64_t i = 0; i < count && !e->failed; i++) {
        int64_t residue[SPACE_RANK] = { i / (residues[1] * residues[2]),
                                        i / residues[2] % residues[1], i % residues[2] };
        for (int d = 0; d < SPACE_RANK; d++)
            passes[i].side[d] = side_of(&c, d, residue[d]);
        const Side *s = passes[i].side;
        if (s[0].taps * s[1].taps * s[2].taps == 0)
            gaps = true;
        if (!takes_part(&passes[i]))
            continue;
        cut(&c, &passes[i], false);
        floats = most(floats, chunk_floats(&c, &passes[i]));
    }
    if (e->failed)
        return;
    c.scratch = scratch_memory(e, floats);
    c.in_base = LLVMGetParam(fn, WINDOWS_IN);
    c.stride = LLVMGetParam(fn, WINDOWS_STRIDE);
    c.panel = LLVMGetParam(fn, WINDOWS_PANEL);
    Loop l = loop_begin(e, LLVMGetParam(fn, WINDOWS_BEGIN), LLVMGetParam(fn, WINDOWS_END), 1, 0,
                        NULL, NULL);
    Val image = float_offset(e, c.in_base, imul(e, l.i, volume(c.source) * LANES)),
        out =
            float_offset(e, LLVMGetParam(fn, WINDOWS_OUT), imul(e, l.i, volume(c.target) * LANES));
    if (gaps)
        zero_vectors(e, out, volume(c.target) * LANES);
    for (int64_t i = 0; i < count; i++)
        emit_pass(&c, &passes[i], image, LLVMGetParam(fn, WINDOWS_SECOND), out);
    loop_end(e, &l, NULL);
}

/* ---- filters ---- */
typedef struct Sums {
    const Conv *c;
    const Pass *p;
    Val d, n[SPACE_RANK];
} Sums;

static void call_filters(const Sums *s, const FilterTile *tile, Val a, Val sums, int64_t step)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    const Pass *p = s->p;
    LLVMTypeRef type;
    Val fn = filter_tile(e, tile, &type);
    int64_t row = p->extent[2] * c->pixel;
    Val args[] = { a,
                   s->d,
                   sums,
                   s->n[0],
                   s->n[1],
                   s->n[2],
                   c64(e, p->side[0].src_step * p->extent[1] * row),
                   c64(e, p->side[1].src_step * row),
                   c64(e, c->target[1] * c->target[2] * LANES),
                   c64(e, c->target[2] * LANES),
                   c64(e, step) };
    LLVMBuildCall2(e->b, type, fn, args, 11, "");
}

/* `lanes` channels of a panel for one cell of the filter. */
static void panel_filters(const Sums *s, Val a, Val sums, int64_t lanes)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    int64_t rows = e->target->machine->filter_tile_rows, tiles = (lanes + rows - 1) / rows;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t begin = lanes * t / tiles, end = lanes * (t + 1) / tiles;
        FilterTile tile = { .mode = TILE_BROADCAST,
                            .rows = (int)(end - begin),
                            .step = c->pixel * s->p->side[2].src_step };
        for (int i = 0; i < tile.rows; i++)
            tile.offset[i] = i;
        call_filters(s, &tile, float_offset(e, a, c64(e, begin)),
                     float_offset(e, sums, c64(e, begin * c->taps * LANES)), c->taps * LANES);
    }
}

/* All cells of the filter, for channels in panels. */
static void panels_sums(const Sums *s, int64_t chunk, Val sums)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    const Pass *p = s->p;
    int64_t begin, end;
    chunk_channels(c, p, chunk, &begin, &end);
    Val *offsets = ARENA_ARRAY(e->arena, Val, c->taps);
    for (int64_t i = 0; i < c->taps; i++) {
        offsets[i] = c32(e, (int32_t)tap_offset(
                                c, p,
                                (int64_t[]){ i / ((int64_t)c->w.size[1] * c->w.size[2]),
                                             i / c->w.size[2] % c->w.size[1], i % c->w.size[2] }));
    }
    Val table = LLVMAddGlobal(e->module, LLVMArrayType2(e->i32, (uint64_t)c->taps), "taps");
    LLVMSetInitializer(table, LLVMConstArray2(e->i32, offsets, (uint64_t)c->taps));
    LLVMSetGlobalConstant(table, true);
    LLVMSetLinkage(table, LLVMPrivateLinkage);
    int64_t whole = (end - begin) / LANES, tail = (end - begin) % LANES;
    for (int part = 0; part < 2; part++) {
        if (part ? tail == 0 : whole == 0)
            continue;
        Loop l = loop_begin(e, c64(e, part ? whole : 0), c64(e, part ? whole + 1 : whole), 1, 0,
                            NULL, NULL);
        Loop t = loop_begin(e, c64(e, 0), c64(e, c->taps), 1, 0, NULL, NULL);
        Val offset = LLVMBuildSExt(
            e->b, LLVMBuildLoad2(e->b, e->i32, LLVMBuildGEP2(e->b, e->i32, table, &t.i, 1, ""), ""),
            e->i64, "");
        Val a = float_offset(e, c->scratch, iadd(e, imul(e, l.i, p->cells * LANES), offset));
        Val to = float_offset(
            e, sums,
            imul(e, iadd(e, iadd(e, imul(e, l.i, LANES * c->taps), t.i), c64(e, begin * c->taps)),
                 LANES));
        panel_filters(s, a, to, part ? tail : LANES);
        loop_end(e, &t, NULL);
        loop_end(e, &l, NULL);
    }
}

/* Few channels, or channels of groups: tiles of neighbouring cells of the filter. */
static void cells_sums(const Sums *s, int64_t chunk, Val sums)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    int64_t begin, end, rows = e->target->machine->filter_tile_rows;
    chunk_channels(c, s->p, chunk, &begin, &end);
    bool groups = c->packing == PACK_GROUPS;
    int64_t each = groups ? c->taps : (end - begin) * c->taps, tiles = (each + rows - 1) / rows;
    Loop l = loop_begin(e, c64(e, 0), c64(e, groups ? end - begin : 1), 1, 0, NULL, NULL);
    Val a = float_offset(e, c->scratch, imul(e, l.i, s->p->cells * LANES)),
        to = float_offset(e, sums, imul(e, iadd(e, l.i, c64(e, begin)), each * LANES));
    for (int64_t t = 0; t < tiles; t++) {
        int64_t from = each * t / tiles, until = each * (t + 1) / tiles;
        FilterTile tile = { .mode = groups ? TILE_LANES : TILE_BROADCAST,
                            .rows = (int)(until - from),
                            .step = c->pixel * s->p->side[2].src_step };
        for (int i = 0; i < tile.rows; i++) {
            int64_t cell = (from + i) % c->taps, channel = (from + i) / c->taps;
            tile.offset[i] =
                channel +
                tap_offset(c, s->p,
                           (int64_t[]){ cell / ((int64_t)c->w.size[1] * c->w.size[2]),
                                        cell / c->w.size[2] % c->w.size[1], cell % c->w.size[2] });
        }
        call_filters(s, &tile, a, float_offset(e, to, c64(e, from * LANES)), LANES);
    }
    loop_end(e, &l, NULL);
}

static void image_sums(const Conv *c, const Pass *p, Val image, Val adjoint, Val sums)
{
    Emitter *e = c->e;
    const Side *s = p->side;
    Loop b0 = loop_begin(e, c64(e, 0), c64(e, s[0].count), p->block[0], 0, NULL, NULL);
    Loop b1 = loop_begin(e, c64(e, 0), c64(e, s[1].count), p->block[1], 0, NULL, NULL);
    Val first[2] = { b0.i, b1.i };
    Sums made = { .c = c, .p = p };
    made.n[0] = imin(e, LLVMBuildSub(e->b, c64(e, s[0].count), b0.i, ""), c64(e, p->block[0]));
    made.n[1] = imin(e, LLVMBuildSub(e->b, c64(e, s[1].count), b1.i, ""), c64(e, p->block[1]));
    for (int64_t first2 = 0; first2 < s[2].count; first2 += p->block[2]) {
        for (int64_t chunk = 0; chunk < p->chunks; chunk++) {
            copy_block(c, p, image, chunk, first, first2);
            made.n[2] = c64(e, least(p->block[2], s[2].count - first2));
            made.d = float_offset(
                e, adjoint,
                imul(e,
                     iadd(e, imul(e, iadd(e, imul(e, b0.i, c->target[1]), b1.i), c->target[2]),
                          c64(e, first2)),
                     LANES));
            if (c->packing == PACK_PANELS)
                panels_sums(&made, chunk, sums);
            else
                cells_sums(&made, chunk, sums);
        }
    }
    loop_end(e, &b1, NULL);
    loop_end(e, &b0, NULL);
}

void emit_conv_weight(Emitter *e, const Node *n, Val fn)
{
    Conv c;
    Pass p = { 0 };
    conv_start(&c, e, n, graph_node(e->g, n->inputs[0])->shape,
               graph_node(e->g, n->inputs[1])->shape, n->shape.dim[2]);
    for (int d = 0; d < SPACE_RANK; d++)
        p.side[d] = side_of(&c, d, 0);
    cut(&c, &p, true);
    if (e->failed)
        return;
    c.scratch = scratch_memory(e, chunk_floats(&c, &p));
    c.stride = LLVMGetParam(fn, WINDOWS_STRIDE);
    c.panel = LLVMGetParam(fn, WINDOWS_PANEL);
    Val samples = LLVMGetParam(fn, WINDOWS_N), parts = c64(e, c.w.parts);
    Loop part = loop_begin(e, LLVMGetParam(fn, WINDOWS_BEGIN), LLVMGetParam(fn, WINDOWS_END), 1, 0,
                           NULL, NULL);
    int64_t floats = c.inner * c.taps * LANES;
    Val sums = float_offset(e, LLVMGetParam(fn, WINDOWS_OUT), imul(e, part.i, floats));
    zero_vectors(e, sums, floats);
    Val begin = LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, samples, part.i, ""), parts, "");
    Val end =
        LLVMBuildUDiv(e->b, LLVMBuildMul(e->b, samples, iadd(e, part.i, c64(e, 1)), ""), parts, "");
    Loop l = loop_begin(e, begin, end, 1, 0, NULL, NULL);
    Val image =
        float_offset(e, LLVMGetParam(fn, WINDOWS_IN), imul(e, l.i, volume(c.source) * LANES));
    Val adjoint =
        float_offset(e, LLVMGetParam(fn, WINDOWS_SECOND), imul(e, l.i, volume(c.target) * LANES));
    image_sums(&c, &p, image, adjoint, sums);
    loop_end(e, &l, NULL);
    loop_end(e, &part, NULL);
}
