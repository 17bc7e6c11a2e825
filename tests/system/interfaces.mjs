// interfaces.mjs — what a component gets beside WASI, on the chain: a node, randomness, a refund; and
// what it does not get.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { BIN, CALLER, NEAR, Network, OUTLAYER, SHARE, TGAS, near } from './harness.mjs';
import { askKeystore } from './keystore.mjs';

const net = await Network.start({ keystore: true });
const program = await net.guest('test/chain');
program.WasmUrl.build_target = 'wasm32-wasip2';
const { vrf_public_key_hex: pubkey } = await askKeystore(net, '/vrf/pubkey');

/** Each call is a line of the guest's input, each line of its output a result. */
const input = (calls) => calls.map((c) => c.join('\t')).join('\n');
const lines = (got) => {
    assert.equal(got.completed.success, true, got.completed.error_message);
    return got.value.trim().split('\n').map((l) => JSON.parse(l));
};
const ask = async (who, calls, args = {}) => lines(await net.request(who, { source: program, input_data: input(calls), ...args }));

function assertDrawn([output, signature, alpha, error]) {
    const key = createPublicKey({
        key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(pubkey, 'hex')]), format: 'der', type: 'spki',
    });
    const proof = Buffer.from(signature, 'hex');
    assert.equal(error, '');
    assert.ok(verify(null, Buffer.from(alpha), key, proof), alpha);
    assert.equal(createHash('sha256').update(proof).digest('hex'), output);
}

test('near:rpc: every question that a node answers', async () => {
    const head = (await net.provider.viewBlock({ finality: 'final' })).header;
    const { public_key: publicKey } = (await net.provider.viewAccessKeyList({ accountId: 'alice.test' })).keys[0];
    const calls = [
        ['view', OUTLAYER, 'get_stats', '{}', ''],
        ['view', OUTLAYER, 'get_stats', '{}', 'optimistic'],
        ['view', OUTLAYER, 'get_stats', '{}', String(head.height)],
        ['view', OUTLAYER, 'get_stats', '{}', head.hash],
        ['view-account', 'alice.test', ''],
        ['view-access-key', 'alice.test', publicKey, ''],
        ['view-access-key-list', 'alice.test', 'final'],
        ['view-code', CALLER, ''],
        ['view-state', CALLER, Buffer.from('STATE').toString('base64'), ''],
        ['block', String(head.height)],
        ['changes', head.hash],
        ['chunk', `${head.height},0`],
        ['gas-price', ''],
        ['gas-price', String(head.height)],
        ['status'],
        ['network-info'],
        ['validators', ''],
        ['raw', 'block', `{"block_id":${head.height}}`],
        ['raw', 'gas_price', '[null]'],
    ];
    const got = await ask(net.alice, calls, { resource_limits: { max_instructions: 10_000_000_000, max_execution_seconds: 60 } });
    got.forEach(([, error], i) => assert.equal(error, '', calls[i].join(' ')));
    for (const [text] of got.slice(0, 4))
        assert.ok(Array.isArray(JSON.parse(text)), text);
    const results = got.slice(4).map(([text]) => JSON.parse(text).result);
    assert.match(results[0].amount, /^\d+$/);
    assert.equal(results[1].permission, 'FullAccess');
    assert.ok(results[2].keys.length >= 1);
    assert.equal(Buffer.from(results[3].code_base64, 'base64').subarray(1, 4).toString(), 'asm');
    assert.equal(Buffer.from(results[4].values[0].value, 'base64').toString(), OUTLAYER);
    assert.equal(results[5].header.hash, head.hash);
    assert.equal(results[6].block_hash, head.hash);
    assert.equal(results[7].header.height_created, head.height);
    assert.match(results[8].gas_price, /^\d+$/);
    assert.equal(results[10].chain_id, 'localnet');
    assert.equal(results[13].header.height, head.height);
});

