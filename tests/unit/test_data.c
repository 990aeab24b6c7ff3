/* test_data.c: data declarations opened: what each source gives, what each refuses, hold-outs,
 * normalisation, generators. */
#include "declared.h"
#include <unistd.h>
#include <zlib.h>

#define CSV(more)                                                                                  \
    "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\"" more "}, \"shuffle\": false}"
#define BY_NAME ", \"target\": \"y\""

static const struct {
    const char *name, *text, *declaration;
    double want[16];
    size_t n;
} tables[] = {
    { "csv/target-by-name", "a,y,b\n1,0,2\n3,1,4\n", CSV(BY_NAME), { 1, 2, 0, 3, 4, 1 }, 6 },
    { "csv/target-by-index",
      "a,y,b\n1,0,2\n3,1,4\n",
      CSV(", \"target\": 1"),
      { 1, 2, 0, 3, 4, 1 },
      6 },
    { "csv/no-header-is-found", "1,2,0\n3,4,1\n", CSV(", \"target\": 2"), { 1, 2, 0, 3, 4, 1 }, 6 },
    { "csv/text-targets-without-header",
      "1,0,b\n0,1,c\n1,0,b\n",
      CSV(", \"target\": 2"),
      { 1, 0, 0, 0, 1, 1, 1, 0, 0 },
      9 },
    { "csv/header-over-text-alone",
      "c,y\nred,yes\nblue,no\nred,no\n",
      CSV(", \"target\": 1"),
      { 0, 1, 1, 1, 0, 0, 0, 1, 0 },
      9 },
    { "csv/no-header-over-text-alone",
      "red,yes\nblue,no\nred,no\n",
      CSV(", \"target\": 1"),
      { 0, 1, 1, 1, 0, 0, 0, 1, 0 },
      9 },
    { "csv/header-of-numbers",
      "2020,2022\n1,0\n3,1\n",
      CSV(", \"target\": \"2022\", \"header\": true"),
      { 1, 0, 3, 1 },
      4 },
    { "csv/numbers-in-every-spelling",
      "a,b,c,y\n.5,1e3,-2.5E-2,0\n7.,+3,-0.0,1\n",
      CSV(BY_NAME),
      { .5, 1000, -.025, 0, 7, 3, 0, 1 },
      8 },
    { "csv/quotes-and-newlines",
      "\"a\",\"y\"\r\n\"1\",\"p\nq\"\r\n2,\"say \"\"o\"\"\"\r\n",
      CSV(BY_NAME),
      { 1, 0, 2, 1 },
      4 },
    { "csv/byte-order-mark-and-blank-lines",
      "\xef\xbb\xbfy,a\n\n1,2\n \n0,4",
      CSV(BY_NAME),
      { 2, 1, 4, 0 },
      4 },
    { "csv/missing-mean",
      "a,b,y\n1,8,0\n,4,1\n5,?,0\n9,3,1\n",
      CSV(BY_NAME ", \"missing\": \"mean\""),
      { 1, 8, 0, 5, 4, 1, 5, 5, 0, 9, 3, 1 },
      12 },
    { "csv/missing-drop",
      "a,b,y\n1,8,0\nNA,4,1\n5,nan,0\n9,3,1\n",
      CSV(BY_NAME ", \"missing\": \"drop\""),
      { 1, 8, 0, 9, 3, 1 },
      6 },
    { "csv/a-missing-text-is-zero-everywhere",
      "c,y\nred,0\n,1\nblue,1\n",
      CSV(BY_NAME ", \"missing\": \"mean\""),
      { 0, 1, 0, 0, 0, 1, 1, 0, 1 },
      9 },
    { "csv/integer-targets-sort-as-numbers",
      "a,y\n1,10\n2,9\n3,-1\n",
      CSV(BY_NAME),
      { 1, 2, 2, 1, 3, 0 },
      6 },
    { "csv/real-targets-are-regression", "a,y\n1,10\n2,9.5\n", CSV(BY_NAME), { 1, 10, 2, 9.5 }, 4 },
    { "csv/semicolons",
      "a;y\n1,5;0\n2,5;1\n",
      CSV(BY_NAME ", \"delimiter\": \";\""),
      { 1, 0, 0, 0, 1, 1 },
      6 },
};

