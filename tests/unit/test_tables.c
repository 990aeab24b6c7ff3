/* test_tables.c: tables as files have them: several files of one pattern, JSON lines, files packed
 * by gzip or Zstandard. */
#include "declared.h"
#include <ftw.h>
#include <stdio.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define TABLE(form, file, more)                                                                    \
    "{\"source\": {\"form\": \"" form "\", \"file\": \"" file "\", \"target\": \"y\"" more         \
    "}, \"shuffle\": false}"
#define PARTS TABLE("csv", "part-*.csv", "")
#define LINES TABLE("jsonl", "f.jsonl", "")

/* ---- several files ---- */

static void patterns(void)
{
    put_text("part-2.csv", "a,y\n3,0\n");
    put_text("part-10.csv", "a,y\n1,0\n2,1\n");
    put_text("part-1.txt", "no table");
    READS("pattern/bytewise-order", PARTS, 1, 0, 2, 1, 3, 0);

    put_text("part-2.csv", "a,y\nred,0\n");
    READS("pattern/a-text-in-one-file-makes-the-column-categorical", PARTS, 1, 0, 0, 0, 0, 1, 0, 1,
          0, 0, 1, 0);

    put_text("part-2.csv", "a,y\n\n3,0\n,1\n");
    refuses("pattern/messages-name-the-file-and-its-line", PARTS, "missing-cell",
            "part-2.csv: row 4, column 'a'");
    put_text("part-2.csv", "b,y\n3,0\n");
    refuses("pattern/headers-that-differ", PARTS, "shape-mismatch", "part-2.csv: its column 0");
    put_text("part-2.csv", "a\n3\n");
    refuses("pattern/fewer-columns", PARTS, "shape-mismatch", "part-2.csv: has 1 columns");
    put_text("part-2.csv", "");
    refuses("pattern/an-empty-file", PARTS, "shape-mismatch", "part-2.csv");
    refuses("pattern/meets-nothing", TABLE("csv", "no-*.csv", ""), "missing-file", "no-*.csv");
}

/* ---- JSON lines ---- */

static const struct {
    const char *name, *text;
    double want[12];
    size_t n;
} lines[] = {
    { "jsonl/keys-in-the-order-they-come",
      "{\"a\": 1, \"y\": 0}\n\n{\"b\": 3, \"y\": 1, \"a\": 2}\r\n{\"y\": 0, \"a\": 4, \"b\": 5}",
      { 0 },
      0 },
    { "jsonl/truth-is-1-and-0",
      "{\"a\": true, \"y\": 0}\n{\"a\": false, \"y\": 1}\n",
      { 1, 0, 0, 1 },
      4 },
    { "jsonl/texts-and-numbers-in-one-column",
      "{\"a\": 2.5, \"y\": 0}\n{\"a\": \"x\", \"y\": 1}\n{\"a\": 7, \"y\": 0}\n",
      { 1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0 },
      12 },
    { "jsonl/a-point-makes-real-targets",
      "{\"a\": 1, \"y\": 5.0}\n{\"a\": 2, \"y\": 6.0}\n",
      { 1, 5, 2, 6 },
      4 },
    { "jsonl/a-vast-number-leaves-the-others-whole",
      "{\"a\": 1, \"y\": 3}\n{\"a\": 100000000000000000000, \"y\": 5}\n",
      { 1, 0, 1e20, 1 },
      4 },
    { "jsonl/text-targets",
      "{\"a\": 1, \"y\": \"no\"}\n{\"a\": 2, \"y\": \"ja\"}\n",
      { 1, 1, 2, 0 },
      4 },
};

static const struct {
    const char *name, *text, *code, *says;
} wrong_lines[] = {
    { "jsonl/absent-is-missing", "{\"a\": 1, \"y\": 0}\n{\"y\": 1}\n", "missing-cell",
      "f.jsonl: row 2, column 'a'" },
    { "jsonl/null-is-missing", "{\"a\": 1, \"y\": 0}\n{\"a\": null, \"y\": 1}\n", "missing-cell",
      "f.jsonl: row 2, column 'a'" },
    { "jsonl/no-object", "{\"a\": 1, \"y\": 0}\n[1, 2]\n", "bad-file", "f.jsonl: row 2" },
    { "jsonl/two-on-a-line", "{\"a\": 1, \"y\": 0} {}\n", "bad-file", "f.jsonl: row 1" },
    { "jsonl/an-object-over-two-lines", "{\"a\": 1,\n\"y\": 0}\n", "bad-file", "f.jsonl: row 1" },
    { "jsonl/a-key-twice", "{\"a\": 1, \"a\": 2, \"y\": 0}\n", "bad-file", "row 1" },
    { "jsonl/no-utf-8", "{\"a\": \"\xff\", \"y\": 0}\n", "bad-file", "row 1" },
    { "jsonl/a-nul", "{\"a\": \"\\u0000\", \"y\": 0}\n", "bad-file", "row 1" },
    { "jsonl/infinite", "{\"a\": 1e999, \"y\": 0}\n", "bad-file", "row 1" },
    { "jsonl/nested", "{\"a\": {\"b\": 1}, \"y\": 0}\n", "bad-file", "column 'a' holds objects" },
    { "jsonl/empty", "\n \n", "bad-file", "holds no rows" },
    { "jsonl/no-such-target", "{\"a\": 1, \"z\": 0}\n", "bad-target", "has no column 'y'" },
};

