/* sources.c: the table of sources (sources.def), and the one place that looks a form up in it. */
#include "data/sources.h"
#include "data/form.h"
#include "data/reader.h"
#include <string.h>

static const struct {
    const char *form;
    nnrt_reader *read;
} forms[] = {

#define SOURCE(form, reader) { #form, reader },
#include "data/sources.def"
#undef SOURCE
};

/* A target of one value a sample is that value, whether the file says [n] or [n, 1]. */
static void drop_unit_axis(nnrt_source *source)
{
    if (source->target_rank == 1 && source->target_shape[0] == 1)
        source->target_rank = 0;
}

bool nnrt_source_read(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *form = nnrt_form_text(request->form, "form", "");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i].form, form) == 0) {
            bool ok = forms[i].read(request, source, e);
            drop_unit_axis(source);
            return ok;
        }
    }
    return nnrt_fail(e, NNRT_SCRIPT, "not-available",
                     "the source '%s' is not available in this version", form);
}
