// chain.mjs — the embedded chain alone, as NEAR clients see it: near-api-js 7 and plain JSON-RPC.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Daemon, NEAR, SHARE, TGAS, near, sleep } from './harness.mjs';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-chain-'));
const chain = await new Daemon('outlayer-devnet', ['--home', path.join(home, 'chain'), '--port', '0',
    '--block-time-ms', '50'], path.join(home, 'chain.log')).start();
after(async () => {
    await chain.stop();
    fs.rmSync(home, { recursive: true, force: true });
});

const provider = new near.JsonRpcProvider({ url: chain.url }, { retries: 1 });
const rootKey = JSON.parse(fs.readFileSync(path.join(home, 'chain/credentials/localnet/test.json'), 'utf8'));
const root = new near.Account('test', provider, near.KeyPairSigner.fromSecretKey(rootKey.private_key));

/** One JSON-RPC request: the HTTP status and the body. */
async function rpc(method, params, extra = {}) {
    const response = await fetch(chain.url, {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 'dontcare', method, params, ...extra }),
    });
    return { status: response.status, body: await response.json() };
}

async function result(method, params) {
    const { status, body } = await rpc(method, params);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.result !== undefined, JSON.stringify(body));
    assert.equal(body.id, 'dontcare');
    return body.result;
}

async function failure(method, params) {
    const { status, body } = await rpc(method, params);
    assert.ok(body.error, JSON.stringify(body));
    return { http: status, ...body.error };
}

async function transact(account, receiverId, actions, waitUntil = 'FINAL') {
    return account.signAndSendTransaction({ receiverId, actions, waitUntil, throwOnFailure: false });
}

async function create(id, balance = 100n * NEAR, curve = 'ed25519') {
    const key = near.KeyPair.fromRandom(curve);
    const outcome = await transact(root, id, [
        near.actions.createAccount(), near.actions.transfer(balance),
        near.actions.addFullAccessKey(key.getPublicKey()),
    ]);
    assert.equal(outcome.status.SuccessValue, '');
    return { account: new near.Account(id, provider, near.KeyPairSigner.fromSecretKey(key.toString())), key };
}

const alice = await create('alice.test');

test('accounts: made, seen, changed', async () => {
    const state = await alice.account.getState();
    assert.equal(state.balance.total, 100n * NEAR);
    const view = await result('query', { request_type: 'view_account', finality: 'final', account_id: 'alice.test' });
    assert.deepEqual(Object.keys(view).sort(), ['amount', 'block_hash', 'block_height', 'code_hash', 'locked', 'storage_paid_at', 'storage_usage']);
    assert.equal(view.amount, String(100n * NEAR));
    assert.equal(view.storage_usage, 182);
    assert.equal(view.code_hash, '1'.repeat(32));
    const keys = await result('query', { request_type: 'view_access_key_list', finality: 'final', account_id: 'alice.test' });
    assert.equal(keys.keys.length, 1);
    assert.equal(keys.keys[0].access_key.permission, 'FullAccess');
    assert.deepEqual((await result('query', ['account/alice.test', ''])).amount, view.amount);
});

test('what is not there is told in the words clients know', async () => {
    const at = { finality: 'optimistic' };
    const missing = await failure('query', { request_type: 'view_account', ...at, account_id: 'nobody.test' });
    assert.equal(missing.http, 200);
    assert.equal(missing.name, 'HANDLER_ERROR');
    assert.equal(missing.code, -32000);
    assert.equal(missing.cause.name, 'UNKNOWN_ACCOUNT');
    assert.equal(missing.cause.info.requested_account_id, 'nobody.test');
    assert.equal(missing.data, 'account nobody.test does not exist while viewing');
    const key = 'ed25519:22skMptHjFWNyuEWY22ftn2AbLPSYpmYwGJRGwpNHbTV';
    const soft = await result('query', { request_type: 'view_access_key', ...at, account_id: 'alice.test', public_key: key });
    assert.equal(soft.error, `access key ${key} does not exist while viewing`);
    assert.deepEqual(soft.logs, []);
    const code = await failure('query', { request_type: 'view_code', ...at, account_id: 'alice.test' });
    assert.equal(code.cause.name, 'NO_CONTRACT_CODE');
    const block = await failure('block', { block_id: 999999999 });
    assert.equal(block.cause.name, 'UNKNOWN_BLOCK');
    assert.equal(block.data, 'DB Not Found Error: BLOCK HEIGHT: 999999999 \n Cause: Unknown');
    const tx = await failure('tx', { tx_hash: '1'.repeat(32), sender_account_id: 'test', wait_until: 'NONE' });
    assert.equal(tx.cause.name, 'UNKNOWN_TRANSACTION');
    const receipt = await failure('EXPERIMENTAL_receipt', { receipt_id: '1'.repeat(32) });
    assert.equal(receipt.cause.name, 'UNKNOWN_RECEIPT');
});

