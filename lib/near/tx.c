#include "near/tx.h"

#include <string.h>

void tx_write(struct buf *out, const struct tx *t)
{
    if (t->version == 1)
        wr_u8(out, 1);
    wr_bytes(out, t->signer_id);
    public_key_write(out, t->key);
    if (t->version == 1)
        tx_nonce_write(out, t->nonce);
    else
        wr_u64(out, t->nonce.nonce);
    wr_bytes(out, t->receiver_id);
    buf_add(out, t->block_hash.b, sizeof(t->block_hash.b));
    actions_write(out, t->actions, t->nactions);
    if (t->version == 1)
        wr_u8(out, t->strict_nonce);
}

struct hash256 tx_sign(const struct tx *t, const struct ed25519_key *k, struct buf *out)
{
    size_t from = out->len;
    struct hash256 hash;
    struct ed25519_sig sig;

    tx_write(out, t);
    hash = sha256(str_skip(buf_str(out), from));
    sig = ed25519_sign(k, str_from(hash.b, sizeof(hash.b)));
    signature_write(out, (struct signature){CURVE_ED25519, str_from(sig.b, sizeof(sig.b))});
    return hash;
}

static struct tx tx_read(struct rd *r, struct arena *a)
{
    struct tx t;

    memset(&t, 0, sizeof(t));
    if (r->in.len >= 2 && r->in.ptr[1] != 0) {
        t.version = rd_u8(r);
        if (t.version != 1)
            rd_fail(r);
    }
    t.signer_id = account_id_read(r);
    t.key = public_key_read(r);
    if (t.version == 1)
        t.nonce = tx_nonce_read(r);
    else
        t.nonce.nonce = rd_u64(r);
    t.receiver_id = account_id_read(r);
    rd_copy(r, t.block_hash.b, sizeof(t.block_hash.b));
    t.actions = actions_read(r, a, &t.nactions);
    if (t.version == 1)
        t.strict_nonce = rd_bool(r);
    return t;
}

enum err signed_tx_read(struct str bytes, struct arena *a, struct signed_tx *out, struct buf *why)
{
    struct rd r = rd_over(bytes);
    struct signed_tx t;

    if (bytes.len > SIGNED_TX_MAX)
        return err_put(why, ERR_TOO_BIG, "a transaction of %zu bytes is over the limit of %u",
                       bytes.len, SIGNED_TX_MAX);
    memset(&t, 0, sizeof(t));
    t.tx = tx_read(&r, a);
    t.size = r.at;
    t.signature = signature_read(&r);
    if (!rd_end(&r)) {
        if (bytes.len >= 2 && bytes.ptr[1] != 0 && bytes.ptr[0] != 1)
            return err_put(why, ERR_FORMAT, "invalid transaction version tag: %u",
                           (unsigned)(uint8_t)bytes.ptr[0]);
        return err_put(why, ERR_FORMAT, "malformed transaction at byte %zu of %zu", r.at,
                       bytes.len);
    }
    t.hash = sha256(str_head(bytes, t.size));
    *out = t;
    return ERR_OK;
}

bool signed_tx_verify(const struct signed_tx *t)
{
    struct ed25519_pub pub;
    struct ed25519_sig sig;

    if (!public_key_ed25519(t->tx.key, &pub) || t->signature.curve != CURVE_ED25519)
        return false;
    memcpy(sig.b, t->signature.bytes.ptr, sizeof(sig.b));
    return ed25519_verify(&pub, str_from(t->hash.b, sizeof(t->hash.b)), &sig);
}
