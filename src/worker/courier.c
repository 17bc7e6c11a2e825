/* courier.c — see courier.h. */
#include "worker/courier.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/put.h"
#include "near/outcome.h"
#include "near/tx.h"
#include "worker/check.h"
#include "worker/lane.h"

#define LOOK_FIRST_MS  40   /* after sending */
#define LOOK_MAX_MS    250  /* between two looks at a transaction */
#define SILENCE_MS     3000 /* nobody knows a sent transaction: send it again */
#define RETRY_FIRST_MS 200
#define RETRY_MAX_MS   5000
#define TRIES_MAX      50   /* refused calls for one request; then it is only watched */
#define IDLE_MS        5000 /* how often the outbox is looked at without being woken */

/* What is known of a row besides what is on disk. */
struct track {
    uint64_t id, job_id;
    uint64_t next_ms;  /* when to do something about it */
    uint64_t look_ms;  /* the current pause between looks */
    uint64_t retry_ms; /* the current pause after a refusal or fault */
    uint64_t sent_ms;  /* 0: not sent by this process */
    unsigned tries;    /* calls that the contract refused */
    bool taken_up;     /* found on disk at start, or tried before: ask before sending */
    bool seen;         /* by the last look at the outbox */
};

struct courier {
    struct courier_opts o;
    struct rpc *rpc;
    struct coordinator *coordinator;
    struct lane lane;
    struct buf answer; /* of the node, to the last call */
    struct track track[OUTBOX_OPEN_MAX];
    size_t n;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool woken;
    size_t open;
};

static uint64_t grow(uint64_t *pause, uint64_t first, uint64_t max)
{
    *pause = *pause ? *pause + *pause / 2 : first;
    if (*pause > max)
        *pause = max;
    return *pause;
}

static void later(struct track *t, uint64_t ms)
{
    t->next_ms = clock_mono_ms() + ms;
}

/* A fault of the node, the coordinator or the disk: nothing has changed, do the same again. */
static void retry(struct track *t, const char *what, const struct buf *why)
{
    uint64_t pause = grow(&t->retry_ms, RETRY_FIRST_MS, RETRY_MAX_MS);

    log_unusual(what, "parcel=%llu job=%llu again_ms=%llu why=%s", (unsigned long long)t->id,
                (unsigned long long)t->job_id, (unsigned long long)pause, buf_z(why));
    later(t, pause);
}

/* The contract no longer waits for an answer; `outcome` is what is known of how it was given. */
static void answered(struct courier *c, struct track *t, struct str outcome)
{
    struct buf why = WHY_INIT;

    if (outbox_answered(c->o.outbox, t->id, outcome, &why))
        retry(t, "outbox_fault", &why);
    else
        later(t, 0);
    buf_release(&why);
}

/* Is the request still waiting? Moves the row on when it is not, or when nobody can say. */
static bool still_waiting(struct courier *c, struct track *t, const struct parcel *p)
{
    struct buf why = WHY_INIT;
    enum err e = check_pending(c->rpc, p->contract_id, p->request_id, &why);

    if (e == ERR_EMPTY)
        answered(c, t, STR(""));
    else if (e)
        retry(t, "chain_fault", &why);
    buf_release(&why);
    return e == ERR_OK;
}

static void sign_again(struct courier *c, struct track *t, const char *what, const struct buf *why)
{
    struct buf fault = WHY_INIT;

    lane_forget(&c->lane);
    t->sent_ms = 0;
    t->taken_up = true;
    retry(t, what, why);
    /* When this fails the row stays signed, is sent again and refused again: we come back here. */
    if (outbox_unsigned(c->o.outbox, t->id, &fault))
        log_unusual("outbox_fault", "why=%s", buf_z(&fault));
    buf_release(&fault);
}

/* Send the row's transaction. Not waiting for anything is quick, but a node may drop it silently:
 * the second time we wait until it is in a block, and hear why when it is not. */
