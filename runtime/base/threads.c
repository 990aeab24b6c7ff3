/* threads.c: a team of threads for a unit, and the barrier between them: the only place that sees
 * OpenMP; and threads that have no need of each other.
 *
 * The barrier is the centralised, sense-reversing one (Mellor-Crummey and Scott, Algorithms for
 * scalable synchronization on shared-memory multiprocessors, 1991), with a count of passes in place
 * of the sense. A waiting thread spins a while and then yields, because there may be more threads
 * than processors. */
#include "base/threads.h"
#include "abi/nnrt.h"
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPINS = 500, CACHE_LINE = 64 };

struct nnrt_barrier {
    _Alignas(CACHE_LINE) atomic_uint arrived;
    _Alignas(CACHE_LINE) atomic_uint passes;
    _Alignas(CACHE_LINE) uint32_t threads;
};

nnrt_barrier *nnrt_barrier_new(int32_t threads)
{
    nnrt_barrier *barrier = aligned_alloc(CACHE_LINE, sizeof *barrier);
    if (!barrier)
        return NULL;
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->passes, 0);
    barrier->threads = threads < 1 ? 1 : (uint32_t)threads;
    return barrier;
}

void nnrt_barrier_free(nnrt_barrier *barrier)
{
    free(barrier);
}

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void nnrt_barrier_wait(nnrt_barrier *barrier)
{
    if (barrier->threads == 1)
        return;
    unsigned pass = atomic_load_explicit(&barrier->passes, memory_order_acquire);
    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) + 1 ==
        barrier->threads) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&barrier->passes, pass + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&barrier->passes, memory_order_acquire) == pass;
         spins++) {
        if (spins < SPINS)
            spin_pause();
        else
            sched_yield();
    }
}

static void run_alone(nnrt_unit unit, nnrt_call *call)
{
    nnrt_barrier alone = { .threads = 1 };
    nnrt_barrier *barrier = call->barrier;
    int32_t threads = call->threads;
    call->barrier = &alone;
    call->threads = 1;
    unit(call, 0);
    call->barrier = barrier;
    call->threads = threads;
}

void nnrt_parallel(nnrt_unit unit, nnrt_call *call)
{
    if (call->threads <= 1) {
        run_alone(unit, call);
        return;
    }
    bool whole = true; /* written by one thread, read after the region */
    omp_set_dynamic(0);
#pragma omp parallel num_threads(call->threads)
    {
        if (omp_get_num_threads() == call->threads)
            unit(call, omp_get_thread_num());
        else if (omp_get_thread_num() == 0)
            whole = false;
    }
    /* a unit gives the same results on any number of threads */
    if (!whole)
        run_alone(unit, call);
}

/* ---- side by side ---- */
typedef struct side {
    pthread_mutex_t lock;
    pthread_cond_t told_more;
    int32_t threads;
    size_t count, next, told;
    bool stopped, *ready;
    void (*job)(void *, size_t);
    bool (*finish)(void *, size_t);
    void *context;
} side;

/* The next job, once it is not too far ahead of what could be told: results wait in memory. */
static bool take_job(side *s, size_t *i)
{
    enum { AHEAD = 4 };

    pthread_mutex_lock(&s->lock);
    while (!s->stopped && s->next < s->count && s->next >= s->told + (size_t)s->threads * AHEAD)
        pthread_cond_wait(&s->told_more, &s->lock);
    bool any = !s->stopped && s->next < s->count;
    if (any)
        *i = s->next++;
    pthread_mutex_unlock(&s->lock);
    return any;
}

static void tell(side *s, size_t i)
{
    pthread_mutex_lock(&s->lock);
    s->ready[i] = true;
    while (!s->stopped && s->told < s->count && s->ready[s->told])
        s->stopped = !s->finish(s->context, s->told++);
    pthread_cond_broadcast(&s->told_more);
    pthread_mutex_unlock(&s->lock);
}

static void *work_side(void *argument)
{
    side *s = argument;
    for (size_t i; take_job(s, &i); tell(s, i))
        s->job(s->context, i);
    return NULL;
}

/* One job after another, on this thread. */
static void work_alone(side *s)
{
    for (; s->told < s->count && !s->stopped; s->told++) {
        s->job(s->context, s->told);
        s->stopped = !s->finish(s->context, s->told);
    }
}

/* On this thread and as many others as there may be. */
static void work_together(side *s, pthread_t *thread)
{
    int32_t others = 0;
    while (others + 1 < s->threads && !pthread_create(&thread[others], NULL, work_side, s))
        others++;
    work_side(s);
    for (int32_t i = 0; i < others; i++)
        pthread_join(thread[i], NULL);
}

static bool locks_new(side *s)
{
    if (pthread_mutex_init(&s->lock, NULL))
        return false;
    if (!pthread_cond_init(&s->told_more, NULL))
        return true;
    pthread_mutex_destroy(&s->lock);
    return false;
}

bool nnrt_side_by_side(int32_t threads, size_t count, void (*job)(void *, size_t),
                       bool (*finish)(void *, size_t), void *context)
{
    side s = {
        .threads = threads, .count = count, .job = job, .finish = finish, .context = context
    };
    pthread_t *thread = calloc((size_t)threads + 1, sizeof *thread);
    s.ready = calloc(count + 1, sizeof *s.ready);
    if (threads > 0 && thread && s.ready && locks_new(&s)) {
        work_together(&s, thread);
        pthread_cond_destroy(&s.told_more);
        pthread_mutex_destroy(&s.lock);
    } else {
        work_alone(&s);
    }
    free(thread);
    free(s.ready);
    return !s.stopped;
}

int32_t nnrt_default_threads(void)
{
    /* A machine may have more processors than a cpu_set_t has room for: grow until the kernel's
     * mask fits. */
    for (int processors = 1024; processors <= 1 << 20; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)processors);
        if (!set)
            break;
        size_t bytes = CPU_ALLOC_SIZE((size_t)processors);
        int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int32_t)online : 1;
}
