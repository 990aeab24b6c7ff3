/* networks.h: training steps built by hand with the graph's builders, for tests of the passes:
 * dense layers, normalisation, softmax cross entropy, Adam. */
#ifndef NNC_TEST_NETWORKS_H
#define NNC_TEST_NETWORKS_H
#include "ir/graph.h"

typedef enum Norm { NORM_NONE, NORM_BATCH, NORM_LAYER } Norm;

typedef struct NetworkSpec {
    int64_t batch, features;
    int layers;
    const int64_t *units; /* the last one are the classes */
    Norm norm;            /* behind each hidden layer */
    double dropout;       /* behind each hidden layer */
    bool train, adam;     /* plain gradient descent where !adam */
    double clip;          /* norm over all gradients; 0 none */
    bool tanh;            /* instead of relu */
} NetworkSpec;

Graph *network_graph(Arena *arena, const char *name, const NetworkSpec *spec);
#endif