static void send(struct courier *c, struct track *t, struct str tx, bool again)
{
    struct buf why = WHY_INIT;
    struct json result;
    enum err e =
        rpc_send_tx(c->rpc, tx, again ? TX_WAIT_INCLUDED : TX_WAIT_NONE, &c->answer, &result, &why);

    switch (rpc_fault(c->rpc)) {
    case RPC_FINE:
    case RPC_TIMED_OUT:
        t->sent_ms = clock_mono_ms();
        t->look_ms = 0;
        later(t, grow(&t->look_ms, LOOK_FIRST_MS, LOOK_MAX_MS));
        break;
    case RPC_INVALID_NONCE:
    case RPC_EXPIRED:
    case RPC_INVALID_TX:
    case RPC_BAD_REQUEST:
    case RPC_UNKNOWN_KEY:
    case RPC_UNKNOWN_ACCOUNT:
        sign_again(c, t, "transaction_refused", &why);
        break;
    case RPC_NO_ANSWER:
    case RPC_NODE_FAULT:
    case RPC_UNKNOWN_TX:
    case RPC_UNKNOWN_BLOCK:
    case RPC_NO_CONTRACT:
    case RPC_CONTRACT_FAILED:
    case RPC_OTHER:
        retry(t, "transaction_not_sent", &why);
        break;
    }
    if (!e)
        log_debug("transaction_sent", "parcel=%llu", (unsigned long long)t->id);
    buf_release(&why);
}

static void step_ready(struct courier *c, struct track *t, const struct parcel *p)
{
    struct buf tx = BUF_INIT(SIGNED_TX_MAX), why = WHY_INIT;
    struct hash256 hash;
    uint64_t nonce;

    if (t->taken_up && !still_waiting(c, t, p))
        goto out;
    if (t->tries >= TRIES_MAX) {
        /* The contract will not have it. The yield ends by itself; until then we only watch. */
        later(t, RETRY_MAX_MS);
        goto out;
    }
    if (lane_sign(&c->lane, p->contract_id, p->method, p->args, &tx, &nonce, &hash, &why)) {
        retry(t, "transaction_not_signed", &why);
        goto out;
    }
    if (outbox_signed(c->o.outbox, p->id, nonce, buf_str(&tx), &hash, &why)) {
        retry(t, "outbox_fault", &why);
        goto out;
    }
    send(c, t, buf_str(&tx), false);
out:
    buf_release(&tx);
    buf_release(&why);
}

/* The last `[[yNEAR charged: "N"]]` of the logs, and the block of the receipt that wrote it. */
static bool charged_of(struct json result, const struct outcome *o, u128 *charged,
                       struct hash256 *block)
{
    struct json_iter receipts = json_iter(json_get(result, "receipts_outcome"));
    bool found = false;

    (void)o;
    while (json_next(&receipts)) {
        struct json_iter logs = json_iter(json_get(json_get(receipts.value, "outcome"), "logs"));

        while (json_next(&logs)) {
            char room[96];
            struct buf line = BUF_OVER(room);
            struct str s, hash;

            if (json_str_len(logs.value) >= sizeof(room) || !json_str(logs.value, &line))
                continue;
            s = buf_str(&line);
            if (!str_starts(s, STR("[[yNEAR charged: \"")) || !str_ends(s, STR("\"]]")))
                continue;
            s = str_skip(s, sizeof("[[yNEAR charged: \"") - 1);
            if (!str_u128(str_head(s, s.len - 3), charged))
                continue;
            found = true;
            if (!json_plain(json_get(receipts.value, "block_hash"), &hash) ||
                !hash_from_base58(hash, block))
                memset(block, 0, sizeof(*block));
        }
    }
    return found;
}

/* Our transaction was the answer: note what it cost and where it happened. */
static void resolved(struct courier *c, struct track *t, const struct parcel *p, struct json result,
                     const struct outcome *o)
{
    char room[512];
    struct buf members = BUF_OVER(room), why = WHY_INIT;
    struct hash256 block = {{0}};
    struct rpc_block at = {0};
    u128 charged = 0;
    bool known = charged_of(result, o, &charged, &block);

    json_obj(&members);
    json_key(&members, "tx");
    json_str_open(&members);
    hash_put_base58(&members, &p->tx_hash);
    json_str_close(&members);
    if (known)
        put_u128(&members, "charged_yocto", charged);
    if (!hash_is_zero(&block) && !rpc_block_of_hash(c->rpc, &block, &at, &why)) {
        put_u64(&members, "block_height", at.height);
    }
    json_obj_end(&members);
    log_info("resolved", "job=%llu request=%llu height=%llu", (unsigned long long)p->job_id,
             (unsigned long long)p->request_id, (unsigned long long)at.height);
    answered(c, t, buf_str(&members));
    buf_release(&why);
}

