/*
 * near_cli.h — an entry for a development chain in the settings of near-cli-rs.
 */
#ifndef CLI_NEAR_CLI_H
#define CLI_NEAR_CLI_H

#include "base/err.h"

#define NEAR_CLI_SETTINGS_MAX (1u << 20)

/* The network `localnet` at `url`, as TOML. */
void near_cli_entry(struct buf *out, const char *url);
/* Its settings, now `text`, with our network in them in place of an older one. ERR_FORMAT: not
 * settings of the kind we know. */
MUST_USE enum err near_cli_settings(struct str text, const char *url, struct buf *out,
                                    struct buf *why);
/* The folder it keeps keys in; borrows from `text`. False: not told in a way we can read. */
MUST_USE bool near_cli_credentials(struct str text, struct str *out);

#endif
