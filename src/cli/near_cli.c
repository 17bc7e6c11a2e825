/*
 * near_cli.c — `outlayer devnet near-cli`: telling near-cli-rs of this chain.
 *
 * Its settings are one TOML file whose networks are tables `[network_connection.NAME]`; a table
 * goes on until the next line that starts with a bracket, so ours can be cut out and written anew
 * at the end without understanding the rest. Source: the configuration chapter of its guide.
 */
#include "cli/near_cli.h"

#define TABLE "[network_connection.localnet]"

void near_cli_entry(struct buf *out, const char *url)
{
    buf_addf(out,
             TABLE "\n"
                   "network_name = \"localnet\"\n"
                   "rpc_url = \"%s/\"\n"
                   "wallet_url = \"http://127.0.0.1/\"\n"
                   "explorer_transaction_url = \"http://127.0.0.1/\"\n"
                   "linkdrop_account_id = \"test\"\n",
             url);
}

enum err near_cli_settings(struct str text, const char *url, struct buf *out, struct buf *why)
{
    bool ours = false;

    while (text.len) {
        struct str line;

        text = str_cut(text, '\n', &line);
        if (str_starts(line, STR("[")))
            ours = str_eqz(str_trim(line), TABLE);
        if (ours)
            continue;
        buf_add_str(out, line);
        buf_addz(out, "\n");
    }
    /* Without its version and networks it is not a file of the kind we know. */
    if (str_find(buf_str(out), STR("version = ")) == out->len ||
        str_find(buf_str(out), STR("[network_connection.")) == out->len)
        return err_put(why, ERR_FORMAT, "the settings of near-cli-rs are of an unknown kind");
    if (!str_ends(buf_str(out), STR("\n\n")))
        buf_addz(out, "\n");
    near_cli_entry(out, url);
    return out->full ? err_put(why, ERR_TOO_BIG, "the settings of near-cli-rs are too large")
                     : ERR_OK;
}

/* A string of the top of the file; false: not there. */
bool near_cli_credentials(struct str text, struct str *out)
{
    while (text.len && text.ptr[0] != '[') {
        struct str line, name, value;

        text = str_cut(text, '\n', &line);
        value = str_trim(str_cut(line, '=', &name));
        if (!str_eqz(str_trim(name), "credentials_home_dir") || value.len < 3)
            continue;
        *out = str_head(str_skip(value, 1), value.len - 2);
        return !str_has_byte(*out, '\\') && !str_has_byte(*out, '"');
    }
    return false;
}
