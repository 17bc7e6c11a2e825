/*
 * outlayer-keystore — gives secrets to workers that may have them, and public keys to everybody.
 *
 * It decides, its keyholder decrypts: this process talks HTTP and to the chain, and never holds the
 * master secret or, but for what users send in the clear to be merged, a plaintext. Workers get
 * secrets sealed to a key of theirs after they have shown that the operator's account knows them.
 *
 * SIGHUP makes it take the master file as it is now, for after `outlayer-keyholder rotate`.
 *
 * Next to read: routes.c, route_worker.c, then src/keyholder.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/token.h"
#include "keystore/keystore.h"
#include "near/account_id.h"
#include "proc/usage.h"
#include "proc/self.h"

#define CONNS_MAX 256

struct settings {
    const char *listen, *rpc_url, *contract_id, *operator_id, *register_id;
    struct holder_opts holder;
    struct opt_list token_files, token_hashes;
    bool die_with_parent;
};

static const struct opt options[] = {
    OPT_TEXT("listen", "HOST:PORT", struct settings, listen, "OUTLAYER_KEYSTORE_LISTEN",
             "where to serve HTTP; port 0 takes a free one (default 127.0.0.1:0)"),
    OPT_TEXT("rpc-url", "URL", struct settings, rpc_url, "OUTLAYER_RPC_URL",
             "a NEAR node's JSON-RPC; choose one you trust"),
    OPT_TEXT("contract-id", "ACCOUNT", struct settings, contract_id, "OUTLAYER_CONTRACT_ID",
             "the OutLayer contract"),
    OPT_TEXT("operator-id", "ACCOUNT", struct settings, operator_id, "OUTLAYER_OPERATOR_ID",
             "the account whose access keys are workers"),
    OPT_TEXT("register-id", "ACCOUNT", struct settings, register_id, "OUTLAYER_REGISTER_ID",
             "the register contract: secrets go only to keys that a quote it has taken binds; "
             "default: to keys of the operator's account"),
    OPT_TEXT("master-file", "FILE", struct settings, holder.master_file, "OUTLAYER_MASTER_FILE",
             "the sealed master secret"),
    OPT_TEXT("seal-key-file", "FILE", struct settings, holder.seal_key_file,
             "OUTLAYER_SEAL_KEY_FILE", "what seals it: a key file, mode 0600"),
    OPT_TEXT("passphrase-file", "FILE", struct settings, holder.passphrase_file,
             "OUTLAYER_PASSPHRASE_FILE", "or a file with a passphrase, mode 0600"),
    OPT_FLAG("create-master", struct settings, holder.create,
             "make the master, and its key file, when there is none"),
    OPT_FLAG("allow-unlocked-memory", struct settings, holder.allow_unlocked,
             "development: go on when memory cannot be locked"),
    OPT_LIST("worker-token-file", "FILE", struct settings, token_files,
             "file with a bearer token of workers; may be given many times"),
    OPT_LIST("worker-token-sha256", "HEX", struct settings, token_hashes,
             "SHA-256 of such a token instead"),
    OPT_FLAG("die-with-parent", struct settings, die_with_parent,
             "end when the process that started it ends"),
    OPT_END,
};

static const char *const examples[] = {
    "outlayer-keystore --listen 127.0.0.1:3034 --rpc-url https://rpc.testnet.near.org \\\n"
    "      --contract-id outlayer.testnet --operator-id operator.testnet \\\n"
    "      --master-file master.sealed --seal-key-file seal.key --worker-token-file token",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-keystore",
    .summary = "keys for OutLayer secrets, and secrets for OutLayer workers",
    .usage = "--rpc-url URL --contract-id ACCOUNT --operator-id ACCOUNT --master-file FILE\n"
             "       --worker-token-file FILE [options]",
    .about = "Prints {\"ready\":true,\"url\":…} when it serves; SIGTERM or Ctrl-C ends it, SIGHUP "
             "takes the\n"
             "master file as it is now. docs/guides/secrets.md says how to run one.",
    .options = options,
    .examples = examples,
};

static enum err tokens_read(struct keystore *k, const struct settings *s, struct buf *why)
{
    enum err e = ERR_OK;

    if (s->token_files.n + s->token_hashes.n > KEYSTORE_TOKENS)
        return err_put(why, ERR_TOO_BIG, "at most %d worker tokens can be given", KEYSTORE_TOKENS);
    for (size_t i = 0; i < s->token_files.n && !e; i++)
        e = token_read(s->token_files.item[i], &k->token[k->ntokens++], why);
    for (size_t i = 0; i < s->token_hashes.n && !e; i++)
        if (!hash_from_hex(str_of(s->token_hashes.item[i]), &k->token[k->ntokens++]))
            e = err_put(why, ERR_FORMAT, "--worker-token-sha256 has 64 hexadecimal digits");
    if (!e && !k->ntokens)
        e = err_put(why, ERR_FORMAT, "no worker token: give --worker-token-file FILE");
    return e;
}

static enum err settings_check(const struct settings *s, struct buf *why)
{
    const struct {
        const char *name, *value;
    } needed[] = {{"rpc-url", s->rpc_url},
                  {"contract-id", s->contract_id},
                  {"operator-id", s->operator_id},
                  {"master-file", s->holder.master_file}};

    for (size_t i = 0; i < countof(needed); i++)
        if (!needed[i].value || !*needed[i].value)
            return err_put(why, ERR_FORMAT, "--%s is missing", needed[i].name);
    if (!account_id_valid(str_of(s->contract_id)) || !account_id_valid(str_of(s->operator_id)))
        return err_put(why, ERR_FORMAT, "--contract-id or --operator-id is no account id");
    return ERR_OK;
}

/* The master has been rotated: take the file as it is now, or go on as before. */
static void reload(struct keystore *k, const struct settings *s, int hangup)
{
    struct buf why = WHY_INIT;
    struct signalfd_siginfo told;

    if (read(hangup, &told, sizeof(told)) != sizeof(told))
        return;
    if (holder_reload(k->holder, &s->holder, &why))
        log_unusual("not_reloaded", "why=%s", buf_z(&why));
    else
        log_info("reloaded", "epochs=%u", holder_epochs(k->holder));
    buf_release(&why);
}

