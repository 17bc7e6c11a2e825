/*
 * dice.c — a guest in C: dice that nobody can load.
 *
 * Input on stdin:    {"sides":6,"count":2,"seed":"bet-17"}
 * Output on stdout:  {"dice":[3,6],"alpha":"…","signature":"…"}
 *
 * The numbers come from one verifiable random number: a signature over the request's id, the
 * account that asked and a seed. There is just one signature that fits, so neither the worker nor
 * the account can try again. Who knows the platform's key can check it: `outlayer vrf verify`, or
 * the contract that asked, as contracts/examples/dice does. A seed that is used once makes the
 * number that case's alone.
 */
#include "outlayer.h"

#include <stdio.h>
#include <string.h>

#define SIDES_MAX 100
#define COUNT_MAX 16

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Die `n` from 16 bits of the 256: the bias of a rest is below one in six hundred for 100 sides. */
static unsigned die(const char *hex, unsigned n, unsigned sides)
{
    const char *p = hex + 4 * n;

    return (nibble(p[0]) << 12 | nibble(p[1]) << 8 | nibble(p[2]) << 4 | nibble(p[3])) % sides + 1;
}

int main(void)
{
    struct outlayer_bytes input = outlayer_input(), seed, alpha;
    int64_t sides = 6, count = 1;
    struct outlayer_vrf drawn;
    const char *why;

    (void)outlayer_json_int(input.ptr, "sides", &sides);
    (void)outlayer_json_int(input.ptr, "count", &count);
    if (sides < 2 || sides > SIDES_MAX || count < 1 || count > COUNT_MAX)
        outlayer_fail("give 2 to %d \"sides\" and a \"count\" of 1 to %d", SIDES_MAX, COUNT_MAX);
    if (!outlayer_json_text(input.ptr, "seed", &seed))
        seed.ptr = "dice";
    why = outlayer_vrf(seed.ptr, &drawn);
    if (why)
        outlayer_fail("%s", why);
    outlayer_outputf("{\"dice\":[");
    for (unsigned i = 0; i < count; i++)
        outlayer_outputf("%s%u", i ? "," : "", die(drawn.output.ptr, i, (unsigned)sides));
    alpha = outlayer_json_quote(drawn.alpha.ptr);
    outlayer_outputf("],\"alpha\":%s,\"signature\":\"%s\"}", alpha.ptr, drawn.signature.ptr);
    return 0;
}
