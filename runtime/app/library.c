/* library.c: models that predict, for programs in C. Calls may come from any thread at once: each
 * takes an instance of the unit from its model's pool; weights are written under the lock that
 * predictions read them under. */
#include "app/app.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* An instance that no call uses at the moment. */
typedef struct pooled {
    nnrt_instance *instance;
    struct pooled *next;
} pooled;

typedef struct served {
    nnrt_model *model;
    const char *unit; /* the one that predicts; NULL: there is none */
    pooled *idle;     /* under the library's `pool` */
} served;

struct nnrt_library {
    const char *program_json; /* its address is the library's name */
    json_t *json;
    nnrt_session *session;
    nnrt_program program;
    const nnrt_embedded *units;
    size_t unit_count;
    served *model;
    size_t model_count;
    pthread_rwlock_t weights;
    pthread_mutex_t pool;
    struct nnrt_library *next;
};

static nnrt_unit resolve(void *context, const char *name, double *compile_seconds)
{
    const nnrt_library *library = context;
    (void)compile_seconds;
    for (size_t i = 0; i < library->unit_count; i++)
        if (!strcmp(library->units[i].name, name))
            return library->units[i].unit;
    return NULL;
}

/* ---- embedded weights ---- */
static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* False unless the text says exactly `size` bytes. */
static bool decode(const char *text, unsigned char *out, size_t size)
{
    uint32_t bits = 0;
    int held = 0;
    size_t done = 0;
    for (; *text && *text != '='; text++) {
        int d = digit(*text);
        if (d < 0)
            return false;
        bits = bits << 6 | (uint32_t)d;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (done == size)
            return false;
        out[done++] = (unsigned char)(bits >> held);
    }
    return done == size;
}

static bool take_values(nnrt_model *model, const json_t *values)
{
    for (size_t i = 0; i < model->count; i++) {
        nnrt_weight *weight = model->weight[i];
        const nnrt_layout *layout = &weight->layout;
        const char *text = json_string_value(json_object_get(values, model->weight_name[i]));
        if (!text)
            continue;
        float *logical = nnrt_tensor_new((size_t)layout->elements);
        weight->drawn = logical && decode(text, (unsigned char *)logical,
                                          (size_t)layout->elements * sizeof *logical);
        if (weight->drawn)
            nnrt_pack(logical, weight->values, layout->dims, layout->rank, layout->feature_axis);
        free(logical);
        if (!weight->drawn)
            return false;
    }
    return true;
}

/* ---- making a library ---- */
static bool open_program(nnrt_library *library, nnrt_error *e)
{
    const nnrt_options options = { .threads = 1, .quiet = true };
    library->json = json_loads(library->program_json, 0, NULL);
    library->session = library->json ? nnrt_session_new(&options, e) : NULL;
    if (!library->session)
        return false;
    library->program = (nnrt_program){
        .session = library->session, .json = library->json, .resolve = resolve, .context = library
    };
    const json_t *models = json_object_get(library->json, "models");
    if (!nnrt_weights_declare(&library->session->weights, json_object_get(library->json, "weights"),
                              e)) {
        return false;
    }

    library->model_count = json_array_size(models);
    library->model = calloc(library->model_count + 1, sizeof *library->model);
    for (size_t i = 0; library->model && i < library->model_count; i++) {
        const json_t *declared = json_array_get(models, i);
        served *s = &library->model[i];
        s->model = nnrt_program_model(&library->program,
                                      json_string_value(json_object_get(declared, "name")), e);
        s->unit = json_string_value(json_object_get(declared, "unit"));
        if (!s->model || !take_values(s->model, json_object_get(declared, "values")))
            return false;
    }
    return library->model != NULL;
}

static nnrt_library *library_new(const char *program_json, const nnrt_embedded *units,
                                 size_t unit_count)
{
    nnrt_error e = { 0 };
    nnrt_library *library = calloc(1, sizeof *library);
    if (!library)
        return NULL;
    library->program_json = program_json;
    library->units = units;
    library->unit_count = unit_count;
    pthread_rwlock_init(&library->weights, NULL);
    pthread_mutex_init(&library->pool, NULL);
    if (open_program(library, &e))
        return library;
    nnrt_program_clear(&library->program);
    nnrt_session_free(library->session);
    json_decref(library->json);
    free(library->model);
    free(library);
    return NULL;
}

/* C gives a library's functions no place to keep anything but a static one: the list of what was
 * made, only added to, under its lock. */
nnrt_library *nnrt_library_get(const char *program_json, const nnrt_embedded *units,
                               size_t unit_count)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static nnrt_library *made;
    pthread_mutex_lock(&lock);
    nnrt_library *library = made;
    while (library && library->program_json != program_json)
        library = library->next;
    if (!library && (library = library_new(program_json, units, unit_count))) {
        library->next = made;
        made = library;
    }
    pthread_mutex_unlock(&lock);
    return library;
}

/* ---- predicting ---- */
static pooled *borrow(nnrt_library *library, served *s)
{
    nnrt_error e = { 0 };
    pthread_mutex_lock(&library->pool);
    pooled *p = s->idle;
    if (p)
        s->idle = p->next;
    pthread_mutex_unlock(&library->pool);
    if (p || !(p = calloc(1, sizeof *p)))
        return p;
    p->instance = s->unit ? nnrt_program_instance_new(&library->program, s->unit, &e) : NULL;
    if (p->instance)
        return p;
    free(p);
    return NULL;
}

static void give_back(nnrt_library *library, served *s, pooled *p)
{
    pthread_mutex_lock(&library->pool);
    p->next = s->idle;
    s->idle = p;
    pthread_mutex_unlock(&library->pool);
}

static served *served_of(nnrt_library *library, int model)
{
    return library && model >= 0 && (size_t)model < library->model_count ? &library->model[model]
                                                                         : NULL;
}

static bool has_weights(const nnrt_model *model)
{
    for (size_t i = 0; i < model->count; i++)
        if (!model->weight[i]->drawn)
            return false;
    return true;
}

int nnrt_library_predict(nnrt_library *library, int model, const float *x, size_t n, float *out)
{
    served *s = served_of(library, model);
    pooled *p = s ? borrow(library, s) : NULL;
    if (!p)
        return 1;
    pthread_rwlock_rdlock(&library->weights);
    bool ready = has_weights(s->model);
    if (ready && n) {
        nnrt_call call = nnrt_instance_call(&library->program, p->instance, 0);
        call.x = x;
        call.out = out;
        call.last = (int64_t)n;
        nnrt_launch(p->instance, &call);
    }
    pthread_rwlock_unlock(&library->weights);
    give_back(library, s, p);
    return ready ? 0 : 1;
}

int nnrt_library_load(nnrt_library *library, int model, const char *path)
{
    nnrt_error e = { 0 };
    served *s = served_of(library, model);
    if (!s || !path)
        return NNRT_FILES;
    pthread_rwlock_wrlock(&library->weights);
    nnrt_preparation *preparation = NULL;
    bool loaded = nnrt_model_load(s->model, path, &preparation, &e);
    nnrt_preparation_free(preparation);
    pthread_rwlock_unlock(&library->weights);
    return loaded ? 0 : NNRT_FILES;
}
