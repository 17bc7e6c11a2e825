/* source.c — see source.h. */
#include "compile/source.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/json.h"
#include "compile/wall.h"

#define STATUS_FETCH 72 /* of the script below */

#define GIT_ENV_MAX 20
static void git_env(const struct job *j, const char *out[GIT_ENV_MAX])
{
    const char *const all[GIT_ENV_MAX] = {
        "GIT_CONFIG_NOSYSTEM",
        "1",
        "GIT_CONFIG_GLOBAL",
        "/work/gitconfig",
        "GIT_TERMINAL_PROMPT",
        "0",
        "GIT_ASKPASS",
        "/bin/false",
        "SSH_ASKPASS",
        "/bin/false",
        "GIT_ALLOW_PROTOCOL",
        j->ask.dev ? "https:http:file" : "https",
        "GIT_PROTOCOL_FROM_USER",
        "0",
        "GIT_LFS_SKIP_SMUDGE",
        "1",
        NULL,
    };

    memcpy(out, all, sizeof(all));
}

/* The only settings git reads. */
static const char git_config[] = "[http]\n"
                                 "proxy = socks5h://127.0.0.1:1080\n"
                                 "followRedirects = initial\n"
                                 "lowSpeedLimit = 1000\n"
                                 "lowSpeedTime = 30\n"
                                 "[core]\n"
                                 "hooksPath = /dev/null\n"
                                 "fsmonitor = false\n"
                                 "[submodule]\n"
                                 "recurse = false\n"
                                 "[init]\n"
                                 "defaultBranch = main\n"
                                 "[gc]\n"
                                 "auto = 0\n"
                                 "[credential]\n"
                                 "helper =\n"
                                 "[advice]\n"
                                 "detachedHead = false\n"
                                 /* in development only: the folder of somebody else */
                                 "[safe]\n"
                                 "directory = *\n";

static const char fetch_script[] =
    "git init -q /work/src && cd /work/src || exit 71\n"
    "git fetch -q --depth 1 --no-tags --no-recurse-submodules \"$1\" \"$2\" || exit 72\n"
    "git checkout -q --detach \"$2\" || exit 73\n"
    "git show -s --format=commit-time:%ct HEAD\n"
    "rm -rf .git\n";

struct heard {
    struct job *job;
    struct str ref;
    /* what the server says of the name, best first */
    struct str head, peeled, tag;
    bool has_default;
    char said[512]; /* what git complained of */
    struct buf complaint;
};

static bool is_ref(struct str name, const char *kind, struct str ref, const char *tail)
{
    char room[REF_MAX + 32];
    struct buf b = BUF_OVER(room);

    buf_addz(&b, kind);
    buf_add_str(&b, ref);
    buf_addz(&b, tail);
    return str_eq(name, buf_str(&b));
}

static void hear(void *ctx, struct str line)
{
    struct heard *h = ctx;
    /* Tabs have become blanks. */
    struct str sha, name = str_trim(str_cut(line, ' ', &sha));

    if (str_starts(line, STR("commit-time:"))) {
        h->job->commit_time = arena_str(&h->job->arena, str_skip(line, 12));
    } else if (!ref_is_sha(sha)) {
        if (h->complaint.len)
            buf_addz(&h->complaint, "; ");
        buf_add_str(&h->complaint, line);
    } else if (str_eqz(name, "HEAD")) {
        h->has_default = true;
    } else if (is_ref(name, "refs/heads/", h->ref, "")) {
        h->head = arena_str(&h->job->arena, sha);
    } else if (is_ref(name, "refs/tags/", h->ref, "^{}")) {
        h->peeled = arena_str(&h->job->arena, sha);
    } else if (is_ref(name, "refs/tags/", h->ref, "")) {
        h->tag = arena_str(&h->job->arena, sha);
    }
}

static struct heard heard_init(struct job *j)
{
    return (struct heard){.job = j, .ref = j->ask.ref};
}

static bool said(const struct heard *h, const char *what)
{
    struct str s = buf_str(&h->complaint);

    return str_find(s, str_of(what)) < s.len;
}

/* What git says without its own "fatal: unable to access 'URL': ". */
static struct str reason(const struct heard *h, int status)
{
    struct str s = buf_str(&h->complaint);
    struct str rest = str_skip(s, str_find(s, STR("unable to access '")));
    struct str tail = str_skip(rest, str_find(rest, STR("': ")));

    if (tail.len)
        return str_skip(tail, 3);
    return s.len ? s : status > 128 ? STR("git was ended") : STR("git says nothing");
}

/* Whose fault is it that git could not talk to the server? */
static enum err fail_talk(struct job *j, const struct heard *h, int status)
{
    /* Texts that a repository's name cannot have in it. */
    static const char *const not_there[] = {
        " not found",
        "returned error: 404",
        "returned error: 403",
        "returned error: 401",
        "returned error: 451",
        "could not read Username",
        "Authentication failed",
        "does not appear to be a git repository",
        "does not exist",
        "not a git repository",
    };
    char room[BROKER_REFUSED_MAX + 1];
    struct buf refused = BUF_OVER(room);
    struct str host = STR_NONE, why = reason(h, status);
    unsigned port;

