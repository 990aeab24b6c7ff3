/* derive.h: which ops have a derivative; for the check that the tables are complete. */
#ifndef NNC_DERIVE_H
#define NNC_DERIVE_H
#include "ir/graph.h"

bool derive_known(Op op); /* has a row in differentiate.c */
bool derive_flat(Op op);  /* has derivative zero, and so no row */
#endif