static void tables_read(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        put_text("f.csv", tables[i].text);
        reads(tables[i].name, tables[i].declaration, tables[i].want, tables[i].n);
    }
}

static const struct {
    const char *name, *text, *declaration, *code, *says;
} wrong_tables[] = {
    { "csv/empty", "", CSV(BY_NAME), "bad-file", "f.csv" },
    { "csv/header-alone", "a,y\n", CSV(BY_NAME), "bad-file", "f.csv" },
    { "csv/ragged", "1,0\n2,1\n3\n", CSV(", \"target\": 1"), "ragged-row", "f.csv: row 3" },
    { "csv/missing-cell", "a,b,y\n1,2,3\n4,,6\n", CSV(BY_NAME), "missing-cell",
      "f.csv: row 3, column 'b'" },
    { "csv/missing-target", "a,y\n1,2\n4,\n", CSV(BY_NAME ", \"missing\": \"mean\""),
      "missing-cell", "row 3, column 'y'" },
    { "csv/row-of-the-line", "a,y\n\"1\n\",2\n\n4,\n", CSV(BY_NAME), "missing-cell", "row 5" },
    { "csv/infinite", "a,y\n1,2\ninf,3\n", CSV(BY_NAME), "nan-cell", "row 3, column 'a'" },
    { "csv/no-utf8", "a,y\n1,\xe9\n", CSV(BY_NAME), "bad-file", "row 2" },
    { "csv/open-quote", "a,y\n1,\"2\n3,4\n", CSV(BY_NAME), "bad-file", "row 2" },
    { "csv/no-such-target", "a,y\n1,2\n", CSV(", \"target\": \"z\""), "bad-target", "a, y" },
    { "csv/target-index-too-large", "a,y\n1,2\n", CSV(", \"target\": 2"), "bad-target", "2" },
    { "csv/target-alone", "y\n1\n2\n", CSV(BY_NAME), "bad-file", "target" },
    { "csv/regress-on-text", "a,y\n1,2\n1,x\n",
      "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, \"task\": "
      "\"regress\"}",
      "bad-target", "row 3" },
};

static void tables_refused(void)
{
    for (size_t i = 0; i < sizeof wrong_tables / sizeof *wrong_tables; i++) {
        put_text("f.csv", wrong_tables[i].text);
        refuses(wrong_tables[i].name, wrong_tables[i].declaration, wrong_tables[i].code,
                wrong_tables[i].says);
    }

    refuses("csv/no-file",
            "{\"source\": {\"form\": \"csv\", \"file\": \"nowhere.csv\", \"target\": 0}}",
            "missing-file", "nowhere.csv");
}

static void tables_of_two_files(void)
{
    put_text("f.csv", "a,b,y\n1,2,x\n3,4,y\n");
    static const char two[] =
        "{\"train\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, \"test\": "
        "{\"form\": \"csv\", \"file\": \"g.csv\", \"target\": \"y\"}}";

    put_text("g.csv", "y,b,a\nx,5,6\nzebra,7,8\n");
    refuses("csv/class-that-training-never-saw", two, "unknown-class",
            "g.csv: row 3: the class 'zebra'");

    put_text("g.csv", "y,b,a\ny,5,6\n");
    nnrt_error e;
    nnrt_data *data = open_data(two, &e);
    ok(data && data->part[NNRT_TEST].count == 1 && data->part[NNRT_TEST].x[0] == 6 &&
           data->part[NNRT_TEST].x[1] == 5 && data->part[NNRT_TEST].y[0] == 1,
       "csv/columns-by-name-in-another-order");
    ok(data && data->feature_name && strcmp(data->feature_name[1], "b") == 0 &&
           strcmp(data->class_name[1], "y") == 0,
       "csv/names");
    nnrt_data_free(data);
}

