/* local_register.c — see local_register.h. */
#include "cli/local_register.h"

#include <time.h>

#include "attest/source.h"
#include "base/file.h"
#include "codec/base64.h"
#include "codec/put.h"

#define ROOT_MAX       (8 * 1024)
#define COLLATERAL_MAX (256 * 1024)

static struct str keep(struct arena *a, struct buf *b)
{
    struct str s = arena_str(a, buf_str(b));

    BUG_ON(b->full);
    buf_release(b);
    return s;
}

static enum err read_root(const char *dir, struct arena *a, struct str *out, struct buf *why)
{
    struct buf path = BUF_INIT(4096), der = BUF_INIT(ROOT_MAX), text = BUF_INIT(2 * ROOT_MAX);
    enum err e;

    buf_addf(&path, "%s/root.der", dir);
    e = file_read(buf_z(&path), &der, why);
    base64_put(&text, der.ptr, der.len);
    if (!e)
        *out = keep(a, &text);
    buf_release(&path);
    buf_release(&der);
    buf_release(&text);
    return e;
}

/* Of a quote, all that can be pinned. */
static struct str measurements(const struct td_report *td, struct arena *a)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct buf b = BUF_INIT(4096);

    json_obj(&b);
    json_key(&b, "measurements");
    json_obj(&b);
    put_hex(&b, "mrtd", td->mr_td);
    for (size_t i = 0; i < countof(names); i++)
        put_hex(&b, names[i], td->rtmr[i]);
    put_hex(&b, "mrconfigid", td->mr_config_id);
    put_hex(&b, "td_attributes", str_head(str_skip(td->raw, 120), 8));
    put_hex(&b, "xfam", str_head(str_skip(td->raw, 128), 8));
    json_obj_end(&b);
    json_obj_end(&b);
    return keep(a, &b);
}

static enum err ask(struct quote_source *s, struct arena *a, struct local_register *out,
                    struct buf *why)
{
    static const uint8_t nothing[64];
    struct buf json = BUF_INIT(COLLATERAL_MAX), args = BUF_INIT(2 * COLLATERAL_MAX);
    struct evidence ev;
    struct quote q;
    enum err e;

    evidence_init(&ev);
    e = quote_source_get(s, nothing, &ev, why);
    if (!e && (quote_read(buf_str(&ev.quote), &q) != ATTEST_OK || q.tee != TEE_TDX))
        e = err_put(why, ERR_FORMAT, "the simulator gives no TDX quote");
    if (!e)
        e = quote_source_collateral(s, time(NULL), &json, why);
    if (!e) {
        out->measurements = measurements(&q.td, a);
        json_obj(&args);
        put_str(&args, "collateral", buf_str(&json));
        json_obj_end(&args);
        out->collateral = keep(a, &args);
    }
    buf_release(&json);
    buf_release(&args);
    evidence_release(&ev);
    return e;
}

enum err local_register_make(const char *dir, struct arena *a, struct local_register *out,
                             struct buf *why)
{
    struct buf name = BUF_INIT(4096);
    struct quote_source *s = NULL;
    enum err e;

    buf_addf(&name, "simulator:%s", dir);
    e = quote_source_open(buf_z(&name), &s, why);
    if (!e)
        e = ask(s, a, out, why);
    if (!e)
        e = read_root(dir, a, &out->root, why);
    quote_source_close(s);
    buf_release(&name);
    return e;
}
