/* units.c: a program's units with what they are called with: table of tensors, arena, scalars. */
#include "model/units.h"
#include "base/base.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool nnrt_team_init(nnrt_team *team, int32_t threads, nnrt_error *e)
{
    *team = (nnrt_team){ threads, nnrt_barrier_new(threads), nnrt_barrier_new(1) };
    return (team->barrier && team->alone) || nnrt_no_memory(e);
}

void nnrt_team_clear(nnrt_team *team)
{
    if (team->barrier)
        nnrt_barrier_free(team->barrier);
    if (team->alone)
        nnrt_barrier_free(team->alone);
    *team = (nnrt_team){ 0 };
}

static int64_t whole(const json_t *object, const char *key)
{
    return (int64_t)json_number_value(json_object_get(object, key));
}

/* Arenas are mapped, not set to zero by one thread before the others begin: each page is made when
 * a thread of the team first writes to it. Large arenas get huge pages. */
enum { HUGE_PAGE = 2 << 20, HUGE_FROM = 4 * HUGE_PAGE };

static size_t arena_mapped(int64_t bytes)
{
    size_t page = bytes >= HUGE_FROM ? HUGE_PAGE : 4096;
    return ((size_t)bytes + page) / page * page;
}

static float *arena_map(int64_t bytes)
{
    size_t size = arena_mapped(bytes), spare = bytes >= HUGE_FROM ? HUGE_PAGE : 0;
    char *memory =
        mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (!spare)
        return (float *)memory;
    size_t before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(memory, before);
    if (before < spare)
        munmap(memory + before + size, spare - before);
    madvise(memory + before, size, MADV_HUGEPAGE);
    return (float *)(memory + before);
}

/* `weights` NULL: the unit's weights are its own. */
static bool slot_read(const nnrt_weights *weights, const json_t *declared, nnrt_slot *slot,
                      nnrt_error *e)
{
    const char *role = json_string_value(json_object_get(declared, "role"));
    bool weight = role && !strcmp(role, "weight"), state = role && !strcmp(role, "state");
    slot->role = NNRT_RESULT;
    if (weight || state)
        slot->role = weight ? NNRT_WEIGHT : NNRT_STATE;
    else if (role && !strcmp(role, "classes"))
        slot->role = NNRT_CLASSES;
    slot->values = json_object_get(declared, "values");
    slot->name = json_string_value(json_object_get(declared, weight ? "key" : "name"));
    slot->initial = json_number_value(json_object_get(declared, "initial"));
    if (!slot->name)
        return nnrt_fail(e, NNRT_SCRIPT, "internal", "a tensor of a unit has no name");
    if (weight && weights && (slot->weight = nnrt_weights_find(weights, slot->name))) {
        slot->layout = slot->weight->layout;
        return true;
    }
    if (!nnrt_layout_read(declared, &slot->layout, e))
        return false;
    slot->own = nnrt_tensor_new(slot->layout.packed);
    return slot->own || nnrt_no_memory(e);
}

static bool read_sizes(nnrt_instance *instance, const json_t *unit, nnrt_error *e)
{
    int64_t batch = whole(unit, "batch");
    instance->name = json_string_value(json_object_get(unit, "name"));
    instance->batch = batch > 0 ? batch : 1;
    instance->out_size = whole(unit, "out_size");
    instance->arena_bytes = whole(unit, "arena_bytes");
    instance->weighted = json_is_true(json_object_get(unit, "weighted"));
    instance->serial = json_is_true(json_object_get(unit, "serial"));
    instance->count = json_array_size(json_object_get(unit, "tensors"));
    if (instance->arena_bytes >= 0 && instance->out_size >= 0)
        return true;
    return nnrt_fail(e, NNRT_SCRIPT, "internal", "unit '%s' has a negative size", instance->name);
}

/* The hypers and what the unit works with, then the numbers that units of shared code read. */
static bool read_scalars(nnrt_instance *instance, const json_t *unit, nnrt_error *e)
{
    const json_t *numbers = json_object_get(unit, "numbers");
    int64_t own = whole(unit, "scalars") > NNRT_HYPERS ? whole(unit, "scalars") : NNRT_HYPERS;
    size_t count = json_array_size(numbers);
    instance->scalars = own + (int64_t)count;
    instance->scalar = calloc((size_t)instance->scalars, sizeof *instance->scalar);
    if (!instance->scalar)
        return nnrt_no_memory(e);
    for (size_t i = 0; i < count; i++)
        instance->scalar[(size_t)own + i] = json_number_value(json_array_get(numbers, i));
    return true;
}

static bool read_slots(nnrt_instance *instance, const json_t *unit, const nnrt_weights *weights,
                       nnrt_error *e)
{
    const json_t *tensors = json_object_get(unit, "tensors");
    instance->slot = calloc(instance->count + 1, sizeof *instance->slot);
    instance->table = calloc(instance->count + 1, sizeof *instance->table);
    if (!instance->slot || !instance->table)
        return nnrt_no_memory(e);
    for (size_t i = 0; i < instance->count; i++) {
        nnrt_slot *slot = &instance->slot[i];
        if (!slot_read(weights, json_array_get(tensors, i), slot, e))
            return false;
        instance->table[i] = slot->weight ? slot->weight->values : slot->own;
    }
    return true;
}

