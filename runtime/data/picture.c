/* picture.c: PNG by libpng, JPEG by libjpeg, told apart by their first bytes (picture.h).
 *
 * Both libraries report errors by a jump out of their depths, so all that must be freed is kept in
 * a job outside of the function jumped to. Of libjpeg's warnings, those that mean data is missing
 * or damaged are errors here: it would fill the rest with grey. */
#include "data/picture.h"
#include "data/exif.h"
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

typedef struct job {
    FILE *file;
    const char *name;
    nnrt_picture *picture;
    int channels;
    float *out;
    unsigned char *bytes;
    png_bytep *rows;
    png_structp png;
    png_infop info;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    jmp_buf back;
    nnrt_error *e;
} job;

static bool damaged(const job *j, const char *kind, const char *why)
{
    return nnrt_fail(j->e, NNRT_FILES, "bad-file", "%s: is a damaged %s: %s", j->name, kind, why);
}

/* The first time around it notes the size, of a stored picture of width x height the right way up;
 * then it holds the picture to it. */
static bool judge(const job *j, int64_t width, int64_t height, int channels, int orientation)
{
    nnrt_picture *p = j->picture;
    int64_t across = orientation >= 5 ? height : width, down = orientation >= 5 ? width : height;
    if (!j->out)
        *p = (nnrt_picture){ across, down, channels, orientation };

    return (p->width == across && p->height == down && p->channels == channels &&
            p->orientation == orientation) ||
           nnrt_fail(j->e, NNRT_FILES, "unreadable-file", "%s: changed while it was read", j->name);
}

/* One sample of a picture of `channels` channels, at column x of stored row y, to all that are
 * wanted. */
static void put(const job *j, int channels, int64_t x, int64_t y, int c, float value)
{
    const nnrt_picture *p = j->picture;
    bool turned = p->orientation >= 5;
    int64_t plane = p->width * p->height, to_x, to_y;
    nnrt_exif_turn(p->orientation, turned ? p->height : p->width, turned ? p->width : p->height, x,
                   y, &to_x, &to_y);

    int64_t place = to_y * p->width + to_x;
    if (channels == j->channels)
        j->out[c * plane + place] = value;
    else
        for (int k = 0; k < j->channels; k++)
            j->out[k * plane + place] = value;
}

/* ---- PNG ---- */
static void png_failed(png_structp png, png_const_charp message)
{
    job *j = png_get_error_ptr(png);
    damaged(j, "PNG", message);
    longjmp(j->back, 1);
}

static void png_warned(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* Of the chunks before the pixels. */
static int png_orientation(const job *j)
{
    png_uint_32 length = 0;
    png_bytep bytes = NULL;

    if (!png_get_eXIf_1(j->png, j->info, &length, &bytes))
        return 1;
    return nnrt_exif_orientation(bytes, length);
}

static bool decode_png(job *j)
{
    if (setjmp(j->back))
        return false;
    png_init_io(j->png, j->file);
    png_read_info(j->png, j->info);
    int kind = png_get_color_type(j->png, j->info),
        channels = kind == PNG_COLOR_TYPE_GRAY || kind == PNG_COLOR_TYPE_GRAY_ALPHA ? 1 : 3;
    if (!judge(j, png_get_image_width(j->png, j->info), png_get_image_height(j->png, j->info),
               channels, png_orientation(j))) {
        return false;
    }
    if (!j->out)
        return true;

    if (kind == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(j->png);
    if (channels == 1 && png_get_bit_depth(j->png, j->info) < 8)
        png_set_expand_gray_1_2_4_to_8(j->png);
    png_set_strip_alpha(j->png); /* a palette may have some too */
    png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);

    int64_t width = png_get_image_width(j->png, j->info);
    int64_t height = png_get_image_height(j->png, j->info);
    size_t row = png_get_rowbytes(j->png, j->info);
    bool wide = png_get_bit_depth(j->png, j->info) == 16;
    if (row != (size_t)width * (size_t)channels * (wide ? 2 : 1))
        return damaged(j, "PNG", "its rows are not as long as its header says");
    j->bytes = calloc((size_t)height, row);
    j->rows = malloc((size_t)height * sizeof *j->rows);
    if (!j->bytes || !j->rows) {
        return nnrt_fail(j->e, NNRT_FILES, "out-of-memory", "%s: not enough memory for its pixels",
                         j->name);
    }
    for (int64_t y = 0; y < height; y++)
        j->rows[y] = j->bytes + (size_t)y * row;
    png_read_image(j->png, j->rows);
    png_read_end(j->png, NULL);

    for (int64_t i = 0; i < width * height; i++) {
        for (int c = 0; c < channels; c++) {
            int64_t at = i * channels + c;
            put(j, channels, i % width, i / width, c,
                wide ? (float)(j->bytes[2 * at] << 8 | j->bytes[2 * at + 1]) / 257.0f
                     : j->bytes[at]);
        }
    }
    return true;
}

static bool read_png(job *j)
{
    j->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, j, png_failed, png_warned);
    j->info = j->png ? png_create_info_struct(j->png) : NULL;
    bool read = j->info ? decode_png(j)
                        : nnrt_fail(j->e, NNRT_FILES, "out-of-memory",
                                    "%s: not enough memory to read it", j->name);
    png_destroy_read_struct(&j->png, &j->info, NULL);
    return read;
}

