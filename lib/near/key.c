#include "near/key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/base58.h"
#include "codec/put.h"

static enum err key_file_read(const char *path, struct buf *text, struct buf *why)
{
    struct stat st;
    enum err e;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && errno == ENOENT)
        return err_put(why, ERR_ABSENT, "there is no key file '%s'", path);
    if (fd < 0)
        return err_sys(why, "cannot open key file '%s'", path);
    if (fstat(fd, &st) < 0) {
        e = err_sys(why, "cannot look at key file '%s'", path);
    } else if (!S_ISREG(st.st_mode)) {
        e = err_put(why, ERR_FORMAT, "key file '%s' is no ordinary file", path);
    } else if (st.st_mode & 077) {
        e = err_put(why, ERR_DENIED,
                    "key file '%s' may be read by others (mode %04o); run chmod 600 on it", path,
                    (unsigned)(st.st_mode & 07777));
    } else {
        e = fd_read_all(fd, text, why);
    }
    fd_close(&fd);
    return e;
}

static enum err key_file_parse(const char *path, struct str text, struct near_key *out,
                               struct buf *why)
{
    struct json doc, secret;
    struct str s;
    struct ed25519_pub pub;
    struct near_key k;
    enum err e = ERR_OK;

    memset(&k, 0, sizeof(k));
    if (!json_parse(text, &doc, NULL) || json_type(doc) != JSON_OBJECT)
        return err_put(why, ERR_FORMAT, "key file '%s' is not a JSON object", path);
    secret = json_get(doc, "private_key");
    if (json_type(secret) == JSON_ABSENT)
        secret = json_get(doc, "secret_key");
    if (!json_plain(json_get(doc, "account_id"), &s) || !account_id_parse(s, &k.account))
        e = err_put(why, ERR_FORMAT, "key file '%s' has no valid 'account_id'", path);
    else if (!json_plain(secret, &s) || !ed25519_secret_get(s, &k.key))
        e = err_put(why, ERR_FORMAT, "key file '%s' has no ed25519 'private_key'", path);
    else if (json_type(json_get(doc, "public_key")) != JSON_ABSENT &&
             (!json_plain(json_get(doc, "public_key"), &s) || !ed25519_pub_get(s, &pub) ||
              memcmp(pub.b, k.key.pub.b, sizeof(pub.b)) != 0))
        e = err_put(why, ERR_FORMAT, "in key file '%s' the public key is not that of the private",
                    path);
    if (!e)
        *out = k;
    near_key_wipe(&k);
    return e;
}

enum err near_key_load(const char *path, struct near_key *out, struct buf *why)
{
    char room[KEY_FILE_MAX + 1];
    struct buf text = BUF_OVER(room);
    enum err e = key_file_read(path, &text, why);

    if (!e)
        e = key_file_parse(path, buf_str(&text), out, why);
    mem_wipe(room, sizeof(room));
    return e;
}

enum err near_key_store(const char *path, const struct near_key *k, struct buf *why)
{
    char room[KEY_FILE_MAX + 1], key_text[256];
    struct buf text = BUF_OVER(room), t = BUF_OVER(key_text);
    enum err e;

    json_obj(&text);
    put_str(&text, "account_id", account_id_str(&k->account));
    json_key(&text, "public_key");
    ed25519_pub_put(&t, &k->key.pub);
    json_put_str(&text, buf_str(&t));
    json_key(&text, "private_key");
    buf_clear(&t);
    ed25519_secret_put(&t, &k->key);
    json_put_str(&text, buf_str(&t));
    json_obj_end(&text);
    buf_add_byte(&text, '\n');
    BUG_ON(text.full || t.full);
    e = file_write_atomic(path, buf_str(&text), 0600, why);
    mem_wipe(room, sizeof(room));
    mem_wipe(key_text, sizeof(key_text));
    return e;
}

void near_key_wipe(struct near_key *k)
{
    ed25519_wipe(&k->key);
    mem_wipe(k, sizeof(*k));
}

struct public_key public_key_of(const struct ed25519_pub *p)
{
    return (struct public_key){CURVE_ED25519, str_from(p->b, sizeof(p->b))};
}

bool public_key_eq(struct public_key a, struct public_key b)
{
    return a.curve == b.curve && str_eq(a.bytes, b.bytes);
}

bool public_key_ed25519(struct public_key k, struct ed25519_pub *out)
{
    if (k.curve != CURVE_ED25519 || k.bytes.len != sizeof(out->b))
        return false;
    memcpy(out->b, k.bytes.ptr, sizeof(out->b));
    return true;
}

void public_key_put(struct buf *out, struct public_key k)
{
    static const char *const prefix[] = {"ed25519:", "secp256k1:", "ml-dsa-65:"};

    buf_addz(out, prefix[k.curve]);
    base58_put(out, k.bytes.ptr, k.bytes.len);
}

struct str public_key_text(struct arena *a, struct public_key k)
{
    struct buf b = BUF_INIT(8192);
    struct str s;

    public_key_put(&b, k);
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static const size_t public_key_len[] = {32, 64, PUBLIC_KEY_MAX};
static const size_t signature_len[] = {64, 65, SIGNATURE_MAX};

static enum key_curve curve_read(struct rd *r)
{
    uint8_t tag = rd_u8(r);

    if (tag > CURVE_ML_DSA_65) {
        rd_fail(r);
        tag = CURVE_ED25519;
    }
    return (enum key_curve)tag;
}

void public_key_write(struct buf *out, struct public_key k)
{
    wr_u8(out, (uint8_t)k.curve);
    buf_add_str(out, k.bytes);
}

struct public_key public_key_read(struct rd *r)
{
    struct public_key k = {.curve = curve_read(r)};

    k.bytes = rd_fixed(r, public_key_len[k.curve]);
    return k;
}

void signature_write(struct buf *out, struct signature s)
{
    wr_u8(out, (uint8_t)s.curve);
    buf_add_str(out, s.bytes);
}

struct signature signature_read(struct rd *r)
{
    struct signature s = {.curve = curve_read(r)};

    s.bytes = rd_fixed(r, signature_len[s.curve]);
    if (s.curve == CURVE_ED25519 && s.bytes.len == 64 && ((uint8_t)s.bytes.ptr[63] & 0xe0))
        rd_fail(r);
    return s;
}
