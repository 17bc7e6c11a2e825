/* rpc_node.c — what a node says of itself and of its network. */
#include "devnet/rpc_internal.h"

#include "base/clock.h"
#include "codec/put.h"
#include "devnet/runtime_config.h"
#include "devnet/view.h"

#define NODE_VERSION "outlayer-devnet"

static void member_hash(struct buf *b, const char *name, const struct hash256 *h)
{
    json_key(b, name);
    view_hash(b, h);
}

static void member_validator_key(struct buf *b, const char *name, struct chain *chain)
{
    json_key(b, name);
    json_str_open(b);
    ed25519_pub_put(b, &chain_validator_key(chain)->key.pub);
    json_str_close(b);
}

/* ------------------------------------------------------------------ status */

void status_put(struct chain *chain, struct buf *b)
{
    struct reader r;
    const struct block *genesis;

    chain_read(chain, &r);
    genesis = reader_genesis(&r);
    json_obj(b);
    put_raw(b, "version",
            STR("{\"version\":\"2.14.0\",\"build\":\"" NODE_VERSION "\",\"commit\":\"" NODE_VERSION
                "\",\"rustc_version\":\"none\"}"));
    put_z(b, "chain_id", CHAIN_ID);
    put_u64(b, "protocol_version", r.head->protocol);
    put_u64(b, "latest_protocol_version", r.head->protocol);
    put_z(b, "rpc_addr", "127.0.0.1");
    put_raw(b, "validators", STR("[{\"account_id\":\"" VALIDATOR_ACCOUNT "\"}]"));
    json_key(b, "sync_info");
    json_obj(b);
    member_hash(b, "latest_block_hash", &r.head->hash);
    put_u64(b, "latest_block_height", r.head->height);
    member_hash(b, "latest_state_root", &r.head->prev_state_root);
    json_key(b, "latest_block_time");
    view_time(b, r.head->timestamp);
    put_bool(b, "syncing", false);
    if (genesis) {
        member_hash(b, "earliest_block_hash", &genesis->hash);
        put_u64(b, "earliest_block_height", genesis->height);
        json_key(b, "earliest_block_time");
        view_time(b, genesis->timestamp);
    }
    member_hash(b, "epoch_id", &r.head->epoch_id);
    put_u64(b, "epoch_start_height", r.head->epoch_start);
    json_obj_end(b);
    put_z(b, "validator_account_id", VALIDATOR_ACCOUNT);
    member_validator_key(b, "validator_public_key", chain);
    member_validator_key(b, "node_public_key", chain);
    put_null(b, "node_key");
    put_u64(b, "uptime_sec", (clock_mono_ms() - chain_started_ms(chain)) / 1000);
    if (genesis)
        member_hash(b, "genesis_hash", &genesis->hash);
    json_obj_end(b);
    chain_read_end(&r);
}

enum answer rpc_status(struct call *c)
{
    status_put(c->chain, &c->out);
    return ANSWERED;
}

enum answer rpc_health(struct call *c)
{
    json_put_null(&c->out);
    return ANSWERED;
}

void network_info_put(struct chain *chain, struct buf *b)
{
    json_obj(b);
    put_raw(b, "active_peers", STR("[]"));
    put_u64(b, "num_active_peers", 0);
    put_u64(b, "peer_max_count", 40);
    put_u64(b, "sent_bytes_per_sec", 0);
    put_u64(b, "received_bytes_per_sec", 0);
    json_key(b, "known_producers");
    json_arr(b);
    json_obj(b);
    put_z(b, "account_id", VALIDATOR_ACCOUNT);
    put_null(b, "addr");
    member_validator_key(b, "peer_id", chain);
    json_obj_end(b);
    json_arr_end(b);
    json_obj_end(b);
}

enum answer rpc_network_info(struct call *c)
{
    network_info_put(c->chain, &c->out);
    return ANSWERED;
}

/* ------------------------------------------------------------------ validators */

static void validator_head(struct call *c)
{
    put_z(&c->out, "account_id", VALIDATOR_ACCOUNT);
    member_validator_key(&c->out, "public_key", c->chain);
}

