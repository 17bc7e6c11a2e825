#include "attest/label.h"

#include <string.h>

void label_put(struct buf *out, const char *label)
{
    size_t n = strlen(label);

    BUG_ON(n > LABEL_LEN);
    buf_add(out, label, n);
    for (; n < LABEL_LEN; n++)
        buf_add_byte(out, 0);
}
