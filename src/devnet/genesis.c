/* genesis.c — see genesis.h. */
#include "devnet/genesis.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "devnet/chain.h"
#include "devnet/records.h"
#include "devnet/state.h"

#define GENESIS_BYTES_MAX   (256u << 20)
#define NEAR                ((u128)1000000000000 * 1000000000000)
#define ROOT_NEAR           UINT64_C(1000000000)
#define VALIDATOR_NEAR      UINT64_C(50000)
#define VALIDATOR_FREE_NEAR UINT64_C(10)

u128 genesis_validator_stake(void)
{
    return VALIDATOR_NEAR * NEAR;
}

static enum err key_of(const char *home, const char *folder, const char *file, const char *account,
                       struct near_key *k, struct buf *why)
{
    char path[4096];
    enum err e;

    if (snprintf(path, sizeof(path), "%s%s%s", home ? home : "", home ? "/" : "", folder) >=
        (int)sizeof(path) - 64)
        return err_put(why, ERR_RANGE, "home folder '%s' has too long a name", home);
    if (home) {
        e = dir_make(path, why);
        if (e)
            return e;
        memcpy(path + strlen(path), file, strlen(file) + 1);
        e = near_key_load(path, k, NULL);
        if (e != ERR_ABSENT)
            return e ? near_key_load(path, k, why) : ERR_OK;
    }
    BUG_ON(!account_id_parse(str_of(account), &k->account));
    ed25519_generate(&k->key);
    return home ? near_key_store(path, k, why) : ERR_OK;
}

enum err genesis_keys(const char *home, struct genesis *g, struct buf *why)
{
    enum err e = key_of(home, "credentials/" CHAIN_ID "/", ROOT_ACCOUNT ".json", ROOT_ACCOUNT,
                        &g->root, why);

    if (!e)
        e = key_of(home, "", "validator_key.json", VALIDATOR_ACCOUNT, &g->validator, why);
    return e;
}

static u128 add_account(const struct params *p, struct kv *kv, const struct near_key *k,
                        u128 amount, u128 locked)
{
    struct account a = {
        .amount = amount, .locked = locked, .storage_usage = p->storage_num_bytes_account};
    const struct access_key full = {.kind = PERMISSION_FULL_ACCESS};
    const struct public_key pk = public_key_of(&k->key.pub);

    a.storage_usage += key_usage(pk, &full, p->storage_num_extra_bytes_record);
    account_put(kv, account_id_str(&k->account), &a);
    key_put(kv, account_id_str(&k->account), pk, &full);
    return amount + locked;
}

u128 genesis_state(const struct params *p, struct kv *kv, const struct genesis *g)
{
    return add_account(p, kv, &g->root, ROOT_NEAR * NEAR, 0) +
           add_account(p, kv, &g->validator, VALIDATOR_FREE_NEAR * NEAR, VALIDATOR_NEAR * NEAR);
}

enum err genesis_file(const char *path, const struct params *p, struct kv *kv, struct buf *why)
{
    struct buf text = BUF_INIT(GENESIS_BYTES_MAX);
    struct json_fault fault;
    struct json v;
    enum err e = file_read(path, &text, why);

    if (!e && !json_parse(buf_str(&text), &v, &fault))
        e = err_put(why, ERR_FORMAT, "genesis file '%s' is no JSON at byte %zu: %s", path, fault.at,
                    fault.what);
    if (!e)
        e = records_put(json_get(v, "records"), p, kv, why);
    buf_release(&text);
    return e;
}