static void validator_stake(struct call *c, struct reader *r)
{
    struct account a;
    const bool there = account_get(r->kv, STR(VALIDATOR_ACCOUNT), &a);

    put_u128(&c->out, "stake", there ? a.locked : 0);
}

static void current_validator(struct call *c, struct reader *r)
{
    const uint64_t n = r->head->ordinal;
    struct buf *b = &c->out;

    json_obj(b);
    validator_head(c);
    put_bool(b, "is_slashed", false);
    validator_stake(c, r);
    put_raw(b, "shards", STR("[0]"));
    put_u64(b, "num_produced_blocks", n);
    put_u64(b, "num_expected_blocks", n);
    put_u64(b, "num_produced_chunks", n);
    put_u64(b, "num_expected_chunks", n);
    put_raw(b, "num_produced_chunks_per_shard", call_json(c, "[%llu]", (unsigned long long)n));
    put_raw(b, "num_expected_chunks_per_shard", call_json(c, "[%llu]", (unsigned long long)n));
    put_u64(b, "num_produced_endorsements", 0);
    put_u64(b, "num_expected_endorsements", 0);
    put_raw(b, "num_produced_endorsements_per_shard", STR("[0]"));
    put_raw(b, "num_expected_endorsements_per_shard", STR("[0]"));
    put_raw(b, "shards_endorsed", STR("[0]"));
    json_obj_end(b);
}

enum answer rpc_validators(struct call *c)
{
    struct reader r;
    struct buf *b = &c->out;
    struct json epoch = call_param(c, "epoch_id", -1), id = call_param(c, "block_id", 0);
    const struct block *block;
    struct hash256 hash;
    enum answer answer = ANSWERED;

    chain_read(c->chain, &r);
    if (!json_is_null(epoch)) {
        if (!call_hash(c, "epoch_id", -1, &hash, &answer))
            goto out;
        if (!hash_eq(&hash, &r.head->epoch_id) && !hash_eq(&hash, &r.head->next_epoch_id)) {
            answer = call_handler_text(c, "UNKNOWN_EPOCH", STR_NONE, "Unknown Epoch");
            goto out;
        }
    } else if (json_type(c->params) != JSON_STRING && !json_str_eq(id, STR("latest")) &&
               !call_block_id(c, &r, id, &block, &answer)) {
        goto out;
    }
    answer = ANSWERED;
    json_obj(b);
    json_key(b, "current_validators");
    json_arr(b);
    current_validator(c, &r);
    json_arr_end(b);
    json_key(b, "next_validators");
    json_arr(b);
    json_obj(b);
    validator_head(c);
    validator_stake(c, &r);
    put_raw(b, "shards", STR("[0]"));
    json_obj_end(b);
    json_arr_end(b);
    put_raw(b, "current_fishermen", STR("[]"));
    put_raw(b, "next_fishermen", STR("[]"));
    put_raw(b, "current_proposals", STR("[]"));
    put_raw(b, "prev_epoch_kickout", STR("[]"));
    put_u64(b, "epoch_start_height", r.head->epoch_start);
    put_u64(b, "epoch_height", r.head->epoch_height);
    json_obj_end(b);
out:
    chain_read_end(&r);
    return answer;
}

enum answer rpc_validators_ordered(struct call *c)
{
    struct reader r;

    chain_read(c->chain, &r);
    json_arr(&c->out);
    json_obj(&c->out);
    put_z(&c->out, "validator_stake_struct_version", "V1");
    validator_head(c);
    validator_stake(c, &r);
    json_obj_end(&c->out);
    json_arr_end(&c->out);
    chain_read_end(&r);
    return ANSWERED;
}

/* ------------------------------------------------------------------ configuration */

