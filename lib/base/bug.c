/* bug.c — how a native process ends on a bug of ours. Contracts bring their own. */
#include <stdio.h>
#include <stdlib.h>

#include "base/def.h"

void bug(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: bug: %s\n", file, line, what);
    abort();
}
