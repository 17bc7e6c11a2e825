/* profile.c — see profile.h. */
#include "engine/profile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PAGE        4096u
#define SCAN_BYTES  6144u      /* of host frames between the sample and the guest's */
#define STACK_BYTES (2u << 20) /* no frame is further up */
#define NAME_MAX    200u

struct symbol {
    uint32_t at, len;
    struct str name;
    bool guest; /* a function of the guest, not one of the engine's trampolines */
};

struct stack {
    uint64_t instructions;
    uint32_t hash, first;
    uint32_t depth; /* 0: no stack */
};

struct profile {
    struct symbol *symbols; /* by address */
    size_t nsymbols;
    const struct symbol *gate; /* the trampoline by which the guest is interrupted */
    struct buf names;
    uint32_t text_len;
    uintptr_t base;                              /* where the code lies, once it is known */
    struct stack stacks[PROFILE_STACKS_MAX * 2]; /* a hash table, half full at most */
    size_t nstacks;
    uint64_t other;
    uint32_t *frames; /* of all stacks: indexes of symbols, innermost first */
    size_t nframes, frames_max;
};

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

/* "wasm[0]::function[7]::name" without what stands before the name. */
static struct str guest_name(struct str symbol, bool *guest)
{
    size_t at = str_find(symbol, STR("::function["));
    struct str rest;

    *guest = str_starts(symbol, STR("wasm[")) && at < symbol.len;
    if (!*guest)
        return symbol;
    rest = str_skip(symbol, at + 11);
    at = str_find(rest, STR("]::"));
    return at < rest.len ? str_skip(rest, at + 3) : str_skip(symbol, 0);
}

/* What stands at an offset of the ELF file, or NULL. */
static const void *at(struct str elf, uint64_t offset, uint64_t len)
{
    return offset <= elf.len && len <= elf.len - offset ? elf.ptr + offset : NULL;
}

static bool section(struct str elf, const Elf64_Ehdr *head, size_t i, Elf64_Shdr *out)
{
    const void *p =
        i < head->e_shnum ? at(elf, head->e_shoff + i * sizeof(*out), sizeof(*out)) : NULL;

    if (p)
        memcpy(out, p, sizeof(*out));
    return p != NULL;
}

static void add_symbol(struct profile *p, const Elf64_Sym *s, struct str name)
{
    struct symbol *to = &p->symbols[p->nsymbols++];

    to->at = (uint32_t)s->st_value;
    to->len = (uint32_t)s->st_size;
    to->name = guest_name(str_head(name, 4096), &to->guest);
    if (s->st_value + s->st_size > p->text_len)
        p->text_len = (uint32_t)(s->st_value + s->st_size);
}

/* All functions of the symbol table. */
static bool read_symbols(struct profile *p, struct str elf)
{
    Elf64_Ehdr head;
    Elf64_Shdr table, names;
    size_t i = 0, n;
    const char *symbols, *text;

    if (elf.len < sizeof(head) || memcmp(elf.ptr, ELFMAG, SELFMAG) != 0)
        return false;
    memcpy(&head, elf.ptr, sizeof(head));
    while (section(elf, &head, i, &table) && table.sh_type != SHT_SYMTAB)
        i++;
    if (!section(elf, &head, i, &table) || !section(elf, &head, table.sh_link, &names))
        return false;
    symbols = at(elf, table.sh_offset, table.sh_size);
    text = at(elf, names.sh_offset, names.sh_size);
    n = table.sh_size / sizeof(Elf64_Sym);
    if (!symbols || !text || !n)
        return false;
    p->symbols = mem_new_n(struct symbol, n);
    p->names = BUF_INIT(names.sh_size + 1);
    buf_add(&p->names, text, names.sh_size);
    text = buf_z(&p->names);
    for (i = 0; i < n; i++) {
        Elf64_Sym s;
        memcpy(&s, symbols + i * sizeof(s), sizeof(s));
        if (ELF64_ST_TYPE(s.st_info) == STT_FUNC && s.st_name < names.sh_size)
            add_symbol(
                p, &s,
                str_from(text + s.st_name, strnlen(text + s.st_name, names.sh_size - s.st_name)));
    }
    qsort(p->symbols, p->nsymbols, sizeof(*p->symbols), by_address);
    for (i = 0; i < p->nsymbols; i++)
        if (str_find(p->symbols[i].name, STR("new_epoch")) < p->symbols[i].name.len &&
            !p->symbols[i].guest)
            p->gate = &p->symbols[i];
    return p->gate && p->gate->len < PAGE;
}

