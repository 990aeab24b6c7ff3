/* expected_data.c: the compiler's view of the data against what is there now. */
#include "app/expected_data.h"
#include <string.h>

static bool same_shape(const json_t *expected, const char *key, int rank, const int64_t *dims,
                       const char *data, const char *what, nnrt_error *e)
{
    const json_t *shape = json_object_get(expected, key);
    char was[128], is[128];
    int64_t old[NNRT_MAX_RANK];
    int old_rank = 0;
    if (!json_is_array(shape))
        return true;
    for (size_t i = 0; i < json_array_size(shape) && i < NNRT_MAX_RANK; i++)
        old[old_rank++] = json_integer_value(json_array_get(shape, i));
    if (old_rank == rank && !memcmp(old, dims, sizeof *dims * (size_t)rank))
        return true;
    nnrt_shape_text(old_rank, old, was, sizeof was);
    nnrt_shape_text(rank, dims, is, sizeof is);
    return nnrt_fail(e, NNRT_FILES, "changed-data",
                     "the %s of data '%s' are %s, but this program was built for %s", what, data,
                     is, was);
}

static bool same_count(const json_t *expected, const char *key, int64_t count, const char *data,
                       const char *what, nnrt_error *e)
{
    const json_t *was = json_object_get(expected, key);
    if (!json_is_integer(was) || json_integer_value(was) == count)
        return true;
    return nnrt_fail(e, NNRT_FILES, "changed-data",
                     "data '%s' has %lld %s, but this program was built for %lld", data,
                     (long long)count, what, (long long)json_integer_value(was));
}

static bool same_parts(const json_t *expected, const nnrt_data *data, nnrt_error *e)
{
    static const struct {
        const char *key, *what;
        int part;
    } rows[] = {
        { "train", "samples to train on", NNRT_TRAIN },
        { "validation", "samples to validate on", NNRT_VALIDATION },
        { "test", "samples to test on", NNRT_TEST },
        { "new", "samples to predict", NNRT_NEW },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!same_count(expected, rows[i].key, data->part[rows[i].part].count, data->name,
                        rows[i].what, e)) {
            return false;
        }
    }
    return true;
}

static bool same_weighting(const json_t *expected, const nnrt_data *data, nnrt_error *e)
{
    bool weighted = json_is_true(json_object_get(expected, "weighted"));
    return weighted == data->weighted ||
           nnrt_fail(e, NNRT_FILES, "changed-data",
                     "the samples of data '%s' have %s, but this program was built for samples "
                     "%s weights",
                     data->name, data->weighted ? "weights" : "no weights",
                     weighted ? "with" : "without");
}

static bool as_expected(const json_t *expected, const nnrt_data *data, nnrt_error *e)
{
    const json_t *below = json_object_get(expected, "below");
    return same_shape(expected, "shape", data->rank, data->shape, data->name, "samples", e) &&
           same_shape(expected, "target_shape", data->target_rank, data->target_shape, data->name,
                      "targets", e) &&
           same_count(expected, "classes", data->classify ? data->classes : 0, data->name,
                      "classes", e) &&
           (!json_is_integer(below) ||
            nnrt_data_numbers_below(data, json_integer_value(below), e)) &&
           (!json_is_true(json_object_get(expected, "shares")) ||
            nnrt_data_targets_are_shares(data, e)) &&
           same_weighting(expected, data, e) && same_parts(expected, data, e);
}

bool nnrt_data_as_expected(nnrt_program *program, nnrt_error *e)
{
    size_t i;
    json_t *expected;
    json_array_foreach (json_object_get(program->json, "expect"), i, expected) {
        const char *name = json_string_value(json_object_get(expected, "data"));
        const nnrt_data *data = nnrt_program_data(program, name, e);
        if (!data || !as_expected(expected, data, e))
            return false;
    }
    return true;
}
