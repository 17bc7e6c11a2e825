/* measured.c — the list of what approved machines measure. */
#include <string.h>

#include "codec/hex.h"
#include "register/register.h"

#define ROW_KEY STR("m")
/* Of a stored entry. */
enum { PINS_RTMR3 = 1, PINS_CONFIG = 2, PINS_ATTRIBUTES = 4 };

#define COMPOSE_FORM 1 /* of MRCONFIGID: 01 ‖ compose hash ‖ zeros */

static const char *const registers[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};

/* ---- stored form ---- */

static void entry_write(struct buf *b, const struct attest_tuple *t)
{
    wr_u8(b, (uint8_t)((t->pins_rtmr3 ? PINS_RTMR3 : 0) | (t->pins_config ? PINS_CONFIG : 0) |
                       (t->pins_attributes ? PINS_ATTRIBUTES : 0)));
    buf_add(b, t->mr_td, sizeof t->mr_td);
    buf_add(b, t->rtmr, sizeof t->rtmr);
    buf_add(b, t->mr_config_id, sizeof t->mr_config_id);
    wr_u64(b, t->td_attributes);
    wr_u64(b, t->xfam);
}

static void entry_read(struct rd *r, struct attest_tuple *t)
{
    uint8_t pins = rd_u8(r);

    *t = (struct attest_tuple){.pins_rtmr3 = pins & PINS_RTMR3,
                               .pins_config = pins & PINS_CONFIG,
                               .pins_attributes = pins & PINS_ATTRIBUTES};
    rd_copy(r, t->mr_td, sizeof t->mr_td);
    rd_copy(r, t->rtmr, sizeof t->rtmr);
    rd_copy(r, t->mr_config_id, sizeof t->mr_config_id);
    t->td_attributes = rd_u64(r);
    t->xfam = rd_u64(r);
}

void measured_load(struct measured *m)
{
    struct str row = STR_NONE;

    m->n = 0;
    if (!near_read(ROW_KEY, &row))
        return;
    struct rd r = rd_over(row);
    while (rd_left(&r) && m->n < MEASURED_MAX)
        entry_read(&r, &m->tuple[m->n++]);
    REQUIRE(rd_end(&r), "Cannot deserialize the contract state.");
}

static void store(const struct measured *m)
{
    struct buf b = near_buf();

    for (size_t i = 0; i < m->n; i++)
        entry_write(&b, &m->tuple[i]);
    near_write_buf(ROW_KEY, &b);
}

/* ---- JSON ---- */

/* A member of `n` bytes in hexadecimal; false when it is not there. */
static bool bytes_of(struct json v, const char *name, void *out, size_t n)
{
    struct str text;

    if (!arg_opt_str(v, name, &text))
        return false;
    if (!hex_get(text, out, n))
        near_bad_args("wrong length or no hexadecimal:", name);
    return true;
}

static bool bits_of(struct json v, const char *name, uint64_t *out)
{
    uint8_t b[8];

    if (!bytes_of(v, name, b, sizeof b))
        return false;
    *out = 0;
    for (size_t i = 0; i < sizeof b; i++) /* as it stands in the quote */
        *out |= (uint64_t)b[i] << 8 * i;
    return true;
}

static struct attest_tuple parse(struct json args)
{
    struct json v = arg_object(args, "measurements");
    struct attest_tuple t = {0};
    bool attributes;

    if (!bytes_of(v, "mrtd", t.mr_td, MEASUREMENT_LEN))
        near_bad_args("missing field", "mrtd");
    for (size_t i = 0; i < countof(registers); i++) {
        bool there = bytes_of(v, registers[i], t.rtmr[i], MEASUREMENT_LEN);

        if (i == 3)
            t.pins_rtmr3 = there;
        else if (!there)
            near_bad_args("missing field", registers[i]);
    }
    t.pins_config = bytes_of(v, "mrconfigid", t.mr_config_id, MEASUREMENT_LEN);
    if (!json_is_null(arg_get(v, "compose_hash"))) {
        REQUIRE(!t.pins_config, "Give mrconfigid or compose_hash, not both");
        t.pins_config = bytes_of(v, "compose_hash", t.mr_config_id + 1, 32);
        t.mr_config_id[0] = COMPOSE_FORM;
    }
    REQUIRE(t.pins_rtmr3 || t.pins_config,
            "Without rtmr3 or compose_hash the program in the machine is not measured");
    attributes = bits_of(v, "td_attributes", &t.td_attributes);
    t.pins_attributes = bits_of(v, "xfam", &t.xfam);
    REQUIRE(attributes == t.pins_attributes, "Give td_attributes and xfam, or neither");
    return t;
}

