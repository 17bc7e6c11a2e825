/* settings.c — see settings.h. */
#include "worker/settings.h"

#include <string.h>
#include <unistd.h>

#include "builder/builder.h"

static const struct opt table[] = {SETTINGS_ROWS(struct settings, ), OPT_END};

enum err settings_read(const char *path, struct arena *a, struct settings *s, struct buf *why)
{
    struct settings got = *s;
    enum err e = path ? options_file(table, path, a, &got, why) : ERR_OK;

    if (!e && got.isolation && strcmp(got.isolation, "tenant") != 0 &&
        strcmp(got.isolation, "run") != 0)
        e = err_put(why, ERR_FORMAT, "isolation is tenant or run, not '%s'", got.isolation);
    if (!e)
        *s = got;
    return e;
}

unsigned settings_slots(const struct settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (s->slots)
        return (unsigned)s->slots;
    return cores < 1 ? 1 : cores > SLOTS_MAX ? SLOTS_MAX : (unsigned)cores;
}

/* One of four is kept for those who have nothing running. */
unsigned settings_owner_slots(const struct settings *s)
{
    unsigned slots = settings_slots(s);

    if (s->owner_slots)
        return (unsigned)s->owner_slots;
    return slots - slots / 4;
}

/* As many as half of the memory holds at their largest; the guests need some too. */
unsigned settings_builds(const struct settings *s)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES), page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t n = pages * page / 2 / ((uint64_t)BUILD_MEMORY_MB_DEFAULT << 20);

    if (s->builds)
        return (unsigned)s->builds;
    return n < 1 ? 1 : n > SLOTS_MAX ? SLOTS_MAX : (unsigned)n;
}

bool settings_fresh_process(const struct settings *s)
{
    return s->isolation && strcmp(s->isolation, "run") == 0;
}
