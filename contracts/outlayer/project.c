/* project.c — see project.h. */
#include "outlayer/project.h"

#include <string.h>

#include "codec/hex.h"
#include "sdk/row.h"

#define KEY_BYTES 8u

/* ---- rows ---- */

static const struct row_field fields[] = {
    ROW(project, uuid),   ROW(project, created), ROW(project, priced),
    ROW(project, active), ROW(project, keys),
};

static const struct row_field version_fields[] = {
    ROW(version, source.kind),   ROW(version, source.a), ROW(version, source.b),
    ROW(version, source.target), ROW(version, added),
};

bool project_load(struct str id, struct project *p)
{
    struct str row;
    if (!near_read(near_key(TAG_PROJECT, id), &row))
        return false;
    struct rd r = rd_over(row);
    p->id = id;
    row_read(&r, p, fields, countof(fields));
    state_need(rd_end(&r));
    return true;
}

void project_store(const struct project *p)
{
    struct buf b = BUF_INIT(VERSIONS_MAX * KEY_BYTES + 64);
    row_write(&b, p, fields, countof(fields));
    near_write_buf(near_key(TAG_PROJECT, p->id), &b);
}

uint32_t project_versions(const struct project *p)
{
    return (uint32_t)(p->keys.len / KEY_BYTES);
}

struct str project_owner(const struct project *p)
{
    struct str owner;
    str_cut(p->id, '/', &owner);
    return owner;
}

struct str project_uuid_text(uint64_t uuid)
{
    struct buf b = BUF_INIT(17);
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(uuid >> (56 - 8 * i));
    buf_add_byte(&b, 'p');
    hex_put(&b, be, sizeof(be));
    return buf_str(&b);
}

static struct str project_id(struct str owner, struct str name)
{
    struct buf b = BUF_INIT(ACCOUNT_ID_MAX + 1 + 256);
    buf_add_str(&b, owner);
    buf_add_byte(&b, '/');
    buf_add_str(&b, name);
    return buf_str(&b);
}

static struct str version_row(const struct project *p, uint32_t i)
{
    struct buf b = BUF_INIT(12);
    wr_u64(&b, p->uuid);
    wr_u32(&b, i);
    return near_key(TAG_VERSION, buf_str(&b));
}

static void version_load(const struct project *p, uint32_t i, struct version *v)
{
    struct str row = STR_NONE;
    REQUIRE(near_read(version_row(p, i), &row), "Project versions not found");
    struct rd r = rd_over(row);
    row_read(&r, v, version_fields, countof(version_fields));
    state_need(rd_end(&r));
}

static struct str version_key(const struct source *s)
{
    if (s->kind == SOURCE_WASM_URL)
        return s->b;
    struct buf b = BUF_INIT(REPO_MAX + 1 + COMMIT_MAX);
    buf_add_str(&b, s->a);
    buf_add_byte(&b, '@');
    buf_add_str(&b, s->b);
    return buf_str(&b);
}

/* The position of a version; UINT32_MAX: there is none. */
static uint32_t version_find(const struct project *p, struct str key, struct version *v)
{
    uint8_t hash[32];
    near_sha256(key, hash);
    for (uint32_t i = 0; i < project_versions(p); i++) {
        if (memcmp(p->keys.ptr + i * KEY_BYTES, hash, KEY_BYTES) != 0)
            continue;
        version_load(p, i, v);
        if (str_eq(version_key(&v->source), key))
            return i;
    }
    return UINT32_MAX;
}

void project_resolve(struct request *q)
{
    struct project p;
    struct version v;

    REQUIRE(project_load(q->source.a, &p), "Project not found");
    if (!q->source.b.len) {
        REQUIRE(project_versions(&p), "Project has no active version");
        version_load(&p, p.active, &v);
    } else if (version_find(&p, q->source.b, &v) == UINT32_MAX) {
        near_fail("Version not found");
    }
    q->resolved = v.source;
    q->project_uuid = project_uuid_text(p.uuid);
    q->priced = p.priced;
}

/* ---- deposits ---- */

static u128 project_deposit(struct str id)
{
    return storage_cost(200 + id.len + 17 + 24);
}

static u128 version_deposit(const struct source *s)
{
    return storage_cost(150 + s->a.len + s->b.len + s->target.len + 64 + 8 + 16);
}

void deposit_take(u128 required)
{
    u128 got = near_deposit();
    if (got < required)
        PANIC("Insufficient storage deposit. Required: {}, attached: {}", near_dec(required),
              near_dec(got));
    pay(near_predecessor(), got - required);
}

/* ---- lists of names: each with its length before it ---- */

void names_add(struct str key, struct str name)
{
    struct str row = {"", 0};
    struct buf b = BUF_INIT(NAMES_BYTES);
    near_read(key, &row);
    buf_add_str(&b, row);
    wr_bytes(&b, name);
    REQUIRE(!b.full, "The list is full");
    near_write_buf(key, &b);
}

void names_remove(struct str key, struct str name)
{
    struct str n;
    struct buf b = near_buf();
    struct rd r = names_read(key);
    while (names_next(&r, &n))
        if (!str_eq(n, name))
            wr_bytes(&b, n);
    if (b.len)
        near_write_buf(key, &b);
    else
        near_remove(key);
}

