/*
 * records.h — state as JSON records, as genesis files and sandbox_patch_state have them:
 *
 *     {"Account":{"account_id","account":{"amount","locked","code_hash","storage_usage","version"}}}
 *     {"Data":{"account_id","data_key":base64,"value":base64}}
 *     {"Contract":{"account_id","code":base64}}
 *     {"AccessKey":{"account_id","public_key","access_key":{"nonce","permission"}}}
 *     {"ReceivedData":{"account_id","data_id","data":[bytes]|null}}
 *
 * Storage usage is taken as told. Source: nearcore core/primitives/src/state_record.rs.
 */
#ifndef DEVNET_RECORDS_H
#define DEVNET_RECORDS_H

#include "base/err.h"
#include "codec/json.h"
#include "devnet/state.h"
#include "vm/params.h"

#define RECORDS_MAX      100000
#define RECORD_BYTES_MAX (16u << 20)

/* Put every record of the array into `kv`. ERR_FORMAT: `why` says which one is wrong. */
MUST_USE enum err records_put(struct json records, const struct params *p, struct kv *kv,
                              struct buf *why);

/* "curve:base58", or base58 alone for ed25519. The bytes lie in `a`. */
MUST_USE bool key_parse(struct arena *a, struct str text, struct public_key *out);

#endif
