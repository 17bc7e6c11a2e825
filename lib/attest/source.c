#include "attest/source.h"

#include <string.h>

#include "attest/source_kind.h"
#include "base/mem.h"

void evidence_init(struct evidence *e)
{
    e->quote = BUF_INIT(QUOTE_MAX);
    e->event_log = BUF_INIT(EVIDENCE_LOG_MAX);
    e->vm_config = BUF_INIT(EVIDENCE_LOG_MAX);
}

void evidence_release(struct evidence *e)
{
    buf_release(&e->quote);
    buf_release(&e->event_log);
    buf_release(&e->vm_config);
}

struct quote_source *source_new(const struct quote_source_kind *kind, void *ctx)
{
    struct quote_source *s = mem_new(struct quote_source);

    s->kind = kind;
    s->ctx = ctx;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

enum err quote_source_open(const char *name, struct quote_source **out, struct buf *why)
{
    struct str head;
    const char *where = strchr(name, ':');

    str_cut(str_of(name), ':', &head);
    where = where ? where + 1 : NULL;
    if (str_eqz(head, "dstack"))
        return source_dstack(where, out, why);
    if (str_eqz(head, "configfs"))
        return source_configfs(where, out, why);
    if (str_eqz(head, "simulator"))
        return source_simulator(where, out, why);
    if (strcmp(name, "auto") != 0)
        return err_put(why, ERR_FORMAT,
                       "'%s' is no source of quotes; say dstack, configfs, simulator:DIR or auto",
                       name);
    if (source_dstack_there())
        return source_dstack(NULL, out, why);
    if (source_configfs_there())
        return source_configfs(NULL, out, why);
    return err_put(why, ERR_ABSENT,
                   "this machine makes no quotes: there is neither dstack's socket nor "
                   "configfs-tsm; for development say 'simulator:DIR'");
}

void quote_source_close(struct quote_source *s)
{
    if (!s)
        return;
    s->kind->close(s->ctx);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

const char *quote_source_name(const struct quote_source *s)
{
    return s->kind->name;
}

bool quote_source_simulated(const struct quote_source *s)
{
    return s->kind->simulated;
}

/* A quote over these bytes, without what lies behind it. */
static enum err canonical(struct buf *bytes, const uint8_t report_data[64], const char *name,
                          struct buf *why)
{
    struct quote q;
    enum attest_code code = quote_read(buf_str(bytes), &q);

    if (code)
        return err_put(why, ERR_UPSTREAM, "'%s' gave no quote: %s (%s)", name,
                       attest_code_text(code), attest_code_name(code));
    if (!str_eq(quote_report_data(&q), str_from(report_data, REPORT_DATA_LEN)))
        return err_put(why, ERR_UPSTREAM, "'%s' gave a quote over other report data", name);
    bytes->len = q.canonical.len;
    bytes->ptr[bytes->len] = '\0';
    return ERR_OK;
}

enum err quote_source_get(struct quote_source *s, const uint8_t report_data[64],
                          struct evidence *out, struct buf *why)
{
    struct evidence got;
    enum err e;

    evidence_init(&got);
    pthread_mutex_lock(&s->lock);
    e = s->kind->get(s->ctx, report_data, &got, why);
    pthread_mutex_unlock(&s->lock);
    if (!e)
        e = canonical(&got.quote, report_data, s->kind->name, why);
    if (e) {
        evidence_release(&got);
        return e;
    }
    *out = got;
    return ERR_OK;
}

enum err quote_source_compose(struct quote_source *s, struct buf *out, struct buf *why)
{
    enum err e;

    if (!s->kind->compose)
        return err_put(why, ERR_ABSENT, "'%s' knows of no app-compose.json", s->kind->name);
    pthread_mutex_lock(&s->lock);
    e = s->kind->compose(s->ctx, out, why);
    pthread_mutex_unlock(&s->lock);
    return e;
}

enum err quote_source_collateral(struct quote_source *s, int64_t now, struct buf *out,
                                 struct buf *why)
{
    enum err e;

    if (!s->kind->collateral)
        return err_put(why, ERR_ABSENT,
                       "'%s' is hardware: fetch its collateral from the provisioning service",
                       s->kind->name);
    pthread_mutex_lock(&s->lock);
    e = s->kind->collateral(s->ctx, now, out, why);
    pthread_mutex_unlock(&s->lock);
    return e;
}
