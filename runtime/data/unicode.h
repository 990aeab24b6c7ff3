/* unicode.h: what kind of character a code point is, and its lower case. */
#ifndef NNRT_UNICODE_H
#define NNRT_UNICODE_H
#include <stdint.h>

/* Letters are the categories L, numbers N. */
typedef enum nnrt_character {
    NNRT_CHARACTER_OTHER,
    NNRT_CHARACTER_LETTER,
    NNRT_CHARACTER_NUMBER,
    NNRT_CHARACTER_BLANK
} nnrt_character;

nnrt_character nnrt_character_of(uint32_t point);
/* The one character that is its lower case; itself where there is none. */
uint32_t nnrt_lower_case(uint32_t point);
#endif
