/* clock.h: how long things take. */
#ifndef NNRT_CLOCK_H
#define NNRT_CLOCK_H

/* Seconds since some fixed moment; never runs backwards. */
double nnrt_seconds(void);
#endif
