/*
 * fuzz_sdk_json.c — a path, a NUL, and any text: looking for the path in it stays inside the text,
 * and what is found as a string can be quoted and found again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/def.h"
#include "outlayer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    struct outlayer_bytes found, again, quoted;
    char *path, *text, *wrapped;
    int64_t i;
    double d;

    if (!end)
        return 0;
    path = strdup((const char *)data);
    text = strndup((const char *)end + 1, size - (size_t)(end + 1 - data));
    (void)outlayer_json_int(text, path, &i);
    (void)outlayer_json_double(text, path, &d);
    if (outlayer_json_text(text, path, &found)) {
        quoted = outlayer_json_quote(found.ptr);
        wrapped = malloc(quoted.len + sizeof("{\"k\":}"));
        strcat(strcat(strcpy(wrapped, "{\"k\":"), quoted.ptr), "}");
        BUG_ON(!outlayer_json_text(wrapped, "k", &again));
        BUG_ON(strcmp(again.ptr, found.ptr) != 0); /* as far as a \u0000 in it */
        outlayer_free(&again);
        outlayer_free(&quoted);
        outlayer_free(&found);
        free(wrapped);
    }
    free(path);
    free(text);
    return 0;
}
