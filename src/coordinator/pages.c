#include "coordinator/pages.h"

#include "base/file.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "proc/self.h"

#define PAGE_MAX (256 * 1024)

#define HTML "text/html; charset=utf-8"
#define JS   "text/javascript; charset=utf-8"

/* In a path, a '*' at the end stands for one more part. */
static const struct source {
    const char *path, *file, *type;
} sources[] = {
    {"/executions", "web/executions.html", HTML},
    {"/executions/*", "web/execution.html", HTML},
    {"/attestation/*", "web/execution.html", HTML}, /* addresses that were given to others before */
    {"/web/page.js", "web/page.js", JS},
    {"/web/list.js", "web/list.js", JS},
    {"/web/detail.js", "web/detail.js", JS},
    {"/web/evidence.js", "web/evidence.js", JS},
    {"/web/style.css", "web/style.css", "text/css; charset=utf-8"},
    {"/web/icon.svg", "web/icon.svg", "image/svg+xml"},
};

#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "        \
    "'self'; "                                                                                     \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

struct pages {
    struct page {
        struct buf body;
        char tag[2 + 2 * 16 + 1]; /* "\"<half of its SHA-256>\"" */
    } page[countof(sources)];
};

enum err pages_read(struct pages **out, struct buf *why)
{
    struct pages *p = mem_new(struct pages);
    struct arena arena = ARENA_INIT;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < countof(sources); i++) {
        struct page *page = &p->page[i];
        struct buf tag = BUF_OVER(page->tag);
        struct hash256 hash;
        const char *file;

        page->body = BUF_INIT(PAGE_MAX);
        e = self_share(&arena, sources[i].file, &file, why);
        if (!e)
            e = file_read(file, &page->body, why);
        if (e)
            break;
        hash = sha256(buf_str(&page->body));
        buf_addz(&tag, "\"");
        hex_put(&tag, hash.b, sizeof(hash.b) / 2);
        buf_addz(&tag, "\"");
    }
    arena_release(&arena);
    if (e)
        pages_free(p);
    else
        *out = p;
    return e;
}

void pages_free(struct pages *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < countof(sources); i++)
        buf_release(&p->page[i].body);
    mem_free(p);
}

static bool is_path(struct str path, const char *pattern)
{
    struct str before = str_of(pattern);

    if (!str_ends(before, STR("*")))
        return str_eq(path, before);
    before.len--;
    return path.len > before.len && str_starts(path, before) &&
           !str_has_byte(str_skip(path, before.len), '/');
}

bool pages_serve(const struct pages *p, struct http_req *r)
{
    struct str path = http_req_path(r);

    if (!p)
        return false;
    if (str_eqz(path, "/")) {
        http_reply_header(r, "Location", "/executions");
        http_reply(r, 302, NULL, STR_NONE);
        return true;
    }
    for (size_t i = 0; i < countof(sources); i++) {
        if (!is_path(path, sources[i].path))
            continue;
        http_reply_header(r, "Content-Security-Policy", POLICY);
        http_reply_header(r, "X-Content-Type-Options", "nosniff");
        http_reply_header(r, "Referrer-Policy", "no-referrer");
        http_reply_header(r, "Cache-Control", "no-cache");
        http_reply_header(r, "ETag", p->page[i].tag);
        if (str_eqz(http_req_header(r, "If-None-Match"), p->page[i].tag))
            http_reply(r, 304, NULL, STR_NONE);
        else
            http_reply(r, 200, sources[i].type, buf_str(&p->page[i].body));
        return true;
    }
    return false;
}
