/* csv.c: the source `csv`.
 *
 * The text is read two or three times: once to see what each column holds, once, where there are
 * texts, to collect them, and once to fill the samples. So no cell is kept but as the number it
 * becomes. */
#include "data/csv.h"
#include <stdlib.h>
#include <string.h>

static bool load_training(csv_load *l)
{
    l->table = l->source->table = nnrt_table_new(l->reader.name, l->e);
    if (!l->table || !csv_survey(l))
        return false;
    int64_t features = nnrt_table_place_features(l->table);
    if (!features) {
        return nnrt_fail(l->e, NNRT_FILES, "bad-file", "%s: has no column beside the target",
                         l->reader.name);
    }
    return csv_fill_samples(l, features);
}

static bool load_further(csv_load *l)
{
    l->table = l->request->like->table;
    return csv_survey_further(l) && csv_fill_samples(l, l->request->like->shape[0]);
}

static csv_policy policy_of(const char *missing)
{
    if (strcmp(missing, "mean") == 0)
        return CSV_MISSING_MEAN;
    return strcmp(missing, "drop") == 0 ? CSV_MISSING_DROP : CSV_MISSING_ERROR;
}

static bool read_delimiter(const json_t *form, char *delimiter, nnrt_error *e)
{
    const char *text = nnrt_form_text(form, "delimiter", ",");
    *delimiter = text[0];
    return (strlen(text) == 1 && !strchr("\"\r\n", text[0])) ||
           nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                     "a delimiter is one character of ASCII, not a quote or the end of a line, "
                     "so it can't be '%s'",
                     text);
}

/* The whole file; free() */
static char *read_text(const nnrt_source_request *request, const char *name, size_t *length,
                       nnrt_error *e)
{
    char *path = nnrt_form_path(request, "file", e);
    nnrt_stream *stream = path ? nnrt_stream_open(path, name, e) : NULL;
    char *text = stream ? nnrt_stream_rest(stream, length, e) : NULL;
    nnrt_stream_close(stream);
    free(path);
    return text;
}

bool nnrt_read_csv(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *file = nnrt_form_text(request->form, "file", "");
    csv_load load = { .request = request,
                      .source = source,
                      .missing = policy_of(nnrt_form_text(request->form, "missing", "error")),
                      .e = e };
    char delimiter;
    size_t length;
    if (!nnrt_source_name(source, file, file, e) || !read_delimiter(request->form, &delimiter, e))
        return false;

    char *text = read_text(request, source->x_name, &length, e);
    bool further = request->like && request->like->table;
    bool ok = text && csv_open(&load.reader, source->x_name, text, length, delimiter, e) &&
              (further ? load_further(&load) : load_training(&load));

    csv_close(&load.reader);
    free(load.place);
    free(text);
    return ok;
}
