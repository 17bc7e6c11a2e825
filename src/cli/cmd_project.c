/*
 * cmd_project.c — `outlayer project`: programs under a name, with versions of which one is active.
 *
 * The contract keeps all of it; what is asked and how versions are named is in project_client.c.
 */
#include "cli/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/amount.h"
#include "cli/code_source.h"
#include "cli/project_client.h"
#include "cli/table.h"
#include "cli/term.h"
#include "codec/put.h"

#define DEPOSIT  ((u128)UINT64_C(100000000) * UINT64_C(1000000000000000)) /* 0.1 NEAR */
#define LIST_MAX (4u << 20)

struct project_opts {
    struct client_opts client;
    struct source_opts source;
    const char *to;
    bool no_activate, withdraw, yes, json;
};

static const struct opt project_options[] = {
    SOURCE_OPTIONS(struct project_opts),
    OPT_FLAG("no-activate", struct project_opts, no_activate,
             "add: leave the version that is active as it is"),
    OPT_TEXT("to", "ACCOUNT", struct project_opts, to, NULL, "transfer: who gets it"),
    OPT_FLAG("withdraw", struct project_opts, withdraw,
             "accept: take the acceptance back, with its deposit"),
    OPT_FLAG("yes", struct project_opts, yes, "delete: really"),
    CLIENT_OPTIONS(struct project_opts),
    OPT_FLAG("json", struct project_opts, json, "print JSON"),
    OPT_END,
};

static const char *const project_examples[] = {
    "outlayer project create dice --github alice/dice --commit v1 --key-file alice.json",
    "outlayer project add dice --wasm https://…/dice.wasm --key-file alice.json",
    "outlayer project rollback dice --key-file alice.json",
    "outlayer project versions alice.test/dice --json",
    NULL,
};

const struct command command_project = {
    .name = "project",
    .summary = "register programs under a name, with versions",
    .usage = "VERB [PROJECT [VERSION]] [options]",
    .about =
        "create PROJECT          with its first version, from --github or --wasm\n"
        "add PROJECT             a version, and make it the active one\n"
        "versions PROJECT        list them, oldest first\n"
        "activate PROJECT VER    requests that name no version get this one\n"
        "rollback PROJECT        activate the version that was added before the active one\n"
        "remove PROJECT VER      a version that is not active; its deposit comes back\n"
        "show PROJECT            what it is\n"
        "list [ACCOUNT]          projects of an account\n"
        "accept OWNER/NAME       say that you will take a project that is given to you\n"
        "transfer PROJECT        give it to --to ACCOUNT, who has accepted; storage goes with it\n"
        "delete PROJECT          all of it, what its runs have stored too; deposits come back\n\n"
        "PROJECT is OWNER/NAME, or NAME for your own. VER is a version's key: the SHA-256 of the\n"
        "program or REPO@COMMIT, or enough of the first characters of the hash or the commit.\n"
        "Unused deposit comes back at once.",
    .verbs = "create add versions activate rollback remove show list accept transfer delete",
    .options = project_options,
    .examples = project_examples,
    .run = cmd_project,
};

struct work {
    const struct project_opts *o;
    struct arena *a;
    struct client c;
    struct str id, name; /* of the project that is meant */
    struct str version;  /* as it was typed */
    struct project p;
    struct project_versions *versions;
};

/* ---- saying it ---- */

static void put_time(struct buf *out, uint64_t ns)
{
    time_t when = (time_t)(ns / 1000000000u);
    char room[32];
    struct tm tm;

    if (gmtime_r(&when, &tm) && strftime(room, sizeof(room), "%Y-%m-%d %H:%M", &tm))
        buf_addz(out, room);
}

/* What a table shows of a key: a hash's beginning is enough to name it. */
static struct str key_short(struct str key)
{
    return key.len == 64 && !str_has_byte(key, '@') ? str_head(key, 12) : key;
}