struct rd names_read(struct str key)
{
    struct str row = {"", 0};
    near_read(key, &row);
    return rd_over(row);
}

bool names_next(struct rd *r, struct str *name)
{
    if (!rd_left(r))
        return false;
    *name = rd_bytes(r, NAMES_BYTES);
    return !r->bad;
}

static struct str owned(struct str who)
{
    return near_key(TAG_OWNED, who);
}

/* ---- changing ---- */

static struct source code_source(struct json args)
{
    struct source s = source_parse(arg_object(args, "source"));
    REQUIRE(s.kind != SOURCE_PROJECT, "A version's source is GitHub or WasmUrl");
    source_check(&s);
    return s;
}

static void mine(struct json args, const char *name, struct project *p)
{
    REQUIRE(project_load(project_id(near_predecessor(), arg_str(args, name)), p),
            "Project not found");
}

/* Append a version and give its position. */
static uint32_t version_add(struct project *p, const struct source *s)
{
    struct version v;
    struct str key = version_key(s);
    uint8_t hash[32];
    uint32_t n = project_versions(p);

    if (version_find(p, key, &v) != UINT32_MAX)
        PANIC("Version '{}' already exists in project", key);
    REQUIRE(n < VERSIONS_MAX, "The list is full");
    near_sha256(key, hash);
    struct buf keys = BUF_INIT(VERSIONS_MAX * KEY_BYTES), row = near_buf();
    buf_add_str(&keys, p->keys);
    buf_add(&keys, hash, KEY_BYTES);
    p->keys = buf_str(&keys);
    v = (struct version){*s, near_timestamp()};
    row_write(&row, &v, version_fields, countof(version_fields));
    near_write_buf(version_row(p, n), &row);
    return n;
}

static bool name_ok(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return s.len >= 1 && s.len <= NAME_MAX_BYTES;
}

NEAR_PAYABLE(create_project)
{
    struct project p = {0}, old;
    struct str name = arg_str(args, "name");
    struct source s = code_source(args);
    struct config c;
    struct str who = near_predecessor();

    config_not_paused(&c);
    REQUIRE(name_ok(name), "Project name must have 1 to 64 of A-Z a-z 0-9 _ -");
    p.id = project_id(who, name);
    if (project_load(p.id, &old))
        PANIC("Project '{}' already exists", p.id);
    deposit_take(project_deposit(p.id) + version_deposit(&s));
    p.uuid = ++c.projects_made;
    p.created = near_timestamp();
    version_add(&p, &s);
    project_store(&p);
    names_add(owned(who), name);
    config_store(&c);
    near_return_str(p.id);
}

NEAR_PAYABLE(add_version)
{
    struct project p;
    struct source s = code_source(args);
    bool active = arg_bool(args, "set_active");
    struct config c;

    config_not_paused(&c);
    mine(args, "project_name", &p);
    deposit_take(version_deposit(&s));
    uint32_t i = version_add(&p, &s);
    if (active || i == 0)
        p.active = i;
    project_store(&p);
    near_return_str(version_key(&s));
}

static uint32_t the_version(struct json args, const struct project *p, struct version *v)
{
    uint32_t i = version_find(p, arg_str(args, "version_key"), v);
    REQUIRE(i != UINT32_MAX, "Version not found");
    return i;
}

NEAR_CALL(set_active_version)
{
    struct project p;
    struct version v;
    mine(args, "project_name", &p);
    p.active = the_version(args, &p, &v);
    project_store(&p);
}

NEAR_CALL(remove_version)
{
    struct project p;
    struct version v;
    struct str row;

    mine(args, "project_name", &p);
    uint32_t i = the_version(args, &p, &v), last = project_versions(&p) - 1;
    REQUIRE(i != p.active, "Cannot remove active version. Switch to another version first.");
    /* The last version takes the place of the removed one. */
    struct buf keys = BUF_INIT(VERSIONS_MAX * KEY_BYTES);
    BUG_ON(!near_take(version_row(&p, last), &row));
    buf_add(&keys, p.keys.ptr, last * KEY_BYTES);
    if (i != last) {
        near_write(version_row(&p, i), row);
        memcpy(keys.ptr + i * KEY_BYTES, p.keys.ptr + last * KEY_BYTES, KEY_BYTES);
    }
    if (p.active == last)
        p.active = i;
    p.keys = buf_str(&keys);
    project_store(&p);
    pay(near_predecessor(), version_deposit(&v.source));
}

static void event_cleanup(const struct project *p)
{
    struct config c;
    config_load(&c);
    near_event(c.standard, c.version, "system_event",
               TEXT("{\"ProjectStorageCleanup\":{\"project_id\":\"{}\",\"project_uuid\":\"{}\","
                    "\"timestamp\":{}}}",
                    p->id, project_uuid_text(p->uuid), near_dec(near_timestamp())));
}

