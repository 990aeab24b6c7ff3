/* program_writer.h: what the files that write a program share; others see program_json.h. */
#ifndef NNC_PROGRAM_WRITER_H
#define NNC_PROGRAM_WRITER_H
#include "driver/compile.h"
#include "driver/program_fields.h"

typedef struct ProgramWriter {
    Compiler *c;
    const Compiled *compiled;
    /* a built program keeps the --seed that it was built with */
    bool bake_seed;
} ProgramWriter;

/* program_actions.c */
json_t *action_json(ProgramWriter *w, const CompiledAction *action);
/* The units that an action calls. */
void write_unit_names(const CompiledAction *action, json_t *object);

/* program_training.c: the fields of `training` and of `mixing`. */
void write_training(ProgramWriter *w, const CompiledAction *action, json_t *object);
void write_mixing(ProgramWriter *w, const Checked *recipe, json_t *object);
/* The seed as written in these settings (NULL: they have none), else --seed where it is baked in,
 * else null. */
json_t *seed_json(const ProgramWriter *w, const Checked *settings);
/* The metrics that are asked for, else the task's. */
json_t *metrics_json(ProgramWriter *w, const Checked *settings, const DataInfo *data);
/* The call that a setting is; NULL: it is none. */
const Call *setting_call(const Checked *settings, const char *key);
#endif
