/* source.c: freeing a source, and naming its samples' places (source.h). */
#include "data/source.h"
#include <stdlib.h>

void nnrt_source_free(nnrt_source *source)
{
    for (size_t i = 0; i < source->text_count; i++)
        free(source->texts[i]);
    free(source->texts);
    free(source->text);
    free(source->integer);
    free(source->real);
    free(source->exact);
    free(source->weight);
    free(source->at);
    free(source->x);
    free(source->wide);
    free(source->row);
    free(source->x_name);
    free(source->y_name);
    free(source->content);
    nnrt_texts_free(source->tokens);
    nnrt_table_free(source->table);
    *source = (nnrt_source){ 0 };
}

int64_t nnrt_source_features(const nnrt_source *source)
{
    return source->window ? source->sample_size / source->window : source->sample_size;
}

uint32_t nnrt_source_row(const nnrt_source *source, int64_t i)
{
    return source->at[source->window ? i * source->stride + source->window - 1 : i];
}

const char *nnrt_source_place(const nnrt_source *source, const char *file, int64_t i, char *buffer,
                              size_t size)
{
    int64_t line;
    if (source->table && source->table->files && source->at) {
        file = nnrt_table_file(source->table, source->at[i], &line);
        snprintf(buffer, size, "%s: row %lld", file, (long long)line);
    } else if (source->row)
        snprintf(buffer, size, "%s: row %lld", file, (long long)source->row[i]);
    else
        snprintf(buffer, size, "%s: sample %lld", file, (long long)i);
    return buffer;
}
