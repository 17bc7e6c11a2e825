/*
 * snapshot.c — copies of the whole chain in the home folder, to go back to.
 *
 * A copy is a database file of its own, snapshots/<name>.db. Going back puts a copy of it in the
 * place of the chain's file (the file is complete before it takes its name) and reads everything
 * again; heights then start from the copy's head. Transactions that wait for a block stay.
 */
#include "devnet/chain_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define PATH_ROOM 4096

bool snapshot_name_valid(struct str name)
{
    if (name.len == 0 || name.len > SNAPSHOT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static enum err copy_file(const char *from, const char *to, struct buf *why)
{
    struct stat st = {0};
    off_t at = 0;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    enum err e = ERR_OK;

    if (in < 0)
        return errno == ENOENT ? err_put(why, ERR_ABSENT, "there is no snapshot '%s'", from)
                               : err_sys(why, "cannot open '%s'", from);
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || fstat(in, &st) < 0)
        e = err_sys(why, "cannot write '%s'", to);
    while (!e && at < st.st_size)
        if (sendfile(out, in, &at, (size_t)(st.st_size - at)) <= 0)
            e = err_sys(why, "cannot copy '%s' to '%s'", from, to);
    if (!e && fsync(out) < 0)
        e = err_sys(why, "cannot flush '%s'", to);
    fd_close(&in);
    fd_close(&out);
    return e;
}

static enum err save(struct chain *c, const char *path, struct buf *why)
{
    char fresh[PATH_ROOM + 8];
    enum err e;

    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    (void)unlink(fresh);
    e = store_copy(c->store, fresh, why);
    if (!e && rename(fresh, path) < 0)
        e = err_sys(why, "cannot name snapshot '%s'", path);
    return e;
}

/* Put `fresh` where the chain's database is; it is closed. */
static enum err replace_database(const char *home, const char *fresh, struct buf *why)
{
    static const char *const beside[] = {"-wal", "-shm"};
    char path[PATH_ROOM + 64], other[PATH_ROOM + 80];

    (void)snprintf(path, sizeof(path), "%s/%s", home, STORE_FILE);
    for (size_t i = 0; i < countof(beside); i++) {
        (void)snprintf(other, sizeof(other), "%s%s", path, beside[i]);
        if (unlink(other) < 0 && errno != ENOENT)
            return err_sys(why, "cannot remove '%s'", other);
    }
    if (rename(fresh, path) < 0)
        return err_sys(why, "cannot put '%s' in its place", fresh);
    return ERR_OK;
}

static enum err load(struct chain *c, const char *path, struct buf *why)
{
    struct buf reason = WHY_INIT;
    char fresh[PATH_ROOM + 64];
    enum err e;

    (void)snprintf(fresh, sizeof(fresh), "%s/%s.new", c->o.home, STORE_FILE);
    e = copy_file(path, fresh, why);
    if (e)
        return e;
    /* From here on there is no way back: what is in memory is no longer on disk. */
    store_close(c->store);
    c->store = NULL;
    e = replace_database(c->o.home, fresh, &reason);
    if (!e)
        e = store_open(c->o.home, &c->store, &reason);
    if (!e) {
        kv_free(c->kv);
        history_free(c->history);
        c->kv = kv_new();
        c->history = history_new();
        e = chain_restore(c, &reason);
    }
    if (e) {
        log_broken("snapshot_lost", "why=%s", buf_z(&reason));
        _exit(1);
    }
    buf_release(&reason);
    return ERR_OK;
}

enum err snapshot_run(struct chain *c, const struct snapshot *s, struct buf *why)
{
    char path[PATH_ROOM];
    enum err e;

    if (!c->store)
        return err_put(why, ERR_DENIED, "a chain without a home folder keeps no snapshots");
    if (snprintf(path, sizeof(path), "%s/snapshots", c->o.home) >= PATH_ROOM - 128)
        return err_put(why, ERR_RANGE, "home folder '%s' has too long a name", c->o.home);
    e = dir_make(path, why);
    if (e)
        return e;
    (void)snprintf(path, sizeof(path), "%s/snapshots/%s.db", c->o.home, s->name);
    return s->save ? save(c, path, why) : load(c, path, why);
}
