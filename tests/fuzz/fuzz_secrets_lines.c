/* Lines of NAME=VALUE: what is taken is an object of strings that users may store. */
#include "cli/secrets_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = BUF_INIT(SECRETS_TEXT_MAX), why = WHY_INIT;
    static struct secret_set set;
    struct json doc;

    if (secrets_lines(str_from(data, size), &out, &why)) {
        BUG_ON(!why.len);
    } else if (!out.full) {
        BUG_ON(!json_parse(buf_str(&out), &doc, NULL) || json_type(doc) != JSON_OBJECT);
        if (!secret_set_parse(buf_str(&out), &set, NULL))
            BUG_ON(secret_set_check_names(&set, NULL));
    }
    buf_release(&out);
    buf_release(&why);
    return 0;
}