NEAR_CALL(delete_project)
{
    struct project p;
    struct version v;
    mine(args, "project_name", &p);
    u128 back = project_deposit(p.id);
    for (uint32_t i = 0; i < project_versions(&p); i++) {
        version_load(&p, i, &v);
        back += version_deposit(&v.source);
        near_remove(version_row(&p, i));
    }
    if (p.priced)
        prices_forget(p.id);
    near_remove(near_key(TAG_PROJECT, p.id));
    names_remove(owned(near_predecessor()), arg_str(args, "project_name"));
    event_cleanup(&p);
    pay(near_predecessor(), back);
}

/* ---- giving away: the receiver accepts first, so nobody can fill another's names ---- */

static struct str accepted_key(struct str receiver, struct str id)
{
    struct buf b = near_buf();
    wr_bytes(&b, receiver);
    buf_add_str(&b, id);
    return near_key(TAG_ACCEPTED, buf_str(&b));
}

static u128 accepted_deposit(struct str key)
{
    return storage_cost(key.len + 40);
}

NEAR_PAYABLE(accept_project_transfer)
{
    struct str name = arg_str(args, "name");
    REQUIRE(name_ok(name), "Project not found");
    struct str key = accepted_key(near_predecessor(), project_id(arg_account(args, "from"), name));
    u128 held = near_has(key) ? accepted_deposit(key) : 0;
    bool accept = arg_bool_or(args, "accept", true);
    if (accept) {
        deposit_take(held ? 0 : accepted_deposit(key));
        near_write(key, STR(""));
    } else {
        near_remove(key);
        pay(near_predecessor(), near_deposit() + held);
    }
}

NEAR_CALL(transfer_project)
{
    struct project p, other;
    struct str to = arg_account(args, "new_owner");
    struct str name = arg_str(args, "project_name");

    mine(args, "project_name", &p);
    struct str key = accepted_key(to, p.id), id = project_id(to, name);
    REQUIRE(!p.priced, "Remove the price list");
    REQUIRE(near_remove(key), "The new owner must call accept_project_transfer first");
    if (project_load(id, &other))
        PANIC("Project '{}' already exists", id);
    pay(to, accepted_deposit(key));
    near_remove(near_key(TAG_PROJECT, p.id));
    names_remove(owned(near_predecessor()), name);
    u128 before = project_deposit(p.id), now = project_deposit(id);
    if (before > now)
        pay(near_predecessor(), before - now);
    p.id = id;
    project_store(&p);
    names_add(owned(to), name);
}

/* ---- views ---- */

static void project_put(struct buf *b, const struct project *p)
{
    struct version v;
    struct str owner;
    struct str name = str_cut(p->id, '/', &owner);

    json_obj(b);
    put_str(b, "uuid", project_uuid_text(p->uuid));
    put_str(b, "owner", owner);
    put_str(b, "name", name);
    put_str(b, "project_id", p->id);
    json_key(b, "active_version");
    version_load(p, p->active, &v);
    json_put_str(b, version_key(&v.source));
    put_u64(b, "created_at", p->created);
    put_u128(b, "storage_deposit", project_deposit(p->id));
    json_obj_end(b);
}

NEAR_VIEW(get_project)
{
    struct project p;
    struct buf b = near_buf();
    if (project_load(arg_str(args, "project_id"), &p))
        project_put(&b, &p);
    else
        json_put_null(&b);
    near_return_buf(&b);
}

NEAR_VIEW(list_user_projects)
{
    struct str who = arg_account(args, "account_id");
    struct rd r = names_read(owned(who));
    struct str name;
    struct buf b = near_buf();
    json_arr(&b);
    while (names_next(&r, &name)) {
        struct project p;
        if (project_load(project_id(who, name), &p))
            project_put(&b, &p);
    }
    json_arr_end(&b);
    near_return_buf(&b);
}

static void version_put(struct buf *b, const struct project *p, uint32_t i, const struct version *v)
{
    json_obj(b);
    put_str(b, "wasm_hash", version_key(&v->source));
    json_key(b, "source");
    source_put(b, &v->source);
    put_u64(b, "added_at", v->added);
    put_bool(b, "is_active", i == p->active);
    json_obj_end(b);
}

NEAR_VIEW(get_version)
{
    struct project p;
    struct version v;
    uint32_t i = UINT32_MAX;
    struct buf b = near_buf();
    if (project_load(arg_str(args, "project_id"), &p))
        i = version_find(&p, arg_str(args, "version_key"), &v);
    if (i != UINT32_MAX)
        version_put(&b, &p, i, &v);
    else
        json_put_null(&b);
    near_return_buf(&b);
}

NEAR_VIEW(list_versions)
{
    struct project p;
    struct version v;
    struct page page;
    struct buf b = near_buf();

    page_parse(args, 50, 100, &page);
    json_arr(&b);
    if (project_load(arg_str(args, "project_id"), &p))
        for (uint64_t i = page.from; i < project_versions(&p) && i - page.from < page.limit; i++) {
            version_load(&p, (uint32_t)i, &v);
            version_put(&b, &p, (uint32_t)i, &v);
        }
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_version_count)
{
    struct project p;
    near_return_u64(project_load(arg_str(args, "project_id"), &p) ? project_versions(&p) : 0);
}