    for (size_t i = 0; i < countof(not_there); i++)
        if (said(h, not_there[i]))
            return job_fail(j, COMPILE_REPOSITORY, "there is no public repository '%.*s'",
                            STR_ARG(j->ask.repo));
    broker_refused(&j->broker, &refused);
    if (repo_endpoint(j->ask.repo, &host, &port) && refused.len) {
        char own_room[BROKER_HOST_MAX + 16];
        struct buf own = BUF_OVER(own_room);

        buf_addf(&own, "%.*s:%u", STR_ARG(host), port);
        if (str_eq(buf_str(&own), buf_str(&refused)))
            return job_fail(j, COMPILE_NETWORK,
                            "the server of '%.*s' could not be reached: '%.*s' means an address "
                            "that is not a public one",
                            STR_ARG(j->ask.repo), STR_ARG(host));
        return job_fail(j, COMPILE_NETWORK,
                        "the server of '%.*s' could not be reached: it sends to '%s', which is not "
                        "asked",
                        STR_ARG(j->ask.repo), buf_z(&refused));
    }
    if (host.len && said(h, "SOCKS5"))
        return job_fail(j, COMPILE_NETWORK,
                        "the server of '%.*s' could not be reached: the name '%.*s' is not known "
                        "here, or nobody answers there",
                        STR_ARG(j->ask.repo), STR_ARG(host));
    return job_fail(j, COMPILE_NETWORK, "the server of '%.*s' could not be reached: %.*s",
                    STR_ARG(j->ask.repo), STR_ARG(why));
}

/* Run git. Time that is used up here was used by the server, or by what it sent. */
static enum err git(struct job *j, const struct tool *t, int *status, struct buf *why)
{
    enum err e = job_tool(j, t, status, why);

    if (e == ERR_GUEST && clock_mono_ms() >= j->sandbox.deadline_ms)
        return job_fail(j, j->ask.what == COMPILE_BUILD ? COMPILE_LIMIT : COMPILE_NETWORK,
                        "fetching '%.*s' took longer than %u seconds: its server is slow, or it is "
                        "large",
                        STR_ARG(j->ask.repo), j->ask.seconds);
    return e;
}

/* As git in the sandbox has to say it. */
static const char *url_of(struct job *j)
{
    return str_starts(j->ask.repo, STR("file://")) ? "file:///repo"
                                                   : arena_z(&j->arena, j->ask.repo);
}

static enum err settings_write(struct buf *why)
{
    return file_write_atomic("gitconfig", str_of(git_config), 0600, why);
}

enum err source_resolve(struct job *j, struct buf *why)
{
    struct heard h = heard_init(j);
    const char *env[GIT_ENV_MAX];
    char refs[3][REF_MAX + 32];
    const char *const argv[] = {"git",  "ls-remote", "--quiet", "--exit-code", "--", url_of(j),
                                "HEAD", refs[0],     refs[1],   refs[2],       NULL};
    const struct tool t = {
        .argv = argv, .env = env, .net = true, .quiet = true, .line = hear, .ctx = &h};
    int status;
    enum err e;

    if (ref_is_sha(j->ask.ref)) {
        char *sha = arena_z(&j->arena, j->ask.ref);

        for (char *c = sha; *c; c++)
            *c = *c >= 'A' && *c <= 'F' ? (char)(*c + 32) : *c;
        j->commit = str_of(sha);
        return ERR_OK;
    }
    h.complaint = BUF_OVER(h.said);
    git_env(j, env);
    snprintf(refs[0], sizeof(refs[0]), "refs/heads/%.*s", STR_ARG(j->ask.ref));
    snprintf(refs[1], sizeof(refs[1]), "refs/tags/%.*s", STR_ARG(j->ask.ref));
    snprintf(refs[2], sizeof(refs[2]), "refs/tags/%.*s^{}", STR_ARG(j->ask.ref));
    e = settings_write(why);
    if (!e)
        e = git(j, &t, &status, why);
    if (e)
        return e;
    if (h.head.len || h.peeled.len || h.tag.len) {
        j->commit = h.head.len ? h.head : h.peeled.len ? h.peeled : h.tag;
        return ERR_OK;
    }
    if (status == 0 || status == 2)
        return job_fail(j, COMPILE_REF, "the repository '%.*s' has no branch or tag '%.*s'%s",
                        STR_ARG(j->ask.repo), STR_ARG(j->ask.ref),
                        h.has_default ? " (a commit is named by all 40 digits)"
                                      : ", nor a default one: is it empty?");
    return fail_talk(j, &h, status);
}

enum err source_fetch(struct job *j, struct buf *why)
{
    struct heard h = heard_init(j);
    const char *env[GIT_ENV_MAX];
    const char *const argv[] = {
        "sh", "-c", fetch_script, "sh", url_of(j), arena_z(&j->arena, j->commit), NULL};
    const struct tool t = {.argv = argv, .env = env, .net = true, .line = hear, .ctx = &h};
    int status;
    enum err e;

