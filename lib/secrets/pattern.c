/* pattern.c — see pattern.h. */
#include "secrets/pattern.h"

#include <string.h>

#include "base/mem.h"
#include "codec/hex.h"

enum op { OP_SET, OP_SPLIT, OP_JUMP, OP_START, OP_END, OP_MATCH };

/* Jumps are relative, so a piece can be moved and copied as it is. */
struct step {
    uint8_t op;
    uint16_t set;
    int32_t x, y;
};

struct set {
    uint32_t bits[8];
};

struct pattern {
    struct step step[PATTERN_STEPS_MAX];
    struct set set[PATTERN_SETS_MAX];
    int n;
    uint16_t nsets;
};

struct parse {
    struct pattern *p;
    struct str text;
    size_t at;
    unsigned depth;
    struct buf *why;
};

static enum err fault(struct parse *s, const char *what)
{
    return err_put(s->why, ERR_FORMAT, "the pattern has %s at byte %zu", what, s->at);
}

static bool more(const struct parse *s)
{
    return s->at < s->text.len;
}

static char peek(const struct parse *s)
{
    return s->text.ptr[s->at];
}

static bool take(struct parse *s, char c)
{
    if (!more(s) || peek(s) != c)
        return false;
    s->at++;
    return true;
}

/* Room for `n` steps at `at`; what follows moves up. */
static enum err insert(struct parse *s, int at, int n)
{
    struct pattern *p = s->p;

    if (p->n + n > PATTERN_STEPS_MAX)
        return err_put(s->why, ERR_TOO_BIG, "the pattern needs more than %d steps",
                       PATTERN_STEPS_MAX);
    memmove(p->step + at + n, p->step + at, (size_t)(p->n - at) * sizeof(p->step[0]));
    p->n += n;
    return ERR_OK;
}

static enum err emit(struct parse *s, struct step step)
{
    enum err e = insert(s, s->p->n, 1);

    if (!e)
        s->p->step[s->p->n - 1] = step;
    return e;
}

/* ---- sets of bytes ---- */

static void set_add(struct set *t, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        t->bits[c / 32] |= UINT32_C(1) << c % 32;
}

static bool set_has(const struct set *t, unsigned char c)
{
    return t->bits[c / 32] >> c % 32 & 1;
}

static void set_not(struct set *t)
{
    for (size_t i = 0; i < countof(t->bits); i++)
        t->bits[i] = ~t->bits[i];
}

/* \d, \w, \s and their opposites; false when `c` is none. */
static bool set_named(struct set *t, char c)
{
    struct set named = {{0}};

    switch (c | 0x20) {
    case 'd':
        set_add(&named, '0', '9');
        break;
    case 'w':
        set_add(&named, '0', '9');
        set_add(&named, 'a', 'z');
        set_add(&named, 'A', 'Z');
        set_add(&named, '_', '_');
        break;
    case 's':
        set_add(&named, '\t', '\r');
        set_add(&named, ' ', ' ');
        break;
    default:
        return false;
    }
    if (c < 'a')
        set_not(&named);
    for (size_t i = 0; i < countof(t->bits); i++)
        t->bits[i] |= named.bits[i];
    return true;
}

static bool is_punctuation(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~') || c == ' ';
}

/* After a backslash: one byte in `*one`, or a named set added to `t` (then *one is -1). */
static enum err escape(struct parse *s, struct set *t, int *one)
{
    uint8_t byte;
    char c;

    if (!more(s))
        return fault(s, "nothing after a backslash");
    c = peek(s);
    s->at++;
    *one = -1;
    if (set_named(t, c))
        return ERR_OK;
    switch (c) {
    case 'n':
        *one = '\n';
        return ERR_OK;
    case 'r':
        *one = '\r';
        return ERR_OK;
    case 't':
        *one = '\t';
        return ERR_OK;
    case 'x':
        if (s->text.len - s->at < 2 || !hex_get(str_from(s->text.ptr + s->at, 2), &byte, 1))
            return fault(s, "no two hexadecimal digits");
        s->at += 2;
        *one = byte;
        return ERR_OK;
    default:
        break;
    }
    if (!is_punctuation(c)) {
        s->at--;
        return fault(s, "an escape that is not supported");
    }
    *one = (unsigned char)c;
    return ERR_OK;
}

/* One end of a range within brackets; *one is -1 for a named set. */
static enum err member(struct parse *s, struct set *t, int *one)
{
    char c;

    if (!more(s))
        return fault(s, "no closing bracket");
    if (take(s, '\\'))
        return escape(s, t, one);
    c = peek(s);
    if (c == '[')
        return fault(s, "a bracket within brackets; write \\[");
    if (c == '&' && s->at + 1 < s->text.len && s->text.ptr[s->at + 1] == '&')
        return fault(s, "an intersection of sets");
    s->at++;
    *one = (unsigned char)c;
    return ERR_OK;
}

static enum err brackets(struct parse *s, struct set *t)
{
    bool negated = take(s, '^'), first = true;