test('what is no request is refused, and the chain goes on', async () => {
    const unknown = await failure('no_such_method', []);
    assert.deepEqual([unknown.http, unknown.code, unknown.cause.name, unknown.data], [400, -32601, 'METHOD_NOT_FOUND', 'no_such_method']);
    const bad = await failure('query', { request_type: 'view_account', account_id: 'alice.test' });
    assert.deepEqual([bad.http, bad.code, bad.cause.name], [400, -32700, 'PARSE_ERROR']);
    for (const body of ['', '{', '[]', '[{"jsonrpc":"2.0"}]', '{"jsonrpc":"1.0","id":1,"method":"status"}', '\0\xff', '"x"',
        `{"jsonrpc":"2.0","id":1,"method":"status","extra":1}`, '['.repeat(100000)]) {
        const response = await fetch(chain.url, { method: 'POST', body });
        assert.equal(response.status, 400, body.slice(0, 50));
        assert.equal((await response.json()).error.cause.name, 'PARSE_ERROR');
    }
    const large = await fetch(chain.url, { method: 'POST', body: 'x'.repeat(17 << 20) }).catch(() => ({ status: 413 }));
    assert.equal(large.status, 413);
    const wrong = await failure('send_tx', { signed_tx_base64: 'AAAA' });
    assert.equal(wrong.cause.name, 'PARSE_ERROR');
    assert.match(wrong.data, /^Failed to decode transaction: /);
    assert.equal((await fetch(`${chain.url}/status`)).status, 200);
    assert.equal(await (await fetch(`${chain.url}/health`)).text(), 'null');
});

test('a transaction is refused with the reason', async () => {
    const stranger = near.KeyPair.fromRandom('ed25519');
    const other = new near.Account('alice.test', provider, near.KeyPairSigner.fromSecretKey(stranger.toString()));
    await assert.rejects(other.transfer({ receiverId: 'test', amount: 1n }));
    const signer = near.KeyPairSigner.fromSecretKey(alice.key.toString());
    const block = await provider.viewBlock({ finality: 'final' });
    const tx = near.createTransaction('alice.test', await signer.getPublicKey(), 'test', 1n,
        [near.actions.transfer(1n)], near.baseDecode(block.header.hash));
    const signed = await signer.signTransaction(tx);
    const bytes = near.encodeTransaction(signed.signedTransaction ?? signed[1] ?? signed);
    const nonce = await failure('send_tx', { signed_tx_base64: Buffer.from(bytes).toString('base64') });
    assert.equal(nonce.http, 200);
    assert.equal(nonce.cause.name, 'INVALID_TRANSACTION');
    assert.deepEqual(nonce.cause.info, {});
    assert.equal(nonce.data.TxExecutionError.InvalidTxError.InvalidNonce.tx_nonce, 1);
});

test('secp256k1 keys sign too', async () => {
    const { account, key } = await create('koblitz.test', 10n * NEAR, 'secp256k1');
    assert.match(key.getPublicKey().toString(), /^secp256k1:/);
    const outcome = await transact(account, 'test', [near.actions.transfer(NEAR)]);
    assert.equal(outcome.status.SuccessValue, '');
    assert.equal(outcome.final_execution_status, 'FINAL');
});

