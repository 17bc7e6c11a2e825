/*
 * cmd_secrets.c — `outlayer secrets`: values that only a run of the right program gets to see.
 *
 * Values come from a file, stdin or the terminal (secrets_input.c), are sealed here
 * (secrets_client.c) and stored by a transaction of the user's. `check` judges the stored condition
 * as a keystore would.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/secrets_client.h"
#include "cli/table.h"
#include "cli/secrets_input.h"
#include "cli/term.h"
#include "codec/put.h"
#include "secrets/access_rpc.h"

#define DEPOSIT                                                                                    \
    ((u128)UINT64_C(100000000) * UINT64_C(1000000000000000)) /* 0.1 NEAR; the rest comes back */
#define ARGS_MAX  262144
#define LIST_PAGE 100
#define LIST_MAX  (4u << 20)

struct secrets_opts {
    struct client_opts client;
    const char *keystore_url;
    const char *project, *repo, *branch, *wasm_hash, *profile;
    const char *env_file, *access, *as, *owner;
    struct opt_list prompt, generate;
    bool reset, json;
};

static const struct opt secrets_options[] = {
    OPT_TEXT("project", "OWNER/NAME", struct secrets_opts, project, NULL, "bound to a project"),
    OPT_TEXT("repo", "REPO", struct secrets_opts, repo, NULL,
             "bound to a repository: github.com/alice/dice"),
    OPT_TEXT("branch", "BRANCH", struct secrets_opts, branch, NULL,
             "and to one branch of it (default: any)"),
    OPT_TEXT("wasm-hash", "HEX", struct secrets_opts, wasm_hash, NULL,
             "bound to a program by its SHA-256"),
    OPT_TEXT("profile", "NAME", struct secrets_opts, profile, NULL,
             "which set of secrets (default `default`)"),
    OPT_TEXT("env-file", "FILE", struct secrets_opts, env_file, NULL,
             "set, update: values, as JSON or NAME=VALUE lines; - is stdin"),
    OPT_LIST("prompt", "NAME", struct secrets_opts, prompt,
             "set, update: ask for this value on the terminal, without echo"),
    OPT_LIST("generate", "PROTECTED_X:TYPE", struct secrets_opts, generate,
             "set, update: let the keystore draw it: hex16 hex32 hex64 ed25519 ed25519_seed "
             "password[:N]"),
    OPT_TEXT("access", "RULE", struct secrets_opts, access, NULL,
             "set, update: allow-all, whitelist:a.near,b.near, JSON or @FILE (default: as it is, "
             "else allow-all)"),
    OPT_FLAG("reset", struct secrets_opts, reset, "update: drop all but PROTECTED_ ones first"),
    OPT_TEXT("as", "ACCOUNT", struct secrets_opts, as, NULL,
             "check: who wants to use them (default: the key's account)"),
    OPT_TEXT("owner", "ACCOUNT", struct secrets_opts, owner, NULL,
             "check, list: whose they are (default: the key's account)"),
    OPT_TEXT("keystore-url", "URL", struct secrets_opts, keystore_url, "OUTLAYER_KEYSTORE_URL",
             "the keystore (default http://127.0.0.1:3034)"),
    CLIENT_OPTIONS(struct secrets_opts),
    OPT_FLAG("json", struct secrets_opts, json, "list, check: print JSON"),
    OPT_END,
};

static const char *const secrets_examples[] = {
    "outlayer secrets set --project alice.test/dice --prompt API_KEY --key-file alice.json",
    "outlayer secrets update --project alice.test/dice --env-file more.env --key-file alice.json",
    "outlayer secrets check --project alice.test/dice --owner alice.test --as bob.test",
    NULL,
};

