/* flatten.c: images to rows of features and back: channels are in panels on one side, all features
 * on the other.
 *
 * Feature c * pixels + p of a sample is channel c of pixel p. The 16 channels of a panel come to
 * whole panels of features, as many as there are pixels: they are transposed, 8 x 8 floats at a
 * time in registers, by way of a buffer that holds them as they follow one another. Tasks are
 * blocks of samples. */
#include "codegen/cpu/kernels.h"

typedef struct Flatten {
    const Storage *image, *flat;
    int64_t pixels, channels;
    bool back;
} Flatten;

enum { BLOCK = 8 };

static bool flatten_of(const Emitter *e, const Kernel *k, Flatten *f)
{
    const Node *n = graph_node(e->g, k->node);
    if (k->source != NO_NODE || n->op != IR_RESHAPE)
        return false;
    NodeId in = n->inputs[0];
    Shape from = graph_node(e->g, in)->shape;
    *f = (Flatten){ .back = n->shape.rank > 2 };
    Shape image = f->back ? n->shape : from, flat = f->back ? from : n->shape;
    NodeId image_node = f->back ? k->node : in, flat_node = f->back ? in : k->node;
    if (image.rank < 3 || flat.rank != 2 || image.dim[0] != DIM_BATCH || flat.dim[0] != DIM_BATCH)
        return false;
    if (e->plan->feature_axis[image_node] != 1 || e->plan->feature_axis[flat_node] != 1)
        return false;
    f->image = &e->plan->storage[image_node];
    f->flat = &e->plan->storage[flat_node];
    f->channels = image.dim[1];
    f->pixels = f->image->view.per_sample;
    /* larger ones go element by element: the buffer is on the stack */
    return f->pixels <= e->target->machine->stack_rows;
}

bool flatten_tasks(const Emitter *e, const Kernel *k, int64_t block, Tasks *tasks)
{
    Flatten f;
    if (!flatten_of(e, k, &f))
        return false;
    *tasks = (Tasks){ .per_sample = true, .rows = 1, .block = block, .panels = 1 };
    return true;
}

/* The image's rows to the buffer's, of which each is a channel, or back. */
static void transpose_panel(Emitter *e, const Flatten *f, Val image, Val buffer)
{
    int64_t whole = f->pixels / BLOCK * BLOCK;
    Loop p = loop_begin(e, c64(e, 0), c64(e, whole), BLOCK, 0, NULL, NULL);
    for (int half = 0; half < LANES / BLOCK; half++) {
        Val pixels = float_offset(e, image, iadd(e, imul(e, p.i, LANES), c64(e, half * BLOCK)));
        Val channels = float_offset(e, buffer, iadd(e, p.i, c64(e, half * BLOCK * f->pixels)));
        Rows8 rows = { pixels, LANES, 32 }, columns = { channels, f->pixels, 4 };
        if (f->back)
            transpose_rows(e, columns, rows);
        else
            transpose_rows(e, rows, columns);
    }
    loop_end(e, &p, NULL);

    if (whole == f->pixels)
        return;
    Loop lane = loop_begin(e, c64(e, 0), c64(e, LANES), 1, 0, NULL, NULL);
    for (int64_t i = whole; i < f->pixels; i++) {
        Val pixel = float_offset(e, image, iadd(e, lane.i, c64(e, i * LANES))),
            channel = float_offset(e, buffer, iadd(e, imul(e, lane.i, f->pixels), c64(e, i)));
        LLVMBuildStore(e->b, LLVMBuildLoad2(e->b, e->f32, f->back ? channel : pixel, ""),
                       f->back ? pixel : channel);
    }
    loop_end(e, &lane, NULL);
}

static void panel_features(Emitter *e, const Flatten *f, Val flat, Val buffer, Val vectors)
{
    Loop j = loop_begin(e, c64(e, 0), vectors, 1, 0, NULL, NULL);
    Val feature = float_offset(e, flat, imul(e, j.i, f->flat->rows_max * LANES)),
        place = float_offset(e, buffer, imul(e, j.i, LANES));
    store_vector(e, load_vector(e, f->back ? feature : place), f->back ? place : feature);
    loop_end(e, &j, NULL);
}

bool emit_flatten(Emitter *e, Frame *frame, const Kernel *k)
{
    Flatten f;
    Tasks tasks = kernel_tasks_of(e, k);
    if (!flatten_of(e, k, &f))
        return false;
    Val image = storage_base(e, frame, f.image), flat = storage_base(e, frame, f.flat);

    Block back = frame_enter_entry(e, frame);
    Val buffer = LLVMBuildArrayAlloca(e->b, e->vf, c64(e, f.pixels), "");
    LLVMSetAlignment(buffer, NNRT_ALIGN);
    frame_leave_entry(e, back);
    /* of a last panel not all is written */
    Loop z = loop_begin(e, c64(e, 0), c64(e, f.pixels * LANES), LANES, 0, NULL, NULL);
    store_vector(e, vconst(e, 0), float_offset(e, buffer, z.i));
    loop_end(e, &z, NULL);

    int64_t panels = (f.channels + LANES - 1) / LANES, last = f.channels - (panels - 1) * LANES,
            fewer = (last * f.pixels + LANES - 1) / LANES;
    Loop s = loop_begin(e, imul(e, frame->task_begin, tasks.block),
                        imin(e, imul(e, frame->task_end, tasks.block), frame->n), 1, 0, NULL, NULL);
    Loop q = loop_begin(e, c64(e, 0), c64(e, panels), 1, 0, NULL, NULL);
    Val pixels =
        float_offset(e, image, element_offset(e, f.image->rows_max, imul(e, s.i, f.pixels), q.i));
    Val features =
        float_offset(e, flat, element_offset(e, f.flat->rows_max, s.i, imul(e, q.i, f.pixels)));
    Val vectors = LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, q.i, c64(e, panels - 1), ""),
                                  c64(e, fewer), c64(e, f.pixels), "");

    if (f.back)
        panel_features(e, &f, features, buffer, vectors);
    transpose_panel(e, &f, pixels, buffer);
    if (!f.back)
        panel_features(e, &f, features, buffer, vectors);
    loop_end(e, &q, NULL);
    loop_end(e, &s, NULL);
    return true;
}
