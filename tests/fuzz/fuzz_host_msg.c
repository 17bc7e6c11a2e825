/* Calls and answers of guests on their way: the first byte chooses the message, or the function
 * whose answer it is. What is read is written back alike. */
#include "guest/host_msg.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void call(struct str body, struct buf *again)
{
    struct host_call c;
    uint64_t run;

    if (!host_call_read(body, &run, &c))
        return;
    host_call_write(again, run, &c);
    BUG_ON(!str_eq(body, buf_str(again)));
}

static void answer(const struct host_fn *fn, struct str body, struct buf *again)
{
    struct host_reply r = {0};
    struct host_answer a;
    uint64_t run;

    if (!host_answer_read(body, fn, &run, &a))
        return;
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++) {
        r.n[i] = a.results[i].n;
        r.text[i] = BUF_INIT(HOST_TOLD_MAX);
        buf_add_str(&r.text[i], a.results[i].s);
    }
    host_answer_write(again, run, fn, a.error, &r);
    BUG_ON(!str_eq(body, buf_str(again)));
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++)
        buf_release(&r.text[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again = BUF_INIT(HOST_ANSWER_BODY_MAX + HOST_CALL_BODY_MAX);
    struct str body;

    if (size == 0)
        return 0;
    body = str_from(data + 1, size - 1);
    if (data[0] == 0)
        call(body, &again);
    else
        answer(
            &host_faces[data[0] % HOST_FACES].fns[data[0] % host_faces[data[0] % HOST_FACES].nfns],
            body, &again);
    buf_release(&again);
    return 0;
}
