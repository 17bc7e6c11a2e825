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
#include "codec/put.h"
#include "crypto/hash.h"
#include "near/fastfs_send.h"

#define ENDING_MAX 16

struct upload_opts {
    const char *rpc_url, *key_file, *receiver, *mime, *url;
    bool json;
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
             ", or `outlayer up` for a node of this machine)"),
    OPT_FLAG("json", struct upload_opts, json,
             "print one JSON object: fastfs_url, sha256, size, path, transactions"),
    OPT_END,
};

static const char *const upload_examples[] = {
    "outlayer upload dice.wasm --key-file ~/.near-credentials/testnet/alice.testnet.json "
    "--rpc-url https://rpc.testnet.near.org",
    "outlayer upload page.html --key-file alice.json --json",
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

/* What was sent, as it is told at the end. */
struct uploaded {
    bool json;
    struct buf url, path, txs; /* txs: items of a JSON array */
    struct hash256 hash;
    size_t size;
};

static void sent(void *ctx, const struct hash256 *tx)
{
    struct uploaded *u = ctx;
    char room[64];
    struct buf b = BUF_OVER(room);

    hash_put_base58(&b, tx);
    json_put_str(&u->txs, buf_str(&b));
    if (!u->json)
        fprintf(stderr, "tx: %s\n", room);
}

/* "<sha256>.<ending of the file's name>" */
static void name_make(const char *file, const struct hash256 *hash, struct buf *out)
{
    const char *slash = strrchr(file, '/'), *dot = strrchr(slash ? slash : file, '.');

    hash_put_hex(out, hash);
    buf_addz(out, dot && dot[1] && strlen(dot) <= ENDING_MAX ? dot : ".bin");
}

static enum err upload(const struct upload_opts *o, const char *file, struct uploaded *u,
                       struct buf *why)
{
    struct buf content = BUF_INIT(FASTFS_FILE_MAX);
    struct rpc *rpc = rpc_new(o->rpc_url);
    struct fastfs_file f = {.receiver = str_of(o->receiver), .nonce = fastfs_nonce()};
    struct near_key key;
    enum err e = near_key_load(o->key_file, &key, why);

    if (!e)
        e = file_read(file, &content, why);
    if (e == ERR_TOO_BIG)
        e = err_put(why, e, "'%s' is larger than %u MiB", file, FASTFS_FILE_MAX >> 20);
    if (!e) {
        u->hash = sha256(buf_str(&content));
        u->size = content.len;
        name_make(file, &u->hash, &u->path);
        f.path = buf_str(&u->path);
        f.content = buf_str(&content);
        f.mime = str_of(o->mime ? o->mime : fastfs_mime(f.path));
        json_arr(&u->txs);
        e = fastfs_send(rpc, &key, &f, sent, u, why);
        json_arr_end(&u->txs);
    }
    if (!e)
        fastfs_url_put(&u->url, source_fastfs_url(o->url, o->rpc_url), account_id_str(&key.account),
                       f.receiver, f.path);
    near_key_wipe(&key);
    rpc_free(rpc);
    buf_release(&content);
    return e;
}

static void print_json(const struct uploaded *u)
{
    struct buf b = BUF_INIT(16384);

    json_obj(&b);
    put_str(&b, "fastfs_url", buf_str(&u->url));
    put_hex(&b, "sha256", str_from(u->hash.b, sizeof(u->hash.b)));
    put_u64(&b, "size", u->size);
    put_str(&b, "path", buf_str(&u->path));
    put_raw(&b, "transactions", buf_str(&u->txs));
    json_obj_end(&b);
    puts(buf_z(&b));
    buf_release(&b);
}

int cmd_upload(int argc, char **argv)
{
    struct upload_opts o = {.rpc_url = "http://127.0.0.1:3030", .receiver = "fastfs.near"};
    struct uploaded u = {
        .url = BUF_INIT(4096), .path = BUF_INIT(FASTFS_PATH_MAX), .txs = BUF_INIT(8192)};
    struct buf why = WHY_INIT;
    int operands, status;

    if (!command_begin(&command_upload, argc, argv, &o, &operands, &status))
        return status;
    u.json = o.json;
    if (argc - operands != 1)
        (void)err_put(&why, ERR_FORMAT, "which file? name one");
    else if (!o.key_file)
        (void)err_put(&why, ERR_FORMAT, "--key-file is missing");
    else if (!account_id_valid(str_of(o.receiver)))
        (void)err_put(&why, ERR_FORMAT, "'%s' is no account id", o.receiver);
    if (why.len) {
        status = command_misused(&command_upload, &why);
    } else if (upload(&o, argv[operands], &u, &why)) {
        status = command_failed(&why);
    } else {
        if (o.json)
            print_json(&u);
        else
            printf("FastFS URL: %s\n", buf_z(&u.url));
        status = EXIT_DONE;
    }
    buf_release(&why);
    buf_release(&u.url);
    buf_release(&u.path);
    buf_release(&u.txs);
    return status;
}
