#include "chain.h"

#include <signal.h>
#include <string.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "engine/wat.h"

static struct chain_row *find(struct chain *c, struct str key)
{
    for (size_t i = 0; i < c->n_rows; i++)
        if (str_eq(c->rows[i].key, key))
            return &c->rows[i];
    return NULL;
}

void chain_set(struct chain *c, struct str key, struct str value)
{
    struct chain_row *row = find(c, key);

    if (row == NULL) {
        BUG_ON(c->n_rows == CHAIN_ROWS_MAX);
        row = &c->rows[c->n_rows++];
        row->key = arena_str(&c->a, key);
    }
    row->value = arena_str(&c->a, value);
}

struct str chain_get(const struct chain *c, struct str key)
{
    const struct chain_row *row = find((struct chain *)(uintptr_t)c, key);

    return row != NULL ? row->value : STR_NONE;
}

static enum err fault(const struct chain *c, struct buf *why)
{
    return c->broken ? err_put(why, ERR_IO, "the disk is gone") : ERR_OK;
}

static enum err read_(void *arg, struct str key, struct str *value, struct buf *why)
{
    const struct chain *c = arg;

    *value = chain_get(c, key);
    return fault(c, why);
}

static enum err write_(void *arg, struct str key, struct str value, struct str *old,
                       struct vm_touch *touch, struct buf *why)
{
    struct chain *c = arg;

    *old = chain_get(c, key);
    *touch = c->touch;
    chain_set(c, key, value);
    return fault(c, why);
}

static enum err remove_(void *arg, struct str key, struct str *old, struct vm_touch *touch,
                        struct buf *why)
{
    struct chain *c = arg;
    struct chain_row *row = find(c, key);

    *old = STR_NONE;
    *touch = c->touch;
    if (row != NULL) {
        *old = row->value;
        *row = c->rows[--c->n_rows];
    }
    return fault(c, why);
}

static enum err has(void *arg, struct str key, bool *there, struct buf *why)
{
    *there = find(arg, key) != NULL;
    return fault(arg, why);
}

/* Hashes of a counter. */
static void data_id(void *arg, uint8_t out[32])
{
    struct chain *c = arg;
    uint64_t n = c->data_ids++;
    struct hash256 h = sha256(str_from(&n, sizeof n));

    memcpy(out, h.b, 32);
}

static enum err pending(void *arg, const uint8_t id[32], bool *yes, struct buf *why)
{
    const struct chain *c = arg;

    *yes = c->has_pending && memcmp(c->pending, id, 32) == 0;
    return fault(c, why);
}

static enum err id_pending(void *arg, const uint8_t id[32], bool *yes, uint8_t out[32],
                           struct buf *why)
{
    enum err e = pending(arg, id, yes, why);

    memset(out, 0x77, 32);
    return e;
}

static u128 stake(void *arg, struct str account)
{
    (void)arg;
    return str_eqz(account, "validator.near") ? 12345 : 0;
}

static u128 total(void *arg)
{
    (void)arg;
    return 12345;
}

static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGBUS};
static struct sigaction engines[countof(signals)];

struct vm *vm_for_tests(uint32_t protocol)
{
    struct vm_options o = {.protocol = protocol};
    struct buf why = WHY_INIT;
    struct vm *vm = NULL;

    if (vm_new(&o, &vm, &why) != ERR_OK)
        bug(__FILE__, __LINE__, buf_z(&why));
    if (engines[0].sa_sigaction == NULL)
        for (size_t i = 0; i < countof(signals); i++)
            sigaction(signals[i], NULL, &engines[i]);
    return vm;
}

void chain_init(struct chain *c)
{
    for (size_t i = 0; i < countof(signals) && engines[0].sa_sigaction != NULL; i++)
        sigaction(signals[i], &engines[i], NULL);
    *c = (struct chain){.ext = {.arg = c,
                                .storage_read = read_,
                                .storage_write = write_,
                                .storage_remove = remove_,
                                .storage_has = has,
                                .data_id = data_id,
                                .yield_pending = pending,
                                .yield_id_pending = id_pending,
                                .validator_stake = stake,
                                .validator_total_stake = total}};
}

void chain_release(struct chain *c)
{
    arena_release(&c->a);
}

struct vm_context chain_context(struct str code)
{
    static const uint8_t pk[33] = {0, 1, 2, 3};
    struct hash256 hash = sha256(code);
    u128 near = 1000000000000U;
    struct vm_context c = {
        .current_account = STR("alice.near"),
        .signer_account = STR("bob.near"),
        .signer_pk = str_from(pk, sizeof pk),
        .predecessor_account = STR("carol.near"),
        .method = STR("m"),
        .block_height = 10,
        .block_timestamp = 42,
        .epoch_height = 1,
        .balance = near * near,
        .storage_usage = 1000,
        .prepaid_gas = 300000000000000U,
        .chain_id = STR("test"),
        .code = code,
        .code_origin = VM_CODE_LOCAL,
    };

    memcpy(c.code_hash, hash.b, sizeof c.code_hash);
    return c;
}

struct str chain_wasm(struct arena *a, const char *hex)
{
    struct str text = str_of(hex);
    char *bytes = arena_alloc(a, text.len / 2 + 1);

    BUG_ON(!hex_get(text, bytes, text.len / 2));
    return str_from(bytes, text.len / 2);
}

struct str chain_wat(struct arena *a, const char *text)
{
    struct buf out = BUF_INIT((size_t)16 << 20), why = WHY_INIT;
    struct str s;

    if (wat_assemble(str_of(text), &out, &why) != ERR_OK)
        bug(__FILE__, __LINE__, buf_z(&why));
    s = arena_str(a, buf_str(&out));
    buf_release(&out);
    buf_release(&why);
    return s;
}
