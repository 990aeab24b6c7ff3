/* derive.h: what differentiate.c, which walks the graph backward, and derivatives.c, which knows
 * each op's derivative, share. */
#ifndef NNC_DERIVE_H
#define NNC_DERIVE_H
#include "ir/graph.h"

/* What has been given to a node and not yet been added up: adjoints of its slices, and pairs of
 * factors whose product is a part of its adjoint. */
typedef struct Piece {
    int axis;
    int64_t begin, end;
    NodeId value;
} Piece;

/* a transposed times d, d being of the product's shape */
typedef struct Pair {
    NodeId a, d;
} Pair;

typedef struct Given {
    VEC(Piece) pieces;
    VEC(Pair) pairs;
} Given;

typedef struct Tape {
    Graph *g;
    NodeId *adjoint; /* per node: NO_NODE none yet */
    Given *given;    /* per node */
    bool *active;    /* per node: depends on what is asked for */
    bool *in_branch; /* per node: read within branches of conditions only */
} Tape;

/* One node's turn: its id, a copy of the node (building moves the array), and its adjoint. */
typedef struct Turn {
    Tape *tape;
    Graph *g;
    NodeId y;
    Node node;
    NodeId adjoint;
} Turn;

static inline Shape shape_at(const Graph *g, NodeId id)
{
    return graph_node(g, id)->shape;
}

/* Adds a part of the adjoint of input i; the part belongs to the elements of this node's own shape,
 * and is summed over the axes along which the input was broadcast. */
void give(const Turn *t, int i, NodeId part);
/* The same of a part that has the input's own shape. */
void give_whole(const Turn *t, int i, NodeId part);

/* branches.c: which nodes up to the scalar are read within branches of conditions only. */
bool *branches_find(Graph *g, NodeId scalar);
/* What such a node gives to input i: 0 where its adjoint is 0, whatever its slope. */
NodeId branches_guard(const Turn *t, int i, NodeId part);
/* The part where the adjoint is not 0, else 0. */
NodeId nothing_of_nothing(const Turn *t, NodeId part);

/* Builds the adjoints of a node's inputs; NULL: the op's derivative is zero. */
typedef void (*Derive)(const Turn *t);
Derive derive_of(Op op);
#endif
