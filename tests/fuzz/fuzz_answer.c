/* What a guest wrote, in all three formats, up to the arguments of the call. */
#include "worker/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX);
    struct json doc;

    for (int f = FORMAT_TEXT; f <= FORMAT_BYTES + 1; f++) {
        struct answer a = ANSWER_INIT;
        const char *method;

        if (f <= FORMAT_BYTES)
            answer_output(&a, (enum response_format)f, str_from(data, size));
        else
            answer_fail(&a, ANSWER_EXECUTION_FAILED, str_from(data, size));
        buf_clear(&args);
        method = answer_call(&a, 1, &args);
        BUG_ON(args.full || !json_parse(buf_str(&args), &doc, NULL));
        if (method[0] == 'r')
            BUG_ON(json_get(doc, "response").text.len >= ANSWER_PAYLOAD_MAX);
        answer_release(&a);
    }
    buf_release(&args);
    return 0;
}
