/* Access conditions: what is taken is printed, read again and printed the same; judging ends. */
#include "secrets/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err balance(void *ctx, struct str who, u128 *out, struct buf *why)
{
    (void)ctx;
    (void)why;
    *out = who.len;
    return ERR_OK;
}

static enum err view(void *ctx, struct str contract, const char *method, struct str args,
                     struct buf *out, struct buf *why)
{
    (void)method;
    (void)args;
    (void)why;
    buf_add_str(out, *(const struct str *)ctx);
    return contract.len % 2 ? ERR_UPSTREAM : ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size);
    const struct access_chain chain = {&in, balance, view};
    struct arena a = ARENA_INIT;
    struct buf one = BUF_INIT(8 * ACCESS_TEXT_MAX), two = BUF_INIT(8 * ACCESS_TEXT_MAX);
    const struct access *c, *again;

    if (!access_parse(in, &a, &c, NULL)) {
        access_put(&one, c);
        if (one.len <= ACCESS_TEXT_MAX) {
            BUG_ON(access_parse(buf_str(&one), &a, &again, NULL));
            access_put(&two, again);
            BUG_ON(!str_eq(buf_str(&one), buf_str(&two)));
        }
        (void)access_judge(c, STR("alice.near"), &chain, NULL);
    }
    buf_release(&one);
    buf_release(&two);
    arena_release(&a);
    return 0;
}