/* A .npy file: version 1, this dictionary, these bytes. */
static void put_npy(const char *name, const char *dictionary, const void *bytes, size_t length)
{
    char file[8192];
    size_t header = strlen(dictionary);
    memcpy(file, "\x93NUMPY\1\0", 8);
    file[8] = (char)(header & 255);
    file[9] = (char)(header >> 8);
    memcpy(file + 10, dictionary, header);
    memcpy(file + 10 + header, bytes, length);
    put(name, file, 10 + header + length);
}

#define NPY                                                                                        \
    "{\"source\": {\"form\": \"npy\", \"x\": \"x.npy\", \"y\": \"y.npy\"}, \"shuffle\": false}"

static void arrays(void)
{
    const float x[] = { 1, 2, 3, 4, 5, 6 };
    const int64_t y[] = { 30, -2, 7 };
    put_npy("x.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", x, sizeof x);
    put_npy("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", y, sizeof y);

    READS("npy/classes-with-gaps", NPY, 1, 2, 2, 3, 4, 0, 5, 6, 1);

    put_npy("x.npy", "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", x, sizeof x);
    READS("npy/column-order", NPY, 1, 4, 2, 2, 5, 0, 3, 6, 1);
    put_npy("x.npy", "{'descr': '>u2', 'fortran_order': False, 'shape': (3,), }", "\1\0\0\2\0\3",
            6);
    READS("npy/big-endian-and-one-value-a-sample", NPY, 256, 2, 2, 0, 3, 1);
    put_npy("x.npy", "{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }",
            "\x00\x3e\x00\xc1\x01\x00", 6);
    READS("npy/half-precision", NPY, 1.5, 2, -2.5, 0, 0x1p-24, 1);

    static const struct {
        const char *name, *dictionary, *code, *says;
        size_t bytes;
    } wrong[] = {
        { "npy/cut-short", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }",
          "short-file", "x.npy", 20 },
        { "npy/too-long", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "bad-file",
          "x.npy", 24 },
        { "npy/of-objects", "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", "bad-file",
          "x.npy", 24 },
        { "npy/of-records", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }",
          "bad-file", "x.npy", 24 },
        { "npy/claims-terabytes",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 2), }", "short-file",
          "x.npy", 24 },
        { "npy/claims-beyond-64-bits",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), "
          "}",
          "short-file", "x.npy", 24 },
        { "npy/no-samples", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }",
          "bad-file", "x.npy", 0 },
        { "npy/another-length", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
          "bad-target", "x.npy holds 2 samples and y.npy 3", 24 },
        { "npy/no-dictionary", "['descr']", "bad-file", "x.npy", 24 },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_npy("x.npy", wrong[i].dictionary, x, wrong[i].bytes);
        refuses(wrong[i].name, NPY, wrong[i].code, wrong[i].says);
    }

    const float holed[] = { 1, 2, 3, NAN, 5, 6 };
    put_npy("x.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", holed,
            sizeof holed);
    refuses("npy/nan", NPY, "nan-cell", "x.npy: sample 1");
    put_text("x.npy", "1,2,3\n");
    refuses("npy/that-is-none", NPY, "bad-file", "x.npy");
}