test('outlayer run gives the same node, without a chain in between', () => {
    const wasm = path.join(SHARE, 'guests/test/chain.wasm');
    const done = spawnSync(path.join(BIN, 'outlayer'), ['run', wasm, '--rpc', net.chain.url, '--vrf-seed', 'tries', '--no-cache',
        '--input', input([['view', OUTLAYER, 'get_stats', '{}', ''], ['view-account', 'nobody.test', '']])], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    const [stats, nobody] = done.stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.equal(JSON.parse(stats[0]).length, 2);
    assert.match(nobody[1], /UNKNOWN_ACCOUNT/);
});

test('near:rpc: what fails is told, and nothing of it ends the run', async () => {
    const got = await ask(net.alice, [
        ['view', OUTLAYER, 'no_such_method', '{}', ''],
        ['view-account', 'nobody.test', ''],
        ['view-account', 'NOBODY', ''],
        ['block', '99999999'],
        ['block', 'latest'],
        ['raw', 'sandbox_patch_state', '{"records":[]}'],
        ['raw', 'sandbox_fast_forward', '{"delta_height":1000}'],
        ['send-tx', 'AAAA', ''],
        ['tx-status', near.baseEncode(new Uint8Array(32)), 'alice.test', 'NONE'],
        ['transfer', 'alice.test', `ed25519:${near.baseEncode(new Uint8Array(64))}`, 'bob.test', '1', ''],
        ['times', '100', 'status'],
    ]);
    const errors = got.map(([, error]) => error);
    const reasons = [/MethodNotFound/, /UNKNOWN_ACCOUNT/, /no account id/, /UNKNOWN_BLOCK/, /no finality/,
        /passed on/, /passed on/, /PARSE_ERROR/, /UNKNOWN_TRANSACTION/, /signer-key/, /more than 100 calls/];
    reasons.forEach((reason, i) => assert.match(errors[i], reason, `${i}`));
    for (const error of errors)
        assert.doesNotMatch(error, /127\.0\.0\.1/);
    assert.ok((await net.provider.viewBlock({ finality: 'final' })).header.height < 100_000);
});

test('near:rpc: a program signs with a key of its own, which is seen nowhere', async () => {
    const bob = await net.createAccount('bob.test', 10n * NEAR);
    const keyFile = path.join(net.home, 'alice.json');
    const pair = near.KeyPair.fromRandom('ed25519');
    await net.transact(net.alice, 'alice.test', [near.actions.addFullAccessKey(pair.getPublicKey())]);
    fs.writeFileSync(keyFile, JSON.stringify({ account_id: 'alice.test', private_key: pair.toString() }), { mode: 0o600 });
    // The program's key is a secret of its owner, bound to the program.
    const signer = near.KeyPair.fromRandom('ed25519');
    await net.transact(bob, 'bob.test', [near.actions.addFullAccessKey(signer.getPublicKey())]);
    const stored = spawnSync(path.join(BIN, 'outlayer'), ['secrets', 'set', '--wasm-hash', program.WasmUrl.hash, '--key-file', keyFile,
        '--rpc-url', net.chain.url, '--keystore-url', net.keystore.url, '--contract-id', OUTLAYER], { input: `SIGNER_KEY=${signer}\n`, encoding: 'utf8' });
    assert.equal(stored.status, 0, stored.stderr);
    await net.createAccount('carol.test', 10n * NEAR);
    const had = BigInt(await net.balance('carol.test'));
    const [sent, called, unsent, failed, queued, again] = await ask(net.alice, [
        ['transfer', 'bob.test', 'key', 'carol.test', '5', ''],
        ['call', 'bob.test', 'key', CALLER, 'call_outlayer', '{}', '0', String(30n * TGAS), 'INCLUDED'],
        ['transfer', 'carol.test', 'key', 'bob.test', '5', ''],
        ['call', 'bob.test', 'key', OUTLAYER, 'no_such_method', '{}', '0', String(30n * TGAS), ''],
        ['transfer', 'bob.test', 'key', 'carol.test', '6', 'NONE'],
        ['transfer', 'bob.test', 'key', 'carol.test', '7', 'FINAL'],
    ], { secrets_ref: { profile: 'default', account_id: 'alice.test' } });
    for (const [hash, error] of [sent, called, queued, again]) {
        assert.equal(error, '');
        assert.match(hash, /^[1-9A-HJ-NP-Za-km-z]{43,44}$/);
    }
    assert.match(unsent[1], /access key/);
    assert.match(failed[1], /transaction \w+ failed: .*MethodNotFound/s);
    assert.equal(BigInt(await net.balance('carol.test')) - had, 18n);
    // What the program was told can be looked up, by it and by others.
    const [told] = await ask(net.alice, [['tx-status', sent[0], 'bob.test', 'FINAL']]);
    assert.equal(JSON.parse(told[0]).result.transaction.hash, sent[0]);
    const outcome = await net.status(sent[0], 'bob.test');
    assert.equal(outcome.transaction.public_key, signer.getPublicKey().toString());
    const secret = signer.toString().slice(8);
    for (const log of ['worker', 'keystore', 'coordinator', 'chain'])
        assert.ok(!fs.readFileSync(net.log(log)).includes(secret), `the log of ${log} has the key`);
    for (const file of ['coordinator.db', 'coordinator.db-wal', 'worker/outbox.db', 'worker/outbox.db-wal'])
        if (fs.existsSync(path.join(net.home, file)))
            assert.ok(!fs.readFileSync(path.join(net.home, file)).includes(secret), `${file} has the key`);
});

test('near:vrf: one value for a seed in a run, another in the next, checked by node and by the command line', async () => {
    const [first, same, other, key, bad] = await ask(net.alice, [['generate', 'a'], ['generate', 'a'], ['generate', 'b'], ['pubkey'], ['generate', 'a:b']]);
    assertDrawn(first);
    assertDrawn(other);
    assert.deepEqual(same, first);
    assert.notEqual(other[0], first[0]);
    assert.deepEqual(key, [pubkey, '']);
    assert.deepEqual(bad, ['', '', '', "user_seed must not contain ':'"]);
    assert.match(first[2], /^vrf:\d+:alice\.test:a$/);
    const [next] = await ask(net.alice, [['generate', 'a']]);
    assertDrawn(next);
    assert.notEqual(next[0], first[0]);
    const done = spawnSync(path.join(BIN, 'outlayer'), ['vrf', 'verify', '--pubkey', pubkey, '--alpha', next[2], '--signature', next[1], '--output', next[0]]);
    assert.equal(done.status, 0);
    // Through a contract it is the signer's, as the chain has it.
    const outcome = await net.transact(net.alice, CALLER, [near.actions.functionCall('call_outlayer',
        { source: program, input_data: input([['generate', 'a']]) }, 300n * TGAS, NEAR / 10n)]);
    const [through] = lines(net.read(outcome));
    assert.match(through[2], /:alice\.test:a$/);
    const over = await ask(net.alice, [['times', '11', 'generate', 'a']]);
    assert.match(over[0][3], /10 values/);
});

test('near:payment: given back when the run succeeds, and only then', async () => {
    const usdc = await net.createAccount('usdc.test', 10n * NEAR);
    const call = (who, method, args, deposit = 0n) =>
        net.transact(who, OUTLAYER, [near.actions.functionCall(method, args, 100n * TGAS, deposit)]);
    await call(net.outlayer, 'set_payment_token_contract', { token_contract: 'usdc.test' });
    // This account plays the token: what counts is that it calls.
    await call(usdc, 'ft_on_transfer', { sender_id: 'alice.test', amount: '1000000', msg: '{"action":"deposit_balance"}' });
    await call(net.operatorOwner, 'create_project', { name: 'chain', source: program }, NEAR / 10n);
    const source = { Project: { project_id: 'worker.outlayer.test/chain', version_key: null } };
    const balance = async () => BigInt(await net.view('get_user_stablecoin_balance', { account_id: 'alice.test' }));
    const earned = async () => BigInt(await net.view('get_developer_earnings', { account_id: 'worker.outlayer.test' }));
    const run = (calls, more = {}) => net.request(net.alice, {
        source, input_data: input(calls), params: { attached_usd: '1000' }, ...more });
    const after = async (calls, more) => {
        const [had, owned] = [await balance(), await earned()];
        const got = await run(calls, more);
        return { got, paid: had - await balance(), earned: await earned() - owned };
    };

    const part = await after([['env', 'ATTACHED_USD'], ['refund-usd', '1001'], ['refund-usd', '400'], ['refund-usd', '1']]);
    const [attached, over, given, twice] = lines(part.got);
    assert.deepEqual([attached, given], [['1000', ''], ['', '']]);
    assert.match(over[1], /more than the attached 1000/);
    assert.match(twice[1], /once in a run/);
    assert.deepEqual([part.paid, part.earned], [600n, 600n]);
    const { job_id: job, refund_usd: told } = await net.page(part.got.requested.request_id);
    const listed = await (await fetch(`${net.coordinator.url}/public/executions/${job}`)).json();
    assert.deepEqual([told, listed.refund_usd], [400, 400]);
    // All of it; none of it.
    const all = await after([['refund-usd', '1000']]);
    assert.deepEqual([all.paid, all.earned], [0n, 0n]);
    const none = await after([['env', 'X']]);
    assert.deepEqual([none.paid, none.earned], [1000n, 1000n]);
    // A long answer goes by the other method.
    const long = await after([['refund-usd', '400'], ['view-code', CALLER, '']], { resource_limits: { max_instructions: 10_000_000_000 } });
    assert.ok(lines(long.got)[1][0].length > 2000);
    assert.deepEqual([long.paid, long.earned], [600n, 600n]);
    // A run that fails has everything returned anyway, and no more than that.
    const failed = await after([['refund-usd', '400'], ['fail']]);
    assert.equal(failed.got.completed.success, false);
    assert.deepEqual([failed.paid, failed.earned], [0n, 0n]);
    // Nothing attached, nothing to give back.
    const [empty] = await ask(net.alice, [['refund-usd', '1']]);
    assert.match(empty[1], /more than the attached 0/);
});

test('the keystore is away while a program draws: the request waits for it', async () => {
    await net.keystore.kill9();
    // It fails when it gets no value, and that is not its fault.
    const pending = net.request(net.alice, { source: program, input_data: input([['need', 'generate', 'a']]) });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await net.startKeystore();
    assertDrawn(lines(await pending)[0]);
});

test('a worker that takes no transactions, one without a node, one without a keystore', async () => {
    await net.worker.stop();
    net.options.workerArgs = ['--guest-rpc-read-only'];
    await net.startWorker();
    const [refused, read] = await ask(net.alice, [
        ['transfer', 'alice.test', `ed25519:${net.alice.secret.slice(8)}`, 'bob.test', '1', ''], ['status'],
    ]);
    assert.deepEqual(refused, ['', 'this worker sends no transactions of guests']);
    assert.equal(read[1], '');

    await net.worker.stop();
    net.options.workerArgs = ['--guest-rpc-url', 'none'];
    await net.startWorker();
    const without = await net.request(net.alice, { source: program, input_data: 'status' });
    assert.equal(without.completed.success, false);
    assert.match(without.completed.error_message, /the program imports 'near:rpc\/api'/);

    await net.worker.stop();
    net.options.workerArgs = [];
    const keystore = net.keystore;
    net.keystore = undefined;
    await net.startWorker();
    net.keystore = keystore;
    const undrawn = await net.request(net.alice, { source: program, input_data: 'status' });
    assert.equal(undrawn.completed.success, false);
    assert.match(undrawn.completed.error_message, /the program imports 'near:vrf\/api', which only workers with a keystore have/);
});
