/*
 * @NAME@: a program that OutLayer runs.
 *
 * Input on stdin:    {"name":"Alice"}
 * Output on stdout:  {"greeting":"hello Alice"}
 *
 * Ending with anything but 0 fails the request; whoever asked reads what was written to stderr.
 * sdk/outlayer.h has the rest: who asked, secrets, storage, HTTP, RPC, random numbers.
 */
#include "sdk/outlayer.h"

#include <stdio.h>

int main(void)
{
    struct outlayer_bytes input = outlayer_input(), name, greeting;
    char text[256];

    if (!outlayer_json_text(input.ptr, "name", &name))
        outlayer_fail("the input has no \"name\"; give {\"name\":\"Alice\"}");
    snprintf(text, sizeof(text), "hello %s", name.ptr);
    greeting = outlayer_json_quote(text);
    outlayer_outputf("{\"greeting\":%s}", greeting.ptr);
    return 0;
}
