/* conv_copy.c: blocks of images into a convolution's scratch, with zeros around them. */
#include "codegen/cpu/conv.h"

Val conv_scratch(Emitter *e, int64_t floats)
{
    Val memory = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, (floats + LANES - 1) / LANES), "");
    LLVMSetAlignment(memory, NNRT_ALIGN);
    return memory;
}

void zero_vectors(Emitter *e, Val address, int64_t floats)
{
    Loop l = loop_begin(e, c64(e, 0), c64(e, floats), LANES, 0, NULL, NULL);
    store_vector(e, vconst(e, 0), float_offset(e, address, l.i));
    loop_end(e, &l, NULL);
}

/* Of the scratch, where cells may be narrower than a vector. */
static void zero_cells(const Conv *c, Val address, int64_t cells)
{
    Emitter *e = c->e;
    if (c->pixel == LANES) {
        zero_vectors(e, address, cells * LANES);
        return;
    }
    Loop l = loop_begin(e, c64(e, 0), c64(e, cells * c->pixel), 1, 0, NULL, NULL);
    LLVMBuildStore(e->b, cf(e, 0), float_offset(e, address, l.i));
    loop_end(e, &l, NULL);
}

/* Copies `count` cells of a row; one lane of them, or all channels. */
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

/* A row of cells as the image has it: of its `width` cells, `before` are left of the image,
 * `valid` inside, and the rest right of it. */
typedef struct CellRow {
    int64_t start; /* first cell inside */
    int64_t width, before, valid;
} CellRow;

static CellRow cell_row(const Conv *c, const Residue *r, int64_t first2)
{
    const Side *s = &r->side[2];
    int64_t base = first2 * s->src_step + s->src0 + s->low, width = r->extent[2];
    int64_t start = base > 0 ? base : 0, end = base + width;
    if (end > c->source[2])
        end = c->source[2];
    CellRow row = { .start = start, .width = width, .before = start - base };
    if (row.before > width)
        row.before = width;
    row.valid = end > start ? end - start : 0;
    return row;
}

static void copy_row(const Conv *c, Val source, Val target, CellRow row, bool lane)
{
    Emitter *e = c->e;
    int64_t after = row.width - row.before - row.valid;
    if (!lane && row.before > 0)
        zero_cells(c, target, row.before);
    copy_cells(c, source, float_offset(e, target, c64(e, row.before * c->pixel)), row.valid, lane);
    if (!lane && after > 0) {
        Val rest = float_offset(e, target, c64(e, (row.before + row.valid) * c->pixel));
        zero_cells(c, rest, after);
    }
}

/* The rows of a block, of one panel; or of one lane of it, where all are 0 already. */
static void copy_rows(const Conv *c, const Residue *r, Val from, Val to, const Val first[2],
                      int64_t first2, bool lane)
{
    Emitter *e = c->e;
    Val base[2], row[2];
    for (int d = 0; d < 2; d++) {
        const Side *s = &r->side[d];
        base[d] = iadd(e, imul(e, first[d], s->src_step), c64(e, s->src0 + s->low));
    }
    CellRow cells = cell_row(c, r, first2);

    Loop u0 = loop_begin(e, c64(e, 0), c64(e, r->extent[0]), 1, 0, NULL, NULL);
    row[0] = iadd(e, base[0], u0.i);
    Loop u1 = loop_begin(e, c64(e, 0), c64(e, r->extent[1]), 1, 0, NULL, NULL);
    row[1] = iadd(e, base[1], u1.i);
    Val target = float_offset(
        e, to, imul(e, iadd(e, imul(e, u0.i, r->extent[1]), u1.i), cells.width * c->pixel));
    Val inside =
        LLVMBuildAnd(e->b, LLVMBuildICmp(e->b, LLVMIntULT, row[0], c64(e, c->source[0]), ""),
                     LLVMBuildICmp(e->b, LLVMIntULT, row[1], c64(e, c->source[1]), ""), "");

    Branch b = branch_begin(e, inside);
    Val at = iadd(e, imul(e, row[0], c->source[1]), row[1]);
    Val cell = iadd(e, imul(e, at, c->source[2]), c64(e, cells.start));
    copy_row(c, float_offset(e, from, imul(e, cell, LANES)), target, cells, lane);
    branch_else(e, &b);
    if (!lane)
        zero_cells(c, target, cells.width);
    branch_end(e, &b);
    loop_end(e, &u1, NULL);
    loop_end(e, &u0, NULL);
}

/* Lane by lane the channel that its filter reads; the lanes are all zeroed first. Where each filter
 * reads the channel of its own number, the panel is copied whole. */
static void copy_groups(const Conv *c, const Residue *r, Val image, Val to, Val channel,
                        const Val first[2], int64_t first2)
{
    Emitter *e = c->e;
    if (c->inner == 1 && c->in == c->out) {
        Val panel = float_offset(e, image, LLVMBuildMul(e->b, c->panel, c->stride, ""));
        copy_rows(c, r, panel, to, first, first2, false);
        return;
    }
    zero_cells(c, to, r->cells);
    Loop l = loop_begin(e, c64(e, 0), c64(e, LANES), 1, 0, NULL, NULL);
    Val filter = imin(e, iadd(e, imul(e, c->panel, LANES), l.i), c64(e, c->out - 1));
    Val group = LLVMBuildUDiv(e->b, filter, c64(e, c->out / c->w.groups), ""),
        from = iadd(e, imul(e, group, c->inner), channel);
    Val at = iadd(e, LLVMBuildMul(e->b, LLVMBuildLShr(e->b, from, c64(e, 4), ""), c->stride, ""),
                  LLVMBuildAnd(e->b, from, c64(e, LANES - 1), ""));
    copy_rows(c, r, float_offset(e, image, at), float_offset(e, to, l.i), first, first2, true);
    loop_end(e, &l, NULL);
}

void conv_copy_block(const Conv *c, const Residue *r, Val image, int64_t chunk, const Val first[2],
                     int64_t first2)
{
    Emitter *e = c->e;
    int64_t begin = chunk * r->chunk, end = begin + r->chunk, units = conv_channel_units(c);
    Loop l = loop_begin(e, c64(e, begin), c64(e, end < units ? end : units), 1, 0, NULL, NULL);
    Val to = float_offset(e, c->scratch,
                          imul(e, LLVMBuildSub(e->b, l.i, c64(e, begin), ""), r->cells * LANES));
    if (c->packing == PACK_GROUPS) {
        copy_groups(c, r, image, to, l.i, first, first2);
    } else {
        Val panel = float_offset(e, image, LLVMBuildMul(e->b, l.i, c->stride, ""));
        copy_rows(c, r, panel, to, first, first2, false);
    }
    loop_end(e, &l, NULL);
}