struct profile *profile_new(struct str machine)
{
    struct profile *p = mem_new(struct profile);

    if (read_symbols(p, machine))
        return p;
    profile_free(p);
    return NULL;
}

void profile_free(struct profile *p)
{
    if (!p)
        return;
    buf_release(&p->names);
    mem_free(p->symbols);
    mem_free(p->frames);
    mem_free(p);
}

void profile_clear(struct profile *p)
{
    memset(p->stacks, 0, sizeof(p->stacks));
    p->nstacks = p->nframes = 0;
    p->other = 0;
}

/* The symbol that holds a native address, for code at `base`; NULL: none does. */
static const struct symbol *symbol_at(const struct profile *p, uintptr_t base, uintptr_t pc)
{
    size_t low = 0, high = p->nsymbols;
    uintptr_t off = pc - base;

    if (pc < base || off >= p->text_len)
        return NULL;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (p->symbols[mid].at + p->symbols[mid].len <= off)
            low = mid + 1;
        else
            high = mid;
    }
    return low < p->nsymbols && p->symbols[low].at <= off ? &p->symbols[low] : NULL;
}

/* Words of the stack, which belong to frames of other functions. */
__attribute__((no_sanitize("address"))) static uintptr_t word(uintptr_t address)
{
    return *(const volatile uintptr_t *)address;
}

/*
 * Follow frames from the frame record (caller's frame, return address) at `fp`: indexes of the
 * guest's functions, innermost first. 0: no such chain.
 */
static size_t follow(const struct profile *p, uintptr_t base, uintptr_t fp, uint32_t *out)
{
    const uintptr_t end = fp + STACK_BYTES;
    size_t n = 0;

    for (;;) {
        uintptr_t next = word(fp);
        const struct symbol *s = symbol_at(p, base, word(fp + sizeof(fp)));
        if (!s)
            return n;
        if (s->guest) {
            if (n < PROFILE_DEPTH_MAX)
                out[n] = (uint32_t)(s - p->symbols);
            n++;
        }
        if (next <= fp || next >= end || next % sizeof(fp))
            return n < PROFILE_DEPTH_MAX ? n : PROFILE_DEPTH_MAX;
        fp = next;
    }
}

/* Is the word a return address into the gate? Then the code lies at *base; it starts at a page. */
static bool in_gate(const struct profile *p, uintptr_t w, uintptr_t *base)
{
    uintptr_t d = (w - p->gate->at) % PAGE;

    if (w < p->gate->at + PAGE || d == 0 || d > p->gate->len)
        return false;
    *base = w - p->gate->at - d;
    return !p->base || *base == p->base;
}

/* The guest's frames: above those of the host, which keep no frame pointers, stands the return
 * address into the gate, and right above it the gate's own frame record. */
static size_t find(struct profile *p, uintptr_t from, uint32_t *out)
{
    for (uintptr_t a = from; a < from + SCAN_BYTES; a += sizeof(a)) {
        uintptr_t base;
        if (!in_gate(p, word(a), &base))
            continue;
        for (uintptr_t fp = a + sizeof(a); fp < a + 16 * sizeof(a); fp += sizeof(a)) {
            const struct symbol *s = symbol_at(p, base, word(fp + sizeof(fp)));
            size_t n = word(fp) > fp && s && s->guest ? follow(p, base, fp, out) : 0;
            if (n) {
                p->base = base;
                return n;
            }
        }
    }
    return 0;
}

static void grow(struct profile *p, size_t more)
{
    uint32_t *to;

    if (p->nframes + more <= p->frames_max)
        return;
    p->frames_max = (p->nframes + more) * 2;
    to = mem_new_n(uint32_t, p->frames_max);
    if (p->nframes)
        memcpy(to, p->frames, p->nframes * sizeof(*to));
    mem_free(p->frames);
    p->frames = to;
}

