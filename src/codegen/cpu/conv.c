/* conv.c: convolutions of 1 to 3 dimensions, and transposed ones: pixels from images and filters
 * (conv.h). */
#include "codegen/cpu/conv.h"

/* A row of pixels: `length` terms each, found by `table`. */
typedef struct Row {
    Val a, b, c, table;
    int64_t length;
    bool sequential; /* the filter's cells follow one another */
    bool first;      /* of the chunks: sums start from 0 */
} Row;

static int64_t taps_of(const Residue *r)
{
    return r->side[0].taps * r->side[1].taps * r->side[2].taps;
}

/* A residue that meets no cell of the filter has no pixels to compute. */
static bool has_work(const Residue *r)
{
    for (int d = 0; d < SPACE_RANK; d++)
        if (r->side[d].count == 0 || r->side[d].taps == 0)
            return false;
    return true;
}

/* The table of pixel_tile for a chunk, and its length. */
static Val chunk_table(const Conv *c, const Residue *r, int64_t chunk, bool sequential,
                       int64_t *length)
{
    Emitter *e = c->e;
    const Side *s = r->side;
    int64_t begin, end, used = 0, taps = taps_of(r);
    conv_chunk_channels(c, r, chunk, &begin, &end);
    Val *value = ARENA_ARRAY(e->arena, Val, 2 * (end - begin) * taps + 1);
    for (int64_t channel = begin; channel < end; channel++) {
        for (int64_t i = 0; i < taps; i++) {
            int64_t t[SPACE_RANK];
            space_index(i, s[1].taps, s[2].taps, t);
            int64_t from = conv_tap_offset(c, r, t) + conv_channel_offset(c, r, channel, chunk);
            value[used++] = c32(e, (int32_t)from);
            int64_t cell =
                (s[0].tap[t[0]] * c->w.size[1] + s[1].tap[t[1]]) * c->w.size[2] + s[2].tap[t[2]];
            if (!sequential)
                value[used++] = c32(e, (int32_t)((channel * c->taps + cell) * LANES));
        }
    }

    *length = (end - begin) * taps;
    if (used == 0)
        value[used++] = c32(e, 0);
    return conv_table(e, value, used);
}

static void call_tiles(const Conv *c, const Residue *r, const Row *row, Val from, int64_t count,
                       int rows)
{
    Emitter *e = c->e;
    if (count <= 0)
        return;
    LLVMTypeRef type;
    PixelTile tile = { .mode = c->packing == PACK_GROUPS ? TILE_LANES : TILE_BROADCAST,
                       .rows = rows,
                       .step = c->pixel * r->side[2].src_step,
                       .out_step = r->side[2].dst_step * LANES,
                       .sequential = row->sequential };
    Val fn = pixel_tile(e, tile, &type);

    Loop l = loop_begin(e, c64(e, 0), c64(e, count), 1, 0, NULL, NULL);
    Val pixel = iadd(e, from, imul(e, l.i, rows));
    Val args[] = { float_offset(e, row->a, imul(e, pixel, tile.step)),
                   row->table,
                   row->b,
                   float_offset(e, row->c, imul(e, pixel, tile.out_step)),
                   c64(e, row->length),
                   c64(e, row->first) };
    LLVMBuildCall2(e->b, type, fn, args, 6, "");
    loop_end(e, &l, NULL);
}

/* A row of pixels in near-equal tiles. */
static void row_tiles(const Conv *c, const Residue *r, const Row *row, int64_t width)
{
    int rows_max = c->e->target->machine->tile_rows;
    int64_t tiles = (width + rows_max - 1) / rows_max, each = width / tiles, larger = width % tiles;
    call_tiles(c, r, row, c64(c->e, 0), larger, (int)each + 1);
    call_tiles(c, r, row, c64(c->e, larger * (each + 1)), tiles - larger, (int)each);
}

/* Where images, filters and results are, for the pixels of one residue. */
typedef struct Pixels {
    const Conv *c;
    const Residue *r;
    Val image, filters, out;
    bool sequential;
    Val *tables; /* of each chunk */
    int64_t *lengths;
} Pixels;

/* One chunk's share in the rows of a block, which begins at `first` and `first2`. */
static void block_rows(const Pixels *x, const Val first[2], const Val end[2], int64_t first2,
                       int64_t chunk)
{
    const Conv *c = x->c;
    const Residue *r = x->r;
    const Side *s = r->side;
    Emitter *e = c->e;
    Loop j0 = loop_begin(e, first[0], end[0], 1, 0, NULL, NULL);
    Loop j1 = loop_begin(e, first[1], end[1], 1, 0, NULL, NULL);
    Val r0 = imul(e, LLVMBuildSub(e->b, j0.i, first[0], ""), s[0].src_step),
        r1 = imul(e, LLVMBuildSub(e->b, j1.i, first[1], ""), s[1].src_step);
    Val q0 = iadd(e, imul(e, j0.i, s[0].dst_step), c64(e, s[0].dst0)),
        q1 = iadd(e, imul(e, j1.i, s[1].dst_step), c64(e, s[1].dst0));
    Val at = imul(e, iadd(e, imul(e, q0, c->target[1]), q1), c->target[2]);

    int64_t begin, until;
    conv_chunk_channels(c, r, chunk, &begin, &until);
    Row row = { .b = x->filters,
                .table = x->tables[chunk],
                .length = x->lengths[chunk],
                .sequential = x->sequential,
                .first = chunk == 0 };
    if (x->sequential)
        row.b = float_offset(e, x->filters, c64(e, begin * c->taps * LANES));
    Val cells = iadd(e, imul(e, r0, r->extent[1]), r1);
    row.a = float_offset(e, c->scratch, imul(e, cells, r->extent[2] * c->pixel));
    Val pixel = iadd(e, at, c64(e, s[2].dst0 + first2 * s[2].dst_step));
    row.c = float_offset(e, x->out, imul(e, pixel, LANES));

    int64_t left = s[2].count - first2;
    row_tiles(c, r, &row, left < r->block[2] ? left : r->block[2]);
    loop_end(e, &j1, NULL);
    loop_end(e, &j0, NULL);
}