static bool make_arena(nnrt_instance *instance, nnrt_error *e)
{
    instance->arena = arena_map(instance->arena_bytes);
    return instance->arena ||
           nnrt_fail(e, NNRT_FILES, "out-of-memory", "out of memory: unit '%s' needs %lld bytes",
                     instance->name, (long long)instance->arena_bytes);
}

void nnrt_instance_free(nnrt_instance *instance)
{
    if (!instance)
        return;
    for (size_t i = 0; instance->slot && i < instance->count; i++)
        free(instance->slot[i].own);
    free(instance->slot);
    free(instance->table);
    free(instance->scalar);
    if (instance->arena)
        munmap(instance->arena, arena_mapped(instance->arena_bytes));
    free(instance);
}

nnrt_instance *nnrt_instance_new(const json_t *declared, nnrt_unit code,
                                 const nnrt_weights *weights, nnrt_error *e)
{
    nnrt_instance *instance = calloc(1, sizeof *instance);
    if (!instance) {
        nnrt_no_memory(e);
        return NULL;
    }
    instance->code = code;
    if (read_sizes(instance, declared, e) && make_arena(instance, e) &&
        read_scalars(instance, declared, e) && read_slots(instance, declared, weights, e)) {
        nnrt_instance_reset(instance);
        return instance;
    }
    nnrt_instance_free(instance);
    return NULL;
}

void nnrt_instance_reset(nnrt_instance *instance)
{
    for (size_t i = 0; i < instance->count; i++) {
        nnrt_slot *slot = &instance->slot[i];
        if (slot->role != NNRT_STATE)
            continue;
        for (size_t k = 0; k < slot->layout.packed; k++)
            slot->own[k] = (float)slot->initial;
    }
}

/* samples / (classes * samples of the class) */
static void balance(const nnrt_data *data, float *weight, int64_t count)
{
    const nnrt_part *part = &data->part[NNRT_TRAIN];
    int64_t targets = part->count * data->target_size;
    for (int64_t i = 0; i < targets; i++)
        if (part->y[i] >= 0 && (int64_t)part->y[i] < count)
            weight[(int64_t)part->y[i]]++;
    for (int64_t c = 0; c < count; c++)
        if (weight[c] > 0)
            weight[c] = (float)((double)targets / ((double)data->classes * (double)weight[c]));
}

bool nnrt_instance_weigh_classes(nnrt_instance *instance, const nnrt_data *data, nnrt_error *e)
{
    for (size_t i = 0; i < instance->count; i++) {
        nnrt_slot *slot = &instance->slot[i];
        if (slot->role != NNRT_CLASSES)
            continue;
        float *weight = nnrt_tensor_new((size_t)slot->layout.elements);
        if (!weight)
            return nnrt_no_memory(e);
        if (!slot->values)
            balance(data, weight, slot->layout.elements);
        for (int64_t c = 0; slot->values && c < slot->layout.elements; c++) {
            const json_t *value = json_array_get(slot->values, (size_t)c);
            weight[c] = value ? (float)json_number_value(value) : 1;
        }
        nnrt_pack(weight, slot->own, slot->layout.dims, slot->layout.rank,
                  slot->layout.feature_axis);
        free(weight);
    }
    return true;
}

float *nnrt_instance_values(nnrt_instance *instance, nnrt_role role, const char *name)
{
    for (size_t i = 0; i < instance->count; i++)
        if (instance->slot[i].role == role && !strcmp(instance->slot[i].name, name))
            return instance->table[i];
    return NULL;
}

void nnrt_set_hypers(nnrt_instance *instance, double lr, int64_t steps, int64_t epoch,
                     int64_t epochs, int64_t per_epoch)
{
    double *scalar = instance->scalar;
    scalar[NNRT_HYPER_LR] = lr;
    scalar[NNRT_HYPER_STEPS] = (double)steps;
    scalar[NNRT_HYPER_EPOCH] = (double)epoch;
    scalar[NNRT_HYPER_EPOCHS] = (double)epochs;
    scalar[NNRT_HYPER_PER_EPOCH] = (double)per_epoch;
}

double nnrt_mean_loss(const nnrt_instance *instance, const double *metric, int64_t count)
{
    double sum = metric[NNRT_METRIC_LOSS], weight = metric[NNRT_METRIC_WEIGHT];
    if (!instance->weighted)
        return sum / (double)count;
    return weight != 0 ? sum / weight : 0;
}

void nnrt_launch(nnrt_instance *instance, nnrt_call *call)
{
    nnrt_parallel(instance->code, call);
}

bool nnrt_launch_batches(nnrt_instance *instance, nnrt_call *call, int64_t first, int64_t last,
                         bool stoppable)
{
    int64_t step = call->step, batches = 1;
    for (int64_t at = first; at < last;) {
        int64_t left = (last - at + instance->batch - 1) / instance->batch;
        if (batches > left)
            batches = left;
        double began = nnrt_seconds();
        call->first = at;
        call->last = batches == left ? last : at + batches * instance->batch;
        call->step = step;
        nnrt_launch(instance, call);
        if (call->halt)
            return true;
        step += batches;
        at = call->last;
        double spent = nnrt_seconds() - began;
        if (spent < 0.025)
            batches *= 4;
        else if (spent > 0.1 && batches > 1)
            batches /= 2;
        if (stoppable && nnrt_stop_asked())
            return false;
    }
    return true;
}
