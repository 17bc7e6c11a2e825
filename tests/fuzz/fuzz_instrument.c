/*
 * fuzz_instrument.c — any bytes as a contract: whatever the preparation accepts, the engine accepts
 * too, as it was and rewritten; and preparing is a function of the bytes alone.
 */
#include "engine/contract.h"
#include "vm/prepare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct contract_engine *engine(void)
{
    static struct contract_engine *e;
    const struct contract_options o = {
        .instances_max = 1, .table_elements_max = 1000000, .memory_max = (size_t)128 << 20};

    if (e == NULL && contract_engine_new(&o, &e, NULL) != ERR_OK)
        BUG("no engine");
    return e;
}

static void must_be_valid(struct str wasm)
{
    struct buf why = WHY_INIT;

    if (contract_validate(engine(), wasm, &why) != ERR_OK)
        bug(__FILE__, __LINE__, buf_z(&why));
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str code = str_from(data, size);

    for (size_t i = 0; i < params_table_len; i++) {
        struct buf out = BUF_INIT(PREPARED_MAX), again = BUF_INIT(PREPARED_MAX);
        enum prepare_fault f = prepare(&params_table[i], code, &out);

        BUG_ON(prepare(&params_table[i], code, &again) != f);
        if (f == PREPARE_OK) {
            BUG_ON(!str_eq(buf_str(&out), buf_str(&again)));
            must_be_valid(code);
            must_be_valid(buf_str(&out));
        }
        buf_release(&out);
        buf_release(&again);
    }
    return 0;
}
