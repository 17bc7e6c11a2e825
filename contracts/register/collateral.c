/*
 * collateral.c — what Intel publishes, checked when it is stored: chains, lists, documents.
 *
 * It proves itself, so anybody may bring newer collateral of a platform that is known here; a new
 * platform is the owner's to add, because rows cost storage. Nothing may get older by it: an old
 * document is as well signed as a new one.
 */
#include <string.h>

#include "codec/hex.h"
#include "register/register.h"
#include "sdk/map.h"

static struct map platforms(void)
{
    return map_of('p', STR_NONE);
}

static struct str key_of(const struct platform *p)
{
    return str_from(p->key, sizeof p->key);
}

void platform_name(struct buf *b, const struct platform *p)
{
    hex_put(b, p->key, 6);
    buf_addz(b, p->key[6] ? " platform" : " processor");
}

static struct platform platform(const uint8_t fmspc[6], const struct x509_cert *ca)
{
    struct platform p;

    memcpy(p.key, fmspc, 6);
    p.key[6] = str_ends(ca->cn, STR("Platform CA"));
    return p;
}

NORETURN void refuse(const char *what, enum attest_code code, const char *subject)
{
    struct buf b = near_buf();

    buf_addz(&b, what);
    buf_addz(&b, " refused: ");
    buf_addz(&b, attest_code_name(code));
    buf_addz(&b, ": ");
    buf_addz(&b, attest_code_text(code));
    if (subject) {
        buf_addz(&b, " (");
        buf_addz(&b, subject);
        buf_addz(&b, ")");
    }
    near_panic(buf_str(&b));
}

void need_ok(const char *what, const struct attest_verdict *v)
{
    if (v->code != ATTEST_OK)
        refuse(what, v->code, v->subject);
}

struct platform platform_of(struct str bytes, struct arena *a)
{
    struct cert_chain *c = arena_new(a, struct cert_chain);
    enum attest_code code;
    struct quote q;
    struct pck pck;

    code = quote_read(bytes, &q);
    if (code)
        refuse("Registration", code, NULL);
    if (!chain_read(q.chain, a, c) || c->n < 2)
        refuse("Registration", ATTEST_E_CHAIN_INVALID, "the PCK chain in the quote");
    if (!c->cert[0].intel.ptr || !pck_read(c->cert[0].intel, &pck))
        refuse("Registration", ATTEST_E_PCK_EXT, NULL);
    return platform(pck.fmspc, &c->cert[1]);
}

/* ---- rows: the remembered signatures, then the JSON ---- */

static void read_text(struct str text, struct arena *a, struct collateral *out)
{
    struct buf why = WHY_INIT;

    if (collateral_read(text, a, out, &why))
        near_panic(buf_str(&why));
}

static struct str text_of(struct str row)
{
    struct rd r = rd_over(row);

    memory_read(&r);
    struct str text = rd_bytes(&r, COLLATERAL_ROW_MAX);
    REQUIRE(rd_end(&r), "Cannot deserialize the contract state.");
    return text;
}

void collateral_load(const struct platform *p, struct arena *a, struct collateral *out)
{
    struct str row;

    if (!map_get(platforms(), key_of(p), &row)) {
        struct buf name = near_buf();

        platform_name(&name, p);
        PANIC("There is no collateral for the platform {}: store it with update_collateral",
              buf_str(&name));
    }
    read_text(text_of(row), a, out);
}

/* ---- methods ---- */

static bool older(const struct collateral *c, const struct collateral *than)
{
    return c->tcb.head.issued < than->tcb.head.issued || c->qe.head.issued < than->qe.head.issued ||
           c->tcb.head.evaluation < than->tcb.head.evaluation ||
           c->qe.head.evaluation < than->qe.head.evaluation ||
           c->root_crl.from < than->root_crl.from || c->pck_crl.from < than->pck_crl.from;
}

static void announce(const struct platform *p, const struct attest_verdict *v, struct str text)
{
    struct buf b = near_buf();
    uint8_t hash[32];

    near_sha256(text, hash);
    json_obj(&b);
    put_hex(&b, "fmspc", str_from(p->key, 6));
    put_str(&b, "ca", p->key[6] ? STR("platform") : STR("processor"));
    put_hex(&b, "sha256", str_from(hash, sizeof hash));
    put_u64(&b, "from", (uint64_t)v->window.from);
    put_u64(&b, "until", (uint64_t)v->window.until);
    put_u64(&b, "tcb_evaluation", v->tcb_evaluation);
    put_bool(&b, "simulated", v->simulated);
    json_obj_end(&b);
    event("collateral_updated", buf_str(&b));
}

/* `index` of earlier releases is not needed: each platform has its own row. */
NEAR_CALL(update_collateral)
{
    struct collateral *c = mem_new(struct collateral), *had = mem_new(struct collateral);
    struct attest_verdict *v = mem_new(struct attest_verdict);
    struct str text = arg_str(args, "collateral"), row;
    struct attest_root root;
    struct arena a = ARENA_INIT;
    struct settings s;
    struct platform p;
    struct buf b = near_buf();
    bool known;

    settings_load(&s);
    REQUIRE(text.len <= COLLATERAL_ROW_MAX, "The collateral is longer than 65536 bytes");
    read_text(text, &a, c);
    root = settings_root(&s);
    p = platform(c->tcb.fmspc, &c->pck_ca.cert[0]);
    known = map_get(platforms(), key_of(&p), &row);
    if (known)
        read_text(text_of(row), &a, had);
    else
        REQUIRE(str_eq(near_predecessor(), s.owner), "Only owner can add a platform");
    REQUIRE(known || map_count(platforms()) < PLATFORMS_MAX, "There are 16 platforms already");
    REQUIRE(!known || !older(c, had), "The collateral is older than what is stored");
    memory_clear();
    attest_check_collateral(&(struct attest_input){.collateral = c,
                                                   .at = (int64_t)now_seconds(),
                                                   .root = &root,
                                                   .crypto = &register_crypto},
                            v);
    need_ok("Collateral", v);
    memory_write(&b);
    wr_bytes(&b, text);
    REQUIRE(!b.full, "too long");
    map_put(platforms(), key_of(&p), buf_str(&b));
    announce(&p, v, text);
    arena_release(&a);
}

NEAR_CALL(remove_collateral)
{
    struct str fmspc = arg_str(args, "fmspc"), ca = arg_str(args, "ca");
    struct platform p = {{0}};
    struct settings s;

    settings_for_owner(&s);
    if (!hex_get(fmspc, p.key, 6))
        near_bad_args("12 hexadecimal digits expected:", "fmspc");
    p.key[6] = str_eqz(ca, "platform");
    REQUIRE(p.key[6] || str_eqz(ca, "processor"), "ca is platform or processor");
    REQUIRE(map_remove(platforms(), key_of(&p)), "There is no collateral for this platform");
}

static void put_collateral(struct buf *b, uint32_t i)
{
    struct str key, row;

    if (map_at(platforms(), i, &key, &row))
        json_put_str(b, text_of(row));
    else
        json_put_null(b);
}

NEAR_VIEW(get_collateral)
{
    struct buf b = near_buf();

    put_collateral(&b, 0);
    near_return_buf(&b);
}

NEAR_VIEW(get_collaterals)
{
    struct buf b = near_buf();
    uint32_t n = map_count(platforms());

    json_arr(&b);
    for (uint32_t i = 0; i < n; i++)
        put_collateral(&b, i);
    json_arr_end(&b);
    near_return_buf(&b);
}
