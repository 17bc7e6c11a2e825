/*
 * challenge.c — numbers that a quote must carry to be fresh: each is good once, for 1,000 blocks.
 *
 * A block's random seed is known to who makes the block, before others; that gains nothing here,
 * because a machine that may register may ask for a challenge at any time.
 */
#include <string.h>

#include "codec/hex.h"
#include "register/register.h"

#define ROW STR("h")

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

/* → "64 hexadecimal digits", to be put into a manifest. */
NEAR_CALL(request_challenge)
{
    struct challenge c[CHALLENGES_MAX + 1];
    struct settings s;
    struct buf text = near_buf();
    uint8_t seed[32];
    size_t n;

    settings_load(&s);
    REQUIRE(str_eq(near_predecessor(), s.registrar), "Only the init worker account can register");
    n = load(c);
    near_random_seed(seed);
    buf_add(&text, seed, sizeof seed);
    buf_add_str(&text, near_predecessor());
    wr_u64(&text, s.challenges++);
    near_sha256(buf_str(&text), c[n].b);
    c[n].height = near_height();
    if (n == CHALLENGES_MAX)
        store(c + 1, n);
    else
        store(c, n + 1);
    settings_store(&s);

    struct buf out = near_buf();
    json_str_open(&out);
    hex_put(&out, c[n].b, 32);
    json_str_close(&out);
    near_return_buf(&out);
}

bool challenge_take(const uint8_t challenge[32])
{
    struct challenge c[CHALLENGES_MAX];
    size_t n = load(c);

    for (size_t i = 0; i < n; i++) {
        if (memcmp(c[i].b, challenge, 32) != 0)
            continue;
        memmove(c + i, c + i + 1, (n - i - 1) * sizeof *c);
        store(c, n - 1);
        return true;
    }
    return false;
}
