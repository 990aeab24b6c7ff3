/* signals.c: the one mutable global of the project, the flag that a signal handler sets. */
#include "base/signals.h"
#include "base/error.h"
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_bool stop_asked;

static const int numbers[NNRT_SIGNALS_HELD] = { SIGINT, SIGTERM, SIGPIPE, SIGXFSZ };

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void on_early_stop(int signal_number)
{
    (void)signal_number;
    _exit(NNRT_INTERRUPTED);
}

void nnrt_signals_early(void)
{
    for (int i = 0; i < NNRT_SIGNALS_HELD; i++) {
        struct sigaction action, before;
        if ((numbers[i] != SIGINT && numbers[i] != SIGTERM) ||
            sigaction(numbers[i], NULL, &before) || before.sa_handler != SIG_DFL) {
            continue;
        }
        memset(&action, 0, sizeof action);
        sigemptyset(&action.sa_mask);
        action.sa_handler = on_early_stop;
        sigaction(numbers[i], &action, NULL);
    }
}

void nnrt_signals_hold(nnrt_signals *signals)
{
    stop_asked = 0;
    for (int i = 0; i < NNRT_SIGNALS_HELD; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        sigemptyset(&action.sa_mask);
        bool stops = numbers[i] == SIGINT || numbers[i] == SIGTERM;
        action.sa_handler = stops ? on_stop : SIG_IGN;
        action.sa_flags = stops ? (int)(SA_RESTART | SA_RESETHAND) : 0;
        sigaction(numbers[i], NULL, &signals->before[i]);
        /* Who started us with SIGINT ignored (nohup, a shell's background job) wants it ignored. */
        if (numbers[i] == SIGINT && signals->before[i].sa_handler == SIG_IGN)
            continue;
        sigaction(numbers[i], &action, NULL);
    }
}

void nnrt_signals_release(const nnrt_signals *signals)
{
    for (int i = 0; i < NNRT_SIGNALS_HELD; i++)
        sigaction(numbers[i], &signals->before[i], NULL);
}

bool nnrt_stop_asked(void)
{
    return stop_asked != 0;
}
