/* diag_order.h: between collecting diagnostics (diag.c) and printing them (diag_print.c). */
#ifndef NNC_DIAG_ORDER_H
#define NNC_DIAG_ORDER_H
#include "support/diag.h"

/* All that is listed, by file and position, equals as they were reported; d->list.len of them. */
Diagnostic **diagnostics_in_order(Diagnostics *d);
#endif
