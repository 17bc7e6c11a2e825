// anchored.mjs — a network that registers its worker by quote: batches on the chain, secrets only
// for the keys that the quote binds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { near, until } from './harness.mjs';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-anchored-'));
const up = spawn(path.join(process.env.BIN_DIR, 'outlayer'), [
    'up', '--json', '--home', home, '--port-base', '0', '--block-time-ms', '50',
], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, OUTLAYER_SHARE: process.env.SHARE_DIR },
});
after(async () => {
    up.kill('SIGINT');
    await once(up, 'exit');
    if (!process.env.KEEP_HOME)
        fs.rmSync(home, { recursive: true });
});
let net;
for await (const line of readline.createInterface({ input: up.stdout })) {
    const said = JSON.parse(line);
    if (said.ready) {
        net = said;
        break;
    }
}
up.stdout.resume();

const get = async (at) => (await fetch(`${net.coordinator}${at}`)).json();
const rpc = async (method, params) => (await (await fetch(net.chain, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
})).json()).result;
const view = async (contract, method, args) => JSON.parse(Buffer.from((await rpc('query', {
    request_type: 'call_function', finality: 'final', account_id: contract, method_name: method,
    args_base64: Buffer.from(JSON.stringify(args)).toString('base64'),
})).result).toString());

test('the first request of a new network is anchored, and all of it verifies', async () => {
    const { job_id: id } = await get(`/requests/${net.request_id}`);
    const page = await until('the anchor', async () => {
        const seen = await get(`/public/executions/${id}`);
        return seen.attestation?.state === 'anchored' && seen;
    });
    const { statement, anchor_tx: tx, anchor_contract: contract, anchor_height: height } = page.statements[0];
    // What the chain says, asked directly: the root in the register's event, and the session.
    const status = await rpc('tx', { tx_hash: tx, sender_account_id: contract, wait_until: 'FINAL' })
        ?? await rpc('EXPERIMENTAL_tx_status', { tx_hash: tx, sender_account_id: contract, wait_until: 'FINAL' });
    const event = status.receipts_outcome.flatMap((r) => r.outcome.logs).filter((l) => l.startsWith('EVENT_JSON:'))
        .map((l) => JSON.parse(l.slice(11))).find((e) => e.event === 'batch_anchored').data[0];
    assert.equal(event.session_id, statement.session_id);
    assert.ok(event.first_seq <= statement.seq && statement.seq < event.first_seq + event.count);
    assert.equal(event.simulated, true);
    const block = await rpc('block', { block_id: height });
    assert.ok(Math.abs(block.header.timestamp / 1e6 - Date.now()) < 600_000);
    const session = await view(contract, 'get_session', { session_id: statement.session_id });
    assert.equal(session.statements_anchored >= event.count, true);

    const approved = path.join(home, 'approved.json');
    const [{ mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }] = await view(contract, 'get_approved_measurements', {});
    fs.writeFileSync(approved, JSON.stringify([{ mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }]));
    const bundle = path.join(home, 'bundle.json');
    const got = await outlayer(['attestation', 'get', `${id}`, '--bundle', bundle, '--coordinator-url', net.coordinator]);
    assert.equal(got.code, 0, got.err);
    assert.match(got.err, /anchored on the chain/);
    const run = await outlayer(['attestation', 'verify', bundle, '--simulated-root', path.join(home, 'simulator/root.der'),
        '--at', `${Math.floor(statement.started_ms / 1000)}`, '--approved', approved, '--batch-root', event.root,
        '--request', `${net.request_id}`, '--caller', 'alice.test',
        '--wasm', path.join(process.env.SHARE_DIR, 'guests/random.wasm')]);
    assert.equal(run.code, 0, run.out + run.err);
    assert.match(run.out, /^pass, SIMULATED machine/);
});

test('one command asks the chain for what a bundle must agree with', async () => {
    const bundle = path.join(home, 'bundle.json');
    const args = (file, wasm = 'random') => ['attestation', 'verify', file, '--simulated-root', path.join(home, 'simulator/root.der'),
        '--rpc-url', net.chain, '--register-id', 'worker.outlayer.test',
        '--wasm', path.join(process.env.SHARE_DIR, `guests/${wasm}.wasm`)];
    const run = await outlayer(args(bundle));
    assert.equal(run.code, 0, run.out + run.err);
    assert.match(run.out, /^pass, SIMULATED machine/);
    assert.equal((await outlayer(args(bundle, 'words'))).code, 1, 'another program');
    const lie = JSON.parse(fs.readFileSync(bundle, 'utf8'));
    lie.payload.delivered = Buffer.from('{"random_number":101}').toString('base64');
    fs.writeFileSync(path.join(home, 'lie.json'), JSON.stringify(lie));
    const lied = await outlayer(args(path.join(home, 'lie.json')));
    assert.equal(lied.code, 1);
    assert.match(lied.out, /fail +output/);
});

