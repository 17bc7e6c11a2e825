/* fastfs.c — see fastfs.h. */
#include "near/fastfs.h"

#include <string.h>

#include "codec/wire.h"

enum { SIMPLE = 0, PARTIAL = 1 };

void fastfs_write(struct buf *out, const struct fastfs_call *c)
{
    wr_u8(out, c->partial ? PARTIAL : SIMPLE);
    wr_bytes(out, c->path);
    if (c->partial) {
        wr_u32(out, c->offset);
        wr_u32(out, c->full_size);
    } else {
        wr_u8(out, !c->deleted);
        if (c->deleted)
            return;
    }
    wr_bytes(out, c->mime);
    wr_bytes(out, c->content);
    if (c->partial)
        wr_u32(out, c->nonce);
}

/* Parts neither overlap nor leave anything out, so a file is never more than what was sent. */
static bool part_ok(const struct fastfs_call *c)
{
    const uint32_t left = c->full_size - c->offset;

    return c->full_size <= FASTFS_FILE_MAX && c->offset < c->full_size &&
           c->offset % FASTFS_PART == 0 &&
           c->content.len == (left < FASTFS_PART ? left : FASTFS_PART);
}

/* It may stand in a header. */
static bool mime_ok(struct str mime)
{
    for (size_t i = 0; i < mime.len; i++)
        if (mime.ptr[i] < 0x20 || mime.ptr[i] > 0x7e)
            return false;
    return true;
}

enum err fastfs_read(struct str args, struct fastfs_call *out, struct buf *why)
{
    struct rd r = rd_over(args);
    struct fastfs_call c;
    uint8_t kind = rd_u8(&r);

    memset(&c, 0, sizeof(c));
    c.partial = kind == PARTIAL;
    if (kind > PARTIAL)
        rd_fail(&r);
    c.path = rd_text(&r, FASTFS_PATH_MAX);
    if (c.partial) {
        c.offset = rd_u32(&r);
        c.full_size = rd_u32(&r);
    } else {
        c.deleted = !rd_bool(&r);
    }
    if (!c.deleted) {
        c.mime = rd_text(&r, FASTFS_MIME_MAX);
        c.content = rd_bytes(&r, FASTFS_CALL_MAX);
    }
    if (c.partial)
        c.nonce = rd_u32(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed file at byte %zu", r.at);
    if (!fastfs_path_ok(c.path))
        return err_put(why, ERR_FORMAT, "the file's path cannot be part of a URL");
    if (!mime_ok(c.mime))
        return err_put(why, ERR_FORMAT, "the file's type is no text");
    if (c.partial && !part_ok(&c))
        return err_put(why, ERR_FORMAT, "%zu bytes at %u are no part of a file of %u",
                       c.content.len, c.offset, c.full_size);
    *out = c;
    return ERR_OK;
}

size_t fastfs_parts(size_t size)
{
    return size <= FASTFS_PART ? 1 : (size + FASTFS_PART - 1) / FASTFS_PART;
}

struct fastfs_call fastfs_part(struct str path, struct str mime, struct str content, size_t i,
                               uint32_t nonce)
{
    struct fastfs_call c = {.path = path, .mime = mime, .content = content};

    BUG_ON(content.len > FASTFS_FILE_MAX || i >= fastfs_parts(content.len));
    if (content.len <= FASTFS_PART)
        return c;
    c.partial = true;
    c.offset = (uint32_t)(i * FASTFS_PART);
    c.full_size = (uint32_t)content.len;
    c.nonce = nonce;
    c.content = str_head(str_skip(content, c.offset), FASTFS_PART);
    return c;
}

/* A folder's or file's own name. */
static bool name_ok(struct str name)
{
    if (!name.len || str_eqz(name, ".") || str_eqz(name, ".."))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((uint8_t)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f || name.ptr[i] == '\\')
            return false;
    return true;
}

bool fastfs_path_ok(struct str path)
{
    struct str name;

    if (path.len > FASTFS_PATH_MAX || !str_is_utf8(path) || str_ends(path, STR("/")))
        return false;
    do {
        path = str_cut(path, '/', &name);
        if (!name_ok(name))
            return false;
    } while (path.len);
    return true;
}

void fastfs_path_put(struct buf *out, struct str path)
{
    static const char plain[] = "-._~!$&'()*+,;=:@/";

    for (size_t i = 0; i < path.len; i++) {
        const uint8_t c = (uint8_t)path.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr(plain, c)))
            buf_add_byte(out, c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

const char *fastfs_mime(struct str path)
{
    static const char *const types[][2] = {
        {".wasm", "application/wasm"}, {".json", "application/json"},
        {".html", "text/html"},        {".js", "application/javascript"},
        {".css", "text/css"},          {".png", "image/png"},
        {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"},
        {".svg", "image/svg+xml"},
    };

    for (size_t i = 0; i < countof(types); i++)
        if (str_ends(path, str_of(types[i][0])))
            return types[i][1];
    return "application/octet-stream";
}

void fastfs_url_put(struct buf *out, struct str template, struct str sender, struct str receiver,
                    struct str path)
{
    const struct {
        struct str name, value;
    } fields[] = {{STR("{sender}"), sender}, {STR("{receiver}"), receiver}, {STR("{path}"), path}};
    enum { PATH = 2 };

    while (template.len) {
        size_t i = 0;

        while (i < countof(fields) && !str_starts(template, fields[i].name))
            i++;
        if (i < countof(fields)) {
            if (i == PATH)
                fastfs_path_put(out, path);
            else
                buf_add_str(out, fields[i].value);
            template = str_skip(template, fields[i].name.len);
        } else {
            buf_add_byte(out, (uint8_t) template.ptr[0]);
            template = str_skip(template, 1);
        }
    }
}
