/* The messages around the compile child; what reads writes back the same. */
#include "builder/compile_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = BUF_INIT(COMPILE_MSG_MAX);
    struct str in = str_from(data, size);
    struct compile_progress progress;
    struct compile_answer answer;
    struct compile_give give;
    struct compile_ask ask;

    if (compile_ask_read(in, &ask, NULL) == ERR_OK) {
        compile_ask_write(&b, &ask);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_clear(&b);
    if (compile_give_read(in, &give, NULL) == ERR_OK) {
        compile_give_write(&b, &give);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_clear(&b);
    if (compile_progress_read(in, &progress, NULL) == ERR_OK) {
        compile_progress_write(&b, &progress);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_clear(&b);
    if (compile_answer_read(in, &answer, NULL) == ERR_OK) {
        compile_answer_write(&b, &answer);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_release(&b);
    return 0;
}
