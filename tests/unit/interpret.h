/* interpret.h: a graph evaluated node by node in float64 over plain arrays, as the oracle of unit
 * tests. */
#ifndef NNC_TEST_INTERPRET_H
#define NNC_TEST_INTERPRET_H
#include "ir/graph.h"

typedef struct Interpretation {
    const Graph *g;
    int64_t n;                 /* samples of this batch */
    const double *x, *y, *w;   /* row-major; NULL where the unit has none */
    double hyper[HYPER_COUNT]; /* HYPER_N is set from n */
    /* per tensor of the graph, row-major: values before the step */
    double **tensor;
    /* filled in by interpret(): */
    double **node; /* per node */
    /* per tensor: the value behind the step, NULL where nothing is assigned; results too */
    double **assigned;
    double slot[SLOT_TENSOR]; /* scalars emitted */
    const double *out;
    Shape out_shape; /* SLOT_OUT */
} Interpretation;

/* Memory comes from the graph's arena. */
void interpret(Interpretation *in);
int64_t interpret_elements(Shape shape, int64_t n);
#endif
