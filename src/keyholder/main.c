/*
 * outlayer-keyholder — the only process that ever holds the master secret of a keystore.
 *
 *     outlayer-keyholder serve    started by outlayer-keystore, with a socket at descriptor 3
 *     outlayer-keyholder create | rotate | show | backup | restore     by hand
 *
 * It opens the master, locks its memory, gives up everything but its socket (wall.h) and answers
 * questions (keyholder_msg.h): public keys, signatures, ciphertexts. A plaintext leaves it only
 * sealed to a key it is given. Secrets come by file, never as arguments.
 *
 * `rotate` adds an epoch (keyring.h); a running keystore uses it when it is told to (SIGHUP) or
 * starts again. `backup` writes all epochs under another lock, `restore` makes a master file of
 * that.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/usage.h"
#include "codec/hex.h"
#include "keyholder/serve.h"
#include "keyholder/wall.h"
#include "proc/frame.h"
#include "proc/self.h"
#include "proc/spawn.h"

struct options {
    const char *master;
    struct lock lock, other;
    const char *to, *from;
    bool create, unlocked;
};

static const struct opt table[] = {
    OPT_TEXT("master-file", "FILE", struct options, master, NULL, "the sealed master"),
    OPT_TEXT("seal-key-file", "FILE", struct options, lock.key_file, NULL,
             "what seals it: a file of at least 32 random bytes, mode 0600"),
    OPT_TEXT("passphrase-file", "FILE", struct options, lock.passphrase_file, NULL,
             "or a passphrase, in a file of mode 0600"),
    OPT_FLAG("create", struct options, create,
             "serve: make the master, and the key file, when there is none"),
    OPT_FLAG("allow-unlocked-memory", struct options, unlocked,
             "development: go on when memory cannot be locked"),
    OPT_TEXT("to", "FILE", struct options, to, NULL, "backup: the file to write"),
    OPT_TEXT("from", "FILE", struct options, from, NULL, "restore: the file to read"),
    OPT_TEXT("backup-key-file", "FILE", struct options, other.key_file, NULL,
             "backup, restore: what seals the backup, a key file"),
    OPT_TEXT("backup-passphrase-file", "FILE", struct options, other.passphrase_file, NULL,
             "or a passphrase"),
    OPT_END,
};

static const char *const examples[] = {
    "outlayer-keyholder create --master-file master.sealed --seal-key-file seal.key",
    "outlayer-keyholder backup --master-file master.sealed --seal-key-file seal.key \\\n"
    "      --to master.backup --backup-passphrase-file passphrase",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-keyholder",
    .summary = "hold the master secret of a keystore",
    .usage = "create|rotate|show|backup|restore --master-file FILE [options]",
    .about = "create   a new master, sealed with a key file (made when absent) or a passphrase\n"
             "rotate   begin a new epoch: new secrets are sealed to new keys, old ones still open\n"
             "show     its epochs and their public keys\n"
             "backup   write all epochs under another lock, to --to\n"
             "restore  make a master file of a backup, --from\n"
             "serve    is what outlayer-keystore starts",
    .options = table,
    .examples = examples,
};

/* Static, so that it is in memory that is locked, and there is one place to wipe. */
static struct keyring ring;

static enum err key_file_make(const char *path, struct buf *why)
{
    uint8_t key[SEAL_KEY_MIN];
    enum err e;

    if (!path || file_exists(path))
        return ERR_OK;
    random_bytes(key, sizeof(key));
    e = file_write_atomic(path, str_from(key, sizeof(key)), 0600, why);
    mem_wipe(key, sizeof(key));
    return e;
}

static enum err do_create(const struct options *o, struct buf *why)
{
    enum err e = ERR_OK;

    if (file_exists(o->master))
        return err_put(why, ERR_CONFLICT, "'%s' is there already and is not overwritten",
                       o->master);
    e = key_file_make(o->lock.key_file, why);
    ring.n = 0;
    if (!e)
        e = keyring_rotate(&ring, why);
    return e ? e : keyring_store(o->master, &o->lock, &ring, true, why);
}

static enum err do_rotate(const struct options *o, struct buf *why)
{
    enum err e = keyring_load(o->master, &o->lock, &ring, why);

    if (!e)
        e = keyring_rotate(&ring, why);
    return e ? e : keyring_store(o->master, &o->lock, &ring, false, why);
}

static enum err do_backup(const struct options *o, struct buf *why)
{
    enum err e = o->to ? keyring_load(o->master, &o->lock, &ring, why)
                       : err_put(why, ERR_FORMAT, "say where the backup goes: --to FILE");

    if (!e && !o->other.key_file && !o->other.passphrase_file)
        e = err_put(why, ERR_FORMAT,
                    "say what seals the backup: --backup-key-file or --backup-passphrase-file");
    return e ? e : keyring_store(o->to, &o->other, &ring, true, why);
}