static void images(void)
{
    static const unsigned char x[] = { 0, 0, 8, 3, 0, 0, 0,  2,  0,  0,
                                       0, 1, 0, 0, 0, 2, 10, 20, 30, 255 },
                               y[] = { 0, 0, 8, 1, 0, 0, 0, 2, 7, 3 };
    static const char idx[] =
        "{\"source\": {\"form\": \"idx\", \"images\": \"x.idx\", \"labels\": \"y.idx\"}}";
    put("x.idx", x, sizeof x);
    put("y.idx", y, sizeof y);

    nnrt_error e;
    nnrt_data *data = open_data(idx, &e);
    ok(data && data->rank == 3 && data->shape[0] == 1 && data->shape[1] == 1 &&
           data->shape[2] == 2 && data->classes == 2 && strcmp(data->class_name[1], "7") == 0,
       "idx/channels-height-width");
    nnrt_data_free(data);

    READS("idx/plain", idx, 10, 20, 1, 30, 255, 0);

    snprintf(path, sizeof path, "%s/x.idx", folder);
    gzFile z = gzopen(path, "wb");
    gzwrite(z, x, sizeof x);
    gzclose(z);
    READS("idx/gzip", idx, 10, 20, 1, 30, 255, 0);

    put("x.idx", x, sizeof x - 1);
    refuses("idx/cut-short", idx, "short-file", "x.idx");
    put("x.idx", y, sizeof y - 1);
    refuses("idx/labels-cut-short", idx, "short-file", "x.idx");
    put("x.idx", x, sizeof x);
    put("y.idx", x, sizeof x);
    refuses("idx/images-for-labels", idx, "bad-file", "y.idx");
    put_text("y.idx", "GIF89a..........................");
    refuses("idx/that-is-none", idx, "bad-file", "y.idx");
}

static nnrt_data *blobs(const char *more)
{
    char text[300];
    nnrt_error e;
    snprintf(text, sizeof text,
             "{\"source\": {\"form\": \"blobs\", \"n\": 1000, \"centers\": 3, \"std\": 1}%s}",
             more);
    nnrt_data *data = open_data(text, &e);
    if (!data)
        printf("# %s\n", e.text);
    return data;
}

static void hold_outs_of_classes(void)
{
    nnrt_data *data = blobs(", \"test\": 0.2, \"validation\": 0.1");
    int64_t count[NNRT_PARTS][3] = { 0 };
    bool even = true, aligned = true;
    for (int part = 0; part < NNRT_PARTS; part++) {
        const nnrt_part *p = &data->part[part];
        for (int64_t i = 0; i < p->count; i++)
            count[part][(int)p->y[i]]++;
        for (int c = 0; c < 3; c++)
            even &= llabs(count[part][c] * 3 - p->count) <= 3;
        aligned &= ((uintptr_t)p->x | (uintptr_t)p->y) % NNRT_ALIGN == 0;
    }

    ok(data->part[0].count == 720 && data->part[1].count == 80 && data->part[2].count == 200 &&
           data->total == 1000,
       "holdout/test-then-validation");
    ok(even, "holdout/stratified");
    ok(aligned, "holdout/parts-are-aligned");
    nnrt_data_free(data);
}

/* Every sample is in one part, in the order of the whole. */
static void hold_outs_are_disjoint(void)
{
    nnrt_data *whole = blobs(""), *data = blobs(", \"test\": 0.2, \"validation\": 0.1");
    int64_t at[NNRT_PARTS] = { 0 }, found = 0;
    for (int64_t i = 0; i < 1000; i++) {
        for (int part = 0; part < NNRT_PARTS; part++) {
            const nnrt_part *p = &data->part[part];
            if (at[part] < p->count &&
                memcmp(&whole->part[0].x[2 * i], &p->x[2 * at[part]], 8) == 0) {
                at[part]++;
                found++;
            }
        }
    }

    ok(found == 1000, "holdout/disjoint-complete-and-in-order");
    nnrt_data_free(whole);
    nnrt_data_free(data);
}

static void hold_outs_in_order(void)
{
    static const int64_t begin[NNRT_PARTS + 1] = { 0, 720, 800, 1000 };
    nnrt_data *whole = blobs(""),
              *last = blobs(", \"test\": 0.2, \"validation\": 0.1, \"shuffle\": false");
    bool order = true;
    for (int part = 0; part < NNRT_PARTS; part++) {
        for (int64_t i = begin[part]; i < begin[part + 1]; i++) {
            int64_t at = i - begin[part];
            order &= whole->part[0].x[2 * i] == last->part[part].x[2 * at] &&
                     whole->part[0].y[i] == last->part[part].y[at];
        }
    }

    ok(order, "holdout/without-shuffle-the-last-rows");
    nnrt_data_free(whole);
    nnrt_data_free(last);
}

