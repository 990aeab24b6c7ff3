/* test_safetensors.c: weights files written and read, and the many ways in which one can be wrong;
 * files that appear whole or not at all. */
#include "base/base.h"
#include "tap.h"
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/nnrt-safetensors-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[2][300];
    static int turn;
    snprintf(path[turn ^= 1], sizeof path[0], "%s/%s", folder, name);
    return path[turn];
}

static void put(const char *name, const void *bytes, size_t length)
{
    FILE *f = fopen(in_folder(name), "wb");
    if (!f || fwrite(bytes, 1, length, f) != length)
        abort();
    fclose(f);
}

static int files_there(void)
{
    DIR *d = opendir(folder);
    int count = 0;
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

/* A file of this header and `bytes` zero bytes. */
static void put_tensors(const char *header, size_t bytes)
{
    char file[4096] = { 0 };
    uint64_t length = strlen(header);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    put("f.safetensors", file, 8 + length + bytes);
}

static bool refused(void)
{
    nnrt_error e = { 0 };
    nnrt_safetensors *file = nnrt_safetensors_open(in_folder("f.safetensors"), &e);
    nnrt_safetensors_close(file);
    return !file && e.status == NNRT_FILES && strcmp(e.code, "bad-weights") == 0 &&
           strstr(e.text, "f.safetensors");
}

static void round_trip(void)
{
    float a[6] = { 1, 2, 3, 4, 5, 6 }, b[1] = { -0.5f }, back[6];
    nnrt_tensor_out tensors[] = { { "dense1.weight", 2, (int64_t[]){ 2, 3 }, a },
                                  { "sc\"al\xc3\xa9", 0, NULL, b },
                                  { "empty", 2, (int64_t[]){ 0, 4 }, a } };
    json_t *metadata = json_pack("{s:s}", "who", "n\xc3\xa4me \"quoted\"");

    nnrt_error e = { 0 };
    ok(nnrt_safetensors_write(in_folder("f.safetensors"), tensors, 3, metadata, &e), "write %s",
       e.text);
    json_decref(metadata);

    nnrt_safetensors *file = nnrt_safetensors_open(in_folder("f.safetensors"), &e);
    ok(file && nnrt_safetensors_count(file) == 3, "open %s", e.text);
    if (!file)
        return;

    const nnrt_tensor_in *t = nnrt_safetensors_find(file, "dense1.weight");
    ok(t && t->rank == 2 && t->dims[0] == 2 && t->dims[1] == 3 &&
           nnrt_safetensors_read(file, t, back, &e) && memcmp(a, back, sizeof a) == 0,
       "read/a-matrix");
    t = nnrt_safetensors_find(file, "sc\"al\xc3\xa9");
    ok(t && t->rank == 0 && nnrt_safetensors_read(file, t, back, &e) && back[0] == -0.5f,
       "read/a-scalar");
    t = nnrt_safetensors_find(file, "empty");
    ok(t && t->elements == 0 && nnrt_safetensors_read(file, t, back, &e), "read/nothing");

    ok(!nnrt_safetensors_find(file, "dense1") && !nnrt_safetensors_find(file, "z"), "find/none");
    ok(strcmp(nnrt_safetensors_metadata(file, "who"), "n\xc3\xa4me \"quoted\"") == 0 &&
           !nnrt_safetensors_metadata(file, "what"),
       "metadata");
    nnrt_safetensors_close(file);

    struct stat s;
    stat(in_folder("f.safetensors"), &s);
    uint64_t length;
    FILE *f = fopen(in_folder("f.safetensors"), "rb");
    ok(f && fread(&length, 8, 1, f) == 1 && length % 8 == 0 &&
           (uint64_t)s.st_size == 8 + length + 28,
       "write/padded-and-without-holes");
    if (f)
        fclose(f);

    nnrt_tensor_out twice[] = { { "a", 0, NULL, b }, { "a", 0, NULL, b } };
    ok(!nnrt_safetensors_write(in_folder("g.safetensors"), twice, 2, NULL, &e) &&
           files_there() == 1,
       "write/a-name-twice");
}

static void conversions(void)
{
    static const struct {
        const char *dtype;
        size_t bytes;
        unsigned char value[3][8];
    } kinds[] = {
        { "F64", 8, { { 0, 0, 0, 0, 0, 0, 0xf8, 0x3f }, { 0, 0, 0, 0, 0, 0, 0x04, 0xc0 }, { 0 } } },
        { "F16", 2, { { 0x00, 0x3e }, { 0x00, 0xc1 }, { 0 } } },
        { "BF16", 2, { { 0xc0, 0x3f }, { 0x20, 0xc0 }, { 0 } } },
    };

    for (size_t k = 0; k < 3; k++) {
        char file[256] = { 0 }, header[128];
        uint64_t length =
            (uint64_t)snprintf(header, sizeof header,
                               "{\"w\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}",
                               kinds[k].dtype, 3 * kinds[k].bytes);
        memcpy(file, &length, 8);
        memcpy(file + 8, header, length);
        for (size_t i = 0; i < 3; i++)
            memcpy(file + 8 + length + i * kinds[k].bytes, kinds[k].value[i], kinds[k].bytes);
        put("f.safetensors", file, 8 + length + 3 * kinds[k].bytes);
        nnrt_error e = { 0 };
        float w[3];
        nnrt_safetensors *f = nnrt_safetensors_open(in_folder("f.safetensors"), &e);
        ok(f && nnrt_safetensors_read(f, nnrt_safetensors_find(f, "w"), w, &e) && w[0] == 1.5f &&
               w[1] == -2.5f && w[2] == 0,
           "convert/%s", kinds[k].dtype);
        nnrt_safetensors_close(f);
    }
    put_tensors("{\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8);
    nnrt_error e = { 0 };
    float w;
    nnrt_safetensors *f = nnrt_safetensors_open(in_folder("f.safetensors"), &e);
    ok(f && !nnrt_safetensors_at(f, 0)->real &&
           !nnrt_safetensors_read(f, nnrt_safetensors_at(f, 0), &w, &e) && e.status == NNRT_FILES,
       "convert/integers-are-no-weights");
    nnrt_safetensors_close(f);
}

#define TENSOR(dtype, shape, offsets)                                                              \
    "{\"w\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void wrong_files(void)
{
    static const struct {
        const char *name, *header;
        size_t bytes;
    } wrong[] = {
        { "no-json", "{\"w\":{\"dtype\":\"F32\"", 8 },
        { "no-brace", " {}", 0 },
        { "a-list", "[]", 0 },
        { "a-key-twice",
          "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":"
          "\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
          4 },
        { "unknown-type", TENSOR("\"F31\"", "[2]", "[0,8]"), 8 },
        { "type-that-is-no-text", TENSOR("32", "[2]", "[0,8]"), 8 },
        { "negative-size", TENSOR("\"F32\"", "[-2]", "[0,8]"), 8 },
        { "size-that-is-no-integer", TENSOR("\"F32\"", "[2.0]", "[0,8]"), 8 },
        { "sizes-that-overflow", TENSOR("\"F32\"", "[4294967296,4294967296,2]", "[0,8]"), 8 },
        { "sizes-that-overflow-in-bytes", TENSOR("\"F64\"", "[2305843009213693952]", "[0,0]"), 0 },
        { "shape-of-another-size", TENSOR("\"F32\"", "[3]", "[0,8]"), 8 },
        { "past-the-end", TENSOR("\"F32\"", "[2]", "[0,8]"), 4 },
        { "far-past-the-end", TENSOR("\"F32\"", "[2]", "[1000000000000,1000000000008]"), 8 },
        { "backwards", TENSOR("\"F32\"", "[2]", "[8,0]"), 8 },
        { "left-over", TENSOR("\"F32\"", "[2]", "[0,8]"), 12 },
        { "a-hole", TENSOR("\"F32\"", "[2]", "[4,12]"), 12 },
        { "three-offsets", TENSOR("\"F32\"", "[2]", "[0,8,8]"), 8 },
        { "no-shape", "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4 },
        { "no-object", "{\"w\":7}", 0 },
        { "metadata-of-numbers", "{\"__metadata__\":{\"a\":1}}", 0 },
        { "overlap",
          "{\"v\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"w\":{\"dtype\":"
          "\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
          12 },
        { "an-integer-too-big", TENSOR("\"F32\"", "[2]", "[0,99999999999999999999]"), 8 },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_tensors(wrong[i].header, wrong[i].bytes);
        ok(refused(), "wrong/%s", wrong[i].name);
    }
    put("f.safetensors", "", 0);
    ok(refused(), "wrong/no-bytes-at-all");
    uint64_t huge = (uint64_t)100 << 30;
    put("f.safetensors", &huge, sizeof huge);
    ok(refused(), "wrong/header-of-100-gigabytes");
    huge = UINT64_MAX;
    put("f.safetensors", &huge, sizeof huge);
    ok(refused(), "wrong/header-beyond-64-bits");
    put_tensors("{}", 0);
    nnrt_error e = { 0 };
    nnrt_safetensors *empty = nnrt_safetensors_open(in_folder("f.safetensors"), &e);
    ok(empty && nnrt_safetensors_count(empty) == 0 && !nnrt_safetensors_find(empty, "w"),
       "right/no-tensors");
    nnrt_safetensors_close(empty);
    unlink(in_folder("f.safetensors"));
    ok(!nnrt_safetensors_open(in_folder("f.safetensors"), &e) &&
           strcmp(e.code, "missing-file") == 0,
       "wrong/no-file");
}

static void atomic_files(void)
{
    nnrt_error e = { 0 };
    struct stat s, kept;
    put("old", "old", 3);
    nnrt_atomic_file *file = nnrt_atomic_open(in_folder("old"), &e);
    fputs("new", file->stream);
    nnrt_atomic_abort(file);
    ok(files_there() == 1, "atomic/abort-leaves-nothing");

    link(in_folder("old"), in_folder("link"));
    file = nnrt_atomic_open(in_folder("old"), &e);
    fputs("newer", file->stream);
    bool committed = nnrt_atomic_commit(file, &e) && stat(in_folder("old"), &s) == 0 &&
                     stat(in_folder("link"), &kept) == 0;
    ok(committed && s.st_size == 5 && kept.st_size == 3 && files_there() == 2,
       "atomic/commit-replaces");

    file = nnrt_atomic_open("/dev/null", &e);
    if (file)
        fputs("x", file->stream);
    ok(file && nnrt_atomic_commit(file, &e) && stat("/dev/null", &s) == 0 && S_ISCHR(s.st_mode),
       "atomic/devices-are-written-into");
}

static void atomic_files_refused(void)
{
    nnrt_error e = { 0 };
    ok(!nnrt_atomic_open(in_folder("no/such/folder"), &e) && e.status == NNRT_FILES &&
           strstr(e.text, "no/such/folder"),
       "atomic/no-folder");
    e = (nnrt_error){ 0 };
    ok(!nnrt_atomic_open("/proc/final.safetensors", &e) &&
           strstr(e.text, "/proc/final.safetensors"),
       "atomic/that-cannot-be-made");
    e = (nnrt_error){ 0 };
    ok(!nnrt_atomic_open(folder, &e) && e.status == NNRT_FILES, "atomic/a-folder");
}

static void full_disk(void)
{
    static float zeros[100000];
    nnrt_tensor_out w = { "w", 1, (int64_t[]){ 100000 }, zeros };
    nnrt_error e = { 0 };
    struct rlimit limit, small = { 1 << 16, 1 << 16 };
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small.rlim_max = limit.rlim_max;

    setrlimit(RLIMIT_FSIZE, &small);
    bool written = nnrt_safetensors_write(in_folder("old"), &w, 1, NULL, &e);
    setrlimit(RLIMIT_FSIZE, &limit);

    struct stat s;
    stat(in_folder("old"), &s);
    ok(!written && strcmp(e.code, "write-failed") == 0 && s.st_size == 5 && files_there() == 2,
       "atomic/a-full-disk-keeps-the-old-one");
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    round_trip();
    conversions();
    wrong_files();
    atomic_files();
    atomic_files_refused();
    full_disk();
    unlink(in_folder("old"));
    unlink(in_folder("link"));
    rmdir(folder);
    return done_testing();
}