const struct command command_secrets = {
    .name = "secrets",
    .summary = "store secrets that only runs of your program get",
    .usage = "set|update|list|delete|check [options]",
    .about =
        "set      seal and store values; those that were there are replaced, the access rule "
        "stays\n"
        "update   lay values over those that are there\n"
        "list     what an account has stored, without values\n"
        "delete   remove a set; its deposit comes back\n"
        "check    would an account be let in, and if not, which condition refuses\n\n"
        "Values are never taken from arguments, which others can see. Where check cannot find\n"
        "it out, a run is refused.",
    .verbs = "set update list delete check",
    .options = secrets_options,
    .examples = secrets_examples,
    .statuses = "0 done, 1 failed, 3 wrong usage; check: 0 yes, 1 no, 2 not known.",
    .run = cmd_secrets,
};

struct work {
    const struct secrets_opts *o;
    struct arena *a;
    struct client chain;
    struct secrets_client c;
};

static enum err accessor_of(struct work *w, struct buf *why)
{
    const struct secrets_opts *o = w->o;
    struct buf json = BUF_INIT(4096), name = BUF_INIT(ACCESSOR_TEXT_MAX);
    struct accessor x = {ACCESSOR_PROJECT, STR_NONE, STR_NONE};
    struct json v;
    enum err e = ERR_OK;

    if ((o->project != NULL) + (o->repo != NULL) + (o->wasm_hash != NULL) != 1)
        return err_put(why, ERR_FORMAT,
                       "say what they are bound to: one of --project, --repo and --wasm-hash");
    if (o->branch && !o->repo)
        return err_put(why, ERR_FORMAT, "--branch goes with --repo");
    if (o->repo) {
        x.kind = ACCESSOR_REPO;
        e = repo_name_normalise(str_of(o->repo), &name, why);
        x.name = buf_str(&name);
        x.branch = str_of(o->branch);
    } else if (o->wasm_hash) {
        x.kind = ACCESSOR_WASM_HASH;
        x.name = str_of(o->wasm_hash);
    } else {
        x.name = str_of(o->project);
    }
    if (!e && !str_is_utf8(x.name))
        e = err_put(why, ERR_FORMAT, "the name is not UTF-8");
    if (!e) {
        /* By the same rules as everything that comes from outside. */
        accessor_put(&json, &x);
        e = !json.full && json_parse(buf_str(&json), &v, NULL)
                ? accessor_parse(v, w->a, &w->c.accessor, why)
                : err_put(why, ERR_TOO_BIG, "the name is too long");
    }
    buf_release(&json);
    buf_release(&name);
    return e;
}

static enum err generate_of(struct work *w, struct buf *why)
{
    const struct opt_list *l = &w->o->generate;
    enum err e = ERR_OK;

    if (l->n > SECRETS_GENERATE_MAX)
        return err_put(why, ERR_TOO_BIG, "at most %d secrets are generated at once",
                       SECRETS_GENERATE_MAX);
    for (size_t i = 0; i < l->n && !e; i++) {
        struct str name, type = str_cut(str_of(l->item[i]), ':', &name);

        e = secret_name_check(name, true, why);
        if (!e && !secret_type_valid(type))
            e = err_put(why, ERR_FORMAT, "'%s' does not end in a type that can be generated",
                        l->item[i]);
        w->c.generate[i][0] = name;
        w->c.generate[i][1] = type;
        w->c.ngenerate = i + 1;
    }
    return e;
}

/* The rule as the contract takes it. */
static enum err access_of(struct work *w, struct buf *out, struct buf *why)
{
    struct str s = str_of(w->o->access);
    struct buf text = BUF_INIT(ACCESS_TEXT_MAX);
    const struct access *x;
    enum err e = ERR_OK;

