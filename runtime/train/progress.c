/* progress.c: each line is written whole, by one write(), so that it does not mix with those of
 * others. */
#include "train/progress.h"
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE = 512, BAR = 24 };

/* A carriage return is all that a bar needs of a terminal; one that is not known to obey it gets
 * lines. */
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

static void write_all(const char *text, size_t length)
{
    while (length) {
        ssize_t n = write(STDERR_FILENO, text, length);
        if (n <= 0)
            return; /* nobody is listening: the training matters more */
        text += n;
        length -= (size_t)n;
    }
}

static void write_line(const char *text)
{
    char line[LINE + 2];
    int n = snprintf(line, LINE, "%s", text);
    if (n >= LINE)
        n = LINE - 1;
    line[n] = '\n';
    write_all(line, (size_t)n + 1);
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
        write_line(title);
}

void nnrt_scaled_text(double value, char *text, size_t size)
{
    static const char *const prefixes[] = { "", " k", " M", " G", " T" };
    int power = 0;
    while (power < 4 && value >= 1000) {
        value /= 1000;
        power++;
    }
    const char *prefix = prefixes[power];
    int digits = 0; /* after the point */
    if (value < 100)
        digits = value < 10 ? 2 : 1;
    snprintf(text, size, "%.*f%s", digits, value, prefix);
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
    int64_t done = step - progress->began_at, to_do = progress->steps - step;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < share * BAR ? '=' : ' ';
    bar[BAR] = 0;
    if (done > 0 && to_do > 0)
        duration_text(spent / (double)done * (double)to_do, left, sizeof left);

    /* what may be cut off at the terminal's edge comes last */
    int n =
        snprintf(line, sizeof line, "\repoch %lld/%lld [%s]%s%s  %s", (long long)epoch,
                 (long long)progress->epochs, bar, *left ? "  left: " : "", left, progress->last);
    int most = columns() - 1;
    if (n >= LINE)
        n = LINE - 1;
    if (n - 1 > most)
        n = most + 1;
    int drawn = n - 1;
    while (n - 1 < progress->width && n - 1 < most && n < LINE)
        line[n++] = ' '; /* over what was there, which was longer */
    progress->width = drawn;
    progress->drawn_at = now;
    write_all(line, (size_t)n);
}

/* The bar, so that a line can stand in its place: the lines of all epochs stay above it. */
static void erase(nnrt_progress *progress)
{
    char line[LINE];
    if (!progress->width)
        return;
    int n = snprintf(line, sizeof line, "\r%*s\r", progress->width, "");
    write_all(line, (size_t)(n < LINE ? n : LINE - 1));
    progress->width = 0;
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
    erase(progress);
    snprintf(line, sizeof line, "epoch %lld/%lld  %s", (long long)epoch,
             (long long)progress->epochs, numbers);
    write_line(line);
    if (progress->bar && step < progress->steps)
        draw(progress, step, epoch + 1);
}

void nnrt_progress_end(nnrt_progress *progress)
{
    erase(progress);
}

void nnrt_progress_note(nnrt_progress *progress, const char *text)
{
    erase(progress);
    if (!progress->quiet)
        write_line(text);
}