static void hold_outs_by_seed(void)
{
    nnrt_data *data = blobs(", \"test\": 0.2, \"validation\": 0.1"),
              *other = blobs(", \"test\": 0.2, \"seed\": 0"),
              *seeded = blobs(", \"test\": 0.2, \"seed\": 1");
    ok(memcmp(data->part[2].x, other->part[2].x, 1600) == 0 &&
           memcmp(data->part[2].x, seeded->part[2].x, 1600) != 0,
       "holdout/follows-the-seed");
    nnrt_data_free(data);
    nnrt_data_free(other);
    nnrt_data_free(seeded);
}

static void hold_outs(void)
{
    hold_outs_of_classes();
    hold_outs_are_disjoint();
    hold_outs_in_order();
    hold_outs_by_seed();
    refuses("holdout/of-all", "{\"source\": {\"form\": \"moons\", \"n\": 50}, \"test\": 1.0}",
            "no-part", "moons");
    refuses("holdout/of-more", "{\"source\": {\"form\": \"moons\", \"n\": 50}, \"test\": 1.5}",
            "out-of-range", "test");
}

static void normalisation(void)
{
    put_text("f.csv", "a,b,c,y\n1,7,0.1,0\n2,7,0.1,1\n3,7,0.1,2\n6,7,0.1,3\n");
    READS("normalize/minmax",
          "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, "
          "\"normalize\": {\"form\": \"minmax\"}}",
          0, 0, 0, 0, .2, 0, 0, 1, .4, 0, 0, 2, 1, 0, 0, 3);

    const double d = 1.8708286933869707;
    READS("normalize/standard",
          "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, "
          "\"normalize\": {\"form\": \"standard\"}}",
          -2 / d, 0, 0, 0, -1 / d, 0, 0, 1, 0, 0, 0, 2, 3 / d, 0, 0, 3);

    READS("normalize/by-the-training-part",
          "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, "
          "\"normalize\": {\"form\": \"minmax\"}, \"test\": 0.25, \"shuffle\": false}",
          0, 0, 0, 0, .5, 0, 0, 1, 1, 0, 0, 2);
    READS("normalize/scale",
          "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, "
          "\"normalize\": {\"form\": \"scale\", \"k\": 2}, \"test\": 0.75, \"shuffle\": false}",
          2, 14, .2, 0);

    nnrt_error e;
    nnrt_data *data = open_data("{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": "
                                "\"y\"}, \"shape\": [3, 1]}",
                                &e);
    ok(data && data->rank == 2 && data->shape[0] == 3 && data->shape[1] == 1,
       "shape/of-each-sample");
    nnrt_data_free(data);

    refuses("shape/that-does-not-fit",
            "{\"source\": {\"form\": \"csv\", \"file\": \"f.csv\", \"target\": \"y\"}, \"shape\": "
            "[2, 4]}",
            "wrong-shape", "2x4");
}