    if (str_eqz(s, "allow-all")) {
        buf_addz(&text, "\"AllowAll\"");
    } else if (str_starts(s, STR("whitelist:"))) {
        s = str_skip(s, 10);
        buf_addz(&text, "{\"Whitelist\":{\"accounts\":[");
        while (s.len) {
            struct str id;

            s = str_cut(s, ',', &id);
            if (!str_is_utf8(id)) {
                e = err_put(why, ERR_FORMAT, "--access has an account id that is none");
                break;
            }
            json_put_str(&text, str_trim(id));
        }
        buf_addz(&text, "]}}");
    } else if (str_starts(s, STR("@"))) {
        e = file_read(w->o->access + 1, &text, why);
    } else {
        buf_add_str(&text, s);
    }
    if (!e)
        e = access_parse(str_trim(buf_str(&text)), w->a, &x, why);
    if (!e)
        access_put(out, x);
    buf_release(&text);
    return e;
}

/* The same as people type it. */
static void put_rule(struct buf *out, struct json rule)
{
    struct json_iter it = json_iter(json_get(json_get(rule, "Whitelist"), "accounts"));
    struct str id;

    if (json_plain(rule, &id) && str_eqz(id, "AllowAll")) {
        buf_addz(out, "allow-all");
    } else if (json_count(rule) == 1 && json_type(json_get(rule, "Whitelist")) == JSON_OBJECT) {
        buf_addz(out, "whitelist:");
        for (bool first = true; json_next(&it); first = false)
            if (json_plain(it.value, &id))
                buf_addf(out, "%s%.*s", first ? "" : ",", STR_ARG(id));
    } else {
        buf_add_str(out, rule.text);
    }
}

/* ---- set and update ---- */

static enum err transact(struct work *w, const char *method, struct str args, u128 deposit,
                         struct buf *why)
{
    const struct client_call call = {.method = method,
                                     .args = args,
                                     .gas = 50 * CLIENT_TGAS,
                                     .deposit = deposit,
                                     .wait_ms = CLIENT_WAIT_MS};

    return client_transact(&w->chain, &call, NULL, why);
}

static enum err store(struct work *w, struct str cipher, struct str access, struct buf *why)
{
    struct buf args = BUF_INIT(ARGS_MAX);
    enum err e;

    json_obj(&args);
    json_key(&args, "accessor");
    accessor_put(&args, &w->c.accessor);
    put_str(&args, "profile", w->c.profile);
    put_str(&args, "encrypted_secrets_base64", cipher);
    put_raw(&args, "access", access);
    json_obj_end(&args);
    e = args.full ? err_put(why, ERR_TOO_BIG, "the secrets are too large")
                  : transact(w, "store_secrets", buf_str(&args), DEPOSIT, why);
    buf_release(&args);
    return e;
}

static enum err set_or_update(struct work *w, bool update, struct buf *why)
{
    char *room = mem_alloc(SECRETS_TEXT_MAX + 1);
    struct buf plain = {
        .ptr = room, .cap = SECRETS_TEXT_MAX, .max = SECRETS_TEXT_MAX, .fixed = true};
    struct json rule;
    struct buf cipher = BUF_INIT(SECRETS_CIPHER_MAX), access = BUF_INIT(4 * ACCESS_TEXT_MAX);
    struct buf note = BUF_INIT(65536), reason = WHY_INIT;
    struct secrets_row row = {.cipher = STR_NONE};
    enum err e = secrets_row_get(&w->c, true, w->a, &row, &reason);

    if (e == ERR_ABSENT && !update)
        e = ERR_OK;
    else if (e)
        e = err_put(why, e, "%s", buf_z(&reason));
    if (!e)
        e = generate_of(w, why);
    if (!e && w->o->access)
        e = access_of(w, &access, why);
    else if (!e)
        buf_add_str(&access, row.access.ptr ? row.access : STR("\"AllowAll\""));
    if (!e)
        e = secrets_input(w->o->env_file, &w->o->prompt, &plain, why);
    if (!e && !w->c.ngenerate && !w->o->reset && str_eqz(buf_str(&plain), "{}"))
        e = err_put(why, ERR_FORMAT,
                    "there are no values: give --env-file FILE, --prompt NAME, or stdin");
    if (!e)
        e = update ? secrets_seal_update(&w->c, buf_str(&plain), w->o->reset, &cipher, &note, why)
                   : secrets_seal_new(&w->c, buf_str(&plain), &cipher, why);
    mem_wipe(room, SECRETS_TEXT_MAX);
    mem_free(room);
    if (!e)
        e = store(w, buf_str(&cipher), buf_str(&access), why);
    if (!e) {
        fprintf(stderr, "%s", buf_z(&note));
        if (json_parse(buf_str(&access), &rule, NULL)) {
            buf_clear(&note);
            put_rule(&note, rule);
        }
        printf("Stored. Access: %s\n", buf_z(&note));
    }
    buf_release(&cipher);
    buf_release(&access);
    buf_release(&note);
    buf_release(&reason);
    return e;
}

