/* log.h: the log of a run, JSON lines (docs/language.md). Every function takes NULL for "no
 * log" and then does nothing.
 *
 * Lines gather in a buffer that is written at most every 0.2 s and at the end, so that logging an
 * epoch costs a microsecond. */
#ifndef NNRT_LOG_H
#define NNRT_LOG_H
#include "base/base.h"
#include <jansson.h>
#include <stdint.h>

typedef struct nnrt_log nnrt_log;
nnrt_log *nnrt_log_open(const char *path, nnrt_error *e);
void nnrt_log_close(nnrt_log *log); /* writes what is left */
void nnrt_log_begin(nnrt_log *log, const char *event);
void nnrt_log_text(nnrt_log *log, const char *key, const char *value); /* NULL: null */
/* null where not finite */
void nnrt_log_number(nnrt_log *log, const char *key, double value);
void nnrt_log_whole(nnrt_log *log, const char *key, int64_t value);
void nnrt_log_truth(nnrt_log *log, const char *key, bool value);
void nnrt_log_json(nnrt_log *log, const char *key, const json_t *value);
void nnrt_log_open_object(nnrt_log *log, const char *key);
void nnrt_log_close_object(nnrt_log *log);
void nnrt_log_end(nnrt_log *log); /* of the line */
void nnrt_log_flush(nnrt_log *log);
/* false and e filled where something could not be written */
bool nnrt_log_sound(const nnrt_log *log, nnrt_error *e);
#endif