static enum err do_restore(const struct options *o, struct buf *why)
{
    enum err e = o->from ? keyring_load(o->from, &o->other, &ring, why)
                         : err_put(why, ERR_FORMAT, "say where the backup is: --from FILE");

    if (!e)
        e = key_file_make(o->lock.key_file, why);
    return e ? e : keyring_store(o->master, &o->lock, &ring, true, why);
}

/* Which epochs there are, by public keys that anybody may know. */
static enum err do_show(const struct options *o, struct buf *why)
{
    enum err e = keyring_load(o->master, &o->lock, &ring, why);

    for (size_t i = 0; i < ring.n && !e; i++) {
        struct ed25519_key key;
        char hex[65];
        struct buf b = BUF_OVER(hex);

        derive_ed25519(&ring.epoch[i].master, VRF_SEED, &key);
        hex_put(&b, key.pub.b, sizeof(key.pub.b));
        ed25519_wipe(&key);
        printf("{\"epoch\":%u,\"made\":%llu,\"vrf_public_key\":\"%s\"}\n", ring.epoch[i].number,
               (unsigned long long)ring.epoch[i].made_s, hex);
    }
    return e;
}

static enum err prepare(const struct options *o, struct buf *why)
{
    struct buf reason = WHY_INIT;
    enum err e = ERR_OK;

    if (o->create && !file_exists(o->master))
        e = do_create(o, why);
    if (!e && !file_exists(o->master))
        e = err_put(why, ERR_ABSENT, "there is no master '%s'; --create-master makes one",
                    o->master);
    if (!e)
        e = keyring_load(o->master, &o->lock, &ring, why);
    /* After the passphrase has been stretched: that takes memory that needs no locking. */
    if (!e) {
        e = wall_lock(&reason);
        if (e && o->unlocked) {
            log_unusual("memory_not_locked", "why=%s", buf_z(&reason));
            e = ERR_OK;
        } else if (e) {
            (void)err_put(why, e, "%s", buf_z(&reason));
        }
    }
    buf_release(&reason);
    return e ? e : wall_enter(why);
}

static enum err say(struct str body, struct buf *why)
{
    return frame_send(SPAWN_SOCKET_FD, HOLDER_ANSWER, body, NULL, 0, FRAME_FOREVER, why);
}

static enum err serve(const struct options *o, struct buf *why)
{
    struct buf out = BUF_INIT(HOLDER_MSG_MAX);
    enum err e = prepare(o, why), told;

    wr_u8(&out, (uint8_t)e);
    if (e)
        buf_add_str(&out, buf_str(why));
    else
        wr_u8(&out, (uint8_t)ring.n);
    told = say(buf_str(&out), NULL);
    if (!e)
        e = told;
    while (!e) {
        struct frame f = FRAME_INIT(HOLDER_MSG_MAX);

        e = frame_recv(SPAWN_SOCKET_FD, &f, FRAME_FOREVER, why);
        if (!e) {
            buf_clear(&out);
            serve_answer(&ring, f.type, buf_str(&f.body), &out);
            e = say(buf_str(&out), why);
        }
        buf_wipe(&f.body);
        frame_release(&f);
    }
    buf_release(&out);
    return e == ERR_CLOSED ? ERR_OK : e;
}

static const struct {
    const char *name;
    enum err (*run)(const struct options *o, struct buf *why);
    const char *done; /* what is said of the master when it is */
} commands[] = {
    {"serve", serve, NULL},
    {"create", do_create, "is made; keep a backup of it, apart from what seals it"},
    {"rotate", do_rotate, "has a new epoch; SIGHUP makes a running keystore use it"},
    {"backup", do_backup, "is backed up"},
    {"restore", do_restore, "is restored"},
    {"show", do_show, NULL},
};

int main(int argc, char **argv)
{
    struct options o = {0};
    struct buf why = WHY_INIT;
    int operands, status;
    size_t i = 0;
    enum err e;

    self_init("outlayer-keyholder");
    crypto_init();
    e = wall_conceal(&why);
    if (!e) {
        if (!usage_begin(&usage, argc, argv, &o, &operands, &status))
            return status;
        if (operands != argc - 1)
            (void)err_put(&why, ERR_FORMAT, "give one command");
        else if (!o.master)
            (void)err_put(&why, ERR_FORMAT, "--master-file is missing");
        else
            while (i < countof(commands) && strcmp(commands[i].name, argv[operands]) != 0)
                i++;
        if (!why.len && i == countof(commands))
            (void)err_put(&why, ERR_FORMAT, "there is no command '%s'", argv[operands]);
        if (why.len)
            return usage_wrong(&usage, &why);
        e = commands[i].run(&o, &why);
        if (!e && commands[i].done)
            fprintf(stderr, "'%s' %s\n", o.master, commands[i].done);
    }
    keyring_wipe(&ring);
    if (e)
        fprintf(stderr, "outlayer-keyholder: %s\n", buf_z(&why));
    buf_release(&why);
    return e ? 1 : 0;
}
