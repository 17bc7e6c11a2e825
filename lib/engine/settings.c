/* settings.c — see settings.h. */
#include "engine/settings.h"

#include "engine/outcome.h"

const char *engine_id(bool profiled)
{
    return profiled ? ENGINE_BUILD "-" ENGINE_SETTINGS_ID "-profile"
                    : ENGINE_BUILD "-" ENGINE_SETTINGS_ID;
}

void engine_about(struct buf *out)
{
    buf_addf(out, "wasmtime " ENGINE_VERSION "; %s; fuel", engine_id(false));
#define SAY(name, on) buf_addz(out, on ? "; " #name : "; no " #name);
    ENGINE_FEATURES(SAY)
#undef SAY
    buf_addf(out,
             "; stack %u; tables %u of %u; at most %llu instructions, %u MiB, %u ms, input %u, "
             "stderr %u, environment %u",
             ENGINE_STACK_MAX, ENGINE_TABLES_MAX, ENGINE_TABLE_ITEMS_MAX,
             (unsigned long long)RUN_INSTRUCTIONS_MAX, RUN_MEMORY_MB_MAX, RUN_WALL_MS_MAX,
             RUN_INPUT_MAX, RUN_STDERR_MAX, RUN_ENV_BYTES_MAX);
}
