/* sources.h: reading a source of any form. */
#ifndef NNRT_SOURCES_H
#define NNRT_SOURCES_H
#include "data/source.h"

/* Fills a source from the request's form. False: e is filled; the source holds what was read until
 * then, and must be freed all the same. */
bool nnrt_source_read(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);
#endif
