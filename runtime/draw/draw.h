/* draw.h: the door of draw/: pictures as lists of marks, written as SVG or PNG. */
#ifndef NNRT_DRAW_H
#define NNRT_DRAW_H
#include "draw/drawing.h"
#endif