/* ---- JPEG ---- */
static void jpeg_failed(j_common_ptr common)
{
    job *j = common->client_data;
    char message[JMSG_LENGTH_MAX];
    common->err->format_message(common, message);
    damaged(j, "JPEG", message);
    longjmp(j->back, 1);
}

static void jpeg_warned(j_common_ptr common, int level)
{
    int code = common->err->msg_code;
    if (level < 0 &&
        (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE)) {
        jpeg_failed(common);
    }
}

static int jpeg_orientation(const struct jpeg_decompress_struct *jpeg)
{
    static const char mark[] = "Exif\0";

    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length > sizeof mark &&
            memcmp(m->data, mark, sizeof mark) == 0) {
            return nnrt_exif_orientation(m->data + sizeof mark, m->data_length - sizeof mark);
        }
    }
    return 1;
}

/* Four inks, which Adobe's programs write the other way round. */
static float ink(const job *j, const unsigned char *pixel, int c)
{
    int colour = pixel[c], black = pixel[3];
    if (!j->jpeg.saw_Adobe_marker) {
        colour = 255 - colour;
        black = 255 - black;
    }
    return (float)(colour * black) / 255.0f;
}

static bool decode_jpeg(job *j)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    if (setjmp(j->back))
        return false;
    jpeg_create_decompress(jpeg);
    jpeg_stdio_src(jpeg, j->file);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    bool inks = jpeg->num_components == 4;
    int channels = jpeg->num_components == 1 ? 1 : 3;
    if (inks)
        jpeg->out_color_space = JCS_CMYK;
    else
        jpeg->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    if (!judge(j, jpeg->image_width, jpeg->image_height, channels, jpeg_orientation(jpeg)))
        return false;
    if (!j->out)
        return true;

    jpeg_start_decompress(jpeg);
    j->bytes = malloc((size_t)jpeg->output_width * (size_t)jpeg->output_components);
    if (!j->bytes) {
        return nnrt_fail(j->e, NNRT_FILES, "out-of-memory", "%s: not enough memory for its pixels",
                         j->name);
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        int64_t y = jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &j->bytes, 1);
        for (int64_t x = 0; x < jpeg->output_width; x++) {
            for (int c = 0; c < channels; c++) {
                const unsigned char *pixel = j->bytes + x * jpeg->output_components;
                put(j, channels, x, y, c, inks ? ink(j, pixel, c) : pixel[c]);
            }
        }
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

static bool read_jpeg(job *j)
{
    j->jpeg.err = jpeg_std_error(&j->manager);
    j->jpeg.client_data = j;
    j->manager.error_exit = jpeg_failed;
    j->manager.emit_message = jpeg_warned;
    bool read = decode_jpeg(j);
    jpeg_destroy_decompress(&j->jpeg);
    return read;
}

bool nnrt_picture_read(const char *path, const char *name, nnrt_picture *picture, int channels,
                       float *out, nnrt_error *e)
{
    static const unsigned char png_mark[] = { 0x89, 'P', 'N', 'G' },
                               jpeg_mark[] = { 0xff, 0xd8, 0xff };
    unsigned char first[4] = { 0 };
    job j = { .name = name, .picture = picture, .channels = channels, .out = out, .e = e };
    if (!(j.file = fopen(path, "rb"))) {
        return nnrt_fail(e, NNRT_FILES, errno == ENOENT ? "missing-file" : "unreadable-file",
                         "%s: %s", name, strerror(errno));
    }
    size_t got = fread(first, 1, sizeof first, j.file);
    rewind(j.file);
    bool read = false;
    if (got == sizeof first && !memcmp(first, png_mark, sizeof png_mark))
        read = read_png(&j);
    else if (got == sizeof first && !memcmp(first, jpeg_mark, sizeof jpeg_mark))
        read = read_jpeg(&j);
    else
        nnrt_fail(e, NNRT_FILES, "bad-file", "%s: is neither a PNG nor a JPEG image", name);
    free(j.bytes);
    free(j.rows);
    fclose(j.file);
    return read;
}
