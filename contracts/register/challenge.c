/*
 * challenge.c — numbers that a quote must carry to be fresh: each is good once, for 1,000 blocks.
 *
 * One always lies open, made by the registration before: who looks it up and is first needs no
 * transaction to get a challenge.
 *
 * A block's random seed is known to who makes the block, before others; that gains nothing here,
 * because a machine that may register may ask for a challenge at any time.
 */
#include <string.h>

#include "codec/hex.h"
#include "register/register.h"

#define ROW      STR("h")
#define OPEN_ROW STR("o")

struct challenge {
    uint8_t b[32];
    uint64_t height;
};

static size_t load(struct challenge out[CHALLENGES_MAX])
{
    uint64_t now = near_height();
    struct str row = STR_NONE;
    size_t n = 0;

    if (!near_read(ROW, &row))
        return 0;
    struct rd r = rd_over(row);
    for (uint32_t left = rd_count(&r, CHALLENGES_MAX); left; left--) {
        rd_copy(&r, out[n].b, 32);
        out[n].height = rd_u64(&r);
        if (out[n].height + CHALLENGE_BLOCKS >= now)
            n++;
    }
    return n;
}

static void store(const struct challenge *c, size_t n)
{
    struct buf b = near_buf();
    wr_u32(&b, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, c[i].b, 32);
        wr_u64(&b, c[i].height);
    }
    near_write_buf(ROW, &b);
}

static void make(struct settings *s, uint8_t out[32])
{
    struct buf text = near_buf();
    uint8_t seed[32];

    near_random_seed(seed);
    buf_add(&text, seed, sizeof seed);
    buf_add_str(&text, near_predecessor());
    wr_u64(&text, s->challenges++);
    near_sha256(buf_str(&text), out);
}

static void put_hex_text(struct buf *b, const uint8_t challenge[32])
{
    json_str_open(b);
    hex_put(b, challenge, 32);
    json_str_close(b);
}

/* → "64 hexadecimal digits", to be put into a manifest: the caller's own. */
NEAR_CALL(request_challenge)
{
    struct challenge c[CHALLENGES_MAX + 1];
    struct settings s;
    struct buf out = near_buf();
    size_t n;

    settings_load(&s);
    REQUIRE(str_eq(near_predecessor(), s.registrar), "Only the init worker account can register");
    n = load(c);
    make(&s, c[n].b);
    c[n].height = near_height();
    if (n == CHALLENGES_MAX)
        store(c + 1, n);
    else
        store(c, n + 1);
    settings_store(&s);
    put_hex_text(&out, c[n].b);
    near_return_buf(&out);
}

void challenge_renew(struct settings *s)
{
    struct buf b = near_buf();
    uint8_t c[32];

    make(s, c);
    buf_add(&b, c, sizeof c);
    wr_u64(&b, near_height());
    near_write_buf(OPEN_ROW, &b);
}

static bool read_open(struct challenge *out)
{
    struct str row = STR_NONE;

    if (!near_read(OPEN_ROW, &row))
        return false;
    struct rd r = rd_over(row);
    rd_copy(&r, out->b, 32);
    out->height = rd_u64(&r);
    return out->height + CHALLENGE_BLOCKS >= near_height();
}

/* The one that anybody may use next, or null: whoever comes second needs one of their own. */
NEAR_VIEW(get_challenge)
{
    struct buf b = near_buf();
    struct challenge c;

    if (read_open(&c)) {
        json_obj(&b);
        json_key(&b, "challenge");
        put_hex_text(&b, c.b);
        put_u64(&b, "height", c.height);
        json_obj_end(&b);
    } else {
        json_put_null(&b);
    }
    near_return_buf(&b);
}

bool challenge_take(const uint8_t challenge[32])
{
    struct challenge c[CHALLENGES_MAX], open;
    size_t n;

    if (read_open(&open) && memcmp(open.b, challenge, 32) == 0)
        return true; /* the registration makes another one */
    n = load(c);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(c[i].b, challenge, 32) != 0)
            continue;
        memmove(c + i, c + i + 1, (n - i - 1) * sizeof *c);
        store(c, n - 1);
        return true;
    }
    return false;
}