    h.complaint = BUF_OVER(h.said);
    git_env(j, env);
    job_phase(j, COMPILE_FETCHING, j->commit);
    e = settings_write(why);
    if (!e)
        e = git(j, &t, &status, why);
    if (e)
        return e;
    if (status == 0) {
        j->sandbox.repo = false;
        return broker_narrow(&j->broker, why);
    }
    if (said(&h, "No space left on device") || said(&h, "File size limit exceeded") ||
        said(&h, "File too large") || said(&h, "died of signal 25"))
        return job_fail(j, COMPILE_LIMIT,
                        "the repository is larger than %u MiB or has more than "
                        "%u files",
                        j->ask.disk_mb, (unsigned)WALL_FILES_MAX);
    if (said(&h, "Out of memory"))
        return job_fail(j, COMPILE_LIMIT,
                        "the repository takes more than %u MiB of memory to be laid out",
                        j->ask.memory_mb);
    if (said(&h, "Segmentation fault"))
        return job_fail(j, COMPILE_LIMIT,
                        "git itself fails on the repository, whose folders may be nested too "
                        "deeply");
    if (said(&h, "not our ref") || said(&h, "unadvertised object") ||
        said(&h, "couldn't find remote ref") || said(&h, "reference is not a tree"))
        return job_fail(j, COMPILE_REF, "the repository '%.*s' has no commit '%.*s'",
                        STR_ARG(j->ask.repo), STR_ARG(j->commit));
    if (status == STATUS_FETCH)
        return fail_talk(j, &h, status);
    return job_fail(j, COMPILE_REPOSITORY, "the files of '%.*s' cannot be laid out: %s",
                    STR_ARG(j->ask.repo), buf_z(&h.complaint));
}

/* A server gives out commits that no branch or tag of the repository leads to: those of forks. They
 * are looked for among what was fetched, as git would ask the server for what it lacks. */
static const char branch_script[] =
    "git init -q --bare /work/history && cd /work/history || exit 71\n"
    "git fetch -q --filter=tree:0 --no-recurse-submodules \"$1\" "
    "'+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' || exit 72\n"
    "git rev-list --all | grep -qx \"$2\" || exit 74\n"
    "git for-each-ref --contains \"$2\" --format='on:%(refname)' refs/heads refs/tags\n";

#define STATUS_ALIEN 74

struct heads {
    struct job *job;
    struct heard heard;
    struct str branch; /* the best so far */
    bool tag;
};

static unsigned rank(struct str branch)
{
    return !branch.ptr ? 3 : str_eqz(branch, "main") ? 0 : str_eqz(branch, "master") ? 1 : 2;
}

static void hear_head(void *ctx, struct str line)
{
    struct heads *h = ctx;
    struct str name = str_trim(str_skip(line, 3));

    if (!str_starts(line, STR("on:"))) {
        hear(&h->heard, line);
    } else if (str_starts(name, STR("refs/tags/"))) {
        h->tag = true;
    } else if (str_starts(name, STR("refs/heads/")) && name.len - 11 <= REF_MAX) {
        name = str_skip(name, 11);
        /* They come sorted. */
        if (rank(name) < rank(h->branch))
            h->branch = arena_str(&h->job->arena, name);
    }
}

enum err source_branch(struct job *j, struct buf *why)
{
    struct heads h = {.job = j, .heard = heard_init(j)};
    const char *env[GIT_ENV_MAX];
    const char *const argv[] = {
        "sh", "-c", branch_script, "sh", url_of(j), arena_z(&j->arena, j->commit), NULL};
    const struct tool t = {
        .argv = argv, .env = env, .net = true, .quiet = true, .line = hear_head, .ctx = &h};
    int status;
    enum err e;

    h.heard.complaint = BUF_OVER(h.heard.said);
    git_env(j, env);
    e = settings_write(why);
    if (!e)
        e = git(j, &t, &status, why);
    if (e)
        return e;
    if (status == STATUS_FETCH)
        return fail_talk(j, &h.heard, status);
    if (status == STATUS_ALIEN || (status == 0 && !h.branch.ptr && !h.tag))
        return job_fail(j, COMPILE_REF, "no branch or tag of '%.*s' leads to the commit '%.*s'",
                        STR_ARG(j->ask.repo), STR_ARG(j->commit));
    if (status != 0)
        return job_fail(j, COMPILE_LIMIT, "the history of '%.*s' cannot be looked through: %s",
                        STR_ARG(j->ask.repo), buf_z(&h.heard.complaint));
    json_obj(&j->record);
    json_key(&j->record, "branch");
    if (h.branch.ptr && str_is_utf8(h.branch))
        json_put_str(&j->record, h.branch);
    else
        json_put_null(&j->record);
    json_obj_end(&j->record);
    return ERR_OK;
}