static void put_bits(struct buf *b, const char *name, uint64_t v)
{
    uint8_t le[8];

    for (size_t i = 0; i < sizeof le; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    put_hex(b, name, str_from(le, sizeof le));
}

static bool is_compose(const struct attest_tuple *t)
{
    static const uint8_t zero[15];

    return t->mr_config_id[0] == COMPOSE_FORM &&
           memcmp(t->mr_config_id + 33, zero, sizeof zero) == 0;
}

void measured_put(struct buf *b, const struct attest_tuple *t)
{
    json_obj(b);
    put_hex(b, "mrtd", str_from(t->mr_td, MEASUREMENT_LEN));
    for (size_t i = 0; i < countof(registers); i++)
        if (i < 3 || t->pins_rtmr3)
            put_hex(b, registers[i], str_from(t->rtmr[i], MEASUREMENT_LEN));
    if (t->pins_config && is_compose(t))
        put_hex(b, "compose_hash", str_from(t->mr_config_id + 1, 32));
    else if (t->pins_config)
        put_hex(b, "mrconfigid", str_from(t->mr_config_id, MEASUREMENT_LEN));
    if (t->pins_attributes) {
        put_bits(b, "td_attributes", t->td_attributes);
        put_bits(b, "xfam", t->xfam);
    }
    json_obj_end(b);
}

/* ---- methods ---- */

static size_t find(const struct measured *m, const struct attest_tuple *t)
{
    char room[2][400];
    struct buf want = BUF_OVER(room[0]);
    size_t i;

    entry_write(&want, t);
    for (i = 0; i < m->n; i++) {
        struct buf have = BUF_OVER(room[1]);

        entry_write(&have, &m->tuple[i]);
        if (str_eq(buf_str(&have), buf_str(&want)))
            break;
    }
    return i;
}

static void announce(const char *name, const struct attest_tuple *t)
{
    struct buf b = near_buf();

    measured_put(&b, t);
    event(name, buf_str(&b));
}

NEAR_CALL(add_approved_measurements)
{
    struct measured *m = mem_new(struct measured);
    struct attest_tuple t = parse(args);
    struct settings s;

    settings_for_owner(&s);
    measured_load(m);
    if (arg_bool_or(args, "clear_others", false))
        m->n = 0;
    if (find(m, &t) == m->n) {
        REQUIRE(m->n < MEASURED_MAX, "There are 32 approved measurements already");
        m->tuple[m->n++] = t;
    }
    store(m);
    announce("measurements_approved", &t);
}

NEAR_CALL(remove_approved_measurements)
{
    struct measured *m = mem_new(struct measured);
    struct attest_tuple t = parse(args);
    struct settings s;
    size_t i;

    settings_for_owner(&s);
    measured_load(m);
    i = find(m, &t);
    REQUIRE(i < m->n, "These measurements are not approved");
    m->tuple[i] = m->tuple[--m->n];
    store(m);
    announce("measurements_removed", &t);
}

NEAR_CALL(clear_all_approved_measurements)
{
    struct settings s;
    settings_for_owner(&s);
    near_remove(ROW_KEY);
    event("measurements_cleared", STR("{}"));
}

NEAR_VIEW(get_approved_measurements)
{
    struct measured *m = mem_new(struct measured);
    struct buf b = near_buf();

    measured_load(m);
    json_arr(&b);
    for (size_t i = 0; i < m->n; i++)
        measured_put(&b, &m->tuple[i]);
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(is_measurements_approved)
{
    struct measured *m = mem_new(struct measured);
    struct attest_tuple t = parse(args);

    measured_load(m);
    near_return_bool(find(m, &t) < m->n);
}