test('every level of waiting', async () => {
    const reached = { NONE: ['NONE'], INCLUDED: ['INCLUDED_FINAL', 'EXECUTED', 'FINAL'],
        EXECUTED_OPTIMISTIC: ['EXECUTED', 'FINAL'], INCLUDED_FINAL: ['INCLUDED_FINAL', 'EXECUTED', 'FINAL'],
        EXECUTED: ['EXECUTED', 'FINAL'], FINAL: ['FINAL'] };
    for (const [level, fine] of Object.entries(reached)) {
        const outcome = await transact(alice.account, 'test', [near.actions.transfer(1n)], level);
        assert.ok(fine.includes(outcome.final_execution_status), `${level}: ${outcome.final_execution_status}`);
        await sleep(200);
    }
});

test('a transaction in full: outcomes, receipts, refunds, proofs', async () => {
    const { account } = await create('bob.test');
    const outcome = await transact(alice.account, 'bob.test', [near.actions.transfer(NEAR)]);
    assert.equal(outcome.transaction_outcome.outcome.gas_burnt, 223182562500);
    assert.equal(outcome.transaction_outcome.outcome.tokens_burnt, '22318256250000000000');
    assert.deepEqual(outcome.transaction_outcome.outcome.metadata, { version: 1, gas_profile: null });
    assert.equal(outcome.receipts_outcome.length, 2);
    assert.equal(outcome.receipts_outcome[1].outcome.executor_id, 'alice.test');
    assert.equal(outcome.receipts_outcome[1].outcome.tokens_burnt, '0');
    const full = await result('EXPERIMENTAL_tx_status', { tx_hash: outcome.transaction.hash, sender_account_id: 'alice.test', wait_until: 'FINAL' });
    assert.equal(full.receipts.length, 2);
    assert.equal(full.receipts[1].predecessor_id, 'system');
    assert.equal(full.receipts[1].receipt.Action.gas_price, '0');
    const receipt = await result('EXPERIMENTAL_receipt', { receipt_id: full.receipts[0].receipt_id });
    assert.deepEqual(receipt, full.receipts[0]);
    assert.deepEqual(await result('tx', [outcome.transaction.hash, 'alice.test']), await result('tx', { tx_hash: outcome.transaction.hash, sender_account_id: 'alice.test' }));
    assert.equal((await account.getState()).balance.total, 101n * NEAR);

    // A light client's way: from the outcome to the header of a later block.
    await sleep(300);
    const head = await result('block', { finality: 'final' });
    const proof = await result('EXPERIMENTAL_light_client_proof', {
        type: 'transaction', transaction_hash: outcome.transaction.hash, sender_id: 'alice.test', light_client_head: head.header.hash,
    });
    const sha = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.concat(parts)));
    const climb = async (leaf, steps) => {
        for (const { hash, direction } of steps) {
            const other = near.baseDecode(hash);
            leaf = direction === 'Left' ? await sha(other, leaf) : await sha(leaf, other);
        }
        return leaf;
    };
    const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); return b; };
    const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32LE(v); return b; };
    const o = proof.outcome_proof;
    const text = (s) => Buffer.concat([u32(Buffer.byteLength(s)), Buffer.from(s)]);
    const tokens = BigInt(o.outcome.tokens_burnt);
    const partial = Buffer.concat([u32(1), near.baseDecode(o.outcome.receipt_ids[0]), u64(o.outcome.gas_burnt),
        u64(tokens & 0xffffffffffffffffn), u64(tokens >> 64n), text(o.outcome.executor_id),
        Buffer.from([3]), near.baseDecode(o.outcome.status.SuccessReceiptId)]);
    const leaf = await sha(u32(2), near.baseDecode(o.id), await sha(partial));
    const chunk = await climb(leaf, o.proof);
    const root_ = await climb(await sha(chunk), proof.outcome_root_proof);
    const lite = proof.block_header_lite.inner_lite;
    assert.equal(near.baseEncode(root_), lite.outcome_root);
    const d = near.baseDecode;
    const inner = await sha(u64(lite.height), d(lite.epoch_id), d(lite.next_epoch_id), d(lite.prev_state_root),
        d(lite.outcome_root), u64(lite.timestamp_nanosec), d(lite.next_bp_hash), d(lite.block_merkle_root));
    const hash = await sha(await sha(inner, d(proof.block_header_lite.inner_rest_hash)), d(proof.block_header_lite.prev_block_hash));
    assert.equal(near.baseEncode(hash), o.block_hash);
    assert.equal(near.baseEncode(await climb(hash, proof.block_proof)), head.header.block_merkle_root);
});

