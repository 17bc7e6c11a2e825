/* views.c — what anybody may look at. */
#include "codec/hex.h"
#include "register/register.h"

static bool simulated(void)
{
    struct settings s;
    settings_load(&s);
    return s.root.len > 0;
}

static void put_session(struct buf *b, struct str id)
{
    struct session s;
    struct manifest m;

    if (!session_load(id, &s) || manifest_read(s.manifest, &m, NULL)) {
        json_put_null(b);
        return;
    }
    json_obj(b);
    put_hex(b, "session_id", id);
    put_key(b, "public_key", s.key);
    put_key(b, "statement_key", str_from(m.statement_key, 32));
    put_u64(b, "not_before", m.not_before);
    put_u64(b, "not_after", m.not_after);
    put_base64(b, "manifest", s.manifest);
    put_hex(b, "fmspc", s.fmspc);
    put_hex(b, "ppid", s.ppid);
    put_u64(b, "registered_height", s.height);
    put_u64(b, "registered_at", s.registered);
    put_u64(b, "statements_anchored", s.statements);
    put_u64(b, "anchored_at", s.anchored);
    put_bool(b, "simulated", simulated());
    json_obj_end(b);
}

static void put_worker(struct buf *b, struct str key, const struct worker *w)
{
    json_obj(b);
    put_key(b, "public_key", key);
    put_u64(b, "since", w->since);
    put_u64(b, "expires", w->expires);
    json_key(b, "session");
    put_session(b, w->session);
    json_obj_end(b);
}

NEAR_VIEW(get_session)
{
    struct str text = arg_str(args, "session_id");
    struct buf b = near_buf();
    uint8_t id[32];

    if (!hex_get(text, id, sizeof id))
        near_bad_args("64 hexadecimal digits expected:", "session_id");
    put_session(&b, str_from(id, sizeof id));
    near_return_buf(&b);
}

NEAR_VIEW(get_worker)
{
    struct str key = key_arg(arg_str(args, "public_key"));
    struct buf b = near_buf();
    struct worker w;

    if (worker_load(key, &w))
        put_worker(&b, key, &w);
    else
        json_put_null(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_workers)
{
    uint32_t from = 0, limit = PAGE_MAX;
    struct buf b = near_buf();
    struct worker w;
    struct str key;

    arg_opt_u32(args, "from_index", &from);
    arg_opt_u32(args, "limit", &limit);
    json_arr(&b);
    for (uint32_t i = 0; i < limit && i < PAGE_MAX && worker_at(from + i, &key, &w); i++)
        put_worker(&b, key, &w);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(is_key_revoked)
{
    near_return_bool(key_is_revoked(key_arg(arg_str(args, "public_key"))));
}

NEAR_VIEW(get_init_worker_account)
{
    struct settings s;
    settings_load(&s);
    near_return_str(s.registrar);
}

NEAR_VIEW(get_settings)
{
    struct buf b = near_buf();
    struct attest_root root;
    struct settings s;
    uint8_t hash[32];

    settings_load(&s);
    root = settings_root(&s);
    near_sha256(root.der, hash);
    json_obj(&b);
    put_str(&b, "owner_id", s.owner);
    put_str(&b, "init_worker_account", s.registrar);
    put_str(&b, "outlayer_contract_id", s.outlayer);
    put_hex(&b, "root_sha256", str_from(hash, sizeof hash));
    put_bool(&b, "simulated", root.simulated);
    put_raw(&b, "policy", s.policy);
    put_u64(&b, "registrations", s.registrations);
    put_u64(&b, "workers", worker_count());
    json_obj_end(&b);
    near_return_buf(&b);
}