static void generators(void)
{
    static const struct {
        const char *form;
        int64_t n, features, classes;
    } cases[] = {
        { "{\"form\": \"digits\", \"n\": 30}", 30, 784, 10 },
        { "{\"form\": \"digits\", \"n\": 30, \"size\": 12}", 30, 144, 10 },
        { "{\"form\": \"moons\", \"n\": 101, \"noise\": 0.1}", 101, 2, 2 },
        { "{\"form\": \"circles\", \"n\": 100, \"noise\": 0.1}", 100, 2, 2 },
        { "{\"form\": \"spirals\", \"n\": 99, \"noise\": 0.1, \"classes\": 3}", 99, 2, 3 },
        { "{\"form\": \"blobs\", \"n\": 100, \"centers\": 4, \"std\": 0.5}", 100, 2, 4 },
        { "{\"form\": \"xor\", \"n\": 90, \"noise\": 0.1}", 90, 2, 2 },
        { "{\"form\": \"sine\", \"n\": 70, \"noise\": 0.1}", 70, 1, 0 },
        { "{\"form\": \"regression\", \"n\": 80, \"features\": 5, \"noise\": 0.1}", 80, 5, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        nnrt_error e;
        snprintf(text, sizeof text, "{\"source\": %s}", cases[i].form);
        nnrt_data *a = open_data(text, &e), *b = open_data(text, &e);
        size_t bytes = (size_t)(cases[i].n * cases[i].features) * sizeof(float);
        bool same = a && b && memcmp(a->part[0].x, b->part[0].x, bytes) == 0, differ = false;
        snprintf(text, sizeof text, "{\"source\": %s, \"seed\": 5}", cases[i].form);
        nnrt_data *c = open_data(text, &e);
        if (a && c)
            differ = memcmp(a->part[0].x, c->part[0].x, bytes) != 0;
        ok(same && differ && a->total == cases[i].n && a->sample_size == cases[i].features &&
               a->classes == cases[i].classes,
           "generator/%s", cases[i].form);
        nnrt_data_free(a);
        nnrt_data_free(b);
        nnrt_data_free(c);
    }
    refuses("generator/no-samples", "{\"source\": {\"form\": \"moons\", \"n\": 0}}", "out-of-range",
            "moons");
}

static void numbers(void)
{
    static const struct {
        const char *text;
        nnrt_number kind;
        double value;
    } cases[] = {
        { "42", NNRT_NUMBER_INTEGER, 42 },
        { "-7", NNRT_NUMBER_INTEGER, -7 },
        { "+007", NNRT_NUMBER_INTEGER, 7 },
        { ".5", NNRT_NUMBER_REAL, .5 },
        { "7.", NNRT_NUMBER_REAL, 7 },
        { "1e3", NNRT_NUMBER_REAL, 1000 },
        { "0.1", NNRT_NUMBER_REAL, 0.1 },
        { "3.141592653589793238462643383279", NNRT_NUMBER_REAL, 3.141592653589793 },
        { "1.7976931348623157e308", NNRT_NUMBER_REAL, 1.7976931348623157e308 },
        { "1e-400", NNRT_NUMBER_REAL, 0 },
        { "1e400", NNRT_NUMBER_INFINITE, 0 },
        { "-Infinity", NNRT_NUMBER_INFINITE, 0 },
        { "123456789012345678901", NNRT_NUMBER_REAL, 123456789012345678901.0 },
        { "", NNRT_NUMBER_NONE, 0 },
        { ".", NNRT_NUMBER_NONE, 0 },
        { "-", NNRT_NUMBER_NONE, 0 },
        { "1e", NNRT_NUMBER_NONE, 0 },
        { "1,5", NNRT_NUMBER_NONE, 0 },
        { "0x10", NNRT_NUMBER_NONE, 0 },
        { "1 ", NNRT_NUMBER_NONE, 0 },
        { "12a", NNRT_NUMBER_NONE, 0 },
        { "1e+", NNRT_NUMBER_NONE, 0 },
        { "--1", NNRT_NUMBER_NONE, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 0;
        int64_t integer = 0;
        nnrt_number kind =
            nnrt_parse_number(cases[i].text, strlen(cases[i].text), &value, &integer);
        bool right =
            kind == cases[i].kind &&
            (kind == NNRT_NUMBER_NONE || kind == NNRT_NUMBER_INFINITE || value == cases[i].value);
        ok(right && (kind != NNRT_NUMBER_INTEGER || (double)integer == value), "number/'%s'",
           cases[i].text);
    }
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    numbers();
    tables_read();
    tables_refused();
    tables_of_two_files();
    arrays();
    images();
    hold_outs();
    normalisation();
    generators();
    static const char *const files[] = { "f.csv", "g.csv", "x.npy", "y.npy", "x.idx", "y.idx" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return done_testing();
}
