/*
 * source_configfs.c — quotes from the kernel: a folder in configfs is a request.
 *
 * The folder has a name of its own, so that nobody else writes into it; `generation` says whether
 * somebody did all the same. Writing the 64 bytes and reading the quote each count by one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/source_kind.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/ed25519.h"

#define DIR_USUAL    "/sys/kernel/config/tsm/report"
#define PROVIDER     "tdx_guest"
#define TRIES        3
#define PAUSE_MS     2000 /* the host's quoting service needs seconds to recover, not milliseconds */
#define PATH_LONGEST 4096

struct configfs {
    struct buf dir;
    struct tsm_ops ops;
};

/* ------------------------------------------------------------------ the real files */

static int do_mkdir(void *ctx, const char *path)
{
    (void)ctx;
    return mkdir(path, 0700) == 0 ? 0 : errno;
}

static int do_rmdir(void *ctx, const char *path)
{
    (void)ctx;
    return rmdir(path) == 0 ? 0 : errno;
}

static int do_read(void *ctx, const char *path, struct buf *out)
{
    char part[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;

    (void)ctx;
    if (fd < 0)
        return errno;
    while ((n = read(fd, part, sizeof part)) > 0)
        buf_add(out, part, (size_t)n);
    if (n < 0)
        code = errno;
    close(fd);
    return code ? code : out->full ? EFBIG : 0;
}

static int do_write(void *ctx, const char *path, struct str bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), code = 0;
    ssize_t n;

    (void)ctx;
    if (fd < 0)
        return errno;
    n = write(fd, bytes.ptr, bytes.len); /* in one piece, or the kernel takes none of it */
    if (n < 0)
        code = errno;
    else if ((size_t)n != bytes.len)
        code = EIO;
    close(fd);
    return code;
}

static const struct tsm_ops real = {do_mkdir, do_rmdir, do_read, do_write, NULL, PAUSE_MS};

/* ------------------------------------------------------------------ one request */

static int read_of(struct configfs *c, const char *entry, const char *name, struct buf *out)
{
    struct buf path = BUF_INIT(PATH_LONGEST);
    int code;

    buf_addf(&path, "%s/%s", entry, name);
    code = c->ops.read(c->ops.ctx, buf_z(&path), out);
    buf_release(&path);
    return code;
}

static int generation(struct configfs *c, const char *entry, uint64_t *out)
{
    char room[32];
    struct buf b = BUF_OVER(room);
    int code = read_of(c, entry, "generation", &b);

    return code ? code : str_u64(str_trim(buf_str(&b)), out) ? 0 : EPROTO;
}

/* EAGAIN: somebody else wrote into the entry. */
static int request(struct configfs *c, const char *entry, const uint8_t report_data[64],
                   struct buf *quote)
{
    char room[64];
    struct buf provider = BUF_OVER(room), path = BUF_INIT(PATH_LONGEST);
    uint64_t before, after;
    int code = read_of(c, entry, "provider", &provider);

    if (!code && !str_starts(buf_str(&provider), STR(PROVIDER)))
        code = ENXIO;
    if (!code)
        code = generation(c, entry, &before);
    if (!code) {
        buf_addf(&path, "%s/inblob", entry);
        code = c->ops.write(c->ops.ctx, buf_z(&path), str_from(report_data, REPORT_DATA_LEN));
        buf_release(&path);
    }
    if (!code)
        code = generation(c, entry, &after);
    if (!code && after != before + 1)
        code = EAGAIN;
    if (!code)
        code = read_of(c, entry, "outblob", quote);
    if (!code)
        code = generation(c, entry, &after);
    if (!code && after != before + 1)
        code = EAGAIN;
    if (!code && !quote->len) /* how older kernels say that the host failed */
        code = EIO;
    return code;
}

static bool worth_retry(int code)
{
    return code == EBUSY || code == EINTR || code == ETIMEDOUT || code == EAGAIN;
}

static enum err explain(int code, const char *dir, struct buf *why)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return err_put(why, ERR_DENIED, "'%s' may not be used; run as root or grant it", dir);
    case ENXIO:
        return err_put(why, ERR_ABSENT, "'%s' has no TDX provider; load tdx_guest", dir);
    case ENOENT:
        return err_put(why, ERR_ABSENT, "'%s' is not there; mount configfs (Linux 6.7)", dir);
    case EBUSY:
    case ETIMEDOUT:
        return err_put(why, ERR_TIMEOUT, "the host's quoting service does not answer '%s'", dir);
    case EAGAIN:
        return err_put(why, ERR_CONFLICT, "somebody else writes into '%s'", dir);
    default:
        return err_put(why, ERR_IO, "'%s' gives no quote: %s", dir, strerror(code));
    }
}

static enum err get(void *ctx, const uint8_t report_data[64], struct evidence *out, struct buf *why)
{
    struct configfs *c = ctx;
    int code = EIO;

    for (unsigned i = 0; i < TRIES; i++) {
        struct buf entry = BUF_INIT(PATH_LONGEST);
        uint8_t random[8];

        if (i)
            clock_sleep_ms(c->ops.pause_ms);
        random_bytes(random, sizeof random);
        buf_addf(&entry, "%s/outlayer-%d-", buf_z(&c->dir), (int)getpid());
        for (size_t k = 0; k < sizeof random; k++)
            buf_addf(&entry, "%02x", random[k]);
        code = c->ops.mkdir(c->ops.ctx, buf_z(&entry));
        if (!code) {
            buf_clear(&out->quote);
            code = request(c, buf_z(&entry), report_data, &out->quote);
            c->ops.rmdir(c->ops.ctx, buf_z(&entry));
        } else if (code == EEXIST) {
            code = EBUSY;
        }
        buf_release(&entry);
        if (!worth_retry(code))
            break;
    }
    return code ? explain(code, buf_z(&c->dir), why) : ERR_OK;
}

static void close_configfs(void *ctx)
{
    struct configfs *c = ctx;

    buf_release(&c->dir);
    mem_free(c);
}

static const struct quote_source_kind kind = {
    .name = "configfs", .get = get, .close = close_configfs};

struct quote_source *source_configfs_over(const char *dir, const struct tsm_ops *ops)
{
    struct configfs *c = mem_new(struct configfs);

    c->dir = BUF_INIT(PATH_LONGEST / 2);
    buf_addz(&c->dir, dir);
    c->ops = *ops;
    return source_new(&kind, c);
}

bool source_configfs_there(void)
{
    return file_exists(DIR_USUAL);
}

enum err source_configfs(const char *where, struct quote_source **out, struct buf *why)
{
    const char *dir = where && *where ? where : DIR_USUAL;

    if (!file_exists(dir) || strlen(dir) >= PATH_LONGEST / 2)
        return err_put(why, ERR_ABSENT, "'%s' is not there; mount configfs (Linux 6.7)", dir);
    *out = source_configfs_over(dir, &real);
    return ERR_OK;
}
