/* devnet_near_cli.c — the entry for near-cli-rs: printed, or put where it looks. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/devnet.h"
#include "cli/near_cli.h"
#include "near/key.h"

#define PATH_ROOM 4096

/* One key file, with mode 0600. One that is not usable is told of and left out. */
static enum err copy_key(const char *from, const char *to, size_t *n, struct buf *why)
{
    struct buf fault = WHY_INIT;
    struct near_key key;
    enum err e = near_key_load(from, &key, &fault);

    if (e) {
        fprintf(stderr, "left out: %s\n", buf_z(&fault));
        e = ERR_OK;
    } else {
        e = near_key_store(to, &key, why);
        *n += !e;
    }
    near_key_wipe(&key);
    buf_release(&fault);
    return e;
}

/* Keys of accounts that are no more do no harm. */
static enum err copy_keys(const char *from, const char *to, size_t *n, struct buf *why)
{
    DIR *dir = opendir(from);
    const struct dirent *entry;
    enum err e = dir_make(to, why);

    while (!e && dir && (entry = readdir(dir))) {
        struct buf source = BUF_INIT(PATH_ROOM), target = BUF_INIT(PATH_ROOM);

        if (str_ends(str_of(entry->d_name), STR(".json"))) {
            buf_addf(&source, "%s/%s", from, entry->d_name);
            buf_addf(&target, "%s/%s", to, entry->d_name);
            e = copy_key(buf_z(&source), buf_z(&target), n, why);
        }
        buf_release(&source);
        buf_release(&target);
    }
    if (dir)
        closedir(dir);
    return e;
}

static enum err write_all(const struct devnet_opts *o, struct buf *path, size_t *keys,
                          struct buf *why)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct buf before = BUF_INIT(NEAR_CLI_SETTINGS_MAX), after = BUF_INIT(NEAR_CLI_SETTINGS_MAX),
               from = BUF_INIT(PATH_ROOM), to = BUF_INIT(PATH_ROOM);
    struct str folder;
    enum err e;

    if (xdg && *xdg)
        buf_addf(path, "%s/near-cli/config.toml", xdg);
    else
        buf_addf(path, "%s/.config/near-cli/config.toml", home ? home : "");
    e = file_read(buf_z(path), &before, NULL);
    if (e)
        e = err_put(why, e,
                    "near-cli-rs has no settings '%s' that can be read: "
                    "`near config show-connections` makes them",
                    buf_z(path));
    if (!e)
        e = near_cli_settings(buf_str(&before), o->rpc_url, &after, why);
    if (!e && !near_cli_credentials(buf_str(&before), &folder))
        e = err_put(why, ERR_FORMAT, "the settings '%s' do not say where keys are", buf_z(path));
    if (!e) {
        buf_addf(&from, "%s/credentials/localnet", o->home);
        buf_addf(&to, "%.*s/localnet", STR_ARG(folder));
        e = copy_keys(buf_z(&from), buf_z(&to), keys, why);
    }
    if (!e)
        e = file_write_atomic(buf_z(path), buf_str(&after), 0644, why);
    buf_release(&before);
    buf_release(&after);
    buf_release(&from);
    buf_release(&to);
    return e;
}

int devnet_near_cli(const struct devnet_opts *o)
{
    struct buf text = BUF_INIT(PATH_ROOM), why = WHY_INIT;
    int status = EXIT_DONE;
    size_t keys = 0;

    if (!o->write) {
        near_cli_entry(&text, o->rpc_url);
        printf("# in ~/.config/near-cli/config.toml\n%s", buf_z(&text));
        fprintf(stderr,
                "near-cli-rs looks for keys in its credentials_home_dir: set it to\n"
                "%s/credentials, or give --write\n",
                o->home);
    } else if (write_all(o, &text, &keys, &why)) {
        status = command_failed(&why);
    } else {
        printf("the network localnet is in %s, with %zu keys\n", buf_z(&text), keys);
    }
    buf_release(&text);
    buf_release(&why);
    return status;
}