static void emit_residue(const Conv *c, const Residue *r, Val image, Val filters, Val out)
{
    Emitter *e = c->e;
    const Side *s = r->side;
    if (!has_work(r))
        return;
    Pixels x = { .c = c,
                 .r = r,
                 .image = image,
                 .filters = filters,
                 .out = out,
                 .sequential = taps_of(r) == c->taps,
                 .tables = ARENA_ARRAY(e->arena, Val, r->chunks),
                 .lengths = ARENA_ARRAY(e->arena, int64_t, r->chunks) };
    for (int64_t i = 0; i < r->chunks; i++)
        x.tables[i] = chunk_table(c, r, i, x.sequential, &x.lengths[i]);

    Loop b0 = loop_begin(e, c64(e, 0), c64(e, s[0].count), r->block[0], 0, NULL, NULL);
    Loop b1 = loop_begin(e, c64(e, 0), c64(e, s[1].count), r->block[1], 0, NULL, NULL);
    Val first[2] = { b0.i, b1.i }, end[2];
    for (int d = 0; d < 2; d++)
        end[d] = imin(e, iadd(e, first[d], c64(e, r->block[d])), c64(e, s[d].count));
    for (int64_t first2 = 0; first2 < s[2].count; first2 += r->block[2]) {
        for (int64_t chunk = 0; chunk < r->chunks; chunk++) {
            conv_copy_block(c, r, image, chunk, first, first2);
            block_rows(&x, first, end, first2, chunk);
        }
    }
    loop_end(e, &b1, NULL);
    loop_end(e, &b0, NULL);
}

/* All residues, those without work too; *gaps: some pixels meet no cell of a filter. *floats: what
 * the scratch must hold. */
static Residue *find_residues(const Conv *c, int64_t *count, bool *gaps, int64_t *floats)
{
    Emitter *e = c->e;
    int64_t residues[SPACE_RANK] = { 1, 1, 1 };
    for (int d = 0; d < SPACE_RANK && c->transposed; d++)
        residues[d] = c->w.stride[d];
    *count = space_volume(residues);
    *gaps = false;
    *floats = 0;

    Residue *all = ARENA_ARRAY(e->arena, Residue, *count);
    for (int64_t i = 0; i < *count && !e->failed; i++) {
        int64_t residue[SPACE_RANK];
        space_index(i, residues[1], residues[2], residue);
        for (int d = 0; d < SPACE_RANK; d++)
            all[i].side[d] = conv_side(c, d, residue[d]);
        if (taps_of(&all[i]) == 0)
            *gaps = true;
        if (!has_work(&all[i]))
            continue;
        conv_cut_blocks(c, &all[i], false);
        int64_t needed = conv_chunk_floats(c, &all[i]);
        if (needed > *floats)
            *floats = needed;
    }
    return all;
}

void emit_conv(Emitter *e, const Node *n, Val fn)
{
    Conv c;
    const Node *filters = graph_node(e->g, n->inputs[1]);
    int64_t count, floats;
    bool gaps;
    conv_start(&c, e, n, graph_node(e->g, n->inputs[0])->shape, n->shape, filters->shape.dim[1]);
    Residue *residues = find_residues(&c, &count, &gaps, &floats);
    if (e->failed)
        return;

    c.scratch = conv_scratch(e, floats);
    c.stride = LLVMGetParam(fn, WINDOWS_STRIDE);
    c.panel = LLVMGetParam(fn, WINDOWS_PANEL);
    Loop l = loop_begin(e, LLVMGetParam(fn, WINDOWS_BEGIN), LLVMGetParam(fn, WINDOWS_END), 1, 0,
                        NULL, NULL);
    int64_t source = space_volume(c.source) * LANES, target = space_volume(c.target) * LANES;
    Val image = float_offset(e, LLVMGetParam(fn, WINDOWS_IN), imul(e, l.i, source)),
        out = float_offset(e, LLVMGetParam(fn, WINDOWS_OUT), imul(e, l.i, target));
    if (gaps)
        zero_vectors(e, out, target);
    for (int64_t i = 0; i < count; i++)
        emit_residue(&c, &residues[i], image, LLVMGetParam(fn, WINDOWS_SECOND), out);
    loop_end(e, &l, NULL);
}
