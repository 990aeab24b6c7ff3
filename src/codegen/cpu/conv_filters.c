/* conv_filters.c: derivatives of convolutions by their filters: for each cell of a filter a sum
 * over pixels (conv.h). Samples are shared out among parts, which are added up later. */
#include "codegen/cpu/conv.h"

/* One block of an image: its adjoint, and how many pixels it has. */
typedef struct Sums {
    const Conv *c;
    const Residue *r;
    Val adjoint, n[SPACE_RANK];
} Sums;

static void call_filters(const Sums *s, const FilterTile *tile, Val a, Val sums, int64_t step)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    const Residue *r = s->r;
    LLVMTypeRef type;
    Val fn = filter_tile(e, tile, &type);
    int64_t row = r->extent[2] * c->pixel;
    Val args[] = { a,
                   s->adjoint,
                   sums,
                   s->n[0],
                   s->n[1],
                   s->n[2],
                   c64(e, r->side[0].src_step * r->extent[1] * row),
                   c64(e, r->side[1].src_step * row),
                   c64(e, c->target[1] * c->target[2] * LANES),
                   c64(e, c->target[2] * LANES),
                   c64(e, step) };
    LLVMBuildCall2(e->b, type, fn, args, sizeof args / sizeof *args, "");
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
                            .step = c->pixel * s->r->side[2].src_step };
        for (int i = 0; i < tile.rows; i++)
            tile.offset[i] = i;
        call_filters(s, &tile, float_offset(e, a, c64(e, begin)),
                     float_offset(e, sums, c64(e, begin * c->taps * LANES)), c->taps * LANES);
    }
}

static int64_t tap_offset(const Conv *c, const Residue *r, int64_t tap)
{
    int64_t at[SPACE_RANK];
    space_index(tap, c->w.size[1], c->w.size[2], at);
    return conv_tap_offset(c, r, at);
}

static Val taps_table(const Conv *c, const Residue *r)
{
    Val *offsets = ARENA_ARRAY(c->e->arena, Val, c->taps);
    for (int64_t i = 0; i < c->taps; i++)
        offsets[i] = c32(c->e, (int32_t)tap_offset(c, r, i));
    return conv_table(c->e, offsets, c->taps);
}

/* All cells of the filter, for channels in panels: first whole ones, then the last, narrower one.
 */
static void panels_sums(const Sums *s, int64_t chunk, Val sums)
{
    const Conv *c = s->c;
    Emitter *e = c->e;
    const Residue *r = s->r;
    int64_t begin, end;
    conv_chunk_channels(c, r, chunk, &begin, &end);
    Val table = taps_table(c, r);

    int64_t whole = (end - begin) / LANES, tail = (end - begin) % LANES;
    for (int part = 0; part < 2; part++) {
        int64_t lanes = part ? tail : LANES, from = part ? whole : 0, until = whole + part;
        if (from == until || lanes == 0)
            continue;
        Loop l = loop_begin(e, c64(e, from), c64(e, until), 1, 0, NULL, NULL);
        Loop t = loop_begin(e, c64(e, 0), c64(e, c->taps), 1, 0, NULL, NULL);
        Val offset = LLVMBuildSExt(
            e->b, LLVMBuildLoad2(e->b, e->i32, LLVMBuildGEP2(e->b, e->i32, table, &t.i, 1, ""), ""),
            e->i64, "");
        Val a = float_offset(e, c->scratch, iadd(e, imul(e, l.i, r->cells * LANES), offset));
        Val tap = iadd(e, imul(e, l.i, LANES * c->taps), t.i);
        Val row = iadd(e, tap, c64(e, begin * c->taps));
        panel_filters(s, a, float_offset(e, sums, imul(e, row, LANES)), lanes);
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
    conv_chunk_channels(c, s->r, chunk, &begin, &end);
    bool groups = c->packing == PACK_GROUPS;

    int64_t each = groups ? c->taps : (end - begin) * c->taps, tiles = (each + rows - 1) / rows;
    Loop l = loop_begin(e, c64(e, 0), c64(e, groups ? end - begin : 1), 1, 0, NULL, NULL);
    Val a = float_offset(e, c->scratch, imul(e, l.i, s->r->cells * LANES)),
        to = float_offset(e, sums, imul(e, iadd(e, l.i, c64(e, begin)), each * LANES));
    for (int64_t t = 0; t < tiles; t++) {
        int64_t from = each * t / tiles, until = each * (t + 1) / tiles;
        FilterTile tile = { .mode = groups ? TILE_LANES : TILE_BROADCAST,
                            .rows = (int)(until - from),
                            .step = c->pixel * s->r->side[2].src_step };
        for (int i = 0; i < tile.rows; i++) {
            int64_t cell = (from + i) % c->taps, channel = (from + i) / c->taps;
            tile.offset[i] = channel + tap_offset(c, s->r, cell);
        }
        call_filters(s, &tile, a, float_offset(e, to, c64(e, from * LANES)), LANES);
    }
    loop_end(e, &l, NULL);
}

static void image_sums(const Conv *c, const Residue *r, Val image, Val adjoint, Val sums)
{
    Emitter *e = c->e;
    const Side *s = r->side;
    Loop b0 = loop_begin(e, c64(e, 0), c64(e, s[0].count), r->block[0], 0, NULL, NULL);
    Loop b1 = loop_begin(e, c64(e, 0), c64(e, s[1].count), r->block[1], 0, NULL, NULL);
    Val first[2] = { b0.i, b1.i };
    Sums made = { .c = c, .r = r };
    for (int d = 0; d < 2; d++) {
        Val left = LLVMBuildSub(e->b, c64(e, s[d].count), first[d], "");
        made.n[d] = imin(e, left, c64(e, r->block[d]));
    }

    for (int64_t first2 = 0; first2 < s[2].count; first2 += r->block[2]) {
        for (int64_t chunk = 0; chunk < r->chunks; chunk++) {
            conv_copy_block(c, r, image, chunk, first, first2);
            int64_t left = s[2].count - first2;
            made.n[2] = c64(e, left < r->block[2] ? left : r->block[2]);
            Val row = iadd(e, imul(e, b0.i, c->target[1]), b1.i);
            Val pixel = iadd(e, imul(e, row, c->target[2]), c64(e, first2));
            made.adjoint = float_offset(e, adjoint, imul(e, pixel, LANES));
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
    Residue r = { 0 };
    conv_start(&c, e, n, graph_node(e->g, n->inputs[0])->shape,
               graph_node(e->g, n->inputs[1])->shape, n->shape.dim[2]);
    for (int d = 0; d < SPACE_RANK; d++)
        r.side[d] = conv_side(&c, d, 0);
    conv_cut_blocks(&c, &r, true);
    if (e->failed)
        return;

    c.scratch = conv_scratch(e, conv_chunk_floats(&c, &r));
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
        float_offset(e, LLVMGetParam(fn, WINDOWS_IN), imul(e, l.i, space_volume(c.source) * LANES));
    Val adjoint = float_offset(e, LLVMGetParam(fn, WINDOWS_SECOND),
                               imul(e, l.i, space_volume(c.target) * LANES));
    image_sums(&c, &r, image, adjoint, sums);
    loop_end(e, &l, NULL);
    loop_end(e, &part, NULL);
}
