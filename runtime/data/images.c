/* images.c: the source `images`: a folder with one folder a class, which holds that class's
 * pictures, in folders of its own if it likes.
 *
 * Classes and files are taken in bytewise order of their names, so the order does not depend on the
 * file system. Pictures have one channel where all of them are grey, else three. A first round
 * reads their sizes, which must agree unless the form says what size they are brought to; a second
 * one their pixels. */
#include "data/fitting.h"
#include "data/picture.h"
#include "data/reader.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEEPEST = 32 };

/* as messages say it, from the folder in the script on */
typedef struct found {
    char *name;
    uint32_t class;
} found;

typedef struct search {
    const nnrt_source_request *request;
    nnrt_error *e;
    found *file;
    size_t count, capacity;
    nnrt_name_map classes;
    int64_t height, width; /* that pictures are brought to; 0: they keep their own */
    nnrt_fitting fitting;
} search;

static bool no_memory(search *s)
{
    return nnrt_no_memory_for(s->e, "images");
}

static int seen(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_picture(const char *name)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".jpe", ".jfif" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i]))
            return true;
    return false;
}

static bool add_file(search *s, const char *name, uint32_t class)
{
    if (!is_picture(name)) {
        nnrt_fail(s->e, NNRT_FILES, "bad-file", "%s: is neither a PNG nor a JPEG image", name);
        snprintf(s->e->help, sizeof s->e->help,
                 "a class's folder holds only images: .png, .jpg or .jpeg");
        return false;
    }
    if (s->count == s->capacity) {
        size_t capacity = 2 * s->capacity + 64;
        found *grown = realloc(s->file, capacity * sizeof *grown);
        if (!grown)
            return no_memory(s);
        s->file = grown;
        s->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return no_memory(s);
    s->file[s->count++] = (found){ copy, class };
    return true;
}

static bool walk(search *s, const char *folder, int depth, uint32_t class);

/* Folders at depth 0 are the classes; files there belong to none. */
static bool visit(search *s, const char *name, int depth, uint32_t class)
{
    struct stat about;
    char *path = nnrt_source_path(s->request, name);
    if (!path)
        return no_memory(s);

    bool there = stat(path, &about) == 0;
    free(path);
    if (!there)
        return nnrt_fail(s->e, NNRT_FILES, "unreadable-file", "%s: %s", name, strerror(errno));
    if (!S_ISDIR(about.st_mode)) {
        if (depth > 0)
            return add_file(s, name, class);
        if (!is_picture(name))
            return true;
        nnrt_fail(s->e, NNRT_FILES, "bad-file", "%s: belongs to no class", name);
        snprintf(s->e->help, sizeof s->e->help,
                 "each class has a folder of its own with its images");
        return false;
    }
    if (depth > DEEPEST) {
        return nnrt_fail(s->e, NNRT_FILES, "bad-file", "%s: lies more than %d folders deep", name,
                         DEEPEST);
    }
    if (depth > 0)
        return walk(s, name, depth + 1, class);

    const char *last = strrchr(name, '/');
    last = last ? last + 1 : name;
    size_t before = s->count;
    if (!nnrt_name_map_add(&s->classes, last, strlen(last), &class))
        return no_memory(s);
    if (!walk(s, name, 1, class))
        return false;
    return s->count > before ||
           nnrt_fail(s->e, NNRT_FILES, "empty-file", "%s: holds no image of its class", name);
}

static bool walk(search *s, const char *folder, int depth, uint32_t class)
{
    struct dirent **entry = NULL;
    char *path = nnrt_source_path(s->request, folder);
    if (!path)
        return no_memory(s);
    int count = scandir(path, &entry, seen, by_bytes), why = errno;
    free(path);
    if (count < 0) {
        return nnrt_fail(s->e, NNRT_FILES, why == ENOENT ? "missing-file" : "unreadable-file",
                         "%s: %s", folder,
                         why == ENOENT ? "there is no such folder" : strerror(why));
    }

    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    bool ok = true;
    for (int i = 0; i < count; i++) {
        char *name = NULL;
        if (ok && asprintf(&name, "%s%s%s", folder, slash, entry[i]->d_name) < 0) {
            name = NULL;
            ok = no_memory(s);
        }
        ok = ok && visit(s, name, depth, class);
        free(name);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

/* ---- pictures ---- */
static bool read_file(search *s, const char *name, nnrt_picture *picture, int channels, float *out)
{
    char *path = nnrt_source_path(s->request, name);
    bool read = path ? nnrt_picture_read(path, name, picture, channels, out, s->e) : no_memory(s);
    free(path);
    return read;
}

static bool check_size(const search *s, const nnrt_picture *picture, size_t i)
{
    if (s->height ||
        (picture[i].width == picture[0].width && picture[i].height == picture[0].height))
        return true;

    nnrt_fail(s->e, NNRT_FILES, "shape-mismatch",
              "%s: is %lldx%lld (height x width), and %s is %lldx%lld: all images must be of one "
              "size",
              s->file[i].name, (long long)picture[i].height, (long long)picture[i].width,
              s->file[0].name, (long long)picture[0].height, (long long)picture[0].width);
    snprintf(s->e->help, sizeof s->e->help, "'size = 64x64' brings them all to this size");
    return false;
}

static bool measure(search *s, nnrt_picture *picture, nnrt_source *source)
{
    const nnrt_source *like = s->request->like;
    int channels = like && like->rank == 3 && like->shape[0] == 3 ? 3 : 1;
    for (size_t i = 0; i < s->count; i++) {
        if (!read_file(s, s->file[i].name, &picture[i], 0, NULL))
            return false;
        if (picture[i].channels > channels)
            channels = picture[i].channels;
        if (!check_size(s, picture, i))
            return false;
    }
    source->count = (int64_t)s->count;
    source->rank = 3;
    source->shape[0] = channels;
    source->shape[1] = s->height ? s->height : picture[0].height;
    source->shape[2] = s->height ? s->width : picture[0].width;
    return true;
}

/* Reads a picture of its own size and brings it to the one that is wanted. */
static bool read_fitted(search *s, const char *name, nnrt_picture *picture, int channels,
                        float *out)
{
    int64_t cells;
    if (__builtin_mul_overflow(picture->width, picture->height, &cells) ||
        __builtin_mul_overflow(cells, channels, &cells)) {
        return nnrt_no_memory_for(s->e, name);
    }

    float *whole = nnrt_floats_new(cells, s->e);
    bool ok = whole && read_file(s, name, picture, channels, whole) &&
              (nnrt_fit_picture(s->fitting, channels, whole, picture->height, picture->width, out,
                                s->height, s->width) ||
               nnrt_no_memory_for(s->e, name));
    free(whole);
    return ok;
}

static bool fill(search *s, nnrt_picture *picture, nnrt_source *source)
{
    if (!nnrt_source_allocate(source, s->e))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        float *out = source->x + (int64_t)i * source->sample_size;
        int channels = (int)source->shape[0];
        if (!(s->height ? read_fitted : read_file)(s, s->file[i].name, &picture[i], channels, out))
            return false;
    }
    source->kind = NNRT_LABEL_TEXT;
    source->target_size = 1;
    if (!(source->text = malloc(s->count * sizeof *source->text)))
        return no_memory(s);
    for (size_t i = 0; i < s->count; i++)
        source->text[i] = s->file[i].class;
    return nnrt_labels_sort(source, &s->classes, source->count, s->e);
}

static void read_size(search *s)
{
    const json_t *form = s->request->form, *size = json_object_get(form, "size");
    const char *fit = nnrt_form_text(form, "fit", "crop");

    if (json_array_size(size) == 2) {
        s->height = json_integer_value(json_array_get(size, 0));
        s->width = json_integer_value(json_array_get(size, 1));
    }
    s->fitting = NNRT_FIT_CROP;
    if (strcmp(fit, "pad") == 0)
        s->fitting = NNRT_FIT_PAD;
    else if (strcmp(fit, "stretch") == 0)
        s->fitting = NNRT_FIT_STRETCH;
}

bool nnrt_read_images(const nnrt_source_request *request, nnrt_source *source, nnrt_error *e)
{
    const char *folder = nnrt_form_text(request->form, "folder", "");
    search s = { .request = request, .e = e };
    nnrt_picture *picture = NULL;
    read_size(&s);
    bool read = nnrt_source_name(source, folder, folder, e) && walk(&s, folder, 0, 0);
    if (read && !s.count) {
        read = nnrt_fail(e, NNRT_FILES, "empty-file", "%s: holds no folder with images", folder);
        snprintf(e->help, sizeof e->help, "each class has a folder of its own with its images");
    }
    if (read && !(picture = calloc(s.count, sizeof *picture)))
        read = no_memory(&s);
    read = read && measure(&s, picture, source) && fill(&s, picture, source);
    for (size_t i = 0; i < s.count; i++)
        free(s.file[i].name);
    free(s.file);
    free(picture);
    nnrt_name_map_free(&s.classes);
    return read;
}
