/* The messages between worker and fetch child; what reads writes back the same. */
#include "fetch/fetch_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = BUF_INIT(FETCH_MSG_MAX);
    struct str in = str_from(data, size);
    struct fetch_answer answer;
    struct fetch_ask ask;
    struct fetch_ref ref;

    if (fetch_ask_read(in, &ask, NULL) == ERR_OK) {
        fetch_ask_write(&b, &ask);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_clear(&b);
    if (fetch_ref_read(in, &ref, NULL) == ERR_OK) {
        fetch_ref_write(&b, &ref);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_clear(&b);
    if (fetch_answer_read(in, &answer, NULL) == ERR_OK) {
        fetch_answer_write(&b, &answer);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_release(&b);
    return 0;
}