test('contracts: deployed, called, viewed, their state and failures', async () => {
    const { account } = await create('app.test');
    const wasm = fs.readFileSync(path.join(SHARE, 'caller.wasm'));
    const done = await transact(account, 'app.test', [near.actions.deployContract(wasm),
        near.actions.functionCall('new', { outlayer_id: 'outlayer.test' }, 30n * TGAS, 0n)]);
    assert.equal(done.status.SuccessValue, '');
    assert.equal(done.receipts_outcome[0].outcome.metadata.version, 4);
    assert.deepEqual(done.receipts_outcome[0].outcome.metadata.contracts[0], null);
    assert.ok(done.receipts_outcome[0].outcome.metadata.contracts[1].local);
    assert.ok(done.receipts_outcome[0].outcome.metadata.gas_profile.some((p) => p.cost === 'STORAGE_WRITE_BASE'));
    const code = await result('query', { request_type: 'view_code', finality: 'final', account_id: 'app.test' });
    assert.equal(code.code_base64, wasm.toString('base64'));
    const state = await result('query', { request_type: 'view_state', finality: 'final', account_id: 'app.test', prefix_base64: '' });
    assert.ok(state.values.length > 0);
    const gone = await result('query', { request_type: 'call_function', finality: 'final', account_id: 'app.test', method_name: 'nope', args_base64: '' });
    assert.equal(gone.error, 'wasm execution failed with error: MethodResolveError(MethodNotFound)');
    const none = await result('query', { request_type: 'call_function', finality: 'final', account_id: 'alice.test', method_name: 'nope', args_base64: '' });
    assert.equal(none.error, 'wasm execution failed with error: CompilationError(CodeDoesNotExist { account_id: "alice.test" })');
    const failed = await transact(alice.account, 'app.test', [near.actions.functionCall('nope', {}, 30n * TGAS, NEAR)]);
    assert.deepEqual(failed.status, { Failure: { ActionError: { index: 0, kind: { FunctionCallError: { MethodResolveError: 'MethodNotFound' } } } } });
    const changes = await result('EXPERIMENTAL_changes', { block_id: done.receipts_outcome[0].block_hash, changes_type: 'contract_code_changes', account_ids: ['app.test'] });
    assert.equal(changes.changes.length, 1);
    assert.equal(changes.changes[0].type, 'contract_code_update');
    assert.equal(changes.changes[0].cause.type, 'receipt_processing');
    const touched = await result('EXPERIMENTAL_changes_in_block', { block_id: done.receipts_outcome[0].block_hash });
    assert.ok(touched.changes.some((c) => c.type === 'data_touched' && c.account_id === 'app.test'));
});

test('the state of earlier blocks', async () => {
    const before = await result('query', { request_type: 'view_account', finality: 'final', account_id: 'alice.test' });
    await transact(alice.account, 'test', [near.actions.transfer(3n * NEAR)]);
    const then = await result('query', { request_type: 'view_account', block_id: before.block_height, account_id: 'alice.test' });
    assert.deepEqual(then, before);
    const by_hash = await result('query', { request_type: 'view_account', block_id: before.block_hash, account_id: 'alice.test' });
    assert.deepEqual(by_hash, before);
});

test('restricted keys', async () => {
    const key = near.KeyPair.fromRandom('ed25519');
    await transact(alice.account, 'alice.test', [near.actions.addFunctionCallAccessKey(key.getPublicKey(), 'app.test', ['new'], NEAR / 4n)]);
    const limited = new near.Account('alice.test', provider, near.KeyPairSigner.fromSecretKey(key.toString()));
    await assert.rejects(transact(limited, 'test', [near.actions.transfer(1n)]), /RequiresFullAccess|InvalidAccessKey/);
    const used = await transact(limited, 'app.test', [near.actions.functionCall('new', { outlayer_id: 'x.test' }, 10n * TGAS, 0n)]);
    assert.match(JSON.stringify(used.status), /panicked/);
    const view = await result('query', { request_type: 'view_access_key', finality: 'final', account_id: 'alice.test', public_key: key.getPublicKey().toString() });
    assert.ok(BigInt(view.permission.FunctionCall.allowance) < NEAR / 4n);
    assert.ok(BigInt(view.permission.FunctionCall.allowance) > NEAR / 5n);
    assert.deepEqual(view.permission.FunctionCall.method_names, ['new']);
});