static struct str source_of(struct json source)
{
    struct json github = json_get(source, "GitHub"), wasm = json_get(source, "WasmUrl");
    struct str s;

    if (json_plain(json_get(wasm, "url"), &s) || json_plain(json_get(github, "repo"), &s))
        return s;
    return STR("?");
}

/* The end of a verb that changed something: one sentence, or one object. */
static void done(struct work *w, const struct hash256 *tx, struct str version, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void done(struct work *w, const struct hash256 *tx, struct str version, const char *fmt, ...)
{
    struct buf b = BUF_INIT(4096);
    va_list ap;

    if (w->o->json) {
        json_obj(&b);
        put_str(&b, "project_id", w->id);
        if (version.ptr)
            put_str(&b, "version_key", version);
        json_key(&b, "tx");
        json_str_open(&b);
        hash_put_base58(&b, tx);
        json_str_close(&b);
        json_obj_end(&b);
        puts(buf_z(&b));
    } else {
        va_start(ap, fmt);
        vprintf(fmt, ap);
        va_end(ap);
        putchar('\n');
    }
    buf_release(&b);
}

/* ---- calls ---- */

static enum err transact(struct work *w, const char *method, struct buf *args, unsigned tgas,
                         u128 deposit, struct hash256 *tx, struct buf *why)
{
    const struct client_call call = {.method = method,
                                     .args = buf_str(args),
                                     .gas = tgas * CLIENT_TGAS,
                                     .deposit = deposit,
                                     .wait_ms = CLIENT_WAIT_MS};

    if (args->full)
        return err_put(why, ERR_TOO_BIG, "the arguments are too long");
    return client_transact(&w->c, &call, tx, why);
}

static void args_of_project(struct work *w, struct buf *args)
{
    json_obj(args);
    put_str(args, "project_name", w->name);
}

static enum err call_with_version(struct work *w, const char *method, struct str key,
                                  struct hash256 *tx, struct buf *why)
{
    struct buf args = BUF_INIT(4096);
    enum err e;

    args_of_project(w, &args);
    put_str(&args, "version_key", key);
    json_obj_end(&args);
    e = transact(w, method, &args, 30, 0, tx, why);
    buf_release(&args);
    return e;
}

/* ---- the verbs ---- */

static enum err do_create(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(SOURCE_JSON_MAX + 1024), source = BUF_INIT(SOURCE_JSON_MAX);
    struct hash256 tx;
    enum err e = source_put(&w->o->source, w->o->client.rpc_url, &w->c, &source, why);

    if (!e) {
        json_obj(&args);
        put_str(&args, "name", w->name);
        put_raw(&args, "source", buf_str(&source));
        json_obj_end(&args);
        e = transact(w, "create_project", &args, 100, DEPOSIT, &tx, why);
    }
    if (!e)
        e = project_get(&w->c, w->id, w->a, &w->p, why);
    if (!e)
        done(w, &tx, w->p.active, "Created %.*s, version %.*s.", STR_ARG(w->id),
             STR_ARG(w->p.active));
    buf_release(&args);
    buf_release(&source);
    return e;
}

/* The key that the contract will give it. */
static struct str key_of(struct work *w, struct str source_text)
{
    struct json source, github;
    struct buf b = BUF_INIT(1024);
    struct str repo, commit, key = STR_NONE;

    if (!json_parse(source_text, &source, NULL))
        BUG("a source of our own");
    github = json_get(source, "GitHub");
    if (json_plain(json_get(json_get(source, "WasmUrl"), "hash"), &key)) {
        key = arena_str(w->a, key);
    } else if (json_plain(json_get(github, "repo"), &repo) &&
               json_plain(json_get(github, "commit"), &commit)) {
        buf_addf(&b, "%.*s@%.*s", STR_ARG(repo), STR_ARG(commit));
        key = arena_str(w->a, buf_str(&b));
    }
    buf_release(&b);
    return key;
}

static enum err do_add(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(SOURCE_JSON_MAX + 1024), source = BUF_INIT(SOURCE_JSON_MAX);
    struct hash256 tx;
    struct str key;
    enum err e = source_put(&w->o->source, w->o->client.rpc_url, &w->c, &source, why);

    if (!e) {
        args_of_project(w, &args);
        put_raw(&args, "source", buf_str(&source));
        put_bool(&args, "set_active", !w->o->no_activate);
        json_obj_end(&args);
        e = transact(w, "add_version", &args, 100, DEPOSIT, &tx, why);
    }
    if (!e) {
        key = key_of(w, buf_str(&source));
        done(w, &tx, key, "Added version %.*s%s.", STR_ARG(key),
             w->o->no_activate ? ", not active" : "; it is the active one");
    }
    buf_release(&args);
    buf_release(&source);
    return e;
}

static enum err activate(struct work *w, const struct project_version *v, struct buf *why)
{
    struct hash256 tx;
    enum err e;

    if (v->active)
        return err_put(why, ERR_CONFLICT, "version %.*s is the active one already",
                       STR_ARG(v->key));
    e = call_with_version(w, "set_active_version", v->key, &tx, why);
    if (!e)
        done(w, &tx, v->key, "Active is now %.*s, before %.*s.", STR_ARG(v->key),
             STR_ARG(w->p.active));
    return e;
}

static enum err do_activate(struct work *w, struct buf *why)
{
    const struct project_version *v;
    enum err e = project_version_find(w->versions, w->version, &v, why);

    return e ? e : activate(w, v, why);
}

static enum err do_rollback(struct work *w, struct buf *why)
{
    const struct project_version *v = project_version_before(w->versions);

    if (!v)
        return err_put(why, ERR_ABSENT,
                       "no version is older than the active one, %.*s; `outlayer project activate` "
                       "takes any",
                       STR_ARG(w->p.active));
    return activate(w, v, why);
}

static enum err do_remove(struct work *w, struct buf *why)
{
    const struct project_version *v;
    struct hash256 tx;
    enum err e = project_version_find(w->versions, w->version, &v, why);

    if (!e && v->active)
        e = err_put(why, ERR_CONFLICT, "version %.*s is the active one; activate another one first",
                    STR_ARG(v->key));
    if (!e)
        e = call_with_version(w, "remove_version", v->key, &tx, why);
    if (!e)
        done(w, &tx, v->key, "Removed version %.*s.", STR_ARG(v->key));
    return e;
}

static enum err do_versions(struct work *w, struct buf *why)
{
    static const char *const heads[] = {"VERSION", "ADDED (UTC)", "STATUS", "SOURCE", NULL};
    struct buf b = BUF_INIT(LIST_MAX);
    struct table t;

    (void)why;
    if (w->o->json)
        json_arr(&b);
    else
        table_begin(&t, heads);
    for (size_t i = 0; i < w->versions->n; i++) {
        const struct project_version *v = &w->versions->list[i];

        if (w->o->json) {
            json_put_raw(&b, v->doc.text);
            continue;
        }
        buf_clear(&b);
        put_time(&b, v->added_ns);
        table_row(&t, (struct str[]){key_short(v->key), buf_str(&b),
                                     v->active ? STR("active") : STR(""), source_of(v->source)});
    }
    if (w->o->json) {
        json_arr_end(&b);
        puts(buf_z(&b));
    } else {
        table_end(&t, true);
    }
    buf_release(&b);
    return ERR_OK;
}

static enum err do_show(struct work *w, struct buf *why)
{
    struct buf b = BUF_INIT(256);

    (void)why;
    if (w->o->json) {
        printf("%.*s\n", STR_ARG(w->p.doc.text));
        return ERR_OK;
    }
    printf("Project   %.*s\nUUID      %.*s\nActive    %.*s\nVersions  %zu\n", STR_ARG(w->p.id),
           STR_ARG(w->p.uuid), STR_ARG(w->p.active), w->versions->n);
    put_time(&b, w->p.created_ns);
    printf("Created   %s UTC\n", buf_z(&b));
    buf_clear(&b);
    near_amount_put(&b, w->p.deposit);
    printf("Deposit   %s NEAR, and each version's\n", buf_z(&b));
    buf_release(&b);
    return ERR_OK;
}

static enum err do_list(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(512), answer = BUF_INIT(LIST_MAX);
    struct str who = w->version.len ? w->version : client_account(&w->c);
    struct json list;
    struct json_iter it;
    enum err e;

    if (!account_id_valid(who))
        return err_put(why, ERR_FORMAT, "say whose: outlayer project list ACCOUNT");
    json_obj(&args);
    put_str(&args, "account_id", who);
    json_obj_end(&args);
    e = client_view(&w->c, "list_user_projects", buf_str(&args), &answer, &list, why);
    if (!e && w->o->json) {
        printf("%.*s\n", STR_ARG(list.text));
    } else if (!e) {
        static const char *const heads[] = {"PROJECT", "UUID", "VERSION", NULL};
        struct table t;

        table_begin(&t, heads);
        it = json_iter(list);
        while (json_next(&it)) {
            struct project p;

            if (project_read(it.value, &p))
                table_row(&t, (struct str[]){p.id, p.uuid, key_short(p.active)});
        }
        table_end(&t, true);
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

static enum err do_accept(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(512);
    struct str from = project_id_owner(w->id, NULL);
    struct hash256 tx;
    enum err e;

    json_obj(&args);
    put_str(&args, "from", from);
    put_str(&args, "name", w->name);
    put_bool(&args, "accept", !w->o->withdraw);
    json_obj_end(&args);
    e = transact(w, "accept_project_transfer", &args, 30, w->o->withdraw ? 0 : DEPOSIT, &tx, why);
    if (!e && w->o->withdraw)
        done(w, &tx, STR_NONE, "Taken back.");
    else if (!e)
        done(w, &tx, STR_NONE, "Accepted; %.*s can transfer it now.", STR_ARG(from));
    buf_release(&args);
    return e;
}

static enum err do_transfer(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(512);
    struct hash256 tx;
    enum err e;

    if (!w->o->to || !account_id_valid(str_of(w->o->to)))
        return err_put(why, ERR_FORMAT, "say who gets it: --to ACCOUNT");
    args_of_project(w, &args);
    put_z(&args, "new_owner", w->o->to);
    json_obj_end(&args);
    e = transact(w, "transfer_project", &args, 30, 0, &tx, why);
    if (e == ERR_DENIED && str_find(buf_str(why), STR("accept_project_transfer")) < why->len)
        e = err_put(why, e,
                    "%s has not accepted it yet: `outlayer project accept %.*s --key-file FILE` "
                    "with their key does",
                    w->o->to, STR_ARG(w->id));
    if (!e)
        done(w, &tx, STR_NONE, "%.*s is now %s/%.*s. Secrets of %.*s stay behind.", STR_ARG(w->id),
             w->o->to, STR_ARG(w->name), STR_ARG(client_account(&w->c)));
    buf_release(&args);
    return e;
}

static enum err do_delete(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(512);
    struct hash256 tx;
    enum err e;

    if (!w->o->yes)
        return err_put(why, ERR_FORMAT,
                       "'%.*s' has %zu versions, and what its runs have stored goes too; say --yes",
                       STR_ARG(w->id), w->versions->n);
    args_of_project(w, &args);
    json_obj_end(&args);
    e = transact(w, "delete_project", &args, 250, 0, &tx, why);
    if (!e)
        done(w, &tx, STR_NONE, "Deleted %.*s.", STR_ARG(w->id));
    buf_release(&args);
    return e;
}

enum {
    SIGNED = 1, /* needs a key */
    OWN = 2,    /* the project is the key's account's */
    KNOWN = 4,  /* and it is there; its versions are read */
};
static const struct verb {
    const char *name;
    enum err (*run)(struct work *w, struct buf *why);
    unsigned needs;
    int least, most; /* words after the verb */
} verbs[] = {
    {"create", do_create, SIGNED | OWN, 1, 1},
    {"add", do_add, SIGNED | OWN | KNOWN, 1, 1},
    {"versions", do_versions, KNOWN, 1, 1},
    {"activate", do_activate, SIGNED | OWN | KNOWN, 2, 2},
    {"rollback", do_rollback, SIGNED | OWN | KNOWN, 1, 1},
    {"remove", do_remove, SIGNED | OWN | KNOWN, 2, 2},
    {"show", do_show, KNOWN, 1, 1},
    {"list", do_list, 0, 0, 1},
    {"accept", do_accept, SIGNED, 1, 1},
    {"transfer", do_transfer, SIGNED | OWN | KNOWN, 1, 1},
    {"delete", do_delete, SIGNED | OWN | KNOWN, 1, 1},
};

static enum err verb_find(int words, char **word, const struct verb **out, struct buf *why)
{
    size_t i = 0;

    while (words && i < countof(verbs) && strcmp(verbs[i].name, word[0]) != 0)
        i++;
    if (!words || i == countof(verbs))
        return err_put(why, ERR_FORMAT,
                       "say what: create, add, versions, activate, rollback, remove, show, list, "
                       "accept, transfer or delete");
    if (words - 1 < verbs[i].least)
        return err_put(why, ERR_FORMAT, "'%s' needs %s", word[0],
                       words == 1 ? "a project" : "a version");
    if (words - 1 > verbs[i].most)
        return err_put(why, ERR_FORMAT, "'%s' is one word too many", word[words - 1]);
    *out = &verbs[i];
    return ERR_OK;
}

/* What was typed, before anything is asked. */
static enum err prepare(struct work *w, const struct verb *v, int words, char **word,
                        struct buf *why)
{
    enum err e = client_open(&w->c, &w->o->client, v->needs & SIGNED, why);

    if (e || v->run == do_list) {
        w->version = words > 1 ? str_of(word[1]) : STR_NONE;
        return e;
    }
    w->version = words > 2 ? str_of(word[2]) : STR_NONE;
    e = project_id_parse(str_of(word[1]), client_account(&w->c), w->a, &w->id, why);
    if (!e && v->needs & OWN && !str_eq(project_id_owner(w->id, NULL), client_account(&w->c)))
        e = err_put(why, ERR_FORMAT, "'%.*s' is not %.*s's, whose key this is", STR_ARG(w->id),
                    STR_ARG(client_account(&w->c)));
    if (!e)
        (void)project_id_owner(w->id, &w->name);
    return e;
}

int cmd_project(int argc, char **argv)
{
    struct project_opts o = {.client = CLIENT_DEFAULTS};
    struct arena a = ARENA_INIT;
    struct work w = {.o = &o, .a = &a};
    struct buf why = WHY_INIT;
    const struct verb *v = verbs;
    int first, status = EXIT_DONE;
    enum err e;

    if (!command_begin(&command_project, argc, argv, &o, &first, &status))
        return status;
    e = verb_find(argc - first, argv + first, &v, &why);
    if (!e)
        e = prepare(&w, v, argc - first, argv + first, &why);
    if (e) {
        status = command_misused(&command_project, &why);
        goto out;
    }
    w.versions = mem_new(struct project_versions);
    if (v->needs & KNOWN) {
        e = project_get(&w.c, w.id, &a, &w.p, &why);
        if (!e)
            e = project_versions_get(&w.c, w.id, &a, w.versions, &why);
    }
    if (!e)
        e = v->run(&w, &why);
    if (e)
        status = e == ERR_FORMAT ? command_misused(&command_project, &why) : command_failed(&why);
out:
    mem_free(w.versions);
    client_close(&w.c);
    arena_release(&a);
    buf_release(&why);
    return status;
}
