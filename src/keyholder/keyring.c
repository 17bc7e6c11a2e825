/* keyring.c — see keyring.h. */
#include "keyholder/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/wire.h"

#define VERSION    1
#define INSIDE_MAX (2 + KEYRING_MAX * (4 + 8 + MASTER_BYTES))
#define FILE_MAX   (INSIDE_MAX + SEAL_OVERHEAD)

/* A file of secret bytes that nobody but its owner may read; a text's last newline is no part. */
static enum err secret_file_read(const char *path, bool text, struct buf *out, struct buf *why)
{
    struct stat st;
    enum err e;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && errno == ENOENT)
        return err_put(why, ERR_ABSENT, "there is no file '%s'", path);
    if (fd < 0)
        return err_sys(why, "cannot open '%s'", path);
    if (fstat(fd, &st) < 0)
        e = err_sys(why, "cannot look at '%s'", path);
    else if (!S_ISREG(st.st_mode))
        e = err_put(why, ERR_FORMAT, "'%s' is no ordinary file", path);
    else if (st.st_mode & 077)
        e = err_put(why, ERR_DENIED, "'%s' may be read by others (mode %04o); run chmod 600 on it",
                    path, (unsigned)(st.st_mode & 07777));
    else
        e = fd_read_all(fd, out, why);
    fd_close(&fd);
    while (!e && text && out->len &&
           (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == '\r'))
        out->len--;
    return e;
}

void keyring_wipe(struct keyring *k)
{
    mem_wipe(k, sizeof(*k));
}

enum err keyring_read(struct str bytes, struct keyring *out, struct buf *why)
{
    struct rd r = rd_over(bytes);
    uint8_t version = rd_u8(&r);
    size_t n = rd_u8(&r);
    enum err e = ERR_OK;

    memset(out, 0, sizeof(*out));
    if (r.bad || version != VERSION || n < 1 || n > KEYRING_MAX)
        return err_put(why, ERR_FORMAT, "the master file is of a form that is not known here");
    for (size_t i = 0; i < n; i++) {
        struct epoch *x = &out->epoch[i];

        x->number = rd_u32(&r);
        x->made_s = rd_u64(&r);
        rd_copy(&r, x->master.b, sizeof(x->master.b));
        if (x->number <= (i ? out->epoch[i - 1].number : 0))
            e = err_put(why, ERR_FORMAT, "the epochs of the master file are not in order");
    }
    if (!e && !rd_end(&r))
        e = err_put(why, ERR_FORMAT, "the master file is cut off or too long");
    if (e)
        keyring_wipe(out);
    else
        out->n = n;
    return e;
}

static enum err lock_read(const struct lock *lock, enum seal_lock *kind, struct buf *key,
                          struct buf *why)
{
    if (!lock->key_file == !lock->passphrase_file)
        return err_put(why, ERR_FORMAT,
                       "say what seals the master: a key file or a passphrase file, not both");
    *kind = lock->key_file ? SEAL_KEY_FILE : SEAL_PASSPHRASE;
    return secret_file_read(lock->key_file ? lock->key_file : lock->passphrase_file,
                            !lock->key_file, key, why);
}

enum err keyring_load(const char *path, const struct lock *lock, struct keyring *out,
                      struct buf *why)
{
    char inside_room[INSIDE_MAX + 1], key_room[SEAL_KEY_MAX + 1], file_room[FILE_MAX + 1];
    struct buf inside = BUF_OVER(inside_room), key = BUF_OVER(key_room), file = BUF_OVER(file_room);
    enum seal_lock kind = 0;
    enum err e = secret_file_read(path, false, &file, why);

    if (!e)
        e = lock_read(lock, &kind, &key, why);
    if (!e) {
        struct buf reason = WHY_INIT;

        e = seal_open(kind, buf_str(&key), buf_str(&file), &inside, &reason);
        if (e)
            (void)err_put(why, e, "cannot open the master in '%s': %s", path, buf_z(&reason));
        buf_release(&reason);
    }
    if (!e)
        e = keyring_read(buf_str(&inside), out, why);
    mem_wipe(key_room, sizeof(key_room));
    mem_wipe(inside_room, sizeof(inside_room));
    return e;
}

enum err keyring_store(const char *path, const struct lock *lock, const struct keyring *k,
                       bool fresh, struct buf *why)
{
    char inside_room[INSIDE_MAX + 1], key_room[SEAL_KEY_MAX + 1], file_room[FILE_MAX + 1];
    struct buf inside = BUF_OVER(inside_room), key = BUF_OVER(key_room), file = BUF_OVER(file_room);
    enum seal_lock kind = 0;
    enum err e = lock_read(lock, &kind, &key, why);

    if (!e && fresh && file_exists(path))
        e = err_put(why, ERR_CONFLICT, "'%s' is there already and is not overwritten", path);
    if (!e) {
        wr_u8(&inside, VERSION);
        wr_u8(&inside, (uint8_t)k->n);
        for (size_t i = 0; i < k->n; i++) {
            wr_u32(&inside, k->epoch[i].number);
            wr_u64(&inside, k->epoch[i].made_s);
            buf_add(&inside, k->epoch[i].master.b, MASTER_BYTES);
        }
        e = seal_make(kind, buf_str(&key), buf_str(&inside), &file, why);
    }
    if (!e)
        e = file_write_atomic(path, buf_str(&file), 0600, why);
    mem_wipe(key_room, sizeof(key_room));
    mem_wipe(inside_room, sizeof(inside_room));
    return e;
}

enum err keyring_rotate(struct keyring *k, struct buf *why)
{
    struct epoch *x = &k->epoch[k->n];

    if (k->n == KEYRING_MAX)
        return err_put(why, ERR_TOO_BIG, "there are %d epochs, and no room for another",
                       KEYRING_MAX);
    x->number = k->n ? k->epoch[k->n - 1].number + 1 : 1;
    x->made_s = clock_unix_ns() / 1000000000u;
    random_bytes(x->master.b, sizeof(x->master.b));
    k->n++;
    return ERR_OK;
}