test('a meta transaction: one signs, another pays', async () => {
    const { account: relay } = await create('relay.test');
    const before = (await alice.account.getState()).balance.total;
    const to = (await root.getState()).balance.total;
    const meta = await alice.account.createSignedMetaTransaction({
        receiverId: 'test', actions: [near.actions.transfer(NEAR)],
    });
    const outcome = await relay.relayMetaTransaction(meta.signedDelegate ?? meta[1] ?? meta, { waitUntil: 'FINAL' });
    assert.equal(outcome.status.SuccessValue, '');
    assert.equal((await alice.account.getState()).balance.total, before);
    assert.equal((await root.getState()).balance.total, to + NEAR);
    assert.equal(outcome.transaction.actions[0].Delegate.delegate_action.sender_id, 'alice.test');
    const inner = outcome.receipts_outcome.find((r) => r.outcome.executor_id === 'test');
    const receipt = await result('EXPERIMENTAL_receipt', { receipt_id: inner.id });
    assert.equal(receipt.predecessor_id, 'alice.test');
    assert.equal(receipt.receipt.Action.signer_id, 'relay.test');
});

test('what a node tells of itself', async () => {
    const status = await result('status', []);
    assert.equal(status.chain_id, 'localnet');
    assert.equal(status.protocol_version, 88);
    assert.equal(status.sync_info.syncing, false);
    assert.match(status.sync_info.latest_block_time, /^20\d\d-.*Z$/);
    const config = await result('EXPERIMENTAL_protocol_config', { finality: 'final' });
    assert.equal(config.runtime_config.storage_amount_per_byte, '10000000000000000000');
    assert.equal(config.runtime_config.min_gas_purchase_price, '1000000000');
    assert.equal((await result('gas_price', [null])).gas_price, '100000000');
    assert.equal((await result('validators', [null])).current_validators[0].account_id, 'node0');
    assert.equal((await result('validators', 'latest')).current_validators.length, 1);
    assert.equal(await result('health', []), null);
    assert.deepEqual((await result('network_info', [])).active_peers, []);
    const block = await result('block', { finality: 'final' });
    const chunk = await result('chunk', { block_id: block.header.height, shard_id: 0 });
    assert.equal(chunk.header.chunk_hash, block.chunks[0].chunk_hash);
    assert.deepEqual(await result('chunk', { chunk_id: chunk.header.chunk_hash }), chunk);
    assert.equal((await failure('chunk', { block_id: block.header.height, shard_id: 7 })).cause.name, 'INVALID_SHARD_ID');
});

test('the block stream', async () => {
    const sent = await transact(alice.account, 'test', [near.actions.transfer(1n)]);
    const at = await result('block', { block_id: sent.receipts_outcome[0].block_hash });
    const block = await (await fetch(`${chain.url}/v0/block/${at.header.height}`)).json();
    assert.equal(block.block.header.hash, at.header.hash);
    const shard = block.shards[0];
    assert.equal(shard.shard_id, 0);
    const mine = shard.receipt_execution_outcomes.find((o) => o.execution_outcome.id === sent.receipts_outcome[0].id);
    assert.equal(mine.tx_hash, sent.transaction.hash);
    assert.equal(mine.receipt.receipt_id, mine.execution_outcome.id);
    assert.ok(shard.chunk.receipts.some((r) => r.receipt_id === mine.receipt.receipt_id));
    assert.ok(shard.state_changes.length > 0);
    const last = await fetch(`${chain.url}/v0/last_block/final`, { redirect: 'manual' });
    assert.equal(last.status, 302);
    const height = Number(last.headers.get('location').split('/').pop());
    const waited = await (await fetch(`${chain.url}/v0/block/${height + 3}?wait_ms=5000`)).json();
    assert.equal(waited.block.header.height, height + 3);
    assert.equal(await (await fetch(`${chain.url}/v0/block/${height + 100000}?wait_ms=10`)).json(), null);
    assert.equal((await fetch(`${chain.url}/v0/block/${height + 100000}`)).status, 404);
    assert.deepEqual(Object.keys(await (await fetch(`${chain.url}/v0/block/${height}/headers`)).json()).sort(), ['author', 'chunks', 'header']);
});

