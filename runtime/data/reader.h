/* reader.h: for the readers of sources: what each of them is, and what they may use.
 *
 * A reader fills an nnrt_source from the form of a request: names, count, shapes, samples and
 * targets. Errors name the file, and the row or sample. */
#ifndef NNRT_READER_H
#define NNRT_READER_H
#include "data/block.h"
#include "data/form.h"
#include "data/source.h"

typedef bool nnrt_reader(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e);

#define SOURCE(form, reader) nnrt_reader reader;
#include "data/sources.def"
#undef SOURCE

/* The files of samples and targets, as messages name them: the form's arguments x and y. */
bool nnrt_source_name(nnrt_source *source, const char *x, const char *y, nnrt_error *e);
/* Sets sample_size, and makes x, for `count` samples of the source's shape. */
bool nnrt_source_allocate(nnrt_source *source, nnrt_error *e);
/* The path of a name in the script, from the request's folder; NULL: out of memory. free() */
char *nnrt_source_path(const nnrt_source_request *request, const char *name);
/* The path of a file argument; NULL and e filled where the argument is missing. free() */
char *nnrt_form_path(const nnrt_source_request *request, const char *argument, nnrt_error *e);

/* For text targets numbered as they came (source->text, `count` of them): numbers them in bytewise
 * order instead, and moves the texts from `names` to the source. */
bool nnrt_labels_sort(nnrt_source *source, nnrt_name_map *names, int64_t count, nnrt_error *e);
#endif