    for (; first || !take(s, ']'); first = false) {
        int from, to;
        enum err e = member(s, t, &from);

        if (e)
            return e;
        if (from < 0)
            continue;
        to = from;
        if (s->at + 1 < s->text.len && peek(s) == '-' && s->text.ptr[s->at + 1] != ']') {
            s->at++;
            e = member(s, t, &to);
            if (e)
                return e;
            if (to < from)
                return fault(s, "a range that goes backwards");
        }
        set_add(t, (unsigned)from, (unsigned)to);
    }
    if (negated)
        set_not(t);
    return ERR_OK;
}

static enum err emit_set(struct parse *s, const struct set *t)
{
    struct pattern *p = s->p;
    uint16_t i = 0;

    while (i < p->nsets && memcmp(&p->set[i], t, sizeof(*t)) != 0)
        i++;
    if (i == PATTERN_SETS_MAX)
        return err_put(s->why, ERR_TOO_BIG, "the pattern has more than %d sets of characters",
                       PATTERN_SETS_MAX);
    if (i == p->nsets)
        p->set[p->nsets++] = *t;
    return emit(s, (struct step){.op = OP_SET, .set = i});
}

/* ---- structure ---- */

static enum err alternatives(struct parse *s);

static enum err group(struct parse *s)
{
    enum err e;

    if (take(s, '?') && !take(s, ':')) {
        /* (?P<name>…) and (?<name>…) are groups like any other; flags and look-around are not. */
        (void)take(s, 'P');
        if (!take(s, '<') || (more(s) && (peek(s) == '=' || peek(s) == '!')))
            return fault(s, "a kind of group that is not supported");
        while (more(s) && peek(s) != '>')
            s->at++;
        if (!take(s, '>'))
            return fault(s, "a name without end");
    }
    if (++s->depth > PATTERN_DEPTH_MAX)
        return fault(s, "too many groups within groups");
    e = alternatives(s);
    s->depth--;
    if (!e && !take(s, ')'))
        e = fault(s, "no closing parenthesis");
    return e;
}

static enum err atom(struct parse *s)
{
    struct set t = {{0}};
    char c = peek(s);
    int one = (unsigned char)c;
    enum err e = ERR_OK;

    if (strchr("*+?{", c) && c)
        return fault(s, "nothing to repeat");
    s->at++;
    switch (c) {
    case '(':
        return group(s);
    case '^':
        return emit(s, (struct step){.op = OP_START});
    case '$':
        return emit(s, (struct step){.op = OP_END});
    case '[':
        e = brackets(s, &t);
        one = -1;
        break;
    case '.':
        set_add(&t, '\n', '\n');
        set_not(&t);
        one = -1;
        break;
    case '\\':
        e = escape(s, &t, &one);
        break;
    default:
        break;
    }
    if (e)
        return e;
    if (one >= 0)
        set_add(&t, (unsigned)one, (unsigned)one);
    return emit_set(s, &t);
}

/* The piece from `start` on becomes optional. */
static enum err make_optional(struct parse *s, int start)
{
    enum err e = insert(s, start, 1);

    if (!e)
        s->p->step[start] = (struct step){.op = OP_SPLIT, .x = 1, .y = s->p->n - start};
    return e;
}

/* … comes once or more. */
static enum err make_repeated(struct parse *s, int start)
{
    return emit(s, (struct step){.op = OP_SPLIT, .x = start - s->p->n, .y = 1});
}

static enum err copy(struct parse *s, int start, int len)
{
    int at = s->p->n;
    enum err e = insert(s, at, len);

    if (!e)
        memcpy(s->p->step + at, s->p->step + start, (size_t)len * sizeof(s->p->step[0]));
    return e;
}

/* `min` copies, then either any number or `max - min` optional ones. */
static enum err repeat(struct parse *s, int start, unsigned min, unsigned max, bool endless)
{
    int len = s->p->n - start, last = start;
    enum err e = ERR_OK;

    if (endless && min == 0) {
        e = make_repeated(s, start);
        return e ? e : make_optional(s, start);
    }
    if (!endless && max == 0) {
        s->p->n = start;
        return ERR_OK;
    }
    for (unsigned i = 1; i < min && !e; i++) {
        last = s->p->n;
        e = copy(s, start, len);
    }
    if (e)
        return e;
    if (endless)
        return make_repeated(s, last);
    if (min == 0) {
        /* The first copy is there: it becomes the first optional one. */
        e = make_optional(s, start);
        start++;
        min = 1;
    }
    for (unsigned i = min; i < max && !e; i++) {
        last = s->p->n;
        e = copy(s, start, len);
        if (!e)
            e = make_optional(s, last);
    }
    return e;
}

static bool number(struct parse *s, unsigned *out)
{
    size_t from = s->at;
    unsigned n = 0;

    while (more(s) && peek(s) >= '0' && peek(s) <= '9' && n <= PATTERN_REPEAT_MAX)
        n = n * 10 + (unsigned)(s->text.ptr[s->at++] - '0');
    *out = n;
    return s->at > from && n <= PATTERN_REPEAT_MAX;
}

