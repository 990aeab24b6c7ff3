/* fold.h: simplification of one elementwise op while it is built. */
#ifndef NNC_FOLD_H
#define NNC_FOLD_H
#include "ir/graph.h"

/* The node that stands for op(in...), of the given shape, or NO_NODE where nothing is simpler than
 * the op itself. */
NodeId fold_map(Graph *g, Op op, int n, const NodeId *in, Shape shape);
#endif
