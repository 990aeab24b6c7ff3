/* compile_units.h: what the files that find an action's units share; others see compile_phases.h.
 */
#ifndef NNC_COMPILE_UNITS_H
#define NNC_COMPILE_UNITS_H
#include "driver/compile.h"

/* ---- unit_cache.c ---- */
/* The unit of this specification, made if there is none yet, and listed in `out`. Where the action
 * at hand is skipped, the unit `nothing`. NULL: reported, at the span if nowhere else. */
Unit *get_unit(Compiler *compiler, Compiled *out, UnitSpec spec, Span span);

/* ---- unit_specs.c ---- */
/* for a and b above 0 */
int64_t divide_rounding_up(int64_t a, int64_t b);
int64_t evaluation_batch(const DataInfo *data);
/* Of the action's model, data, recipe and length. */
UnitSpec spec_of(UnitKind kind, const CompiledAction *action, int64_t batch);
/* Steps, epochs and batch of a training on so many samples. */
void set_length(CompiledAction *action, int64_t samples);
/* False: the data has no sample in that part, which is reported. */
bool has_part(Compiler *compiler, const CompiledAction *action, int part);
/* The part an action works on: the one that it names, else the one that training has not seen. */
bool set_part(Compiler *compiler, CompiledAction *action);
void remember_training(Compiler *compiler, const CompiledAction *action);
/* The recipe that a model was last trained with, where it was trained on data of this kind. */
const Checked *recipe_of(const Compiler *compiler, const CompiledAction *action);
/* Whether a later action draws the result: in a REPL one always may. */
bool is_plotted(const Compiler *compiler, const Compiled *out, const CompiledAction *action);

/* ---- compile_training.c ---- */
/* What the members come to together: shares of the votes, or outputs as one network has them. */
LossGiven given_by(const CheckedAction *maker, const DataInfo *data);
bool units_of_ensemble(Compiler *compiler, Compiled *out, CompiledAction *action,
                       const CheckedAction *maker, LossGiven given);
bool units_train(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_crossvalidate(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_compare(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_find_lr(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_tune(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_bag(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_boost(Compiler *compiler, Compiled *out, CompiledAction *action);

/* ---- compile_generate.c ---- */
bool units_generate(Compiler *compiler, Compiled *out, CompiledAction *action);

/* ---- compile_plot.c ---- */
bool units_minimize(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_plot(Compiler *compiler, Compiled *out, CompiledAction *action);

/* ---- compile_pruned.c ---- */
/* A file that an action writes; of a pruned model, those who load it are pruned as well. */
void note_pruned_file(Compiler *compiler, const CompiledAction *action, const char *path);
bool units_prune(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_save(Compiler *compiler, Compiled *out, CompiledAction *action);
bool units_load(Compiler *compiler, Compiled *out, CompiledAction *action);
#endif
