/* table.c: columns and the features that they become (table.h). */
#include "data/table.h"
#include <stdlib.h>
#include <string.h>

nnrt_table *nnrt_table_new(const char *file, nnrt_error *e)
{
    nnrt_table *table = calloc(1, sizeof *table);
    if (table && (table->file = strdup(file)))
        return table;
    free(table);
    nnrt_no_memory_for(e, file);
    return NULL;
}

void nnrt_table_free(nnrt_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->columns; i++) {
        free(table->column[i].name);
        nnrt_name_map_free(&table->column[i].values);
    }
    free(table->column);
    free(table->file);
    free(table);
}

static size_t width_of(const nnrt_column *column)
{
    return column->categorical ? column->values.count : 1;
}

int64_t nnrt_table_place_features(nnrt_table *table)
{
    int64_t features = 0;
    for (size_t j = 0; j < table->columns; j++) {
        table->column[j].feature = features;
        if (j != table->target)
            features += (int64_t)width_of(&table->column[j]);
    }
    return features;
}

const char *nnrt_table_list(const nnrt_table *table, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (size_t j = 0; j < table->columns; j++) {
        const char *name = table->column[j].name ? table->column[j].name : "";
        if (used + strlen(name) + 8 > size) {
            snprintf(buffer + used, size - used, ", ...");
            break;
        }
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", j ? ", " : "", name);
    }
    return buffer;
}

/* The name of a column's feature: of the value `v` of a categorical one. */
static char *feature_name(const nnrt_column *column, size_t number, size_t v)
{
    char own[32], *name = NULL;
    const char *base = column->name;
    if (!base) {
        snprintf(own, sizeof own, "%zu", number);
        base = own;
    }
    if (!column->categorical)
        return strdup(base);
    return asprintf(&name, "%s=%s", base, column->values.text[v]) < 0 ? NULL : name;
}

char **nnrt_table_feature_names(const nnrt_table *table, int64_t features)
{
    char **names = calloc((size_t)features + 1, sizeof *names);
    if (!names)
        return NULL;
    for (size_t j = 0; j < table->columns; j++) {
        const nnrt_column *column = &table->column[j];
        for (size_t v = 0; v < width_of(column) && j != table->target; v++)
            names[column->feature + (int64_t)v] = feature_name(column, j, v);
    }
    return names;
}
