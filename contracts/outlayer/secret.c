/* secret.c — see secret.h. */
#include "outlayer/secret.h"

#include <string.h>

#include "outlayer/project.h"
#include "sdk/row.h"

#define HASH_BYTES 6u

/* ---- rows ---- */

static struct str directory_key(struct str owner)
{
    return near_key(TAG_DIRECTORY, owner);
}

struct directory directory_load(struct str owner)
{
    struct directory d = {.owner = owner, .hashes = {"", 0}};
    struct str row;
    if (near_read(directory_key(owner), &row)) {
        struct rd r = rd_over(row);
        d.nonce_floor = rd_u32(&r);
        d.hashes = rd_fixed(&r, rd_left(&r));
    }
    return d;
}

static void directory_store(const struct directory *d)
{
    struct buf b = BUF_INIT(4 + SECRETS_MAX * HASH_BYTES);
    wr_u32(&b, d->nonce_floor);
    buf_add_str(&b, d->hashes);
    if (d->nonce_floor || d->hashes.len)
        near_write_buf(directory_key(d->owner), &b);
    else
        near_remove(directory_key(d->owner));
}

static uint32_t count(const struct directory *d)
{
    return (uint32_t)(d->hashes.len / HASH_BYTES);
}

static struct str row_key(const struct directory *d, uint32_t i)
{
    struct buf b = BUF_INIT(ACCOUNT_ID_MAX + 2);
    buf_add_str(&b, d->owner);
    wr_u16(&b, (uint16_t)i);
    return near_key(TAG_SECRET, buf_str(&b));
}

static const struct row_field fields[] = {
    ROW(secret, accessor.kind), ROW(secret, accessor.a), ROW(secret, accessor.branch),
    ROW(secret, profile),       ROW(secret, cipher),     ROW(secret, access),
    ROW(secret, created),       ROW(secret, updated),    ROW(secret, deposit_bytes),
    ROW(secret, vault),
};
#define ACCESSOR_FIELDS 3u

void secret_write(const struct directory *d, uint32_t i, const struct secret *s)
{
    struct buf b = near_buf();
    row_write(&b, s, fields, countof(fields));
    near_write_buf(row_key(d, i), &b);
}

static void secret_read(const struct directory *d, uint32_t i, struct secret *s)
{
    struct str row = STR_NONE;
    state_need(near_read(row_key(d, i), &row));
    struct rd r = rd_over(row);
    row_read(&r, s, fields, countof(fields));
    state_need(rd_end(&r));
}

static void hash_of(const struct accessor *a, struct str profile, uint8_t out[32])
{
    struct buf b = near_buf();
    const struct secret s = {.accessor = *a};
    row_write(&b, &s, fields, ACCESSOR_FIELDS);
    buf_add_str(&b, profile);
    near_sha256(buf_str(&b), out);
}

static bool same(const struct accessor *a, const struct accessor *b)
{
    return a->kind == b->kind && str_eq(a->a, b->a) && str_eq(a->branch, b->branch);
}

uint32_t secret_find(const struct directory *d, const struct accessor *a, struct str profile,
                     struct secret *s)
{
    uint8_t hash[32];
    hash_of(a, profile, hash);
    for (uint32_t i = 0; i < count(d); i++) {
        if (memcmp(d->hashes.ptr + i * HASH_BYTES, hash, HASH_BYTES) != 0)
            continue;
        secret_read(d, i, s);
        if (same(&s->accessor, a) && str_eq(s->profile, profile))
            return i;
    }
    return UINT32_MAX;
}

static uint32_t secret_add(struct directory *d, const struct secret *s)
{
    uint8_t hash[32];
    struct buf b = BUF_INIT(SECRETS_MAX * HASH_BYTES);
    uint32_t i = count(d);

    hash_of(&s->accessor, s->profile, hash);
    buf_add_str(&b, d->hashes);
    buf_add(&b, hash, HASH_BYTES);
    REQUIRE(!b.full, "The list is full");
    d->hashes = buf_str(&b);
    return i;
}

void secret_remove(struct directory *d, uint32_t i)
{
    uint32_t last = count(d) - 1;
    struct str row;
    struct buf b = BUF_INIT(SECRETS_MAX * HASH_BYTES);

    BUG_ON(!near_take(row_key(d, last), &row));
    buf_add(&b, d->hashes.ptr, last * HASH_BYTES);
    if (i != last) {
        near_write(row_key(d, i), row);
        memcpy(b.ptr + i * HASH_BYTES, d->hashes.ptr + last * HASH_BYTES, HASH_BYTES);
    }
    d->hashes = buf_str(&b);
    directory_store(d);
}

