/* windows.h: the rows of a table, in time order, as samples that are windows of them. */
#ifndef NNRT_WINDOWS_H
#define NNRT_WINDOWS_H
#include "data/source.h"

/* Whether the form is of windows: `series`. */
bool nnrt_form_has_windows(const json_t *form);
/* Turns a source of rows, each with its targets, into one of windows, whose targets are those of
 * the `horizon` rows behind. `targets` false: there are none, and windows go to the end of the
 * file. False: e says that the file is too short. */
bool nnrt_source_cut_windows(nnrt_source *source, const json_t *form, bool targets, nnrt_error *e);
#endif
