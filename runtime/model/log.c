/* log.c: JSON lines through a buffer of our own: no formatting through stdio's locks, no system
 * call an epoch. */
#include "model/log.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_FULL = 1 << 16 };

struct nnrt_log {
    int fd;
    char *path;
    char *text;
    size_t length, capacity;
    double written_at;
    bool comma; /* before the next key */
    int failed; /* errno of the first write that failed */
};

nnrt_log *nnrt_log_open(const char *path, nnrt_error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        nnrt_fail(e, NNRT_FILES, "write-failed", "can't write the log '%s': %s", path,
                  strerror(errno));
        return NULL;
    }
    nnrt_log *log = calloc(1, sizeof *log);
    if (log)
        log->path = strdup(path);
    if (!log || !log->path) {
        free(log);
        close(fd);
        nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory");
        return NULL;
    }
    log->fd = fd;
    return log;
}

void nnrt_log_flush(nnrt_log *log)
{
    if (!log)
        return;
    log->written_at = nnrt_seconds();
    for (size_t done = 0; done < log->length && !log->failed;) {
        ssize_t n = write(log->fd, log->text + done, log->length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            log->failed = errno;
    }
    log->length = 0;
}

void nnrt_log_close(nnrt_log *log)
{
    if (!log)
        return;
    nnrt_log_flush(log);
    close(log->fd);
    free(log->path);
    free(log->text);
    free(log);
}

bool nnrt_log_sound(const nnrt_log *log, nnrt_error *e)
{
    if (!log || !log->failed || log->failed == EPIPE)
        return true;
    return nnrt_fail(e, NNRT_FILES, "write-failed", "can't write the log '%s': %s", log->path,
                     strerror(log->failed));
}

static void append(nnrt_log *log, const char *text, size_t length)
{
    if (log->length + length > log->capacity) {
        size_t capacity = 2 * (log->length + length) + 1024;
        char *grown = realloc(log->text, capacity);
        if (!grown) {
            log->failed = ENOMEM;
            return;
        }
        log->text = grown;
        log->capacity = capacity;
    }
    memcpy(log->text + log->length, text, length);
    log->length += length;
}

static void append_quoted(nnrt_log *log, const char *text)
{
    append(log, "\"", 1);
    for (const char *c = text; *c; c++) {
        char escaped[8];
        if (*c == '"' || *c == '\\') {
            append(log, (char[]){ '\\', *c }, 2);
        } else if ((unsigned char)*c < 32) {
            append(log, escaped,
                   (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*c));
        } else {
            append(log, c, 1);
        }
    }
    append(log, "\"", 1);
}

static void append_key(nnrt_log *log, const char *key)
{
    if (log->comma)
        append(log, ",", 1);
    append_quoted(log, key);
    append(log, ":", 1);
    log->comma = true;
}

void nnrt_log_begin(nnrt_log *log, const char *event)
{
    if (!log)
        return;
    append(log, "{", 1);
    log->comma = false;
    nnrt_log_text(log, "event", event);
}

void nnrt_log_text(nnrt_log *log, const char *key, const char *value)
{
    if (!log)
        return;
    append_key(log, key);
    if (value)
        append_quoted(log, value);
    else
        append(log, "null", 4);
}

void nnrt_log_number(nnrt_log *log, const char *key, double value)
{
    if (!log)
        return;
    char text[40];
    append_key(log, key);
    append(log, text,
           (size_t)(isfinite(value) ? snprintf(text, sizeof text, "%.12g", value)
                                    : snprintf(text, sizeof text, "null")));
}

void nnrt_log_whole(nnrt_log *log, const char *key, int64_t value)
{
    if (!log)
        return;
    char text[40];
    append_key(log, key);
    append(log, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

void nnrt_log_truth(nnrt_log *log, const char *key, bool value)
{
    if (!log)
        return;
    append_key(log, key);
    append(log, value ? "true" : "false", value ? 4 : 5);
}

void nnrt_log_json(nnrt_log *log, const char *key, const json_t *value)
{
    if (!log)
        return;
    append_key(log, key);
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text)
        append(log, text, strlen(text));
    else
        append(log, "null", 4);
    free(text);
}

void nnrt_log_open_object(nnrt_log *log, const char *key)
{
    if (!log)
        return;
    append_key(log, key);
    append(log, "{", 1);
    log->comma = false;
}

void nnrt_log_close_object(nnrt_log *log)
{
    if (!log)
        return;
    append(log, "}", 1);
    log->comma = true;
}

void nnrt_log_end(nnrt_log *log)
{
    if (!log)
        return;
    append(log, "}\n", 2);
    if (log->length > LOG_FULL || nnrt_seconds() - log->written_at > 0.2)
        nnrt_log_flush(log);
}
