/*
 * cmd_manifest.c — `outlayer manifest`: what a program says of itself, shown or written into it.
 *
 * The manifest is a custom section of the WebAssembly file (docs/formats/manifest.md). Writing one
 * appends it: no byte of the program moves.
 */
#include "cli/commands.h"

#include <stdio.h>

#include "base/file.h"
#include "codec/put.h"
#include "engine/code.h"
#include "engine/section.h"
#include "guest/egress.h"
#include "guest/run_report.h"

struct manifest_opts {
    const char *set, *output;
    bool json;
};

static const struct opt manifest_options[] = {
    OPT_TEXT("set", "FILE", struct manifest_opts, set, NULL, "JSON that becomes its manifest"),
    OPT_TEXT("output", "FILE", struct manifest_opts, output, NULL,
             "the program with it; needed with --set"),
    OPT_FLAG("json", struct manifest_opts, json, "print one JSON object"),
    OPT_END,
};

static const char *const manifest_examples[] = {
    "outlayer manifest weather.wasm",
    "outlayer manifest weather.wasm --set manifest.json --output held.wasm",
    NULL,
};

const struct command command_manifest = {
    .name = "manifest",
    .summary = "show, or set, which hosts a program may ask",
    .usage = "FILE.wasm [--set FILE.json --output FILE.wasm]",
    .about = "Shows the manifest that a program carries, or writes one into a copy of it:\n"
             "{\"network\":[\"api.example.org\"]} holds every run of it to that host.",
    .options = manifest_options,
    .examples = manifest_examples,
    .run = cmd_manifest,
};

/* u32 as the WebAssembly binary format writes lengths. */
static void put_leb(struct buf *b, size_t v)
{
    do {
        buf_add_byte(b, (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0)));
        v >>= 7;
    } while (v);
}

static enum err append(struct buf *wasm, struct str manifest, struct buf *why)
{
    const struct str name = STR(CODE_MANIFEST);
    struct egress e = EGRESS_INIT;
    struct str old;
    enum err r = ERR_OK;

    egress_read(&e, SECTION_FOUND, manifest);
    if (e.rule == EGRESS_BROKEN)
        r = err_put(why, ERR_FORMAT, "this is no manifest: %s", e.fault);
    else if (section_find(buf_str(wasm), name, &old) != SECTION_NONE)
        r = err_put(why, ERR_CONFLICT, "the program has a manifest already; build it without one");
    egress_release(&e);
    if (r)
        return r;
    buf_add_byte(wasm, 0); /* a custom section */
    put_leb(wasm, 1 + name.len + manifest.len);
    put_leb(wasm, name.len);
    buf_add_str(wasm, name);
    buf_add_str(wasm, manifest);
    return wasm->full ? err_put(why, ERR_TOO_BIG, "the program would be too large") : ERR_OK;
}

static const char *rule_name(const struct egress *e)
{
    if (e->rule == EGRESS_LIST)
        return "list";
    if (e->rule == EGRESS_BROKEN || e->connector)
        return "nobody";
    return "anybody";
}

static void print_json(const struct egress *e, struct str manifest)
{
    struct buf b = BUF_INIT(CODE_MANIFEST_MAX * 6 + EGRESS_HOSTS_MAX * 2048);

    json_obj(&b);
    put_z(&b, "network", rule_name(e));
    json_key(&b, "hosts");
    json_arr(&b);
    for (size_t i = 0; i < e->nhosts; i++)
        json_put_lossy(&b, e->hosts[i]);
    json_arr_end(&b);
    put_bool(&b, "connector", e->connector);
    json_key(&b, "fault");
    if (e->fault)
        json_putz(&b, e->fault);
    else
        json_put_null(&b);
    json_key(&b, "manifest");
    if (manifest.ptr)
        json_put_lossy(&b, manifest);
    else
        json_put_null(&b);
    json_obj_end(&b);
    printf("%s\n", buf_z(&b));
    buf_release(&b);
}

static void print_text(const struct egress *e, bool there)
{
    if (!there)
        printf("no manifest: it may ask every host that its run may ask\n");
    else if (e->rule == EGRESS_BROKEN)
        printf("a manifest that cannot be read (%s): it may ask nobody\n", e->fault);
    else if (e->rule == EGRESS_OPEN && e->connector)
        printf("a connector without \"network\": it may ask nobody\n");
    else if (e->rule == EGRESS_OPEN)
        printf("a manifest without \"network\": it may ask every host that its run may ask\n");
    else
        printf("it may ask %zu host%s%s\n", e->nhosts, e->nhosts == 1 ? "" : "s",
               e->nhosts ? ":" : "");
    for (size_t i = 0; i < e->nhosts; i++)
        printf("  %.*s\n", STR_ARG(e->hosts[i]));
}

int cmd_manifest(int argc, char **argv)
{
    struct manifest_opts o = {0};
    struct buf wasm = BUF_INIT(MODULE_WASM_MAX), text = BUF_INIT(CODE_MANIFEST_MAX), why = WHY_INIT;
    struct egress e = EGRESS_INIT;
    struct str manifest = STR_NONE;
    enum section_find how;
    int first, status = EXIT_DONE;
    enum err r = ERR_OK;

    if (!command_begin(&command_manifest, argc, argv, &o, &first, &status))
        return status;
    if (argc - first != 1 || !o.set != !o.output) {
        err_put(&why, ERR_RANGE, "give one WebAssembly file, and --set together with --output");
        status = command_misused(&command_manifest, &why);
        goto out;
    }
    r = file_read(argv[first], &wasm, &why);
    if (!r && module_form(buf_str(&wasm), NULL) == MODULE_OTHER)
        r = err_put(&why, ERR_FORMAT, "'%s' is no WebAssembly", argv[first]);
    if (!r && o.set)
        r = file_read(o.set, &text, &why);
    if (!r && o.set)
        r = append(&wasm, str_trim(buf_str(&text)), &why);
    if (!r && o.output)
        r = file_write_atomic(o.output, buf_str(&wasm), 0644, &why);
    if (r) {
        status = command_failed(&why);
        goto out;
    }
    how = section_find(buf_str(&wasm), STR(CODE_MANIFEST), &manifest);
    egress_read(&e, how, manifest);
    if (o.json)
        print_json(&e, manifest);
    else
        print_text(&e, how != SECTION_NONE);
out:
    egress_release(&e);
    buf_release(&wasm);
    buf_release(&text);
    buf_release(&why);
    return status;
}
