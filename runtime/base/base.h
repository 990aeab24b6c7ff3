/* base.h: the door of base/: what every other wing of the runtime builds on.
 *
 * Errors, memory, clock, random streams, threads, signals, files (read as streams, written whole,
 * safetensors), names and numbers in text. */
#ifndef NNRT_BASE_H
#define NNRT_BASE_H
#include "abi/nnrt.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/name_map.h"
#include "base/number.h"
#include "base/pattern.h"
#include "base/random.h"
#include "base/safetensors.h"
#include "base/signals.h"
#include "base/stream.h"
#include "base/threads.h"
#include "base/utf8.h"
#endif