/* Our call was executed and refused. */
static void refused(struct courier *c, struct track *t, const struct parcel *p,
                    const struct outcome *o)
{
    struct buf text = WHY_INIT;
    bool early;

    outcome_failure_text(o, &text);
    early = str_find(buf_str(&text), STR("Unable to resume")) < text.len;
    if (still_waiting(c, t, p)) {
        t->tries++;
        if (early)
            t->retry_ms = 0;
        sign_again(c, t, early ? "yield_not_there_yet" : "resolve_refused", &text);
        if (t->tries == TRIES_MAX)
            log_broken("resolve_given_up", "job=%llu request=%llu why=%s",
                       (unsigned long long)p->job_id, (unsigned long long)p->request_id,
                       buf_z(&text));
    }
    buf_release(&text);
}

static void step_signed(struct courier *c, struct track *t, const struct parcel *p)
{
    struct buf why = WHY_INIT;
    struct json result;
    struct outcome o;
    enum err e = rpc_tx(c->rpc, &p->tx_hash, account_id_str(&c->o.key->account), TX_WAIT_NONE,
                        &c->answer, &result, &why);

    if (e && (rpc_fault(c->rpc) == RPC_UNKNOWN_TX || rpc_fault(c->rpc) == RPC_TIMED_OUT)) {
        if (!t->sent_ms) {
            if (still_waiting(c, t, p))
                send(c, t, p->tx, true);
        } else if (clock_mono_ms() - t->sent_ms > SILENCE_MS) {
            send(c, t, p->tx, true);
        } else {
            later(t, grow(&t->look_ms, LOOK_FIRST_MS, LOOK_MAX_MS));
        }
    } else if (e) {
        retry(t, "chain_fault", &why);
    } else if (!outcome_read(result, &o)) {
        (void)err_put(&why, ERR_UPSTREAM, "the node's answer about a transaction has no status");
        retry(t, "chain_fault", &why);
    } else {
        t->retry_ms = 0;
        if (!t->sent_ms)
            t->sent_ms = clock_mono_ms();
        switch (o.status) {
        case OUTCOME_PENDING:
            later(t, grow(&t->look_ms, LOOK_FIRST_MS, LOOK_MAX_MS));
            break;
        case OUTCOME_VALUE:
            resolved(c, t, p, result, &o);
            break;
        case OUTCOME_FAILED:
            refused(c, t, p, &o);
            break;
        }
    }
    buf_release(&why);
}

static void complete_body(const struct parcel *p, struct buf *body)
{
    struct json doc;
    struct json_iter it;

    json_obj(body);
    put_u64(body, "token", p->token);
    if (json_parse(p->report, &doc, NULL)) {
        it = json_iter(doc);
        while (json_next(&it)) {
            struct str key;

            if (json_plain(it.key, &key)) {
                json_key_str(body, key);
                json_put_raw(body, it.value.text);
            }
        }
    }
    if (p->outcome.len && json_parse(p->outcome, &doc, NULL)) {
        put_raw(body, "resolve_tx", json_get(doc, "tx").text);
        if (!json_is_null(json_get(doc, "charged_yocto")))
            put_raw(body, "charged_yocto", json_get(doc, "charged_yocto").text);
    }
    json_obj_end(body);
}

static void step_answered(struct courier *c, struct track *t, const struct parcel *p)
{
    struct buf body = BUF_INIT(16u << 20), why = WHY_INIT;
    enum err e = ERR_OK;

    if (p->outcome.len)
        e = coordinator_progress(c->coordinator, p->job_id, p->token, "resolved", p->outcome, &why);
    if (!e || !err_retry(e)) {
        complete_body(p, &body);
        e = coordinator_complete(c->coordinator, p->job_id, buf_str(&body), &why);
    }
    if (e && err_retry(e)) {
        retry(t, "coordinator_fault", &why);
        goto out;
    }
    if (e)
        /* The job is somebody else's now, or unknown: they find the request answered. */
        log_unusual("report_refused", "job=%llu why=%s", (unsigned long long)p->job_id,
                    buf_z(&why));
    if (c->o.keeper)
        keeper_drop(c->o.keeper, p->job_id);
    if (outbox_told(c->o.outbox, p->id, &why))
        retry(t, "outbox_fault", &why);
    else
        t->id = 0;
out:
    buf_release(&body);
    buf_release(&why);
}

