#include "coordinator/collect.h"

#include "attest/pcs.h"
#include "base/log.h"
#include "codec/hex.h"
#include "coordinator/coord.h"
#include "coordinator/collateral.h"
#include "coordinator/evidence.h"

#define STEP_MS    100
#define LOOK_MS    5000
#define AGAIN_MS   60000 /* after a service that did not answer */
#define EPOCHS     16    /* the newest ones are looked at */
#define URL_BYTES  2048
#define CACHE_LIST "/sgx/certification/v4/rootcacrl"

struct wanted {
    struct pcs_wish wish[EPOCHS];
    size_t n;
};

static bool listed(const struct wanted *w, const struct pcs_wish *wish)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(str_from(w->wish[i].fmspc, 6), str_from(wish->fmspc, 6)) &&
            w->wish[i].processor_ca == wish->processor_ca)
            return true;
    return false;
}

/* Is there some for it that is good now and not older than a day? */
static bool fresh(struct coord *c, const struct pcs_wish *wish, uint64_t now_s)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    struct collateral_row row;
    char room[16];
    struct buf fmspc = BUF_OVER(room);
    bool good;

    hex_put(&fmspc, wish->fmspc, sizeof wish->fmspc);
    good = !collateral_for(c->db, buf_str(&fmspc), (int64_t)now_s, &a, &row, &why) &&
           row.from <= (int64_t)now_s && (int64_t)now_s < row.until &&
           row.received_ms / 1000 + COLLECT_DAY_S > now_s;
    arena_release(&a);
    buf_release(&why);
    return good;
}

/* The machines of the newest epochs that came without collateral. Under the lock. */
static void look(struct coord *c, struct wanted *out)
{
    struct buf why = WHY_INIT;
    struct db_stmt *s = NULL;
    struct pcs_wish all[EPOCHS];
    size_t n = 0;

    out->n = 0;
    if (!db_ask(c->db,
                "SELECT quote FROM epoch WHERE collateral IS NULL ORDER BY received_ms DESC "
                "LIMIT $1",
                &s, &why, AS_U64(EPOCHS)))
        while (n < EPOCHS && !db_step(s, &why)) {
            struct quote q;

            if (quote_read(db_blob(s, 0), &q) == ATTEST_OK && pcs_wish_for(&q, &all[n]))
                n++;
        }
    db_done(&s);
    for (size_t i = 0; i < n; i++)
        if (!listed(out, &all[i]) && !fresh(c, &all[i], now_ms() / 1000))
            out->wish[out->n++] = all[i];
    buf_release(&why);
}

/* Nothing that waits for the network happens under the lock. */
static enum err fetch(struct coord *c, struct http_client *http, const struct pcs_wish *wanted,
                      struct buf *why)
{
    struct pcs_wish wish = *wanted;
    struct buf text = BUF_INIT(COLLATERAL_MAX);
    char room[URL_BYTES + 1];
    struct buf list = BUF_OVER(room);
    struct hash256 id;
    enum err e;

    wish.url = c->collateral_url;
    wish.https_only = !c->collateral_url;
    if (c->collateral_url) {
        buf_addf(&list, "%s" CACHE_LIST, c->collateral_url);
        wish.root_crl = room;
    }
    e = pcs_fetch(http, &wish, &text, why);
    if (e)
        goto out;
    coord_lock(c);
    e = db_begin(c->db, why);
    if (!e) {
        e = collateral_store(c->db, buf_str(&text),
                             c->collateral_url ? str_of(c->collateral_url) : STR(PCS_URL), now_ms(),
                             &id, why);
        e = db_end(c->db, e, why);
    }
    coord_unlock(c);
out:
    buf_release(&text);
    return e;
}

static void pause_for(struct coord *c, uint64_t ms)
{
    for (uint64_t slept = 0; slept < ms && !atomic_load(&c->stop); slept += STEP_MS)
        clock_sleep_ms(STEP_MS);
}

void *collect_main(void *coord)
{
    struct coord *c = coord;
    struct http_client *http = http_client_new();
    struct buf why = WHY_INIT;
    struct wanted w;

    while (!atomic_load(&c->stop)) {
        enum err e = ERR_OK;

        coord_lock(c);
        look(c, &w);
        coord_unlock(c);
        for (size_t i = 0; i < w.n && !e && !atomic_load(&c->stop); i++) {
            buf_clear(&why);
            e = fetch(c, http, &w.wish[i], &why);
            if (e)
                log_unusual("no_collateral", "why=%s", buf_z(&why));
            else
                log_info("collateral", "machine=%zu", i);
        }
        pause_for(c, e ? AGAIN_MS : LOOK_MS);
    }
    http_client_free(http);
    buf_release(&why);
    return NULL;
}
