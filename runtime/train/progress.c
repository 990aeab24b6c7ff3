/* progress.c: lines are made whole and written by one write(), so that they don't mix with those of
 * others. */
#include "train/progress.h"
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE = 512, BAR = 24 };

/* The carriage return is all we ask of a terminal; those that are not known to be one that shows it
 * get lines. */
static bool terminal_redraws(void)
{
    static const char *const known[] = { "xterm",   "screen", "tmux",   "rxvt",    "vt1",
                                         "vt2",     "vt3",    "linux",  "konsole", "alacritty",
                                         "kitty",   "ansi",   "cygwin", "foot",    "wezterm",
                                         "st-",     "gnome",  "putty",  "iterm",   "contour",
                                         "ghostty", "eterm",  "cons25", "nsterm" };
    const char *term = getenv("TERM");
    if (!term || !isatty(STDERR_FILENO))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncasecmp(term, known[i], strlen(known[i])))
            return true;
    return false;
}

static int columns(void)
{
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 8 ? size.ws_col : 80;
}

static void put(const char *text, size_t length)
{
    while (length) {
        ssize_t n = write(STDERR_FILENO, text, length);
        /* nobody listens: the training matters more */
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

static void put_line(const char *text)
{
    char line[LINE + 2];
    int n = snprintf(line, LINE, "%s", text);
    if (n >= LINE)
        n = LINE - 1;
    line[n] = '\n';
    put(line, (size_t)n + 1);
}

void nnrt_progress_begin(nnrt_progress *progress, bool quiet, const char *title, int64_t step,
                         int64_t steps, int64_t epochs)
{
    *progress = (nnrt_progress){ .quiet = quiet,
                                 .bar = !quiet && terminal_redraws(),
                                 .steps = steps,
                                 .epochs = epochs,
                                 .began_at = step,
                                 .began = nnrt_seconds() };
    snprintf(progress->title, sizeof progress->title, "%s", title);
    if (!quiet)
        put_line(title);
}

void nnrt_scaled_text(double value, bool binary, char *text, size_t size)
{
    static const char *const decimal_prefix[] = { "", " k", " M", " G", " T" },
                             *const binary_prefix[] = { " ", " Ki", " Mi", " Gi", " Ti" };
    double base = binary ? 1024 : 1000;
    int power = 0;
    while (power < 4 && value >= base) {
        value /= base;
        power++;
    }
    snprintf(text, size,
             value < 10    ? "%.2f%s"
             : value < 100 ? "%.1f%s"
                           : "%.0f%s",
             value, binary ? binary_prefix[power] : decimal_prefix[power]);
}

static void duration_text(double seconds, char *text, size_t size)
{
    if (seconds < 100)
        snprintf(text, size, "%.0f s", seconds);
    else if (seconds < 6000)
        snprintf(text, size, "%.0f min", seconds / 60);
    else
        snprintf(text, size, "%.1f h", seconds / 3600);
}

static void draw(nnrt_progress *progress, int64_t step, int64_t epoch)
{
    char line[LINE], bar[BAR + 1], left[32] = "";
    double now = nnrt_seconds(), spent = now - progress->began,
           share = progress->steps ? (double)step / (double)progress->steps : 1;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < share * BAR ? '=' : ' ';
    bar[BAR] = 0;
    if (step > progress->began_at && step < progress->steps) {
        duration_text(spent / (double)(step - progress->began_at) *
                          (double)(progress->steps - step),
                      left, sizeof left);
    }
    int n =
        snprintf(line, sizeof line, "\repoch %lld/%lld [%s]  %s%s%s", (long long)epoch,
                 (long long)progress->epochs, bar, progress->last, *left ? "  left: " : "", left);
    int most = columns() - 1;
    if (n >= LINE)
        n = LINE - 1;
    if (n - 1 > most)
        n = most + 1;
    int drawn = n - 1;
    /* over the longer line before */
    while (n - 1 < progress->width && n - 1 < most && n < LINE)
        line[n++] = ' ';
    progress->width = drawn;
    progress->drawn_at = now;
    put(line, (size_t)n);
}

void nnrt_progress_step(nnrt_progress *progress, int64_t step, int64_t epoch)
{
    if (progress->bar && nnrt_seconds() - progress->drawn_at > 0.05)
        draw(progress, step, epoch < progress->epochs ? epoch + 1 : epoch);
}

void nnrt_progress_epoch(nnrt_progress *progress, int64_t step, int64_t epoch, const char *numbers)
{
    char line[LINE];
    if (progress->quiet)
        return;
    snprintf(progress->last, sizeof progress->last, "%s", numbers);
    if (progress->bar) {
        if (nnrt_seconds() - progress->drawn_at > 0.05)
            draw(progress, step, epoch);
        return;
    }
    snprintf(line, sizeof line, "epoch %lld/%lld  %s", (long long)epoch,
             (long long)progress->epochs, numbers);
    put_line(line);
}

void nnrt_progress_end(nnrt_progress *progress, int64_t step, int64_t epoch)
{
    if (!progress->bar || (step == progress->began_at && !progress->width))
        return;
    draw(progress, step, epoch);
    put("\n", 1);
    progress->width = 0;
}

void nnrt_progress_note(nnrt_progress *progress, const char *text)
{
    if (!progress->quiet)
        put_line(text);
}
