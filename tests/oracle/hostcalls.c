#include "hostcalls.h"

#include <string.h>

#include "base/arena.h"
#include "curvecalls.h"
#include "signcalls.h"
#include "vm/host_list.h"

struct fn {
    const char *name, *params;
    char result; /* 0: none */
};

#define RESULT_N                      0
#define RESULT_I                      'I'
#define RESULT_i                      'i'
#define X(name, params, result, when) {#name, params, RESULT_##result},
static const struct fn fns[] = {HOST_LIST(X)};
#undef X

static uint64_t state;

static uint64_t random_(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

/* ------------------------------------------------------------------ writing modules */

static void u32_(struct buf *b, uint64_t v)
{
    while (v >= 0x80) {
        buf_add_byte(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    buf_add_byte(b, (uint8_t)v);
}

static void s64_(struct buf *b, int64_t v)
{
    for (;;) {
        uint8_t low = (uint8_t)v & 0x7f;

        v >>= 7;
        if ((v == 0 && (low & 0x40) == 0) || (v == -1 && (low & 0x40) != 0)) {
            buf_add_byte(b, low);
            return;
        }
        buf_add_byte(b, low | 0x80);
    }
}

static void constant(struct buf *b, char type, uint64_t v)
{
    buf_add_byte(b, type == 'I' ? 0x42 : 0x41);
    s64_(b, type == 'I' ? (int64_t)v : (int64_t)(int32_t)(uint32_t)v);
}

static void section(struct buf *out, uint8_t id, const struct buf *body)
{
    buf_add_byte(out, id);
    u32_(out, body->len);
    buf_add_str(out, buf_str(body));
}

static void type(struct buf *b, const char *params, char result)
{
    buf_add_byte(b, 0x60);
    u32_(b, strlen(params));
    for (; *params != '\0'; params++)
        buf_add_byte(b, *params == 'I' ? 0x7e : 0x7f);
    u32_(b, result != 0);
    if (result != 0)
        buf_add_byte(b, result == 'I' ? 0x7e : 0x7f);
}

static void name(struct buf *b, const char *s)
{
    u32_(b, strlen(s));
    buf_addz(b, s);
}

static void call(struct buf *b, uint32_t index)
{
    buf_add_byte(b, 0x10);
    u32_(b, index);
}

enum { FN, INPUT, CREATE, LEN, WRITE, IMPORTS };

static const struct fn helpers[IMPORTS] = {
    [INPUT] = {"input", "I", 0},
    [CREATE] = {"promise_batch_create", "II", 'I'},
    [LEN] = {"register_len", "I", 'I'},
    [WRITE] = {"storage_write", "IIIII", 'I'},
};

/* When register `reg` is set, keep it: key = one letter, value = the register. */
static void keep_register(struct buf *b, uint64_t reg)
{
    constant(b, 'I', reg);
    call(b, LEN);
    constant(b, 'I', UINT64_MAX);
    buf_addz(b, "\x52\x04"); /* i64.ne, if */
    buf_add_byte(b, 0x40);
    constant(b, 'I', 1);
    constant(b, 'I', 512 + reg);
    constant(b, 'I', UINT64_MAX);
    constant(b, 'I', reg);
    constant(b, 'I', 9);
    call(b, WRITE);
    buf_addz(b, "\x1a\x0b"); /* drop, end */
}

static void body(struct buf *b, const struct fn *f, const uint64_t *args, bool view)
{
    buf_add_byte(b, 1); /* one i64 local */
    buf_addz(b, "\x01\x7e");
    constant(b, 'I', 0);
    call(b, INPUT);
    if (!view) {
        constant(b, 'I', 8);
        constant(b, 'I', 0);
        call(b, CREATE);
        buf_add_byte(b, 0x1a);
    }
    for (size_t i = 0; f->params[i] != '\0'; i++)
        constant(b, f->params[i], args[i]);
    call(b, FN);
    if (f->result == 'i')
        buf_add_byte(b, 0xad); /* i64.extend_i32_u */
    if (f->result != 0)
        buf_addz(b, "\x21"), u32_(b, 0); /* local.set */
    if (!view) {
        constant(b, 'i', 256);
        buf_addz(b, "\x20"), u32_(b, 0);
        buf_addz(b, "\x37\x03"), u32_(b, 0); /* i64.store */
        constant(b, 'I', 1);
        constant(b, 'I', 514);
        constant(b, 'I', 64);
        constant(b, 'I', 256);
        constant(b, 'I', 9);
        call(b, WRITE);
        buf_add_byte(b, 0x1a);
        keep_register(b, 0);
        keep_register(b, 1);
    }
    buf_add_byte(b, 0x0b);
}

/* What lies in memory: an account id, a name, indices, keys, strings in both encodings; `more` has
 * a place of its own. */
static void data(struct buf *b, struct str more)
{
    char page[1024] = {0};

    memcpy(page, "bob.near", 8);
    memcpy(page + 16, "alice.near", 10);
    memcpy(page + 32, "method,other", 12);
    page[64] = 1; /* a small amount; also key bytes */
    memcpy(page + 96, "0s0123456789abcdef0123456789abcdef01234567", 42);
    memcpy(page + 160, "h\0i\0\0\0", 6);
    memcpy(page + 192, "text\0", 5);
    memcpy(page + 208, "\xff\xfe", 2);
    memcpy(page + 300, "\4\0\0\0h\0i\0", 8);
    memcpy(page + 320, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 64);
    memcpy(page + 400, "0u", 2);
    memset(page + 402, '0', 52);
    memcpy(page + 512, "rst", 3);
    buf_add_byte(b, more.len > 0 ? 2 : 1);
    buf_add_byte(b, 0);
    constant(b, 'i', 0);
    buf_add_byte(b, 0x0b);
    u32_(b, sizeof page);
    buf_add(b, page, sizeof page);
    if (more.len > 0) {
        buf_add_byte(b, 0);
        constant(b, 'i', CURVECALL_AT);
        buf_add_byte(b, 0x0b);
        u32_(b, more.len);
        buf_add_str(b, more);
    }
}

static void module(struct buf *out, const struct fn *f, const uint64_t *args, bool view,
                   struct str more)
{
    static const uint8_t header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct buf b = BUF_INIT(1 << 16), code = BUF_INIT(1 << 16);

    buf_add(out, header, sizeof header);
    u32_(&b, IMPORTS + 1);
    for (int i = 0; i < IMPORTS; i++)
        type(&b, i == FN ? f->params : helpers[i].params, i == FN ? f->result : helpers[i].result);
    type(&b, "", 0);
    section(out, 1, &b);
    buf_clear(&b);
    u32_(&b, IMPORTS);
    for (int i = 0; i < IMPORTS; i++) {
        name(&b, "env");
        name(&b, i == FN ? f->name : helpers[i].name);
        buf_add_byte(&b, 0);
        u32_(&b, (uint64_t)i);
    }
    section(out, 2, &b);
    buf_clear(&b);
    u32_(&b, 1);
    u32_(&b, IMPORTS);
    section(out, 3, &b);
    buf_clear(&b);
    u32_(&b, 1); /* one memory, no maximum, one page */
    u32_(&b, 0);
    u32_(&b, 1);
    section(out, 5, &b);
    buf_clear(&b);
    u32_(&b, 1);
    name(&b, "m");
    buf_add_byte(&b, 0);
    u32_(&b, IMPORTS);
    section(out, 7, &b);
    buf_clear(&b);
    body(&code, f, args, view);
    u32_(&b, 1);
    u32_(&b, code.len);
    buf_add_str(&b, buf_str(&code));
    section(out, 10, &b);
    buf_clear(&b);
    data(&b, more);
    section(out, 11, &b);
    buf_release(&b);
    buf_release(&code);
}

/* ------------------------------------------------------------------ drawing arguments */

static uint64_t argument(unsigned careful)
{
    static const uint64_t good[] = {0,  0,  0,  0,  1,   8,   16,  10,  12,  32,        33,
                                    42, 54, 64, 96, 160, 192, 300, 320, 400, UINT64_MAX};
    static const uint64_t any[] = {0,
                                   1,
                                   2,
                                   3,
                                   5,
                                   7,
                                   31,
                                   32,
                                   33,
                                   64,
                                   65,
                                   100,
                                   208,
                                   300,
                                   1953,
                                   2048,
                                   2049,
                                   16384,
                                   16385,
                                   67108800,
                                   67108864,
                                   134217728,
                                   UINT32_MAX,
                                   1ULL << 32,
                                   UINT64_MAX - 1,
                                   UINT64_MAX,
                                   1000000000,
                                   5000000000000ULL};

    if (random_(100) < careful)
        return good[random_(countof(good))];
    return any[random_(countof(any))];
}

/*
 * Most functions take a length and an address in turn: give each address that belongs to what its
 * length suggests, often enough that calls get through.
 */
static void arguments(const struct fn *f, uint64_t *args)
{
    static const uint64_t pairs[][2] = {{8, 0},    {10, 16},  {6, 32},  {12, 32},        {32, 320},
                                        {64, 320}, {33, 63},  {42, 96}, {4, 192},        {4, 160},
                                        {16, 64},  {54, 400}, {0, 0},   {UINT64_MAX, 0}, {33, 64},
                                        {65, 320}, {2, 208}};
    size_t n = strlen(f->params);
    unsigned careful = (unsigned)random_(4) * 33;

    for (size_t i = 0; i < n; i++)
        args[i] = argument(careful);
    /* The reference's mock takes any bytes for a state init without looking: only an empty one,
     * which lies at 700, means the same to both sides. */
    if (strstr(f->name, "universal_state_init") != NULL) {
        size_t at = n - 3;

        args[at] = 10;
        args[at + 1] = 700;
        return;
    }
    if (random_(3) == 0)
        return;
    /* pairs from the start, or after a promise index */
    for (size_t i = strncmp(f->name, "promise_batch_action", 20) == 0 ||
                            strcmp(f->name, "promise_batch_then") == 0 ||
                            strcmp(f->name, "promise_then") == 0 ||
                            strcmp(f->name, "promise_set_refund_to") == 0
                        ? 1
                        : 0;
         i + 1 < n; i += 2) {
        const uint64_t *p = pairs[random_(countof(pairs))];

        args[i] = p[0];
        args[i + 1] = p[1];
    }
    if (n > 0 && strncmp(f->name, "promise_", 8) == 0 && random_(4) != 0 &&
        strcmp(f->name, "promise_batch_create") != 0 && strcmp(f->name, "promise_create") != 0)
        args[0] =
            strstr(f->name, "yield") != NULL || strcmp(f->name, "promise_and") == 0 ? args[0] : 0;
    if (n > 6 && random_(2) == 0) /* gas and weight come last */
        args[n - 1] = random_(3) * 1000000000000ULL;
}

static struct str an_input(void)
{
    static const char key[1953] = {2, 7};
    static const uint8_t ed[33] = {0, 5}, secp[65] = {1, 9};
    const struct str all[] = {
        STR("bob.near"),
        STR(""),
        STR("0123456789abcdef0123456789abcdef"),
        STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        str_from(ed, sizeof ed),
        str_from(secp, sizeof secp),
        str_from(key, sizeof key),
        STR("Bad Account"),
        STR("\xff\xff"),
        STR("a,b,,c"),
        STR("one,two")};

    return all[random_(countof(all))];
}

void hostcalls_each(unsigned per, uint64_t seed, const char *only,
                    void (*run)(const struct hostcall *c))
{
    static const uint64_t gas[] = {300000000000000ULL, 300000000000000ULL, 300000000000000ULL,
                                   20000000000ULL, 400000000000ULL};

    state = seed * 0x9e3779b97f4a7c15ULL | 1;
    curvecalls_seed(seed);
    signcalls_seed(seed);
    for (size_t i = 0; i < countof(fns); i++) {
        if (strncmp(fns[i].name, only, strlen(only)) != 0)
            continue;
        for (unsigned k = 0; k < per; k++) {
            struct buf wasm = BUF_INIT(1 << 16), more = BUF_INIT(1 << 15);
            uint64_t args[16];
            struct hostcall c = {.name = fns[i].name, .view = k % 8 == 7};
            bool in_register = false;

            if (k % 16 == 6 || (!curvecall_draw(fns[i].name, &more, args) &&
                                !signcall_draw(fns[i].name, &more, args))) {
                arguments(&fns[i], args);
            } else if (k % 16 == 9) { /* the first bytes are those of register 0: the input */
                in_register = true;
                args[0] = UINT64_MAX;
                args[1] = 0;
            }
            module(&wasm, &fns[i], args, c.view, buf_str(&more));
            c.wasm = buf_str(&wasm);
            c.input = in_register ? buf_str(&more) : an_input();
            c.gas = gas[random_(countof(gas))];
            run(&c);
            buf_release(&wasm);
            buf_release(&more);
        }
    }
}
