/* data.h: the door of data/: data sets, views of them, and batches prepared for training. */
#ifndef NNRT_DATA_H
#define NNRT_DATA_H
#include "data/augment.h"
#include "data/dataset.h"
#include "data/feed.h"
#include "data/opened.h"
#include "data/prompt.h"
#include "data/views.h"
#endif
