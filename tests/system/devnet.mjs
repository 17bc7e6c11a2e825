// devnet.mjs — `outlayer devnet`: a chain from the command line, and what is done to it there.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { Daemon, NEAR, SHARE, TGAS, near } from './harness.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-devnet-'));
const chains = [];
async function chain(name, ...args) {
    const home = path.join(folder, name);
    const daemon = await new Daemon('outlayer-devnet', ['--home', home, '--port', '0', '--block-time-ms', '50', ...args],
        path.join(folder, `${name}.log`)).start();
    chains.push(daemon);
    return { home, url: daemon.url, daemon };
}
after(async () => {
    for (const daemon of chains)
        await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

const here = await chain('here');
const devnet = (...words) => outlayer(['devnet', ...words, '--home', here.home, '--rpc-url', here.url]);
const key = (home, account) =>
    JSON.parse(fs.readFileSync(path.join(home, `credentials/localnet/${account}.json`), 'utf8'));
const login = ({ home, url }, account, secret = key(home, account).private_key) =>
    new near.Account(account, new near.JsonRpcProvider({ url }), near.KeyPairSigner.fromSecretKey(secret));

test('accounts are made, funded and listed', async () => {
    const made = await devnet('fund', 'alice.test', '12.5');
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /alice\.test has 12\.5 NEAR\n$/);
    assert.match((await devnet('fund', 'alice.test', '0.000000000000000000000001')).out, /12\.500000000000000000000001 NEAR/);
    assert.equal(fs.statSync(path.join(here.home, 'credentials/localnet/alice.test.json')).mode & 0o777, 0o600);
    const list = JSON.parse((await devnet('accounts', '--json')).out);
    assert.deepEqual(list.accounts.map((a) => a.account_id), ['alice.test', 'test']);
    assert.equal(list.accounts[0].amount_yocto, '12500000000000000000000001');
    // The key opens the account.
    await login(here, 'alice.test').transfer({ receiverId: 'test', amount: NEAR });
    assert.match((await devnet('accounts')).out, /^alice\.test +11\.49/m);
    assert.equal((await devnet('fund', 'stranger.near')).code, 1);
    assert.equal((await devnet('fund', 'alice.test', 'much')).code, 3);
    const implicit = 'ab'.repeat(32);
    assert.match((await devnet('fund', implicit, '3')).out, /has 3 NEAR/);
});

test('a contract is put there, called and viewed', async () => {
    const file = path.join(SHARE, 'counter.wasm');
    const deployed = await devnet('deploy', 'counter.test', file);
    assert.equal(deployed.code, 0, deployed.err);
    assert.match(deployed.out, /^made counter\.test, key in .*\ncounter\.test has 100 NEAR\ncounter\.test has the contract '.*', [\d]+ bytes\n$/);
    assert.equal((await devnet('call', 'counter.test', 'new', '{"start":40}')).code, 0);
    const raised = await devnet('call', 'counter.test', 'increment', '{"by":2}', '--as', 'alice.test');
    assert.equal(raised.out, '42\n');
    assert.match(raised.err, /^counter\.test: EVENT_JSON:.*"who":"alice\.test"/);
    assert.equal((await devnet('view', 'counter.test', 'get')).out, '42\n');
    // Again: the state stays.
    assert.equal((await devnet('deploy', 'counter.test', file)).code, 0);
    assert.equal((await devnet('view', 'counter.test', 'get')).out, '42\n');
    for (const [words, code, text] of [
        [['call', 'counter.test', 'reset', '--as', 'alice.test'], 1, /Only owner can call this method/],
        [['call', 'counter.test', 'increment', '{', '--as', 'alice.test'], 1, /Failed to deserialize input/],
        [['call', 'counter.test', 'increment', '--deposit', '1'], 1, /doesn't accept deposit/],
        [['call', 'counter.test', 'increment', '--deposit', 'much'], 3, /'much' is no amount of NEAR/],
        [['call', 'counter.test', 'increment', '--as', 'nobody.test'], 1, /there is no key file .*nobody\.test\.json/],
        [['call', 'counter.test', 'increment', '--tgas', '0'], 3, /--tgas takes a whole number/],
        [['call', 'NO', 'increment'], 3, /'NO' is no account/],
        [['view', 'counter.test', 'nothing'], 1, /MethodNotFound/],
        [['view', 'nobody.test', 'get'], 1, /nobody\.test does not exist/],
        [['deploy', 'counter.test', path.join(here.home, 'credentials/localnet/test.json')], 1, /is no WebAssembly/],
        [['deploy', 'stranger.near', file], 1, /only names ending in '\.test' can be made/],
    ]) {
        const { code: is, out, err } = await devnet(...words);
        assert.equal(is, code, `${words}: ${err}`);
        assert.match(err, text);
        assert.equal(out, '', words.join(' '));
    }
});

test('time passes, and comes back', async () => {
    assert.equal((await devnet('snapshot', 'save', 'clean')).code, 0);
    const height = async () => (await new near.JsonRpcProvider({ url: here.url }).viewBlock({ finality: 'final' })).header.height;
    const before = await height();
    const jumped = await devnet('fast-forward', '1000');
    assert.equal(jumped.code, 0, jumped.err);
    assert.ok(Number(/at height (\d+)/.exec(jumped.out)[1]) >= before + 1000);
    await devnet('fund', 'alice.test', '100');
    assert.equal((await devnet('snapshot', 'load', 'clean')).code, 0);
    assert.ok(await height() < before + 100);
    assert.match((await devnet('accounts')).out, /^alice\.test +11\.49/m);
    const none = await devnet('snapshot', 'load', 'never');
    assert.equal(none.code, 1);
    assert.match(none.err, /there is no snapshot/);
});

test('an account of another chain is copied with its contract and state', async () => {
    const far = await chain('far');
    const account = login(far, 'test');
    const pair = near.KeyPair.fromRandom('ed25519');
    await account.signAndSendTransaction({ receiverId: 'app.test', waitUntil: 'FINAL', actions: [
        near.actions.createAccount(), near.actions.transfer(10n * NEAR),
        near.actions.addFullAccessKey(pair.getPublicKey()),
        near.actions.deployContract(fs.readFileSync(path.join(SHARE, 'caller.wasm'))),
        near.actions.functionCall('new', { outlayer_id: 'somebody.test' }, 30n * TGAS, 0n),
    ] });
    const copied = await devnet('import', 'app.test', '--from', far.url);
    assert.equal(copied.code, 0, copied.err);
    const state = async (url) => (await new near.JsonRpcProvider({ url }).query({
        request_type: 'view_state', finality: 'final', account_id: 'app.test', prefix_base64: '',
    })).values;
    assert.deepEqual(await state(here.url), await state(far.url));
    assert.ok((await state(here.url)).length > 0);
    // The root's key opens it: the contract runs here.
    const outcome = await login(here, 'app.test', key(here.home, 'test').private_key).signAndSendTransaction({
        receiverId: 'app.test', waitUntil: 'FINAL', throwOnFailure: false,
        actions: [near.actions.functionCall('new', { outlayer_id: 'x.test' }, 30n * TGAS, 0n)],
    });
    assert.match(JSON.stringify(outcome.status), /Smart contract panicked/);
    assert.equal((await devnet('import', 'nobody.test', '--from', far.url)).code, 1);
    // What is here already is not mixed with what is there.
    const again = await devnet('import', 'app.test', '--from', far.url);
    assert.equal(again.code, 1);
    assert.match(again.err, /'app\.test' is on this chain already/);
});

test('large and shared contracts are copied too', async () => {
    const far = await chain('shared');
    const account = login(far, 'test');
    const pair = near.KeyPair.fromRandom('ed25519');
    const code = fs.readFileSync(path.join(SHARE, 'counter.wasm'));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', code));
    const send = (receiverId, actions) => account.signAndSendTransaction({ receiverId, waitUntil: 'FINAL', actions });
    await send('test', [near.actions.deployGlobalContract(code, 'codeHash')]);
    await send('user.test', [near.actions.createAccount(), near.actions.transfer(10n * NEAR),
        near.actions.addFullAccessKey(pair.getPublicKey())]);
    const user = login(far, 'user.test', pair.toString());
    await user.signAndSendTransaction({ receiverId: 'user.test', waitUntil: 'FINAL', actions: [
        near.actions.useGlobalContract({ codeHash: hash }),
        near.actions.functionCall('new', { start: 11 }, 30n * TGAS, 0n),
    ] });
    assert.equal((await devnet('import', 'user.test', '--from', far.url)).code, 0);
    const view = (url, contractId) => new near.JsonRpcProvider({ url }).callFunction({ contractId, method: 'get', args: {} });
    assert.equal(await view(here.url, 'user.test'), 11);

    // A module padded to 3 MB, and more state than is shown at once.
    const large = Buffer.concat([code, Buffer.from([0, 0x80, 0x80, 0xc0, 0x01, 1, 0x78]), Buffer.alloc((3 << 20) - 2)]);
    const records = [
        { Account: { account_id: 'large.test', account: { amount: String(1000n * NEAR), locked: '0',
            code_hash: near.baseEncode(new Uint8Array(await crypto.subtle.digest('SHA-256', large))), storage_usage: large.length + 182 + 250 * 1042 } } },
        { Contract: { account_id: 'large.test', code: large.toString('base64') } },
        ...Array.from({ length: 250 }, (_, i) => ({ Data: { account_id: 'large.test', data_key: Buffer.from([i, 0]).toString('base64'), value: Buffer.alloc(1000, i).toString('base64') } })),
    ];
    await new near.JsonRpcProvider({ url: far.url }).sendJsonRpc('sandbox_patch_state', { records });
    const copied = await devnet('import', 'large.test', '--from', far.url);
    assert.equal(copied.code, 0, copied.err);
    assert.match(copied.out, /with 250 entries/);
    const seen = async ({ url }) => {
        const ask = (request_type, more) => new near.JsonRpcProvider({ url }).query({ request_type, finality: 'final', account_id: 'large.test', ...more });
        return [(await ask('view_code')).code_base64, (await ask('view_state', { prefix_base64: '', limit: 1000 })).values];
    };
    const [module, state] = await seen(here);
    assert.equal(module, large.toString('base64'));
    assert.equal(state.length, 250);
    assert.deepEqual(state, (await seen(far))[1]);
});

test('a chain begins with the records it is given', async () => {
    const pair = near.KeyPair.fromRandom('ed25519');
    const file = path.join(folder, 'genesis.json');
    fs.writeFileSync(file, JSON.stringify({ records: [
        { Account: { account_id: 'founder', account: { amount: String(9n * NEAR), locked: '0', code_hash: '1'.repeat(32), storage_usage: 182, version: 'V1' } } },
        { AccessKey: { account_id: 'founder', public_key: pair.getPublicKey().toString(), access_key: { nonce: 0, permission: 'FullAccess' } } },
    ] }));
    const born = await chain('born', '--genesis', file, '--protocol-version', '79', '--instant');
    const founder = login(born, 'founder', pair.toString());
    await founder.transfer({ receiverId: 'test', amount: NEAR });
    assert.ok((await founder.getState()).balance.total < 8n * NEAR);
});

test('words that make no sense', async () => {
    for (const words of [[], ['frob'], ['fund'], ['snapshot', 'keep', 'x'], ['fast-forward', 'far']])
        assert.equal((await devnet(...words)).code, 3, words.join(' '));
    const entry = await devnet('near-cli');
    assert.match(entry.out, /\[network_connection\.localnet\]/);
    assert.match(entry.out, new RegExp(`rpc_url = "${here.url}/"`));
});
