/* term.c — see term.h. */
#include "cli/term.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool coloured(FILE *f)
{
    const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");

    if (no && *no)
        return false;
    if (kind && strcmp(kind, "dumb") == 0)
        return false;
    return isatty(fileno(f)) == 1;
}

const char *term(FILE *f, enum term_style style)
{
    static const char *const sequence[] = {
        [TERM_PLAIN] = "\033[0m", [TERM_BOLD] = "\033[1m", [TERM_DIM] = "\033[2m",
        [TERM_GOOD] = "\033[32m", [TERM_BAD] = "\033[31m", [TERM_NAME] = "\033[36m",
    };

    return coloured(f) ? sequence[style] : "";
}
