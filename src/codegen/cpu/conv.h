/* conv.h: what conv.c and conv_tile.c share: register tiles of convolutions. */
#ifndef NNC_CONV_H
#define NNC_CONV_H
#include "codegen/cpu/emit.h"

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