static enum err do_set(struct work *w, struct buf *why)
{
    return set_or_update(w, false, why);
}

static enum err do_update(struct work *w, struct buf *why)
{
    return set_or_update(w, true, why);
}

static enum err do_delete(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(8192);
    enum err e;

    json_obj(&args);
    json_key(&args, "accessor");
    accessor_put(&args, &w->c.accessor);
    put_str(&args, "profile", w->c.profile);
    json_obj_end(&args);
    e = transact(w, "delete_secrets", buf_str(&args), 0, why);
    buf_release(&args);
    if (!e)
        printf("Deleted.\n");
    return e;
}

/* ---- list and check ---- */

static void add_row(const struct work *w, struct json row, struct table *t)
{
    struct buf bound = BUF_INIT(4096), access = BUF_INIT(ACCESS_TEXT_MAX);
    struct accessor x;
    struct str profile;

    if (accessor_parse(json_get(row, "accessor"), w->a, &x, NULL))
        return;
    if (!json_plain(json_get(row, "profile"), &profile))
        profile = STR("?");
    buf_add_str(&bound, x.name);
    if (x.kind == ACCESSOR_REPO && x.branch.ptr)
        buf_addf(&bound, "@%.*s", STR_ARG(x.branch));
    if (x.kind == ACCESSOR_PAYMENT_KEY)
        buf_addz(&bound, "payment key");
    put_rule(&access, json_get(row, "access"));
    table_row(t, (struct str[]){profile, buf_str(&bound), buf_str(&access)});
    buf_release(&bound);
    buf_release(&access);
}

static enum err do_list(struct work *w, struct buf *why)
{
    static const char *const heads[] = {"PROFILE", "BOUND TO", "ACCESS", NULL};
    struct buf all = BUF_INIT(LIST_MAX * 16);
    struct table t;
    enum err e = ERR_OK;
    size_t n = 1;

    table_begin(&t, heads);
    json_arr(&all);
    /* A page may be short and not the last: only an empty one ends it. */
    for (uint64_t from = 0; n && !e; from += LIST_PAGE) {
        struct buf args = BUF_INIT(512), answer = BUF_INIT(LIST_MAX);
        struct json list;
        struct json_iter it;

        json_obj(&args);
        put_str(&args, "account_id", w->c.owner);
        put_u64(&args, "from_index", from);
        put_u64(&args, "limit", LIST_PAGE);
        json_obj_end(&args);
        e = client_view(&w->chain, "list_user_secrets", buf_str(&args), &answer, &list, why);
        if (!e && json_type(list) != JSON_ARRAY)
            e = err_put(why, ERR_UPSTREAM, "the contract's answer is no list");
        if (!e) {
            n = json_count(list);
            it = json_iter(list);
            while (json_next(&it)) {
                json_put_raw(&all, it.value.text);
                add_row(w, it.value, &t);
            }
        }
        buf_release(&args);
        buf_release(&answer);
    }
    json_arr_end(&all);
    if (!e && all.full)
        e = err_put(why, ERR_TOO_BIG, "'%.*s' has too many to list", STR_ARG(w->c.owner));
    if (!e && w->o->json)
        puts(buf_z(&all));
    table_end(&t, !e && !w->o->json);
    buf_release(&all);
    return e;
}