/* Until a signal, or until the keyholder has gone. */
static enum err wait_end(struct keystore *k, const struct settings *s, int signals, int hangup,
                         struct buf *why)
{
    for (;;) {
        struct pollfd p[] = {{.fd = signals, .events = POLLIN},
                             {.fd = holder_pidfd(k->holder), .events = POLLIN},
                             {.fd = hangup, .events = POLLIN}};
        int n = poll(p, countof(p), 1000);

        if (n < 0 && errno != EINTR)
            return err_sys(why, "wait");
        if (n > 0 && p[0].revents)
            return ERR_OK;
        if ((n > 0 && p[1].revents) || holder_broken(k->holder))
            return err_put(why, ERR_CLOSED, "the keyholder has ended");
        if (n > 0 && p[2].revents)
            reload(k, s, hangup);
    }
}

static enum err serve(struct keystore *k, const struct settings *s, int signals, int hangup,
                      struct buf *why)
{
    pthread_t thread[KEYSTORE_THREADS];
    struct http_server *http = NULL;
    char host[HTTP_HOST_MAX];
    uint16_t port = 0;
    enum err e = http_listen_read(s->listen, host, &port, why);

    if (!e)
        e = http_server_start(&(struct http_server_opts){.host = host,
                                                         .port = port,
                                                         .max_body = KEYSTORE_BODY_MAX,
                                                         .max_conns = CONNS_MAX,
                                                         .handle = queue_handle,
                                                         .ctx = k},
                              &http, why);
    if (e)
        return e;
    for (size_t i = 0; i < KEYSTORE_THREADS; i++)
        if (pthread_create(&thread[i], NULL, queue_main, k))
            BUG("no threads");
    log_info("serving", "url=http://%s:%u contract=%s operator=%s epochs=%u", host,
             http_server_port(http), s->contract_id, s->operator_id, holder_epochs(k->holder));
    self_ready(host, http_server_port(http));
    e = wait_end(k, s, signals, hangup, why);
    log_info("stopping", "%s", e ? buf_z(why) : "signal");
    line_stop(k->line);
    http_server_stop(http);
    for (size_t i = 0; i < KEYSTORE_THREADS; i++)
        pthread_join(thread[i], NULL);
    return e;
}

static enum err start(struct keystore *k, const struct settings *s, int signals, int hangup,
                      struct buf *why)
{
    char room[SESSION_AUDIENCE_MAX + 1];
    struct buf audience = BUF_OVER(room);
    enum err e = tokens_read(k, s, why);

    if (!e)
        e = holder_start(&s->holder, &k->holder, why);
    if (e)
        return e;
    buf_addz(&audience, SESSION_AUDIENCE);
    buf_addz(&audience, s->contract_id);
    k->rpc_url = s->rpc_url;
    k->contract_id = str_of(s->contract_id);
    k->operator_id = str_of(s->operator_id);
    k->audience = buf_str(&audience);
    k->register_id = str_of(s->register_id);
    k->line = line_new(KEYSTORE_QUEUE, KEYSTORE_HOLD_MS);
    k->sessions = sessions_new(k->operator_id, k->audience, k->register_id);
    e = serve(k, s, signals, hangup, why);
    sessions_free(k->sessions);
    line_free(k->line);
    holder_stop(k->holder);
    return e;
}

int main(int argc, char **argv)
{
    struct settings s = {.listen = "127.0.0.1:0"};
    struct keystore *k = mem_new(struct keystore);
    struct buf why = WHY_INIT;
    static const int hup[] = {SIGHUP};
    int status, signals = -1, hangup = -1;
    enum err e;

    self_init("outlayer-keystore");
    crypto_init();
    if (!usage_begin(&usage, argc, argv, &s, NULL, &status))
        return mem_free(k), status;
    if (settings_check(&s, &why))
        return mem_free(k), usage_wrong(&usage, &why);
    pthread_mutex_init(&k->lock, NULL);
    e = self_conceal(&why);
    if (!e && s.die_with_parent)
        self_die_with_parent();
    if (!e)
        e = self_signal_fd(&signals, &why);
    if (!e)
        e = self_signal_fd_of(hup, countof(hup), &hangup, &why);
    if (!e)
        e = start(k, &s, signals, hangup, &why);
    if (e)
        fprintf(stderr, "outlayer-keystore: %s\n", buf_z(&why));
    fd_close(&signals);
    fd_close(&hangup);
    pthread_mutex_destroy(&k->lock);
    mem_free(k);
    buf_release(&why);
    return e ? 1 : 0;
}
