/* tables.c: tables with aligned columns; widths are in characters, not bytes. */
#include "model/tables.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 64 };

static int width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void print_right_aligned(const char *text, int columns)
{
    printf("%*s%s", columns > width(text) ? columns - width(text) : 0, "", text);
}

static void print_left_aligned(const char *text, int columns)
{
    printf("%s%*s", text, columns > width(text) ? columns - width(text) : 0, "");
}

void nnrt_print_fields(const json_t *object)
{
    const char *name;
    json_t *value;
    int widest = 0;
    json_object_foreach ((json_t *)object, name, value) {
        if (json_is_number(value) && width(name) > widest)
            widest = width(name);
    }
    json_object_foreach ((json_t *)object, name, value) {
        if (!json_is_number(value))
            continue;
        printf("  ");
        print_left_aligned(name, widest);
        printf("  %.6g\n", json_number_value(value));
    }
}

static void column_name(int64_t i, char *const *names, int64_t count, char *text)
{
    if (i < count)
        snprintf(text, CELL, "%.*s", CELL - 1, names[i]);
    else
        snprintf(text, CELL, "%lld", (long long)i);
}

static void cell_text(const json_t *matrix, size_t row, size_t column, char *text)
{
    snprintf(text, CELL, "%.6g",
             json_number_value(json_array_get(json_array_get(matrix, row), column)));
}

static int wider(int width_so_far, const char *text)
{
    return width(text) > width_so_far ? width(text) : width_so_far;
}

void nnrt_print_matrix(const char *title, const json_t *matrix, char *const *names,
                       int64_t name_count)
{
    size_t rows = json_array_size(matrix), columns = json_array_size(json_array_get(matrix, 0));
    char text[CELL];
    int left = 0, widest = 0;
    for (size_t i = 0; i < rows || i < columns; i++) {
        column_name((int64_t)i, names, name_count, text);
        left = wider(left, text);
        widest = wider(widest, text);
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            cell_text(matrix, r, c, text);
            widest = wider(widest, text);
        }
    }

    printf("  %s\n  %*s", title, left, "");
    for (size_t c = 0; c < columns; c++) {
        column_name((int64_t)c, names, name_count, text);
        printf("  ");
        print_right_aligned(text, widest);
    }
    printf("\n");

    for (size_t r = 0; r < rows; r++) {
        column_name((int64_t)r, names, name_count, text);
        printf("  ");
        print_left_aligned(text, left);
        for (size_t c = 0; c < columns; c++) {
            cell_text(matrix, r, c, text);
            printf("  ");
            print_right_aligned(text, widest);
        }
        printf("\n");
    }
}

/* Each number has room for a heading. */
static void print_class(const char *name, int left, nnrt_counts of)
{
    printf("  ");
    print_left_aligned(name, left);
    printf("  %9.3f  %6.3f  %5.3f  %7lld\n", nnrt_precision(of), nnrt_recall(of), nnrt_f1(of),
           (long long)of.are);
}

bool nnrt_print_classes(const nnrt_sample_set *set, char *const *names)
{
    enum { MOST = 100 };

    int64_t all = set->multilabel ? set->width : set->classes, shown = all < MOST ? all : MOST;
    nnrt_counts *of = nnrt_count_classes(set);
    char text[CELL];
    int left = width("class");
    if (!of)
        return false;
    for (int64_t c = 0; c < shown; c++) {
        column_name(c, names, names ? all : 0, text);
        left = wider(left, text);
    }

    printf("  ");
    print_left_aligned(set->multilabel ? "label" : "class", left);
    printf("  precision  recall     f1  support\n");
    for (int64_t c = 0; c < shown; c++) {
        column_name(c, names, names ? all : 0, text);
        print_class(text, left, of[c]);
    }
    if (shown < all)
        printf("  and %lld more\n", (long long)(all - shown));
    free(of);
    return true;
}
