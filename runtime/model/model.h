/* model.h: the door of model/: sessions and programs with what they hold: weights, networks, units,
 * results, ensembles; metrics, the log, printed tables. */
#ifndef NNRT_MODEL_H
#define NNRT_MODEL_H
#include "model/ensemble.h"
#include "model/later.h"
#include "model/log.h"
#include "model/metrics.h"
#include "model/network.h"
#include "model/outputs.h"
#include "model/program.h"
#include "model/results.h"
#include "model/session.h"
#include "model/tables.h"
#include "model/units.h"
#include "model/weights.h"
#endif
