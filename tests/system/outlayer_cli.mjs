// outlayer_cli.mjs — the public command line of the hosted service, against our contract.
//
// It knows two networks by name and takes another RPC address from OUTLAYER_RPC_URL, so the embedded
// chain plays its `testnet`: the contract is `outlayer.testnet`. What it asks of the service's HTTPS
// API (payment keys, secrets' encryption, call history, earnings there, wallets) has a fixed address
// on the internet and stays out: that part of it cannot be pointed anywhere else.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { client, run } from './clients.mjs';
import { Daemon, NEAR, Network, SHARE, TGAS, near, sha256hex, until } from './harness.mjs';

const program = client('outlayer');
if (!program)
    process.exit(0);

const net = await Network.start({ contractId: 'outlayer.testnet', manual: true });
const gateway = await new Daemon('outlayer-fastfs', [
    '--db', path.join(net.home, 'fastfs.db'), '--neardata-url', net.chain.url,
], path.join(net.home, 'fastfs.log')).start();
after(async () => {
    await gateway.stop();
    await net.end();
});
const agent = await net.createAccount('agent.testnet', 50n * NEAR);
const home = path.join(net.home, 'user');
fs.mkdirSync(home);
const env = { OUTLAYER_RPC_URL: net.chain.url, OUTLAYER_HOME: path.join(home, '.outlayer') };
const cli = (args, input = '') => run(program, args, { home, env, input });
async function good(...args) {
    const got = await cli(args);
    assert.equal(got.code, 0, got.said);
    return got;
}

test('log in, and be known', async () => {
    const { err, code } = await cli(['login', 'testnet'], `agent.testnet\n${agent.secret}\n`);
    assert.equal(code, 0, err);
    const key = near.KeyPair.fromString(agent.secret).getPublicKey().toString();
    assert.match(err, /Logged in as agent\.testnet \(testnet\)/);
    assert.match(err, new RegExp(`Public key: ${key}`));
    const who = (await good('whoami')).out;
    assert.match(who, /Account: +agent\.testnet\nNetwork: +testnet\nContract: outlayer\.testnet\n/);
    assert.match(who, new RegExp(`Key: +${key}`));
});

/** An upload is not waited for; its gas comes back blocks later. */
async function settled(text) {
    const hashes = [...text.matchAll(/tx: (\w+)/g)].map((m) => m[1]);
    for (const hash of hashes)
        await until(hash, () => net.status(hash, 'agent.testnet'));
    return hashes.length;
}

const guest = path.join(SHARE, 'guests/random.wasm');
const bytes = fs.readFileSync(guest);
const hash = await sha256hex(bytes);
const url = net.files.put('random.wasm', bytes);

test('upload: the gateway serves what it wrote', async () => {
    const { err } = await good('upload', guest);
    assert.equal(await settled(err), 1);
    assert.match(err, new RegExp(`FastFS URL: https://test\\.fastfs\\.io/agent\\.testnet/outlayer\\.testnet/${hash}\\.wasm`));
    const file = await until('the file', async () => {
        const response = await fetch(`${gateway.url}/agent.testnet/outlayer.testnet/${hash}.wasm`);
        return response.status === 200 && response;
    });
    assert.equal(file.headers.get('content-type'), 'application/wasm');
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), bytes);
});

test('upload in parts', async () => {
    const large = path.join(home, 'large.bin');
    const content = Buffer.alloc((5 << 20) / 2, 'part ');
    fs.writeFileSync(large, content);
    const { err } = await good('upload', large);
    assert.equal(await settled(err), 3);
    const name = `${await sha256hex(content)}.bin`;
    const file = await until('the file', async () => {
        const response = await fetch(`${gateway.url}/agent.testnet/outlayer.testnet/${name}`);
        return response.status === 200 && response;
    });
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), content);
});

test('run by URL: the answer is printed', async () => {
    // Without --target it names wasip2, whatever the file is.
    const before = await net.balance('agent.testnet');
    // After --wasm it takes its input from stdin: the one operand left would be a project.
    const { code, out, err, said } = await cli(['run', '--wasm', url, '--hash', hash], '{"min":1,"max":6}');
    assert.equal(code, 0, said);
    const answer = JSON.parse(out);
    assert.ok(answer.random_number >= 1 && answer.random_number <= 6, out);
    assert.match(err, /Executing on-chain with NEAR deposit/);
    const tx = /Tx: (\w+)/.exec(err)?.[1];
    const status = await net.status(tx, 'agent.testnet');
    const done = net.read(status);
    assert.equal(done.completed.success, true);
    // Paid: what was charged, and gas; the rest of the estimate came back.
    assert.equal(before - await net.balance('agent.testnet'), BigInt(done.completed.payment_charged) + done.burnt);
});

