/* A registration is read or refused; what is read has all that a signature is checked over. */
#include "secrets/sessions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registration r;
    struct json v;

    if (json_parse(str_from(data, size), &v, NULL) && !registration_read(v, &r, NULL))
        BUG_ON(json_type(json_get(v, "issued_at")) != JSON_NUMBER);
    return 0;
}
