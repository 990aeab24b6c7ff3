/* conv.h: what the files conv*.c share.
 *
 * Direct convolution (Zhang, Franchetti and Low, High performance zero-memory overhead direct
 * convolutions, ICML 2018, but for the copy): the cells that a block of an image needs are copied
 * into a small scratch with zeros around them, so that all tiles are alike. A register tile is then
 * a row of pixels times 16 filters. Sums run over channels, and within a channel over the filter's
 * cells. A table holds, for each of those, where it is in the scratch: so strides, dilation,
 * padding and the number of dimensions cost nothing.
 *
 * Scratch: channels in panels of 16; few channels side by side; of groups, for each lane the
 * channel that its filter reads. */
#ifndef NNC_CONV_H
#define NNC_CONV_H
#include "codegen/cpu/kernels.h"

/* ---- geometry: conv_blocks.c ---- */

/* One dimension: pixel j of `count` lies at dst0 + j * dst_step of the result, and reads cell
 * src0 + j * src_step + off[t] of the image for each of its taps. */
typedef struct Side {
    int64_t count, dst0, dst_step, src0, src_step;
    int64_t taps;
    int64_t *tap;      /* numbers of the filter's cells */
    int64_t *off;      /* and where each is */
    int64_t low, high; /* smallest and largest of `off` */
} Side;

typedef enum Packing {
    PACK_PANELS, /* channels in panels of 16 */
    PACK_NARROW, /* few channels, side by side */
    PACK_GROUPS  /* one channel a lane: that which the lane's filter reads */
} Packing;

typedef struct Conv {
    Emitter *e;
    Window w;
    bool transposed;
    int64_t source[SPACE_RANK],
        target[SPACE_RANK]; /* extents of the image read, and of the other */
    int64_t in;             /* channels of the image read */
    int64_t out;            /* filters */
    int64_t inner;          /* channels that a filter reads */
    int64_t taps;           /* cells of a filter */
    Packing packing;
    int64_t pixel; /* floats between neighbours in the scratch */
    Val stride;    /* floats between panels of the image */
    Val panel;     /* number of the panel that is written */
    Val scratch;
} Conv;

/* Pixels that meet the same cells of the filter: all of them; or of a transposed convolution of
 * stride s, which is s convolutions a dimension, those of one residue. And how they are cut. */
typedef struct Residue {
    Side side[SPACE_RANK];
    int64_t block[SPACE_RANK];  /* pixels at a time */
    int64_t extent[SPACE_RANK]; /* cells of the image that a block reads */
    int64_t cells;              /* all of them */
    int64_t chunk, chunks;      /* channels (panels of them) in the scratch at a time */
} Residue;

void conv_start(Conv *c, Emitter *e, const Node *n, Shape source, Shape target, int64_t inner);
Side conv_side(const Conv *c, int d, int64_t residue);
/* `sums`: derivatives of filters are summed, instead of pixels */
void conv_cut_blocks(const Conv *c, Residue *r, bool sums);
int64_t conv_chunk_floats(const Conv *c, const Residue *r);
/* the channels [begin, end) of a chunk */
void conv_chunk_channels(const Conv *c, const Residue *r, int64_t chunk, int64_t *begin,
                         int64_t *end);
/* Panels of channels, of groups channels: what chunks are made of. */
int64_t conv_channel_units(const Conv *c);
/* In the scratch: of a cell of the filter, from a pixel's own place; of a channel. */
int64_t conv_tap_offset(const Conv *c, const Residue *r, const int64_t tap[SPACE_RANK]);
int64_t conv_channel_offset(const Conv *c, const Residue *r, int64_t channel, int64_t chunk);
/* a table of such offsets, in the module */
Val conv_table(Emitter *e, Val *offsets, int64_t count);

int64_t space_volume(const int64_t space[SPACE_RANK]);
/* Number i of a space of extents [any, b, c], as coordinates. */
void space_index(int64_t i, int64_t b, int64_t c, int64_t at[SPACE_RANK]);

/* ---- the scratch: conv_copy.c ---- */

Val conv_scratch(Emitter *e, int64_t floats);
/* Copies what a block needs, of one chunk of channels. `image`: its first cell; `first` and
 * `first2`: the block's first pixels. */
void conv_copy_block(const Conv *c, const Residue *r, Val image, int64_t chunk, const Val first[2],
                     int64_t first2);
void zero_vectors(Emitter *e, Val address, int64_t floats);

/* ---- register tiles: conv_tile.c ---- */

/* How a tile reads an image's values: one channel for all lanes, or a channel a lane. */
typedef enum TileMode { TILE_BROADCAST, TILE_LANES } TileMode;

/* C(i) = sum over k of A(i, k) B(k): i numbers `rows` pixels, A(i, k) = a[table(k) + i * step],
 * B(k) a vector of 16 filters, C's pixels `out_step` floats apart. `sequential`: B(k) follows B(k -
 * 1), else the table has pairs, of which the second is B's offset. All in floats. void (a, table,
 * b, c, inner, first): where `first` is 0 the sums start from what is in C. */
typedef struct PixelTile {
    TileMode mode;
    int rows;
    int64_t step, out_step;
    bool sequential;
} PixelTile;

Val pixel_tile(Emitter *e, PixelTile tile, LLVMTypeRef *type);

/* C(r) += sum over pixels of A(pixel, r) D(pixel): A(pixel, r) = a[pixel's offset + offset(r)], D a
 * vector of 16 filters' adjoints, C's rows `c_step` floats apart. void (a, d, c, n0, n1, n2,
 * a_step0, a_step1, d_step0, d_step1, c_step): pixels of n0 x n1 x n2, those of the last dimension
 * `step` and 16 floats apart. */
enum { FILTER_TILE_MOST = 16 };

typedef struct FilterTile {
    TileMode mode;
    int rows;
    int64_t step;
    int64_t offset[FILTER_TILE_MOST];
} FilterTile;

Val filter_tile(Emitter *e, const FilterTile *tile, LLVMTypeRef *type);
#endif