static void json_lines(void)
{
    for (size_t i = 1; i < sizeof lines / sizeof *lines; i++) {
        put_text("f.jsonl", lines[i].text);
        reads(lines[i].name, LINES, lines[i].want, lines[i].n);
    }
    put_text("f.jsonl", lines[0].text);
    READS(lines[0].name, TABLE("jsonl", "f.jsonl", ", \"missing\": \"mean\""), 1, 4, 0, 2, 3, 1, 4,
          5, 0);

    for (size_t i = 0; i < sizeof wrong_lines / sizeof *wrong_lines; i++) {
        put_text("f.jsonl", wrong_lines[i].text);
        refuses(wrong_lines[i].name, LINES, wrong_lines[i].code, wrong_lines[i].says);
    }

    put_text("g-1.jsonl", "{\"a\": 1, \"y\": 0}\n");
    put_text("g-2.jsonl", "{\"y\": 1, \"a\": 2}\n");
    READS("jsonl/several-files", TABLE("jsonl", "g-*.jsonl", ""), 1, 0, 2, 1);
    put_text("g-2.jsonl", "{\"y\": 1, \"a\": 2}\n{\"y\": 1}\n");
    refuses("jsonl/the-file-and-its-line", TABLE("jsonl", "g-*.jsonl", ""), "missing-cell",
            "g-2.jsonl: row 2");
}

/* ---- arrays of more digits than float32 ---- */

static void put_array(const char *name, const char *type, const void *elements, size_t bytes)
{
    char file[256] = "\x93NUMPY\x01\x00\x76\x00";
    size_t at = 10;
    at += (size_t)snprintf(file + at, sizeof file - at,
                           "{'descr': '%s', 'fortran_order': False, 'shape': (2, 1), }", type);
    memset(file + at, ' ', 127 - at);
    file[127] = '\n';
    memcpy(file + 128, elements, bytes);
    put(name, file, 128 + bytes);
}

static void wide_arrays(void)
{
    const double dates[] = { 20240101.25, 20240101.75 }, values[] = { 1e9, 1e9 + 1 };
    const int64_t whole[] = { (INT64_C(1) << 40) + 1, (INT64_C(1) << 40) + 3 };
    const char *normalised = "{\"source\": {\"form\": \"npy\", \"x\": \"x.npy\", \"y\": "
                             "\"y.npy\"}, \"shuffle\": false, \"normalize\": \"standard\", "
                             "\"normalize_target\": \"minmax\"}";

    put_array("x.npy", "<f8", dates, sizeof dates);
    put_array("y.npy", "<f8", values, sizeof values);
    READS("arrays/normalised-in-float64", normalised, -1, 0, 1, 1);
    put_array("x.npy", "<i8", whole, sizeof whole);
    READS("arrays/of-whole-numbers-too", normalised, -1, 0, 1, 1);
}

/* ---- packed files ---- */

static void packed_by_gzip(void)
{
    snprintf(path, sizeof path, "%s/f.csv.gz", folder);
    gzFile f = gzopen(path, "wb");
    gzputs(f, "a,y\n1,0\n2,1\n");
    gzclose(f);
    READS("packed/gzip", TABLE("csv", "f.csv.gz", ""), 1, 0, 2, 1);
}

#ifdef HAVE_ZSTD
static void packed_by_zstd(void)
{
    static const char text[] = "a,y\n1,0\n2,1\n", more[] = "3,0\n";
    unsigned char packed[512];
    size_t length = ZSTD_compress(packed, sizeof packed, text, strlen(text), 3);
    put("f.csv.zst", packed, length);
    READS("packed/zstandard", TABLE("csv", "f.csv.zst", ""), 1, 0, 2, 1);

    size_t all =
        length + ZSTD_compress(packed + length, sizeof packed - length, more, strlen(more), 3);
    put("f.csv.zst", packed, all);
    READS("packed/zstandard-of-two-frames", TABLE("csv", "f.csv.zst", ""), 1, 0, 2, 1, 3, 0);

    put("f.csv.zst", packed, length - 5);
    refuses("packed/zstandard-cut-short", TABLE("csv", "f.csv.zst", ""), "short-file", "f.csv.zst");
    put("f.csv.zst", packed, length + 7);
    refuses("packed/second-frame-cut-short", TABLE("csv", "f.csv.zst", ""), "short-file",
            "f.csv.zst");
    memset(packed + 6, 0xff, 8);
    put("f.csv.zst", packed, length);
    refuses("packed/zstandard-damaged", TABLE("csv", "f.csv.zst", ""), "bad-file", "f.csv.zst");
}

/* 40 KB that unpack to 1.2 GB. */
static void bomb(void)
{
    enum { PIECE = 1 << 20, PIECES = 1200 };

    char *zeros = calloc(1, PIECE), *out = malloc(PIECE);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    snprintf(path, sizeof path, "%s/bomb.zst", folder);
    FILE *f = fopen(path, "wb");
    if (!f || !zeros || !out || !packer)
        abort();
    for (int i = 0; i < PIECES; i++) {
        ZSTD_inBuffer in = { zeros, PIECE, 0 };
        ZSTD_outBuffer to = { out, PIECE, 0 };
        ZSTD_compressStream2(packer, &to, &in, i + 1 < PIECES ? ZSTD_e_continue : ZSTD_e_end);
        fwrite(out, 1, to.pos, f);
    }
    fclose(f);
    ZSTD_freeCCtx(packer);
    free(zeros);
    free(out);
    refuses("packed/a-bomb", TABLE("csv", "bomb.zst", ""), "bad-file", "a thousand times");
}
#endif

static int discard(const char *name, const struct stat *about, int kind, struct FTW *ftw)
{
    (void)about, (void)kind, (void)ftw;
    return remove(name);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    patterns();
    json_lines();
    wide_arrays();
    packed_by_gzip();
#ifdef HAVE_ZSTD
    packed_by_zstd();
    bomb();
#endif
    nftw(folder, discard, 4, FTW_DEPTH | FTW_PHYS);
    return done_testing();
}