/* ERR_DENIED: no, ERR_UPSTREAM: it could not be found out. */
static enum err do_check(struct work *w, struct buf *why)
{
    const struct access_chain chain = access_chain_of(w->chain.rpc);
    struct str as = w->o->as ? str_of(w->o->as) : client_account(&w->chain);
    struct secrets_row row;
    const struct access *x;
    enum err e = ERR_OK;

    if (!account_id_valid(as))
        return err_put(why, ERR_FORMAT, "say for whom: --as ACCOUNT");
    e = secrets_row_get(&w->c, false, w->a, &row, why);
    if (!e && access_parse(row.access, w->a, &x, why))
        e = ERR_DENIED;
    if (!e)
        e = access_judge(x, as, &chain, why);
    if (w->o->json) {
        struct buf b = BUF_INIT(16384);

        json_obj(&b);
        put_bool(&b, "allowed", !e);
        json_key(&b, "reason");
        if (e)
            json_put_str(&b, buf_str(why));
        else
            json_put_null(&b);
        json_obj_end(&b);
        puts(buf_z(&b));
        buf_release(&b);
    } else if (!e) {
        printf("%.*s may use these secrets.\n", STR_ARG(as));
    }
    return e;
}

static const struct {
    const char *name;
    enum err (*run)(struct work *w, struct buf *why);
    bool accessor, key;
} verbs[] = {
    {"set", do_set, true, true},      {"update", do_update, true, true},
    {"list", do_list, false, false},  {"delete", do_delete, true, true},
    {"check", do_check, true, false},
};

static enum err prepare(struct work *w, bool accessor, bool key, struct buf *why)
{
    const struct secrets_opts *o = w->o;
    enum err e;

    if (!profile_valid(str_of(o->profile)))
        return err_put(why, ERR_FORMAT, "a profile has 1 to 64 of A-Z a-z 0-9 - _");
    e = client_open(&w->chain, &o->client, key, why);
    if (!e)
        w->c.owner = o->owner && !key ? str_of(o->owner) : client_account(&w->chain);
    if (!e && !account_id_valid(w->c.owner))
        e = err_put(why, ERR_FORMAT, "say whose they are: --owner ACCOUNT or --key-file FILE");
    if (!e && accessor)
        e = accessor_of(w, why);
    return e;
}

int cmd_secrets(int argc, char **argv)
{
    struct secrets_opts o = {.client = CLIENT_DEFAULTS,
                             .keystore_url = "http://127.0.0.1:3034",
                             .profile = PROFILE_DEFAULT};
    struct arena a = ARENA_INIT;
    struct work w = {.o = &o, .a = &a};
    struct buf why = WHY_INIT;
    int operands, status = EXIT_DONE;
    size_t i = 0;
    enum err e;

    if (!command_begin(&command_secrets, argc, argv, &o, &operands, &status))
        return status;
    while (argc - operands == 1 && i < countof(verbs) && strcmp(verbs[i].name, argv[operands]) != 0)
        i++;
    if (argc - operands != 1 || i == countof(verbs)) {
        (void)err_put(&why, ERR_FORMAT, "say what: set, update, list, delete or check");
        status = command_misused(&command_secrets, &why);
        goto out;
    }
    e = prepare(&w, verbs[i].accessor, verbs[i].key, &why);
    if (e) {
        status = command_misused(&command_secrets, &why);
        goto out;
    }
    w.c.keystore_url = o.keystore_url;
    w.c.profile = str_of(o.profile);
    w.c.chain = &w.chain;
    e = verbs[i].run(&w, &why);
    if (e)
        status = command_failed(&why);
    if (e && verbs[i].run == do_check && err_retry(e))
        status = EXIT_UNDECIDED;
out:
    client_close(&w.chain);
    arena_release(&a);
    buf_release(&why);
    return status;
}