static enum err counted(struct parse *s, int start)
{
    unsigned min, max;
    bool endless = false;

    if (!number(s, &min))
        return fault(s, "no number from 0 to 1000");
    max = min;
    if (take(s, ',')) {
        endless = more(s) && peek(s) == '}';
        if (!endless && (!number(s, &max) || max < min))
            return fault(s, "no larger number up to 1000");
    }
    if (!take(s, '}'))
        return fault(s, "no closing brace");
    return repeat(s, start, min, max, endless);
}

static enum err repeated(struct parse *s)
{
    int start = s->p->n;
    enum err e = atom(s);

    while (!e && more(s)) {
        if (take(s, '*'))
            e = repeat(s, start, 0, 0, true);
        else if (take(s, '+'))
            e = repeat(s, start, 1, 0, true);
        else if (take(s, '?'))
            e = repeat(s, start, 0, 1, false);
        else if (take(s, '{'))
            e = counted(s, start);
        else
            break;
        /* "as few as possible" changes nothing for a match of the whole */
        if (!e)
            (void)take(s, '?');
    }
    return e;
}

static enum err alternatives(struct parse *s)
{
    int jumps = -1; /* the ends of earlier alternatives, chained through x until they are known */
    enum err e = ERR_OK;

    for (;;) {
        int start = s->p->n;

        while (!e && more(s) && peek(s) != '|' && peek(s) != ')')
            e = repeated(s);
        if (e || !take(s, '|'))
            break;
        e = insert(s, start, 1);
        if (!e)
            e = emit(s, (struct step){.op = OP_JUMP, .x = jumps});
        if (e)
            break;
        s->p->step[start] = (struct step){.op = OP_SPLIT, .x = 1, .y = s->p->n - start};
        jumps = s->p->n - 1;
    }
    while (!e && jumps >= 0) {
        int next = s->p->step[jumps].x;

        s->p->step[jumps].x = s->p->n - jumps;
        jumps = next;
    }
    return e;
}

enum err pattern_parse(struct str text, struct arena *a, const struct pattern **out,
                       struct buf *why)
{
    struct parse s = {.text = text, .why = why};
    enum err e;

    if (text.len > PATTERN_BYTES_MAX)
        return err_put(why, ERR_TOO_BIG, "the pattern has more than %d bytes", PATTERN_BYTES_MAX);
    s.p = arena_new(a, struct pattern);
    e = alternatives(&s);
    if (!e && more(&s))
        e = fault(&s, "a closing parenthesis without an opening one");
    if (!e)
        e = emit(&s, (struct step){.op = OP_MATCH});
    if (!e)
        *out = s.p;
    return e;
}

/* ---- matching ---- */

struct threads {
    int list[PATTERN_STEPS_MAX];
    int n;
};

struct match {
    const struct pattern *p;
    struct threads now, next;
    uint32_t seen[PATTERN_STEPS_MAX]; /* the position + 1 at which a step was last added */
    int stack[PATTERN_STEPS_MAX * 2];
};

/* Follow everything that takes no byte from step `at`. Each step is entered once per position. */
static void add(struct match *m, struct threads *to, int at, size_t pos, size_t len)
{
    int n = 0;

    m->stack[n++] = at;
    while (n) {
        const struct step *s;
        int i = m->stack[--n];

        if (m->seen[i] == (uint32_t)pos + 1)
            continue;
        m->seen[i] = (uint32_t)pos + 1;
        s = &m->p->step[i];
        switch ((enum op)s->op) {
        case OP_JUMP:
            m->stack[n++] = i + s->x;
            break;
        case OP_SPLIT:
            m->stack[n++] = i + s->y;
            m->stack[n++] = i + s->x;
            break;
        case OP_START:
            if (pos == 0)
                m->stack[n++] = i + 1;
            break;
        case OP_END:
            if (pos == len)
                m->stack[n++] = i + 1;
            break;
        case OP_SET:
        case OP_MATCH:
            to->list[to->n++] = i;
            break;
        }
    }
}

bool pattern_match(const struct pattern *p, struct str text)
{
    struct match *m;
    bool found = false;

    if (text.len >= UINT32_MAX)
        return false;
    m = mem_new(struct match);
    m->p = p;
    add(m, &m->now, 0, 0, text.len);
    for (size_t pos = 0; pos < text.len && m->now.n; pos++) {
        m->next.n = 0;
        for (int i = 0; i < m->now.n; i++) {
            const struct step *s = &p->step[m->now.list[i]];

            if (s->op == OP_SET && set_has(&p->set[s->set], (unsigned char)text.ptr[pos]))
                add(m, &m->next, m->now.list[i] + 1, pos + 1, text.len);
        }
        m->now = m->next;
    }
    for (int i = 0; i < m->now.n; i++)
        found = found || p->step[m->now.list[i]].op == OP_MATCH;
    mem_free(m);
    return found;
}