test('state patched, heights skipped', async () => {
    const key = near.KeyPair.fromRandom('ed25519');
    assert.deepEqual(await result('sandbox_patch_state', { records: [
        { Account: { account_id: 'rich.test', account: { amount: String(5n * NEAR), locked: '0', code_hash: '1'.repeat(32), storage_usage: 182, version: 'V1' } } },
        { AccessKey: { account_id: 'rich.test', public_key: key.getPublicKey().toString(), access_key: { nonce: 0, permission: 'FullAccess' } } },
        { Data: { account_id: 'rich.test', data_key: 'AA==', value: 'AQI=' } },
    ] }), {});
    const rich = new near.Account('rich.test', provider, near.KeyPairSigner.fromSecretKey(key.toString()));
    assert.equal((await transact(rich, 'test', [near.actions.transfer(NEAR)])).status.SuccessValue, '');
    const before = await result('block', { finality: 'final' });
    assert.deepEqual(await result('sandbox_fast_forward', { delta_height: 500 }), {});
    const then = await result('block', { finality: 'final' });
    assert.ok(then.header.height >= before.header.height + 500);
    assert.ok(BigInt(then.header.timestamp_nanosec) >= BigInt(before.header.timestamp_nanosec) + 499n * 50_000_000n);
    const skipped = await failure('block', { block_id: before.header.height + 100 });
    assert.deepEqual([skipped.http, skipped.cause.name], [422, 'UNKNOWN_BLOCK']);
    assert.equal(await (await fetch(`${chain.url}/v0/block/${before.header.height + 100}`)).json(), null);
});

test('snapshots: kept, and gone back to', async () => {
    const balance = async () => (await alice.account.getState()).balance.total;
    const before = await balance();
    assert.deepEqual(await result('sandbox_snapshot_save', { name: 'before' }), {});
    const saved = await result('block', { finality: 'final' });
    await transact(alice.account, 'test', [near.actions.transfer(7n * NEAR)]);
    assert.ok(await balance() < before - 6n * NEAR);
    await sleep(300);
    assert.deepEqual(await result('sandbox_snapshot_load', { name: 'before' }), {});
    assert.equal(await balance(), before);
    const back = await result('block', { finality: 'final' });
    assert.ok(back.header.height <= saved.header.height + 3);
    assert.equal((await transact(alice.account, 'test', [near.actions.transfer(1n)])).status.SuccessValue, '');
    assert.equal((await failure('sandbox_snapshot_load', { name: 'never' })).cause.name, 'SANDBOX_ERROR');
    assert.equal((await failure('sandbox_snapshot_save', { name: '../x' })).cause.name, 'PARSE_ERROR');
});

test('kill -9 loses nothing that was answered', async () => {
    const sent = await transact(alice.account, 'test', [near.actions.transfer(NEAR)], 'EXECUTED_OPTIMISTIC');
    const view = await result('query', { request_type: 'view_account', finality: 'final', account_id: 'test' });
    await chain.kill?.();
    if (!chain.kill) {
        chain.child.kill('SIGKILL');
        await chain.ended;
    }
    chain.args[chain.args.indexOf('--port') + 1] = new URL(chain.url).port;
    const began = Date.now();
    await chain.start();
    assert.ok(Date.now() - began < 1000 * (process.env.SANITIZED === '1' ? 20 : 1));
    const again = await result('query', { request_type: 'view_account', block_id: view.block_height, account_id: 'test' }).catch(() => null);
    assert.ok(again === null || again.amount === view.amount);
    const tx = await result('tx', { tx_hash: sent.transaction.hash, sender_account_id: 'alice.test' });
    assert.equal(tx.status.SuccessValue, '');
});
