/* omp.h: OpenMP's functions for one thread, where the fuzz targets are built by a clang that has no
 * OpenMP library. */
#ifndef NNC_FUZZ_OMP_H
#define NNC_FUZZ_OMP_H

static inline int omp_get_thread_num(void)
{
    return 0;
}

static inline int omp_get_num_threads(void)
{
    return 1;
}

static inline int omp_get_max_threads(void)
{
    return 1;
}

static inline int omp_get_num_procs(void)
{
    return 1;
}

static inline void omp_set_dynamic(int dynamic)
{
    (void)dynamic;
}
#endif