static void step(struct courier *c, struct track *t)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    struct parcel p;
    enum err e = outbox_get(c->o.outbox, t->id, &a, &p, &why);

    if (e == ERR_EMPTY) {
        t->id = 0;
    } else if (e) {
        retry(t, "outbox_fault", &why);
    } else {
        t->job_id = p.job_id;
        switch (p.state) {
        case OUTBOX_READY:
            step_ready(c, t, &p);
            break;
        case OUTBOX_SIGNED:
            step_signed(c, t, &p);
            break;
        case OUTBOX_ANSWERED:
            step_answered(c, t, &p);
            break;
        case OUTBOX_TOLD:
            t->id = 0;
            break;
        }
    }
    arena_release(&a);
    buf_release(&why);
}

/* Take up rows that are on disk and not tracked yet. */
static void look(struct courier *c, bool at_start)
{
    static uint64_t ids[OUTBOX_OPEN_MAX];
    struct buf why = WHY_INIT;
    size_t n = 0;

    if (outbox_open_ids(c->o.outbox, ids, OUTBOX_OPEN_MAX, &n, &why))
        log_unusual("outbox_fault", "why=%s", buf_z(&why));
    for (size_t i = 0; i < n; i++) {
        bool known = false;

        for (size_t j = 0; j < c->n && !known; j++)
            known = c->track[j].id == ids[i];
        if (!known && c->n < OUTBOX_OPEN_MAX)
            c->track[c->n++] = (struct track){.id = ids[i], .taken_up = at_start};
    }
    buf_release(&why);
}

/* Every row that is due; gives when the next one is. */
static uint64_t round_trip(struct courier *c)
{
    uint64_t next = clock_mono_ms() + IDLE_MS;
    size_t kept = 0;

    for (size_t i = 0; i < c->n; i++) {
        while (c->track[i].id && c->track[i].next_ms <= clock_mono_ms())
            step(c, &c->track[i]);
        if (!c->track[i].id)
            continue;
        if (c->track[i].next_ms < next)
            next = c->track[i].next_ms;
        c->track[kept++] = c->track[i];
    }
    c->n = kept;
    return next;
}

static void wait_until(struct courier *c, uint64_t when_ms)
{
    struct timespec at;

    at.tv_sec = (time_t)(when_ms / 1000);
    at.tv_nsec = (long)(when_ms % 1000) * 1000000;
    pthread_mutex_lock(&c->lock);
    c->open = c->n;
    while (!c->woken && clock_mono_ms() < when_ms)
        if (pthread_cond_timedwait(&c->wake, &c->lock, &at))
            break;
    c->woken = false;
    pthread_mutex_unlock(&c->lock);
}

static void *carry(void *ctx)
{
    struct courier *c = ctx;
    struct buf why = WHY_INIT;
    bool at_start = true;

    for (;;) {
        look(c, at_start);
        at_start = false;
        wait_until(c, round_trip(c));
        /* While there is time: a fresh block hash saves a question when an answer is to be sent. */
        if (!c->n)
            (void)!lane_refresh(&c->lane, &why);
    }
    return NULL;
}

enum err courier_start(const struct courier_opts *o, struct courier **out, struct buf *why)
{
    struct courier *c = mem_new(struct courier);
    pthread_condattr_t attr;

    c->o = *o;
    c->rpc = rpc_new(o->rpc_url);
    c->coordinator = coordinator_new(o->coordinator_url, o->token, o->pass);
    c->answer = BUF_INIT(RPC_ANSWER_MAX);
    lane_init(&c->lane, c->rpc, o->key);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&c->thread, NULL, carry, c)) {
        rpc_free(c->rpc);
        coordinator_free(c->coordinator);
        mem_free(c);
        return err_put(why, ERR_IO, "cannot start a thread");
    }
    *out = c;
    return ERR_OK;
}

void courier_wake(struct courier *c)
{
    pthread_mutex_lock(&c->lock);
    c->woken = true;
    c->open++;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

size_t courier_open(struct courier *c)
{
    size_t n;

    pthread_mutex_lock(&c->lock);
    n = c->open;
    pthread_mutex_unlock(&c->lock);
    return n;
}
