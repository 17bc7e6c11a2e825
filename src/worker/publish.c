/* publish.c — see publish.h. */
#include "worker/publish.h"

#include <stdio.h>

#include "codec/put.h"
#include "near/fastfs_send.h"
#include "proc/memfd.h"
#include "worker/work.h"

#define TRIES      3
#define ANSWER_MAX 4096

enum err publish(const struct worker *w, const struct request *r, int fd, struct answer *answer,
                 struct buf *why)
{
    char name[80];
    struct buf path = BUF_OVER(name), text = BUF_INIT(ANSWER_MAX), url = BUF_INIT(2048);
    struct fastfs_file f = {
        .receiver = w->fastfs_receiver, .mime = STR("application/wasm"), .nonce = fastfs_nonce()};
    struct hash256 is;
    enum err e = memfd_map(fd, COMPILE_WASM_MAX, &f.content, why);

    if (e)
        return e;
    /* What lies in the store may have been touched; what is published stays for ever. */
    is = sha256(f.content);
    if (!hash_eq(&is, &r->source.wasm_sha256)) {
        store_drop(&w->runner->store, &r->source.wasm_sha256);
        memfd_unmap(&f.content);
        return err_put(why, ERR_CONFLICT, "the stored program is not what it was");
    }
    hash_put_hex(&path, &r->source.wasm_sha256);
    buf_addz(&path, ".wasm");
    f.path = buf_str(&path);
    for (unsigned i = 0; i < TRIES; i++) {
        e = fastfs_send(w->rpc, w->fastfs_key, &f, NULL, NULL, why);
        if (!e || e == ERR_DENIED)
            break;
    }
    if (e == ERR_DENIED) {
        buf_addf(&text, "The chain did not take the file for FastFS: %s", buf_z(why));
        answer_fail(answer, ANSWER_EXECUTION_FAILED, buf_str(&text));
    } else if (!e) {
        fastfs_url_put(&url, w->fastfs_url, account_id_str(&w->fastfs_key->account),
                       w->fastfs_receiver, f.path);
        json_obj(&text);
        put_str(&text, "fastfs_url", buf_str(&url));
        put_str(&text, "wasm_hash", str_head(f.path, 64));
        json_obj_end(&text);
        answer_output(answer, r->format, buf_str(&text));
        snprintf(answer->note, sizeof(answer->note), "Published to %s", buf_z(&url));
    }
    memfd_unmap(&f.content);
    buf_release(&text);
    buf_release(&url);
    return e == ERR_DENIED ? ERR_OK : e;
}
