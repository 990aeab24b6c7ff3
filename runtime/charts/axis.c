/* axis.c: axes with ticks at round values: steps of 1, 2 or 5 times a power of ten (Heckbert, Nice
 * Numbers for Graph Labels, Graphics Gems, 1990); on a logarithmic axis at powers of ten, and where
 * those are few, at twice and five times them. */
#include "charts/axis.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A true minus, and exponents without leading zeros: 1e-05 becomes 1e-5. */
static void true_minus(char *text, size_t size)
{
    static const char minus[] = "\xe2\x88\x92";
    char *exponent = strchr(text, 'e');
    if (exponent && exponent[1] == '+')
        memmove(exponent + 1, exponent + 2, strlen(exponent + 1));
    if (exponent && exponent[1 + (exponent[1] == '-')] == '0') {
        memmove(exponent + 1 + (exponent[1] == '-'), exponent + 2 + (exponent[1] == '-'),
                strlen(exponent + 1 + (exponent[1] == '-')));
    }
    for (char *c = text; (c = strchr(c, '-')); c += sizeof minus - 1) {
        if (strlen(text) + sizeof minus > size)
            return;
        memmove(c + sizeof minus - 1, c + 1, strlen(c));
        memcpy(c, minus, sizeof minus - 1);
    }
}

void nnrt_number_text(char *text, size_t size, double value)
{
    snprintf(text, size, "%.4g", value == 0 ? 0 : value);
    true_minus(text, size);
}

static double nice_step(double range, double pieces)
{
    double raw = range / pieces, power = pow(10, floor(log10(raw))), rest = raw / power;
    if (rest < 1.5)
        return power;
    if (rest < 3.5)
        return power * 2;
    return power * (rest < 7.5 ? 5 : 10);
}

static void add_tick(nnrt_axis *axis, double value, int decimals)
{
    if (axis->ticks == NNRT_TICKS)
        return;
    char *text = axis->text[axis->ticks];
    size_t size = sizeof axis->text[0];
    double far = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->log || far >= 1e6 || decimals > 5)
        snprintf(text, size, "%.3g", value);
    else
        snprintf(text, size, "%.*f", decimals, value);
    true_minus(text, size);
    axis->tick[axis->ticks++] = value;
}

static void linear_ticks(nnrt_axis *axis, bool widen, size_t most)
{
    double step = nice_step(axis->high - axis->low, (double)most);
    if (axis->whole && step < 1)
        step = 1;
    if (widen) {
        axis->low = floor(axis->low / step + 1e-9) * step;
        axis->high = ceil(axis->high / step - 1e-9) * step;
    }
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    double first = ceil(axis->low / step - 1e-9);
    for (size_t i = 0; i < NNRT_TICKS && (first + (double)i) * step <= axis->high + step * 1e-6;
         i++) {
        double value = (first + (double)i) * step;
        add_tick(axis, fabs(value) < step * 1e-6 ? 0 : value, decimals);
    }
}

static void log_ticks(nnrt_axis *axis, bool widen)
{
    double first = floor(log10(axis->low) + 1e-9), last = ceil(log10(axis->high) - 1e-9),
           decades = log10(axis->high / axis->low);
    static const double few[] = { 1, 2, 5 };
    size_t per = decades < 3 ? 3 : 1;
    double stride = fmax(1, ceil((last - first) / 10));
    if (widen && decades >= 3) {
        axis->low = pow(10, first);
        axis->high = pow(10, last);
    }
    for (double power = first; power <= last; power += stride) {
        for (size_t i = 0; i < per; i++) {
            double value = few[i] * pow(10, power);
            if (value >= axis->low * (1 - 1e-9) && value <= axis->high * (1 + 1e-9))
                add_tick(axis, value, 0);
        }
    }
}

nnrt_axis nnrt_axis_over(double low, double high, bool log, bool whole, bool widen, size_t most)
{
    nnrt_axis axis = {
        .low = low, .high = high, .log = log && low > 0 && high > 0, .whole = whole
    };
    if (!(isfinite(low) && isfinite(high))) {
        axis.low = 0;
        axis.high = 1;
        axis.log = false;
    }
    double size = fmax(fabs(axis.low), fabs(axis.high));
    if (axis.high - axis.low <= size * 1e-9) { /* one value: give it some room */
        double room = size > 0 ? size * 0.1 : 1;
        if (whole)
            room = 1;
        axis.low = axis.log ? axis.low / 2 : axis.low - room;
        axis.high = axis.log ? axis.high * 2 : axis.high + room;
    }
    if (axis.log)
        log_ticks(&axis, widen);
    else
        linear_ticks(&axis, widen, most);
    return axis;
}

double nnrt_axis_place(const nnrt_axis *axis, double value)
{
    if (axis->log)
        return value > 0 ? log(value / axis->low) / log(axis->high / axis->low) : -1;
    return (value - axis->low) / (axis->high - axis->low);
}
