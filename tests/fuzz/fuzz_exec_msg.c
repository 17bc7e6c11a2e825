/* Messages of the exec child: the first byte chooses which. What is read is written back alike. */
#include "guest/exec_msg.h"

#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct run_var vars[RUN_ENV_MAX];

static bool read_and_write(uint8_t which, struct str body, struct buf *again)
{
    struct exec_hello hello;
    struct exec_answer answer;
    struct exec_result result;
    struct hash256 hash;
    struct run_job job;
    uint64_t id;

    switch (which % 5) {
    case 0:
        if (!exec_hello_read(body, &hello))
            return false;
        exec_hello_write(again, &hello);
        return true;
    case 1:
        if (!exec_answer_read(body, &answer))
            return false;
        exec_answer_write(again, &answer);
        return true;
    case 2:
        if (!exec_load_read(body, &hash))
            return false;
        exec_load_write(again, &hash);
        return true;
    case 3:
        if (!exec_run_read(body, &id, &job, vars))
            return false;
        exec_run_write(again, id, &job);
        return true;
    default:
        if (!exec_result_read(body, 1 << 20, &result))
            return false;
        exec_result_write(again, &result);
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again = BUF_INIT(EXEC_RUN_MAX + EXEC_RESULT_MAX);
    struct str body;

    if (size == 0)
        return 0;
    body = str_from(data + 1, size - 1);
    if (read_and_write(data[0], body, &again))
        BUG_ON(!str_eq(body, buf_str(&again)));
    buf_release(&again);
    return 0;
}
