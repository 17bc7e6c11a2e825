/*
 * cmd_upload.c — `outlayer upload`: put a file on FastFS, by transactions of the user's own.
 *
 * The file is named by its hash, so that its address says what it holds.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/code_source.h"
#include "crypto/hash.h"
#include "near/fastfs_send.h"

#define ENDING_MAX 16

struct upload_opts {
    const char *rpc_url, *key_file, *receiver, *mime, *url;
};

static const struct opt upload_options[] = {
    OPT_TEXT("rpc-url", "URL", struct upload_opts, rpc_url, "OUTLAYER_RPC_URL",
             "a NEAR node (default http://127.0.0.1:3030)"),
    OPT_TEXT("key-file", "FILE", struct upload_opts, key_file, "OUTLAYER_KEY_FILE",
             "key of the account that sends it, mode 0600"),
    OPT_TEXT("receiver", "ACCOUNT", struct upload_opts, receiver, "OUTLAYER_FASTFS_RECEIVER",
             "account that it is sent to (default fastfs.near)"),
    OPT_TEXT("mime-type", "TYPE", struct upload_opts, mime, NULL, "default: by the file's ending"),
    OPT_TEXT("fastfs-url", "TEMPLATE", struct upload_opts, url, "OUTLAYER_FASTFS_URL",
             "where files are served (default " FASTFS_URL
             ", or as `outlayer up` does for a node of "
             "this machine)"),
    OPT_END,
};

static const char *const upload_examples[] = {
    "outlayer upload dice.wasm --key-file ~/.near-credentials/testnet/alice.testnet.json "
    "--rpc-url https://rpc.testnet.near.org",
    NULL,
};

const struct command command_upload = {
    .name = "upload",
    .summary = "put a file on FastFS",
    .usage = "FILE --key-file FILE [options]",
    .about =
        "Sends the file to the chain in the arguments of a call, where it stays for good, and\n"
        "prints its address. Files over 1 MiB are sent in several transactions. That the\n"
        "calls fail is as it should be: nobody executes them.",
    .options = upload_options,
    .examples = upload_examples,
    .run = cmd_upload,
};

static void sent(void *ctx, const struct hash256 *tx)
{
    char room[64];
    struct buf b = BUF_OVER(room);

    (void)ctx;
    hash_put_base58(&b, tx);
    fprintf(stderr, "tx: %s\n", room);
}

/* "<sha256>.<ending of the file's name>" */
static void name_make(const char *file, struct str content, struct buf *out)
{
    const struct hash256 hash = sha256(content);
    const char *slash = strrchr(file, '/'), *dot = strrchr(slash ? slash : file, '.');

    hash_put_hex(out, &hash);
    buf_addz(out, dot && dot[1] && strlen(dot) <= ENDING_MAX ? dot : ".bin");
}

static enum err upload(const struct upload_opts *o, const char *file, struct buf *url,
                       struct buf *why)
{
    struct buf content = BUF_INIT(FASTFS_FILE_MAX), path = BUF_INIT(FASTFS_PATH_MAX);
    struct rpc *rpc = rpc_new(o->rpc_url);
    struct fastfs_file f = {.receiver = str_of(o->receiver), .nonce = fastfs_nonce()};
    struct near_key key;
    enum err e = near_key_load(o->key_file, &key, why);

    if (!e)
        e = file_read(file, &content, why);
    if (e == ERR_TOO_BIG)
        e = err_put(why, e, "'%s' is larger than %u MiB", file, FASTFS_FILE_MAX >> 20);
    if (!e) {
        name_make(file, buf_str(&content), &path);
        f.path = buf_str(&path);
        f.content = buf_str(&content);
        f.mime = str_of(o->mime ? o->mime : fastfs_mime(f.path));
        e = fastfs_send(rpc, &key, &f, sent, NULL, why);
    }
    if (!e)
        fastfs_url_put(url, source_fastfs_url(o->url, o->rpc_url), account_id_str(&key.account),
                       f.receiver, f.path);
    near_key_wipe(&key);
    rpc_free(rpc);
    buf_release(&content);
    buf_release(&path);
    return e;
}

int cmd_upload(int argc, char **argv)
{
    struct upload_opts o = {.rpc_url = "http://127.0.0.1:3030", .receiver = "fastfs.near"};
    struct buf why = WHY_INIT, url = BUF_INIT(4096);
    int operands, status;

    if (!command_begin(&command_upload, argc, argv, &o, &operands, &status))
        return status;
    if (argc - operands != 1)
        (void)err_put(&why, ERR_FORMAT, "which file? name one");
    else if (!o.key_file)
        (void)err_put(&why, ERR_FORMAT, "--key-file is missing");
    else if (!account_id_valid(str_of(o.receiver)))
        (void)err_put(&why, ERR_FORMAT, "'%s' is no account id", o.receiver);
    if (why.len) {
        status = command_misused(&command_upload, &why);
    } else if (upload(&o, argv[operands], &url, &why)) {
        status = command_failed(&why);
    } else {
        printf("FastFS URL: %s\n", buf_z(&url));
        status = EXIT_DONE;
    }
    buf_release(&why);
    buf_release(&url);
    return status;
}
