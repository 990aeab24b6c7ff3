/* stream.h: the bytes of a data file, one after another: a plain file, a gzip or Zstandard file
 * (found by its first bytes), or a member of a zip archive.
 *
 * All errors name the file: status 3, "missing-file", "unreadable-file", "bad-file", "short-file".
 */
#ifndef NNRT_STREAM_H
#define NNRT_STREAM_H
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

typedef struct nnrt_stream nnrt_stream;
/* `name` is what messages call the file; it must outlive the stream. */
nnrt_stream *nnrt_stream_open(const char *path, const char *name, nnrt_error *e);
/* The member `member` of the zip archive at `path`; where there is none, an error that lists those
 * there are. */
nnrt_stream *nnrt_stream_open_member(const char *path, const char *name, const char *member,
                                     nnrt_error *e);
/* NULL is fine */
void nnrt_stream_close(nnrt_stream *stream);
/* Up to `bytes` bytes; fewer only at the end. -1: an error. */
int64_t nnrt_stream_read(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e);
/* Exactly `bytes` bytes; a shorter file is an error. */
bool nnrt_stream_need(nnrt_stream *stream, void *to, size_t bytes, nnrt_error *e);
/* No more bytes than these can follow: what a header claims beyond is wrong. */
int64_t nnrt_stream_bound(const nnrt_stream *stream);
/* Nothing may follow. */
bool nnrt_stream_end(nnrt_stream *stream, nnrt_error *e);
/* Everything that follows, and a NUL after it. free() */
char *nnrt_stream_rest(nnrt_stream *stream, size_t *length, nnrt_error *e);
const char *nnrt_stream_name(const nnrt_stream *stream);
#endif