test('a failed run says why', async () => {
    const wrong = await cli(['run', '--wasm', url, '--hash', 'ab'.repeat(32), '--target', 'wasm32-wasip1', '{}']);
    assert.equal(wrong.code, 1, wrong.said);
    assert.match(wrong.err, /OutLayer execution failed/);
});

test('projects and their versions', async () => {
    assert.match((await good('deploy', 'dice', url, '--hash', hash)).err, /Creating new project[\s\S]*Project deployed/);
    const project = await net.view('get_project', { project_id: 'agent.testnet/dice' });
    assert.deepEqual(project.project_id, 'agent.testnet/dice');
    const listed = await good('projects');
    assert.match(listed.out + listed.err, /agent\.testnet\/dice/);
    fs.writeFileSync(path.join(home, 'outlayer.toml'), 'network = "testnet"\n[project]\nname = "dice"\nowner = "agent.testnet"\n');
    assert.match((await good('status')).out, new RegExp(`Project: +agent\\.testnet/dice\nUUID: +${project.uuid}\nVersion: +${project.active_version}`));

    const second = net.files.put('second.wasm', fs.readFileSync(path.join(SHARE, 'guests/test/echo.wasm')));
    const secondHash = await sha256hex(fs.readFileSync(path.join(SHARE, 'guests/test/echo.wasm')));
    assert.match((await good('deploy', 'dice', second, '--target', 'wasm32-wasip1', '--no-activate')).err, /Adding version[\s\S]*not activated/);
    const versions = (await good('versions')).out;
    assert.match(versions, new RegExp(project.active_version.slice(0, 10)));
    assert.match(versions, new RegExp(secondHash.slice(0, 10)));
    assert.equal((await net.view('get_project', { project_id: 'agent.testnet/dice' })).active_version, project.active_version);

    const { out } = await good('run', 'agent.testnet/dice', '{"min":3,"max":3}');
    assert.equal(JSON.parse(out).random_number, 3);
    const other = (await net.view('list_versions', { project_id: 'agent.testnet/dice' })).find((v) => v.wasm_hash !== project.active_version).wasm_hash;
    assert.match((await good('versions', 'activate', other)).err, /Activated version/);
    assert.equal((await net.view('get_project', { project_id: 'agent.testnet/dice' })).active_version, other);
    assert.deepEqual(JSON.parse((await good('run', 'agent.testnet/dice', '{"say":"hello"}')).out), { say: 'hello' });
    assert.match((await good('versions', 'remove', project.active_version)).err, /Removed version/);
    assert.equal((await net.view('list_versions', { project_id: 'agent.testnet/dice' })).length, 1);
    const active = await cli(['versions', 'remove', other]);
    assert.equal(active.code, 1, active.said);
    assert.match(active.err, /Cannot remove active version\. Switch to another version first\./);
});

test('secrets: what the chain knows of them', async () => {
    assert.match((await good('secrets', 'list')).err, /No secrets stored\./);
    // Their encryption needs the service's keystore, at its fixed address.
    const set = await cli(['secrets', 'set', '{"KEY":"value"}', '--project', 'agent.testnet/dice']);
    assert.equal(set.code, 1);
    assert.match(set.err, /Failed to get keystore pubkey/);
    await net.transact(agent, net.contractId, [near.actions.functionCall('store_secrets', {
        accessor: { Project: { project_id: 'agent.testnet/dice' } }, profile: 'default',
        encrypted_secrets_base64: Buffer.from('sealed').toString('base64'), access: 'AllowAll',
    }, 100n * TGAS, NEAR / 10n)]);
    const listed = (await good('secrets', 'list')).out;
    assert.match(listed, /default +Project\(agent\.testnet\/dice\) +allow-all/);
    assert.match((await good('secrets', 'access', '--project', 'agent.testnet/dice', '--access', 'whitelist:bob.testnet')).err, /Access updated/);
    assert.match((await good('secrets', 'list')).out, /whitelist/);
    const gone = await good('secrets', 'delete', '--project', 'agent.testnet/dice');
    assert.match(gone.err, /Secrets deleted \(profile: default\)/);
    assert.match((await good('secrets', 'list')).err, /No secrets stored\./);
    assert.match((await good('keys', 'list')).err, /No payment keys\./);
    assert.match((await good('earnings')).out, /Blockchain earnings: +\$0\.00/);
    const made = await cli(['keys', 'create']);
    assert.match(made.err, /Creating payment key \(nonce: 1\)[\s\S]*Failed to get keystore pubkey/);
});

test('log out', async () => {
    await good('logout');
    assert.equal((await cli(['whoami'])).code, 1);
});
