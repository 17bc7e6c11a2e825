/*
 * counter.c — the smallest contract: a number that anybody may raise and its owner may reset.
 *
 * It shows a method of each kind, arguments, a row made from a struct, an event and a refusal.
 */
#include "sdk/near.h"
#include "sdk/row.h"

struct counter {
    struct str owner;
    uint64_t value;
};

static const struct row_field fields[] = {ROW(counter, owner), ROW(counter, value)};

static void load(struct counter *c)
{
    struct str row;
    REQUIRE(near_read(STR("STATE"), &row), "The contract is not initialized");
    struct rd r = rd_over(row);
    row_read(&r, c, fields, countof(fields));
    REQUIRE(rd_end(&r), "Cannot deserialize the contract state.");
}

static void store(const struct counter *c)
{
    struct buf b = near_buf();
    row_write(&b, c, fields, countof(fields));
    near_write_buf(STR("STATE"), &b);
}

NEAR_CALL(new)
{
    REQUIRE(!near_has(STR("STATE")), "The contract has already been initialized");
    struct counter c = {.owner = near_predecessor()};
    arg_opt_u64(args, "start", &c.value);
    store(&c);
}

NEAR_CALL(increment)
{
    struct counter c;
    uint64_t by = 1;

    load(&c);
    arg_opt_u64(args, "by", &by);
    if (c.value + by < c.value)
        PANIC("{} more do not fit", near_dec(by));
    c.value += by;
    store(&c);
    near_event(STR("counter"), STR("1.0.0"), "raised",
               TEXT("{\"by\":{},\"value\":{},\"who\":\"{}\"}", near_dec(by), near_dec(c.value),
                    near_predecessor()));
    near_return_u64(c.value);
}

NEAR_CALL(reset)
{
    struct counter c;
    load(&c);
    REQUIRE(str_eq(near_predecessor(), c.owner), "Only owner can call this method");
    c.value = 0;
    store(&c);
}

NEAR_VIEW(get)
{
    struct counter c;
    load(&c);
    near_return_u64(c.value);
}
