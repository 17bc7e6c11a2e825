/*
 * term.h — colour where there is a terminal, plain text everywhere else.
 *
 * No colour when the stream is not a terminal, when NO_COLOR is set to anything but nothing
 * (https://no-color.org), or when TERM is `dumb`.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdio.h>

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_GOOD, TERM_BAD, TERM_NAME };

/* The sequence that switches `style` on (TERM_PLAIN: all off) for `f`; "" where there is none. */
const char *term(FILE *f, enum term_style style);

#endif