void profile_sample(struct profile *p, const void *frame, uint64_t instructions)
{
    uint32_t ids[PROFILE_DEPTH_MAX], hash = 2166136261u;
    size_t n = find(p, (uintptr_t)frame, ids);
    struct stack *s;

    if (n == 0) {
        p->other += instructions;
        return;
    }
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ids[i]) * 16777619u;
    for (uint32_t i = hash;; i++) {
        s = &p->stacks[i % countof(p->stacks)];
        if (!s->depth || (s->hash == hash && s->depth == n &&
                          memcmp(&p->frames[s->first], ids, n * sizeof(*ids)) == 0))
            break;
    }
    if (!s->depth && p->nstacks == PROFILE_STACKS_MAX) {
        p->other += instructions;
        return;
    }
    if (!s->depth) {
        grow(p, n);
        memcpy(&p->frames[p->nframes], ids, n * sizeof(*ids));
        *s = (struct stack){.hash = hash, .first = (uint32_t)p->nframes, .depth = (uint32_t)n};
        p->nframes += n;
        p->nstacks++;
    }
    s->instructions += instructions;
}

/* What separates frames and lines is no part of a name. */
static void put_clean(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        buf_add_byte(out, (uint8_t)(c == ';' ? ':' : (uint8_t)c < ' ' ? '_' : c));
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Behind 's' or 'B': a number of base 62 that ends with '_', which a compiler gives to crates and
 * puts for what it has named before; its length, or 0. */
static size_t crate_mark(struct str s)
{
    size_t n = 1;

    if (s.ptr[0] != 's' && s.ptr[0] != 'B')
        return 0;
    while (n < s.len && n < 16 && s.ptr[n] != '_' &&
           (is_digit(s.ptr[n]) || ((s.ptr[n] | 32) >= 'a' && (s.ptr[n] | 32) <= 'z')))
        n++;
    return n < s.len && s.ptr[n] == '_' ? n + 1 : 0;
}

/* The words of a mangled Rust or C++ name, "_RNvNt…4core3fmt": core::fmt. Types that it is made for
 * follow as words too: enough to tell what it is, and no whole grammar. */
static bool put_words(struct buf *out, struct str s)
{
    bool any = false;

    s = str_skip(s, 2);
    while (s.len) {
        size_t mark = crate_mark(s), n = 0;
        if (mark) {
            s = str_skip(s, mark);
            continue;
        }
        if (!is_digit(s.ptr[0])) {
            s = str_skip(s, 1);
            continue;
        }
        while (s.len && is_digit(s.ptr[0]) && n < NAME_MAX) {
            n = n * 10 + (size_t)(s.ptr[0] - '0');
            s = str_skip(s, 1);
        }
        s = str_skip(s, str_starts(s, STR("_")));
        if (n == 0 || n > s.len)
            continue;
        if (n == 17 && s.ptr[0] == 'h') /* the hash that ends older ones */
            break;
        buf_addz(out, any ? "::" : "");
        put_clean(out, str_head(s, n));
        any = true;
        s = str_skip(s, n);
    }
    return any;
}

static void put_name(struct buf *out, struct str name)
{
    if (!(str_starts(name, STR("_R")) || str_starts(name, STR("_ZN"))) || !put_words(out, name))
        put_clean(out, str_head(name, NAME_MAX));
}

void profile_put(const struct profile *p, struct buf *out)
{
    for (size_t i = 0; i < countof(p->stacks); i++) {
        const struct stack *s = &p->stacks[i];
        for (size_t k = s->depth; k-- > 0;) {
            put_name(out, p->symbols[p->frames[s->first + k]].name);
            buf_add_byte(out, k ? ';' : ' ');
        }
        if (s->depth)
            buf_addf(out, "%llu\n", (unsigned long long)s->instructions);
    }
    if (p->other)
        buf_addf(out, "[other] %llu\n", (unsigned long long)p->other);
}