/* What both configurations share. */
static void put_config(struct call *c, struct reader *r, const struct block *genesis)
{
    struct buf *b = &c->out;

    put_u64(b, "protocol_version", r->head->protocol);
    json_key(b, "genesis_time");
    view_time(b, genesis ? genesis->timestamp : 0);
    put_z(b, "chain_id", CHAIN_ID);
    put_u64(b, "genesis_height", 0);
    put_u64(b, "num_block_producer_seats", 1);
    put_raw(b, "num_block_producer_seats_per_shard", STR("[1]"));
    put_raw(b, "avg_hidden_validator_seats_per_shard", STR("[0]"));
    put_raw(b, "dynamic_resharding", STR("false"));
    put_raw(b, "protocol_upgrade_stake_threshold", STR("[4,5]"));
    put_u64(b, "epoch_length", EPOCH_LENGTH);
    put_u64(b, "gas_limit", GAS_LIMIT_DEFAULT);
    put_u128(b, "min_gas_price", GAS_PRICE);
    put_u128(b, "max_gas_price", GAS_PRICE);
    put_u64(b, "block_producer_kickout_threshold", 90);
    put_u64(b, "chunk_producer_kickout_threshold", 90);
    put_u64(b, "chunk_validator_only_kickout_threshold", 80);
    put_u64(b, "target_validator_mandates_per_shard", 68);
    put_raw(b, "online_min_threshold", STR("[9,10]"));
    put_raw(b, "online_max_threshold", STR("[99,100]"));
    put_raw(b, "gas_price_adjustment_rate", STR("[1,100]"));
    put_u64(b, "transaction_validity_period", TX_VALIDITY_BLOCKS);
    put_raw(b, "protocol_reward_rate", STR("[1,10]"));
    put_raw(b, "max_inflation_rate", STR("[0,1]"));
    put_u64(b, "num_blocks_per_year", 31536000);
    put_z(b, "protocol_treasury_account", ROOT_ACCOUNT);
    put_z(b, "fishermen_threshold", "10000000000000000000000000");
    put_u64(b, "minimum_stake_divisor", 10);
    put_u64(b, "max_kickout_stake_perc", 100);
    put_raw(b, "minimum_stake_ratio", STR("[1,6250]"));
    put_raw(b, "shuffle_shard_assignment_for_chunk_producers", STR("false"));
    put_u64(b, "minimum_validators_per_shard", 1);
    put_raw(b, "shard_layout", STR("{\"V0\":{\"num_shards\":1,\"version\":0}}"));
}

enum answer rpc_protocol_config(struct call *c)
{
    struct reader r;
    const struct block *b;
    enum answer answer;

    chain_read(c->chain, &r);
    if (call_block(c, &r, &b, &answer)) {
        answer = ANSWERED;
        json_obj(&c->out);
        put_config(c, &r, reader_genesis(&r));
        put_raw(&c->out, "runtime_config", runtime_config_json(r.head->protocol));
        json_obj_end(&c->out);
    }
    chain_read_end(&r);
    return answer;
}

enum answer rpc_genesis_config(struct call *c)
{
    struct reader r;
    const struct block *genesis;

    chain_read(c->chain, &r);
    genesis = reader_genesis(&r);
    json_obj(&c->out);
    put_config(c, &r, genesis);
    put_u128(&c->out, "total_supply", genesis ? genesis->total_supply : 0);
    put_raw(&c->out, "validators", STR("[]"));
    put_raw(&c->out, "records", STR("[]"));
    json_obj_end(&c->out);
    chain_read_end(&r);
    return ANSWERED;
}

enum answer rpc_congestion(struct call *c)
{
    json_put_raw(&c->out, STR("{\"congestion_level\":0.0}"));
    return ANSWERED;
}

enum answer rpc_maintenance(struct call *c)
{
    json_put_raw(&c->out, STR("[]"));
    return ANSWERED;
}

enum answer rpc_split_storage(struct call *c)
{
    struct reader r;

    chain_read(c->chain, &r);
    json_obj(&c->out);
    put_u64(&c->out, "head_height", r.head->height);
    put_u64(&c->out, "final_head_height", r.head->height);
    put_null(&c->out, "cold_head_height");
    put_z(&c->out, "hot_db_kind", "RPC");
    json_obj_end(&c->out);
    chain_read_end(&r);
    return ANSWERED;
}

enum answer rpc_client_config(struct call *c)
{
    json_obj(&c->out);
    put_z(&c->out, "chain_id", CHAIN_ID);
    put_z(&c->out, "version", NODE_VERSION);
    json_obj_end(&c->out);
    return ANSWERED;
}