/* ---- deposits ---- */

static uint32_t cost(const struct secret *s, struct str owner, bool is_new)
{
    uint32_t key =
        accessor_cost(&s->accessor) + 4 + (uint32_t)s->profile.len + 4 + (uint32_t)owner.len;
    uint32_t value = 4 + (uint32_t)s->cipher.len + (uint32_t)s->access.len + 10 + 32;
    return 40 + key + value + (is_new ? 64 : 0) + (s->vault.len ? 40 + key + 68 : 0);
}

u128 secret_deposit(const struct secret *s)
{
    return storage_cost(s->deposit_bytes);
}

/* Hold the deposit of `bytes` for an existing row; what is over goes back. */
static void reprice(struct secret *s, uint32_t bytes)
{
    u128 have = near_deposit() + secret_deposit(s), need = storage_cost(bytes);
    if (have < need)
        PANIC("Insufficient deposit for update. Required: {}, available: {}", near_dec(need),
              near_dec(have));
    s->deposit_bytes = bytes;
    pay(near_predecessor(), have - need);
}

/* ---- storing ---- */

static void check_profile(struct str p, struct str who)
{
    bool ok = p.len >= 1 && p.len <= PROFILE_MAX;
    for (size_t i = 0; ok && i < p.len; i++) {
        char c = p.ptr[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    }
    REQUIRE(ok, "Profile must have 1 to 64 of A-Z a-z 0-9 - _");
    REQUIRE(!account_id_is_implicit(p) || str_eq(p, who), "Profile is reserved for that account");
}

static uint32_t nonce_of(struct str profile)
{
    uint64_t n;
    REQUIRE(profile.len && profile.ptr[0] != '0' && str_u64(profile, &n) && n <= NONCE_MAX,
            "Profile must be a nonce: 1 to 2147483647");
    return (uint32_t)n;
}

/* What a caller of store_secrets or estimate_storage_cost would store. */
static struct secret parse_secret(struct json args)
{
    struct secret s = {.accessor = accessor_parse(arg_get(args, "accessor"))};
    s.profile = arg_str(args, "profile");
    s.cipher = arg_str(args, "encrypted_secrets_base64");
    s.access = access_normal(arg_get(args, "access"));
    arg_opt_account(args, "vault_id", &s.vault);
    REQUIRE(s.cipher.len, "Encrypted secrets cannot be empty");
    REQUIRE(s.cipher.len <= CIPHER_MAX, "too long");
    for (size_t i = 0; i < s.cipher.len; i++)
        REQUIRE(s.cipher.ptr[i] > ' ' && s.cipher.ptr[i] != '"' && s.cipher.ptr[i] != '\\',
                "Encrypted secrets must be base64");
    return s;
}

static void new_payment_key(struct directory *d, const struct secret *s)
{
    uint32_t nonce = nonce_of(s->profile);
    if (nonce <= d->nonce_floor)
        PANIC("Payment key nonce {} was used before", s->profile);
    d->nonce_floor = nonce;
    event_top_up(&(struct yield_id){0}, d->owner, nonce, 0, s->cipher);
}

NEAR_PAYABLE(store_secrets)
{
    struct secret s = parse_secret(args), old;
    struct str who = near_predecessor();
    struct directory d = directory_load(who);
    struct project p;

    check_profile(s.profile, who);
    if (s.accessor.kind == ACCESSOR_PROJECT && !project_load(s.accessor.a, &p))
        PANIC("Project '{}' does not exist", s.accessor.a);
    uint32_t i = secret_find(&d, &s.accessor, s.profile, &old);
    s.created = s.updated = near_timestamp();
    if (i != UINT32_MAX) {
        if (s.accessor.kind == ACCESSOR_SYSTEM)
            PANIC("Payment key {} already exists", s.profile);
        s.created = old.created;
        s.deposit_bytes = old.deposit_bytes;
        if (!s.vault.len)
            s.vault = old.vault;
        reprice(&s, cost(&s, who, false));
    } else {
        s.deposit_bytes = cost(&s, who, true);
        deposit_take(secret_deposit(&s));
        if (s.accessor.kind == ACCESSOR_SYSTEM)
            new_payment_key(&d, &s);
        i = secret_add(&d, &s);
        directory_store(&d);
    }
    secret_write(&d, i, &s);
}

static uint32_t find_mine(struct json args, struct directory *d, struct secret *s)
{
    struct accessor a = accessor_parse(arg_get(args, "accessor"));
    *d = directory_load(near_predecessor());
    uint32_t i = secret_find(d, &a, arg_str(args, "profile"), s);
    REQUIRE(i != UINT32_MAX, "Secrets not found");
    return i;
}

NEAR_CALL(delete_secrets)
{
    struct directory d;
    struct secret s;
    uint32_t i = find_mine(args, &d, &s);
    REQUIRE(s.accessor.kind != ACCESSOR_SYSTEM, "Use delete_payment_key for payment keys");
    secret_remove(&d, i);
    pay(d.owner, secret_deposit(&s));
}

NEAR_PAYABLE(update_access)
{
    struct directory d;
    struct secret s;
    uint32_t i = find_mine(args, &d, &s);
    s.access = access_normal(arg_get(args, "new_access"));
    s.updated = near_timestamp();
    /* The size did not grow: nothing to pay, whatever the row was priced at when it was new. */
    uint32_t bytes = cost(&s, d.owner, false);
    reprice(&s, bytes);
    secret_write(&d, i, &s);
}

NEAR_CALL(unbind_secret_vault)
{
    struct directory d;
    struct secret s;
    uint32_t i = find_mine(args, &d, &s);
    s.vault = STR_NONE;
    reprice(&s, cost(&s, d.owner, false));
    secret_write(&d, i, &s);
}

/* ---- views ---- */

static bool find_named(struct json args, bool fall_back, struct secret *s)
{
    struct accessor a = accessor_parse(arg_get(args, "accessor"));
    struct str profile = arg_str(args, "profile");
    struct directory d = directory_load(arg_account(args, "owner"));
    if (secret_find(&d, &a, profile, s) != UINT32_MAX)
        return true;
    if (!fall_back || !a.branch.len)
        return false;
    a.branch = STR_NONE;
    return secret_find(&d, &a, profile, s) != UINT32_MAX;
}

static void put_common(struct buf *b, const struct secret *s)
{
    put_raw(b, "access", s->access);
    put_u64(b, "created_at", s->created);
    put_u64(b, "updated_at", s->updated);
    put_u128(b, "storage_deposit", secret_deposit(s));
    json_key(b, "accessor");
    accessor_put(b, &s->accessor);
    json_obj_end(b);
}

static void put_view(struct buf *b, const struct secret *s)
{
    json_obj(b);
    put_str(b, "encrypted_secrets", s->cipher);
    put_common(b, s);
}

NEAR_VIEW(get_secrets)
{
    struct secret s;
    struct buf b = near_buf();
    if (find_named(args, true, &s))
        put_view(&b, &s);
    else
        json_put_null(&b);
    near_return_buf(&b);
}

NEAR_VIEW(secrets_exist)
{
    struct secret s;
    near_return_bool(find_named(args, false, &s));
}

NEAR_VIEW(get_secret_vault)
{
    struct secret s = {0};
    struct buf b = near_buf();
    find_named(args, true, &s);
    if (s.vault.len)
        json_put_str(&b, s.vault);
    else
        json_put_null(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_secret_with_vault)
{
    struct secret s;
    struct buf b = near_buf();
    if (find_named(args, true, &s)) {
        json_obj(&b);
        json_key(&b, "profile");
        put_view(&b, &s);
        put_opt_str(&b, "vault_id", s.vault);
        json_obj_end(&b);
    } else {
        json_put_null(&b);
    }
    near_return_buf(&b);
}

NEAR_VIEW(estimate_storage_cost)
{
    struct str owner = arg_account(args, "owner");
    struct secret s = parse_secret(args), old;
    struct directory d = directory_load(owner);
    bool is_new = secret_find(&d, &s.accessor, s.profile, &old) == UINT32_MAX;
    if (!is_new && !s.vault.len)
        s.vault = old.vault;
    near_return_u128(storage_cost(cost(&s, owner, is_new)));
}

NEAR_VIEW(list_user_secrets)
{
    struct directory d = directory_load(arg_account(args, "account_id"));
    struct buf b = near_buf();
    struct page page;

    page_parse(args, PAGE_DEFAULT, PAGE_MAX, &page);
    json_arr(&b);
    for (uint64_t i = page.from; i < count(&d) && i - page.from < page.limit; i++) {
        struct secret s;
        secret_read(&d, (uint32_t)i, &s);
        json_obj(&b);
        put_str(&b, "profile", s.profile);
        put_common(&b, &s);
    }
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(list_profiles)
{
    near_return(STR("[]"));
}

NEAR_VIEW(get_next_payment_key_nonce)
{
    struct directory d = directory_load(arg_account(args, "account_id"));
    near_return_u64((uint64_t)d.nonce_floor + 1);
}