test('secrets reach a worker whose quote is registered', async () => {
    const keys = path.join(home, 'credentials/localnet');
    const key = ['--key-file', path.join(keys, 'alice.test.json'), '--rpc-url', net.chain];
    const challenge = await (await fetch(`${net.keystore}/tee-challenge`, {
        method: 'POST', headers: { authorization: `Bearer ${fs.readFileSync(path.join(home, 'keys/keystore-token'), 'utf8').trim()}` }, body: '{}',
    })).json();
    assert.equal(challenge.register, 'worker.outlayer.test', 'the keystore asks for registered quotes');
    const file = path.join(home, 'secret');
    fs.writeFileSync(file, 'GREETING=hello from the keystore\n');
    const set = await outlayer(['secrets', 'set', '--wasm-hash', net.program_sha256, '--env-file', file, '--access', 'allow-all',
        '--keystore-url', net.keystore, ...key]);
    assert.equal(set.code, 0, set.err + set.out);
    const run = await outlayer(['request', '--wasm', net.program_url, '--hash', net.program_sha256, '--build-target', 'wasm32-wasip1',
        '--input', '{"min":1,"max":1}', '--secrets-profile', 'default', '--secrets-account', 'alice.test', ...key]);
    assert.equal(run.code, 0, run.err + run.out);
    const newest = (await get('/public/executions?limit=1')).executions[0];
    const page = await until('its statement', async () => {
        const seen = await get(`/public/executions/${newest.id}`);
        return seen.statements[0] && seen;
    });
    assert.equal(page.statements[0].statement.secrets_account, 'alice.test');
    assert.ok(page.statements[0].statement.effects.includes('secrets'));
});

/** How a keystore or the coordinator lets workers in. `pair` is what a NEAR key file holds. */
function door(url, tokenFile, challengePath, registerPath) {
    const bearer = { authorization: `Bearer ${fs.readFileSync(path.join(home, 'keys', tokenFile), 'utf8').trim()}` };
    const post = async (at, body, more = {}) => {
        const answer = await fetch(`${url}${at}`, { method: 'POST', headers: { ...bearer, ...more }, body: JSON.stringify(body) });
        return { status: answer.status, json: await answer.json() };
    };
    const enter = async (pair, publicKey, session, box) => {
        const key = crypto.createPrivateKey({
            format: 'jwk',
            key: { kty: 'OKP', crv: 'Ed25519', d: pair.subarray(0, 32).toString('base64url'), x: pair.subarray(32).toString('base64url') },
        });
        const { json: { challenge, audience } } = await post(challengePath, {});
        const length = Buffer.alloc(4);
        length.writeUInt32LE(audience.length);
        const issued = BigInt(Math.floor(Date.now() / 1000));
        const at = Buffer.alloc(8);
        at.writeBigUInt64LE(issued);
        const nonce = crypto.randomBytes(32);
        const label = Buffer.concat([Buffer.from('outlayer:v2:tee-session'), Buffer.alloc(9)]);
        const message = Buffer.concat([label, length, Buffer.from(audience), Buffer.from(challenge, 'hex'), nonce, session, Buffer.alloc(32), at]);
        const signature = crypto.sign(null, message, key);
        return post(registerPath, {
            public_key: publicKey, challenge, worker_nonce: nonce.toString('hex'), session_id: session.toString('hex'),
            box_key: box.toString('hex'), issued_at: Number(issued), signature: `ed25519:${near.baseEncode(signature)}`,
        });
    };
    return { post, enter };
}

test('a key of the operator\'s account is not enough: the keys must be those of a registered quote', async () => {
    const file = JSON.parse(fs.readFileSync(path.join(home, 'credentials/localnet/worker.outlayer.test.json'), 'utf8'));
    const pair = Buffer.from(near.baseDecode(file.private_key.slice('ed25519:'.length)));
    const keystore = door(net.keystore, 'keystore-token', '/tee-challenge', '/register-tee');
    const coordinator = door(net.coordinator, 'worker-token', '/workers/tee-challenge', '/workers/register-tee');
    const [epoch] = await get('/attestations/epochs');
    const theirs = Buffer.from(epoch.session_id, 'hex');
    const box = crypto.randomBytes(32);
    for (const [session, sealed, why] of [
        [crypto.randomBytes(32), box, /has taken no quote/],
        [theirs, box, /binds other keys/],
        [theirs, Buffer.from(epoch.manifest_fields.box_key, 'hex'), /binds other keys/],
    ]) {
        for (const at of [keystore, coordinator]) {
            const { status, json } = await at.enter(pair, file.public_key, session, sealed);
            assert.equal(status, 403, JSON.stringify(json));
            assert.match(json.error, why);
        }
    }
});

test('the coordinator: a bearer token alone is not enough', async () => {
    const at = door(net.coordinator, 'worker-token', '/workers/tee-challenge', '/workers/register-tee');
    const beat = { worker: 'nobody', session: 'none' };
    const { status: without, json: bare } = await at.post('/workers/heartbeat', beat);
    assert.equal(without, 401);
    assert.match(bare.error, /the bearer token is not enough here: X-TEE-Session is missing/);
    for (const id of ['', 'x', '00000000-0000-4000-8000-000000000000']) {
        const { status, json } = await at.post('/workers/heartbeat', beat, { 'x-tee-session': id });
        assert.equal(status, 401, id);
        assert.match(json.error, /session/i);
    }
    for (const route of ['/jobs/lease', '/storage/get', '/attestations/statements'])
        assert.equal((await at.post(route, {})).status, 401, route);
    // The session alone, and the way to one without the token.
    assert.equal((await fetch(`${net.coordinator}/workers/tee-challenge`, { method: 'POST', body: '{}' })).status, 401);
    assert.equal((await at.post('/workers/register-tee', {})).status, 400);
    // What anybody may ask stays open.
    assert.equal((await fetch(`${net.coordinator}/public/stats`)).status, 200);
});
