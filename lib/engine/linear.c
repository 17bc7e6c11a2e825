/* linear.c — see linear.h. */
#include "engine/linear.h"

#include <sys/mman.h>

static uint8_t *get_memory(void *env, size_t *size, size_t *capacity)
{
    struct linear_slot *s = env;

    *size = s->size;
    *capacity = s->reserved;
    return s->base;
}

/* Let exactly `size` bytes be used. */
static bool set_open(struct linear_slot *s, size_t size)
{
    if (size > s->open && mprotect(s->base + s->open, size - s->open, PROT_READ | PROT_WRITE) < 0)
        return false;
    if (size < s->open && mprotect(s->base + size, s->open - size, PROT_NONE) < 0)
        return false;
    s->open = size;
    return true;
}

static wasmtime_error_t *grow_memory(void *env, size_t size)
{
    struct linear_slot *s = env;
    struct linear *l = s->owner;

    if (size < s->size || size > s->reserved || size - s->size > l->limit - l->size ||
        !set_open(s, size))
        return wasmtime_error_new("no more memory");
    l->size += size - s->size;
    s->size = size;
    if (l->size > l->peak)
        l->peak = l->size;
    return NULL;
}

static void end_memory(void *env)
{
    struct linear_slot *s = env;

    if (s->open && madvise(s->base, s->open, MADV_DONTNEED) < 0)
        BUG("a guest's memory cannot be given back");
    s->owner->size -= s->size;
    s->size = 0;
    s->used = false;
}

static wasmtime_error_t *new_memory(void *env, const wasm_memorytype_t *type, size_t minimum,
                                    size_t maximum, size_t reserved, size_t guard,
                                    wasmtime_linear_memory_t *out)
{
    struct linear *l = env;
    struct linear_slot *s = NULL;

    (void)type;
    (void)maximum;
    if (reserved < minimum)
        reserved = minimum;
    if (minimum > l->limit - l->size) {
        l->refused = minimum + l->size;
        return wasmtime_error_new("more memory at the start than is allowed");
    }
    for (size_t i = 0; i < countof(l->slots) && !s; i++)
        if (!l->slots[i].used && (!l->slots[i].base || l->slots[i].reserved >= reserved))
            s = &l->slots[i];
    if (!s)
        return wasmtime_error_new("more than 8 memories");
    if (!s->base) {
        void *p = mmap(NULL, reserved + guard, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            return wasmtime_error_new("no address space");
        s->base = p;
        s->reserved = reserved;
        s->mapped = reserved + guard;
        s->open = 0;
        s->owner = l;
    }
    if (!set_open(s, minimum))
        return wasmtime_error_new("no memory");
    s->used = true;
    s->size = minimum;
    l->size += minimum;
    if (l->size > l->peak)
        l->peak = l->size;
    *out = (wasmtime_linear_memory_t){
        .env = s, .get_memory = get_memory, .grow_memory = grow_memory, .finalizer = end_memory};
    return NULL;
}

void linear_attach(struct linear *l, wasm_config_t *config)
{
    wasmtime_memory_creator_t creator = {.env = l, .new_memory = new_memory};
    wasmtime_config_host_memory_creator_set(config, &creator);
}

void linear_begin(struct linear *l, size_t limit)
{
    l->limit = limit;
    l->peak = l->size = 0;
    l->refused = 0;
}

void linear_release(struct linear *l)
{
    for (size_t i = 0; i < countof(l->slots); i++)
        if (l->slots[i].base)
            munmap(l->slots[i].base, l->slots[i].mapped);
}
