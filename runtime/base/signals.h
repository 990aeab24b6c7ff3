/* signals.h: SIGINT and SIGTERM as a wish to stop, asked about between chunks of steps; broken
 * pipes and full disks as errors of write(). */
#ifndef NNRT_SIGNALS_H
#define NNRT_SIGNALS_H
#include <signal.h>
#include <stdbool.h>

enum { NNRT_SIGNALS_HELD = 4 };

typedef struct nnrt_signals {
    struct sigaction before[NNRT_SIGNALS_HELD];
} nnrt_signals;

/* While nothing runs yet that could be finished or kept, SIGINT and SIGTERM end the process with
 * NNRT_INTERRUPTED. */
void nnrt_signals_early(void);
/* From now on the first SIGINT or SIGTERM only sets the flag; a second one of the same kind
 * ends the process at once. Clears the flag. */
void nnrt_signals_hold(nnrt_signals *signals);
void nnrt_signals_release(const nnrt_signals *signals); /* as they were before */
bool nnrt_stop_asked(void);
#endif
