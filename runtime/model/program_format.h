/* program.h: a compiled script as the runtime carries it out: JSON that says what there is and what
 * to do, and units by name.
 *
 * `nnc run` hands this over in memory and compiles a unit when it is first asked for; `nnc build`
 * embeds the same text in the program, beside the units' code. Both run this one executor, so they
 * do the same. A REPL hands over one program after another to one session.
 *
 * {
 *  "script": "digits.nn", "folder": "/where/relative/paths/start",  (absent in a built program: the
 * current folder) "data": [ { "name": "d", "source": FORM | null, "train": FORM | null, FORM: {
 * "form": "csv", "file": "f.csv", "target": "y" or 2, ... the form's arguments by name }
 *      "validation": 0.1 | FORM | null, "test": 0.2 | FORM | null,
 *      "normalize": { "form": "standard" } | { "form": "scale", "k": 4 } ..., "augment": [ FORM...
 * ], "shape": [1, 28, 28] | null, "shuffle": true, "seed": 0 | null (not written), "task":
 * "classify" | "regress" | null } ], "expect": [ { "data": "d", "shape": [...], "target_shape":
 * [...], "classes": 3, "train": 120, "validation": 0, "test": 30 } ], what the compiler saw; where
 * a built program finds something else, it ends with status 3 and says so "weights": [ { "key":
 * "m/dense1.weight", "shape": [64, 784], "feature_axis": 0, "role": "kernel" | "bias" | "norm" |
 * "buffer" | "other", "init": { "kind": "uniform", "a": -0.1, "b": 0.1 } | { "kind": "normal",
 * "mean": 0, "std": 0.1 } | { "kind": "truncated_normal", "std" } (beyond 2 std drawn anew) | {
 * "kind": "orthogonal", "gain": 1 } | { "kind": "constant", "value": 0 } } ], drawn at the first
 * action that uses a model holding the key, from that action's seed (NNRT_DRAW_INIT, hash of the
 * key) "models": [ { "name": "m", "parameters": 42 (trainable), "weights": [ { "name":
 * "dense1.weight", "key": "m/dense1.weight" } ], "output": [3], "head": "scores" | "softmax" |
 * "sigmoid" | "values" } ], "units": [ { "name": "u0", "symbol": "nnc_u0", "batch": 32,
 * "arena_bytes": 123456, "scalars": 9, "out_size": 3, "code": "u0" (whose code it is, where units
 * share it), "numbers": [0.9, ...] (what that reads behind the scalars; null: nothing), "tensors":
 * [ { "role": "weight", "key": "m/dense1.weight" }, { "role": "state", "name":
 * "optimizer.dense1.weight.m", "shape": [...], "feature_axis": 0, "initial": 0 }, { "role":
 * "result", "name": "gradient.dense1.weight", "shape": [...], "feature_axis": 0 } ] } ], "actions":
 * [ ACTION... ]
 * }
 *
 * ACTION, besides "verb", "line" and "column":
 *  train     "model" "data" "as"|null "unit" "eval_unit" (outputs and SLOT_LOSS in evaluation, over
 * "eval" batches) "diagnose_unit" (results "nonfinite.<layer>", scalars: NaN where a layer's output
 * is not finite) "epochs" | "steps", "batch", "lr", "seed" | null (not written), "metrics":
 * [METRIC], "task_metrics": METRIC of the task "plateau": null | { "factor", "patience",
 * "threshold", "min_lr", "monitor" } "stop": null | { "patience", "monitor": "validation.loss",
 * "min_delta", "restore" } "average": null | { "kind": "ema" } (states "average.<weight>", written
 * by the unit) | { "kind": "swa", "start": 6 } "checkpoint": null | { "epochs": 1, "to":
 * "f.safetensors", "keep": "last" | "best" | "all" } "mixup": a, "cutmix": a (0: none; targets of
 * classes are then rows as feed.h says), "teacher": a model that the unit reads too | absent
 *            "fingerprint": text of network, data and recipe, kept in checkpoints; "optimizer":
 * "adam", "loss": "cross_entropy" evaluate  "model" "data" "part": "test" "as"|null "unit"
 * "metrics": [METRIC], "loss": bool, "pictured": whether the result is drawn later on,
 * "passes_unit": as predict's with passes | absent predict   "model" "data" "part" "to" "unit"
 * "passes": 0 | n (then "unit" draws dropout anew each pass, told by call->step) save      "model"
 * "to"          load  "model" "from" "made" (true: an action above writes the file) print "values":
 * [LATER]     assert  "condition": LATER, "message": LATER | null, "text": the condition as written
 *  export    "model" "to" "graph" (onnx.h says its form)
 *  plot      "to", "text": what is plotted, as written, "pictures": one or several of one kind,
 * each with its "name" and { "value": LATER }, { "data": "d", "part": "train" | absent }, {
 * "function": unit of SLOT_VALUE, "slope": unit of its gradients | absent, "variables" as
 * minimize's }, or { "schedule": unit of SLOT_LR, "lr", "steps", "epochs", "per_epoch" } "surface",
 * "variables": of several minimisations, where their fn can be evaluated as in minimize's
 * "eval_unit"; absent otherwise minimize  "unit" "as" "steps" "lr" "seed" "variables": [ { "name":
 * "x", "start": -7 } ]; the unit's weights are "x", ...; no data: one position a step "eval_unit":
 * where the path is drawn over its landscape: SLOT_VALUE at the same weights, and nothing else
 *  check_gradients  "model" "data" "unit" (results "gradient.<key>" and SLOT_LOSS; assigns nothing)
 * "as" "seed"; of a fn: "unit", "variables": [names], model and data null prune     "model"
 * "as"|null "sparsity" "per": "model" | "layer" "seed" freeze, unfreeze  "model" (compiled in:
 * nothing is left to do) May be added to any action, for messages that show the place: "source":
 * the text of its line, "end_column": one past the words at fault; "file": where it is not
 * "script". May be added to train: "penalty": bool (its epochs report one; absent: where the sum is
 * not 0). May be added to a weight: "generation": n (0); a REPL that declares a model anew says a
 * higher one, and the weights are drawn anew. To a unit: "serial": true (one thread does it). A
 * unit's weight that stands in no "weights" (minimize's variables) is one number, or of its own
 * "shape"; it lives with the unit. minimize: SLOT_VALUE is the fn's value at the variables as they
 * are after the step. Its weights are never those of "weights". check_gradients of a fn: its points
 * are in "weights" under the variables' names, of no model. The loss is what is in SLOT_LOSS and
 * SLOT_VALUE together (one of them is not emitted). Of a built program with tune: "variants": [ {
 * "params": {...}, "program": {...} } ], whose units are in the first program. Of a library
 * (--emit=lib), models have "unit": the one that predicts, and may have "values": { "<weight's
 * name>": "<base64 of the logical float32, little endian>" }. A model that is short of a weight's
 * value has no weights until a file is loaded.
 */
#ifndef NNRT_PROGRAM_FORMAT_H
#define NNRT_PROGRAM_FORMAT_H
#endif
