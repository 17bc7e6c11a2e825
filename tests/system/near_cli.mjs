// near_cli.mjs — the embedded chain as near-cli-rs sees it: a client of typed answers, nothing of
// which was written for this chain. What it prints is held against what the chain says by itself.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { client, run } from './clients.mjs';
import { outlayer } from './command.mjs';
import { Daemon, NEAR, SHARE, badLines, near, sha256hex, until } from './harness.mjs';

const program = client('near');
if (!program)
    process.exit(0);

const LEVELS = ['none', 'included', 'executed-optimistic', 'included-final', 'executed', 'final'];
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-near-cli-'));
const log = path.join(home, 'chain.log');
const chain = await new Daemon('outlayer-devnet', ['--home', path.join(home, 'chain'), '--port', '0',
    '--block-time-ms', '50'], log).start();
const credentials = path.join(home, 'chain/credentials');
after(async () => {
    await chain.stop();
    assert.deepEqual(badLines(fs.readFileSync(log, 'utf8')), []);
    fs.rmSync(home, { recursive: true, force: true });
});

// The entry that `outlayer devnet near-cli` prints; once more for each level of waiting.
const { out: entry } = await outlayer(['devnet', 'near-cli', '--home', path.join(home, 'chain'), '--rpc-url', chain.url]);
fs.mkdirSync(path.join(home, '.config/near-cli'), { recursive: true });
fs.writeFileSync(path.join(home, '.config/near-cli/config.toml'),
    `version = "5"\ncredentials_home_dir = "${credentials}"\n\n${entry}\n` +
    LEVELS.map((l) => `${entry.replace('[network_connection.localnet]', `[network_connection.${l}]`)}\ntx_wait_until = "${l}"\n`).join('\n'));

// With a list of tokens it does not ask the internet for one.
fs.writeFileSync(path.join(credentials, 'ft_contracts.json'), JSON.stringify([
    { contract: 'token.test', symbol: 'T', decimals: 6 },
]));

const NET = ['network-config', 'localnet'], NOW = [...NET, 'now'];
const SEND = [...NET, 'sign-with-legacy-keychain', 'send'];
const cli = (...args) => run(program, args, { home });
const call = (contract, method, args, { gas = '30 Tgas', deposit = '0 NEAR', as }) =>
    ['contract', 'call-function', 'as-transaction', contract, method, 'json-args', JSON.stringify(args),
        'prepaid-gas', gas, 'attached-deposit', deposit, 'sign-as', as];
async function good(...args) {
    const got = await cli(...args);
    assert.equal(got.code, 0, got.said);
    return got;
}
async function bad(pattern, ...args) {
    const got = await cli(...args);
    assert.equal(got.code, 1, got.said);
    assert.match(got.err, pattern);
    return got;
}
async function rpc(method, params) {
    const response = await fetch(chain.url, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 'x', method, params }),
    });
    return response.json();
}
const query = async (request_type, params) => (await rpc('query', { request_type, finality: 'final', ...params })).result;
const amount = async (account_id) => BigInt((await query('view_account', { account_id })).amount);
const idIn = (got) => /Transaction ID: (\w+)/.exec(got.err)?.[1];
const outcomes = ({ transaction_outcome: first, receipts_outcome: rest }) => [first, ...rest].map((o) => o.outcome);

/** The transaction that `got` printed; its fee and gas must be those that the chain holds. */
async function checked(got, signer) {
    const { result } = await rpc('EXPERIMENTAL_tx_status', { tx_hash: idIn(got), sender_account_id: signer, wait_until: 'FINAL' });
    const sum = (key) => outcomes(result).reduce((s, o) => s + BigInt(o[key]), 0n);
    const text = `${sum('tokens_burnt') / NEAR}.${String(sum('tokens_burnt') % NEAR).padStart(24, '0')}`.replace(/\.?0+$/, '');
    assert.match(got.err, new RegExp(`Transaction fee: ${text.slice(0, 12).replace('.', '\\.')}`), got.said);
    const tgas = Number(sum('gas_burnt')) / 1e12;
    assert.ok(Math.abs(Number(/Gas used: ([\d.]+) Tgas/.exec(got.err)[1]) - tgas) <= 0.11, `${tgas}: ${got.said}`);
    return result;
}
const create = (id, balance = '100 NEAR', as = 'test') => good('account', 'create-account', 'fund-myself', id, balance,
    'autogenerate-new-keypair', 'save-to-legacy-keychain', 'sign-as', as, ...SEND);

test('an account is made, seen and paid', async () => {
    const before = await amount('test');
    const made = await create('alice.test');
    assert.match(made.err, /New account <alice\.test> has been successfully created\./);
    const tx = await checked(made, 'test');
    const burnt = outcomes(tx).reduce((s, o) => s + BigInt(o.tokens_burnt), 0n);
    assert.equal(await amount('test'), before - 100n * NEAR - burnt);
    const { public_key: key } = JSON.parse(fs.readFileSync(path.join(credentials, 'localnet/alice.test.json'), 'utf8'));

    const summary = (await good('account', 'view-account-summary', 'alice.test', ...NOW)).out;
    assert.match(summary, /Native account balance +100 NEAR/);
    assert.match(summary, /Validator stake +0 NEAR/);
    assert.match(summary, /Storage used by the account +182 B/);
    assert.match(summary, /Contract +No contract code/);
    assert.match(summary, /1 full access keys and 0 function-call-only access keys/);
    const keys = (await good('account', 'list-keys', 'alice.test', ...NOW)).out;
    const { keys: [held] } = await query('view_access_key_list', { account_id: 'alice.test' });
    assert.equal(held.public_key, key);
    assert.match(keys, new RegExp(`\\| 1 \\| ${key} +\\| ${held.access_key.nonce} +\\| full access`));

    await create('bob.test', '10 NEAR');
    await checked(await good('tokens', 'alice.test', 'send-near', 'bob.test', '1.5 NEAR', ...SEND), 'alice.test');
    assert.equal(await amount('bob.test'), 23n * NEAR / 2n);
    assert.match((await good('tokens', 'bob.test', 'view-near-balance', ...NOW)).out, /bob\.test account has 11\.50 NEAR available/);
    await bad(/account nobody\.test does not exist while viewing/, 'account', 'view-account-summary', 'nobody.test', ...NOW);
    await bad(/Account <bob\.test> does not have enough balance \([\d.]+ NEAR\) to cover TX cost \(1000\.000\d+ NEAR\)/, 'tokens', 'bob.test', 'send-near', 'alice.test', '1000 NEAR', ...SEND);
});

test('an earlier block is looked at', async () => {
    const { result: block } = await rpc('block', { finality: 'final' });
    await good('tokens', 'alice.test', 'send-near', 'bob.test', '1 NEAR', ...SEND);
    const height = (await good('account', 'view-account-summary', 'bob.test', ...NET, 'at-block-height', String(block.header.height))).out;
    assert.match(height, new RegExp(`At block #${block.header.height}`));
    assert.match(height, /Native account balance +11\.5 NEAR/);
    const hash = (await good('account', 'view-account-summary', 'bob.test', ...NET, 'at-block-hash', block.header.hash)).out;
    assert.match(hash, /Native account balance +11\.5 NEAR/);
    await bad(/has never been observed on the node.*BlockId\(Height\(99999999\)\)/, 'account', 'view-account-summary', 'bob.test', ...NET, 'at-block-height', '99999999');
});

const counter = path.join(SHARE, 'counter.wasm');

test('a contract: deployed, viewed, called, its storage, its failures', async () => {
    const deployed = await good('contract', 'deploy', 'alice.test', 'use-file', counter, 'with-init-call', 'new',
        'json-args', '{"start":5}', 'prepaid-gas', '100 Tgas', 'attached-deposit', '0 NEAR', ...SEND);
    assert.match(deployed.err, /Contract code has been successfully deployed\./);
    await checked(deployed, 'alice.test');
    const { code_hash: hash } = await query('view_account', { account_id: 'alice.test' });
    assert.match(deployed.err, new RegExp(`deploy code <${hash}>`));
    assert.match((await good('account', 'view-account-summary', 'alice.test', ...NOW)).out,
        new RegExp(`SHA-256 checksum hex\\) +${await sha256hex(fs.readFileSync(counter))}`));
    const copy = path.join(home, 'copy.wasm');
    await good('contract', 'download-wasm', 'regular', 'alice.test', 'save-to-file', copy, ...NOW);
    assert.deepEqual(fs.readFileSync(copy), fs.readFileSync(counter));

    assert.equal((await good('contract', 'call-function', 'as-read-only', 'alice.test', 'get', 'json-args', '{}', ...NOW)).out.trim(), '5');
    const raised = await good(...call('alice.test', 'increment', { by: 2 }, { as: 'bob.test' }), ...SEND);
    assert.match(raised.out, /^7$/m);
    assert.match(raised.err, /EVENT_JSON:\{"standard":"counter".*"by":2,"value":7,"who":"bob\.test"/);
    await checked(raised, 'bob.test');
    // 1,000 Tgas may be attached, as the protocol has it.
    await good(...call('alice.test', 'increment', { by: 1 }, { as: 'bob.test', gas: '1000 Tgas' }), ...SEND);

    await bad(/MethodResolveError\(MethodNotFound\)/, ...call('alice.test', 'missing', {}, { as: 'bob.test' }), ...SEND);
    const refused = await bad(/Smart contract panicked: Only owner can call this method/, ...call('alice.test', 'reset', {}, { as: 'bob.test' }), ...SEND);
    const failed = await checked(refused, 'bob.test');
    assert.equal(failed.status.Failure.ActionError.index, 0);
    await bad(/Read-only function execution failed/, 'contract', 'call-function', 'as-read-only', 'alice.test', 'missing', 'json-args', '{}', ...NOW);
    await bad(/Read-only function execution failed/, 'contract', 'call-function', 'as-read-only', 'bob.test', 'get', 'json-args', '{}', ...NOW);

    const state = await query('view_state', { account_id: 'alice.test', prefix_base64: '' });
    const text = (await good('contract', 'view-storage', 'alice.test', 'all', 'as-json', ...NOW)).out;
    const shown = JSON.parse(text.slice(text.indexOf('['), text.indexOf(']') + 1));
    assert.deepEqual(shown, state.values);
    assert.equal(shown.length, 1);
    const none = (await good('contract', 'view-storage', 'alice.test', 'keys-start-with-string', 'other', 'as-json', ...NOW)).out;
    assert.match(none, /\[\]/);
});

test('a deposit is taken, and given back when the call fails', async () => {
    await create('market.test', '50 NEAR');
    await good('contract', 'deploy', 'market.test', 'use-file', path.join(SHARE, 'outlayer.wasm'), 'with-init-call', 'new',
        'json-args', '{"owner_id":"market.test","operator_id":"bob.test"}', 'prepaid-gas', '100 Tgas', 'attached-deposit', '0 NEAR', ...SEND);
    const before = await amount('alice.test');
    const source = { WasmUrl: { url: 'https://example.com/a.wasm', hash: 'ab'.repeat(32), build_target: 'wasm32-wasip1' } };
    const made = await good(...call('market.test', 'create_project', { name: 'p', source }, { as: 'alice.test', deposit: '0.1 NEAR', gas: '100 Tgas' }), ...SEND);
    const tx = await checked(made, 'alice.test');
    assert.equal(tx.transaction.actions[0].FunctionCall.deposit, String(NEAR / 10n));
    const burnt = outcomes(tx).reduce((s, o) => s + BigInt(o.tokens_burnt), 0n);
    assert.ok(before - await amount('alice.test') - burnt <= NEAR / 10n);
    assert.ok(before - await amount('alice.test') > burnt);
    const rich = await amount('alice.test');
    const failed = await bad(/Smart contract panicked/, ...call('market.test', 'set_owner', { new_owner_id: 'alice.test' }, { as: 'alice.test', deposit: '3 NEAR' }), ...SEND);
    const lost = outcomes(await checked(failed, 'alice.test')).reduce((s, o) => s + BigInt(o.tokens_burnt), 0n);
    assert.equal(await amount('alice.test'), rich - lost);
});

test('a transaction is answered at every level of waiting', async () => {
    const nonces = async () => (await query('view_access_key_list', { account_id: 'bob.test' })).keys.map((k) => k.access_key.nonce);
    for (const level of LEVELS) {
        const before = Math.max(...await nonces());
        const got = await cli(...call('alice.test', 'increment', { by: 1 }, { as: 'bob.test' }), 'network-config', level, 'sign-with-legacy-keychain', 'send');
        assert.equal(got.code, 0, `${level}: ${got.said}`);
        if (['executed-optimistic', 'executed', 'final'].includes(level))
            assert.match(got.out, /^\d+$/m, level);
        // Who does not wait and sends again must see to the nonce himself.
        await until('the block', async () => Math.max(...await nonces()) > before);
    }
    const raised = await good(...call('alice.test', 'increment', { by: 1 }, { as: 'bob.test' }), ...SEND);
    const status = await good('transaction', 'view-status', idIn(raised), ...NET);
    assert.match(status.out, /status: SuccessValue\('\d+'\)/);
    assert.match(status.out, /method_name: "increment"/);
    assert.doesNotMatch(status.err, /not final yet/);
    // One that nobody knows: waited for in vain, then told.
    await bad(/the request failed with timeout error/, 'transaction', 'view-status', '1'.repeat(32), ...NET);
});

test('a restricted key does what it may and no more', async () => {
    await good('account', 'add-key', 'bob.test', 'grant-function-call-access', '--allowance', '0.25 NEAR', '--contract-account-id', 'alice.test',
        '--function-names', 'increment', 'autogenerate-new-keypair', 'save-to-legacy-keychain', ...SEND);
    const listed = (await good('account', 'list-keys', 'bob.test', ...NOW)).out;
    assert.match(listed, /only do \["increment"\] function calls on alice\.test with an allowance of 0\.25 NEAR/);
    const [file] = fs.readdirSync(path.join(credentials, 'localnet/bob.test'))
        .map((f) => path.join(credentials, 'localnet/bob.test', f))
        .filter((f) => f !== path.join(credentials, 'localnet/bob.test.json'))
        .filter((f) => JSON.parse(fs.readFileSync(f, 'utf8')).public_key !== JSON.parse(fs.readFileSync(path.join(credentials, 'localnet/bob.test.json'), 'utf8')).public_key);
    const { public_key: key } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const BY_KEY = [...NET, 'sign-with-access-key-file', file, 'send'];

    const used = await good(...call('alice.test', 'increment', { by: 1 }, { as: 'bob.test' }), ...BY_KEY);
    const tx = await checked(used, 'bob.test');
    assert.equal(tx.transaction.public_key, key);
    const paid = outcomes(tx).reduce((s, o) => s + BigInt(o.tokens_burnt), 0n);
    const { permission } = await query('view_access_key', { account_id: 'bob.test', public_key: key });
    assert.equal(BigInt(permission.FunctionCall.allowance), NEAR / 4n - paid);

    await bad(/Transaction method name <reset> isn't allowed by the access key/, ...call('alice.test', 'reset', {}, { as: 'bob.test' }), ...BY_KEY);
    await bad(/Transaction for <market\.test> doesn't match the access key for <alice\.test>/, ...call('market.test', 'increment', {}, { as: 'bob.test' }), ...BY_KEY);
    await bad(/Having a deposit with a function call action is not allowed with a function call access key/, ...call('alice.test', 'increment', {}, { as: 'bob.test', deposit: '1 yoctoNEAR' }), ...BY_KEY);
    await bad(/Transaction requires a full permission access key/, 'tokens', 'bob.test', 'send-near', 'alice.test', '0.1 NEAR', ...BY_KEY);

    await good('account', 'delete-keys', 'bob.test', 'public-keys', key, ...SEND);
    await bad(new RegExp(`Access key for public key ${key} does not exist while viewing`), ...call('alice.test', 'increment', { by: 1 }, { as: 'bob.test' }), ...BY_KEY);
});

test('a meta transaction: bob asks, the root pays', async () => {
    const signed = await good('transaction', 'construct-meta-transaction', 'bob.test', 'alice.test', 'add-action', 'function-call', 'increment',
        'json-args', '{"by":3}', 'prepaid-gas', '10 Tgas', 'attached-deposit', '0 NEAR', 'skip', ...NET, 'sign-with-legacy-keychain', 'display');
    const base64 = /serialized as base64\):\n(\S+)/.exec(signed.err)[1];
    const before = await amount('bob.test');
    const value = BigInt((await good('contract', 'call-function', 'as-read-only', 'alice.test', 'get', 'json-args', '{}', ...NOW)).out);
    const SEND_META = ['transaction', 'send-meta-transaction', 'base64-signed-meta-transaction', base64, 'sign-as', 'test', ...SEND];
    const sent = await good(...SEND_META);
    assert.match(sent.err, /Actions delegated for <bob\.test> completed successfully/);
    const tx = await checked(sent, 'test');
    assert.equal(tx.transaction.actions[0].Delegate.delegate_action.sender_id, 'bob.test');
    assert.equal(await amount('bob.test'), before);
    assert.equal(BigInt((await good('contract', 'call-function', 'as-read-only', 'alice.test', 'get', 'json-args', '{}', ...NOW)).out), value + 3n);
    const again = await cli(...SEND_META);
    assert.equal(again.code, 1, again.said);
    const replay = await checked(again, 'test');
    assert.ok(JSON.stringify(replay.receipts_outcome).includes('DelegateActionInvalidNonce'));
});

test('global contracts, by hash and by account', async () => {
    const hash = near.baseEncode(new Uint8Array(await crypto.subtle.digest('SHA-256', fs.readFileSync(counter))));
    await create('g1.test', '20 NEAR');
    await create('g2.test', '20 NEAR');
    await checked(await good('contract', 'deploy-as-global', 'use-file', counter, 'as-global-hash', 'alice.test', ...SEND), 'alice.test');
    await checked(await good('contract', 'deploy-as-global', 'use-file', counter, 'as-global-account-id', 'alice.test', ...SEND), 'alice.test');
    const INIT = ['with-init-call', 'new', 'json-args', '{"start":9}', 'prepaid-gas', '100 Tgas', 'attached-deposit', '0 NEAR', ...SEND];
    await good('contract', 'deploy', 'g1.test', 'use-global-hash', hash, ...INIT);
    await good('contract', 'deploy', 'g2.test', 'use-global-account-id', 'alice.test', ...INIT);
    for (const id of ['g1.test', 'g2.test'])
        assert.equal((await good('contract', 'call-function', 'as-read-only', id, 'get', 'json-args', '{}', ...NOW)).out.trim(), '9');
    assert.match((await good('account', 'view-account-summary', 'g1.test', ...NOW)).out, new RegExp(`Global Contract \\(by Hash: SHA-256 checksum hex\\) +${await sha256hex(fs.readFileSync(counter))}`));
    assert.match((await good('account', 'view-account-summary', 'g2.test', ...NOW)).out, /Global Contract \(by Account Id\) +alice\.test/);
    const missing = (await rpc('query', { request_type: 'view_global_contract_code_by_account_id', finality: 'final', account_id: 'bob.test' })).error;
    assert.equal(missing.cause.name, 'NO_GLOBAL_CONTRACT_CODE');
    assert.deepEqual(missing.cause.info.identifier, { account_id: 'bob.test' });
});

test('an account named by its key: paid into being, then used', async () => {
    const folder = path.join(home, 'implicit');
    await good('account', 'create-account', 'fund-later', 'use-auto-generation', 'save-to-folder', folder);
    const [file] = fs.readdirSync(folder);
    const id = path.basename(file, '.json');
    const pay = (from, to, near_) => ['transaction', 'construct-transaction', from, 'receiver-id', to, 'add-action', 'transfer', near_, 'skip', ...NET];
    const made = await checked(await good(...pay('test', id, '2 NEAR'), 'sign-with-legacy-keychain', 'send'), 'test');
    // What a transfer costs that makes an account with a key.
    assert.deepEqual(outcomes(made).slice(0, 2).map((o) => o.gas_burnt), [824947687500, 7524947687500]);
    assert.equal(await amount(id), 2n * NEAR);
    const before = await amount('alice.test');
    await checked(await good(...pay(id, 'alice.test', '0.5 NEAR'), 'sign-with-access-key-file', path.join(folder, file), 'send'), id);
    assert.equal(await amount('alice.test'), before + NEAR / 2n);

    // Signed now, sent later; twice is once.
    const signed = await good(...pay('bob.test', 'alice.test', '1 NEAR'), 'sign-with-legacy-keychain', 'display');
    const base64 = /serialized as base64\):\n(\S+)/.exec(signed.err)[1];
    assert.equal(await amount('alice.test'), before + NEAR / 2n);
    for (let i = 0; i < 2; i++)
        await good('transaction', 'send-signed-transaction', 'base64-signed-transaction', base64, ...NET, 'send');
    assert.equal(await amount('alice.test'), before + 3n * NEAR / 2n);
});

test('an account derived from its first state', async () => {
    const state = JSON.stringify({ [Buffer.from('STATE').toString('base64')]: 'CgAAAGFsaWNlLnRlc3QHAAAAAAAAAA==' });
    const INIT = ['contract', 'state-init', 'use-global-account-id', 'alice.test', 'data-from-json', state];
    const id = /0s[0-9a-f]{40}/.exec((await good(...INIT, 'inspect', 'account-id')).out)[0];
    const made = await good(...INIT, 'execute', '1 NEAR', 'sign-as', 'test', ...SEND);
    assert.match(made.err, new RegExp(`New deterministic account <${id}> has been successfully created`));
    await checked(made, 'test');
    const account = await query('view_account', { account_id: id });
    assert.equal(account.global_contract_account_id, 'alice.test');
    // 770 bytes are free: nothing of the deposit is needed, all of it goes back.
    assert.equal(account.amount, '0');
    assert.equal((await good('contract', 'call-function', 'as-read-only', id, 'get', 'json-args', '{}', ...NOW)).out.trim(), '7');
    assert.match((await good('account', 'view-account-summary', id, ...NOW)).out, /Account is locked \(no access keys\)/);
});

test('keys of other kinds', async () => {
    const { keys: [{ public_key }] } = await query('view_access_key_list', { account_id: 'g1.test' });
    await bad(new RegExp(`Gas key for public key ${public_key} does not exist while viewing`), 'account', 'view-gas-key-nonces', 'g1.test', public_key, ...NOW);
    await bad(/Protocol Feature GasKeys is unsupported/, 'account', 'add-key', 'g1.test', 'grant-gas-key-full-access', '--num-nonces', '2',
        'autogenerate-new-keypair', 'save-to-legacy-keychain', ...SEND);
});

test('our network is put into settings that near-cli-rs made', async () => {
    const fresh = path.join(home, 'fresh');
    fs.mkdirSync(path.join(fresh, '.near-credentials'), { recursive: true });
    fs.copyFileSync(path.join(credentials, 'ft_contracts.json'), path.join(fresh, '.near-credentials/ft_contracts.json'));
    const env = { HOME: fresh };
    const write = () => outlayer(['devnet', 'near-cli', '--write', '--home', path.join(home, 'chain'), '--rpc-url', chain.url], { env });
    const without = await write();
    assert.equal(without.code, 1);
    assert.match(without.err, /`near config show-connections` makes them/);
    assert.equal((await run(program, ['config', 'show-connections'], { home: fresh })).code, 0);
    for (let i = 0; i < 2; i++) {
        const written = await write();
        assert.equal(written.code, 0, written.err);
        assert.match(written.out, /with \d+ keys/);
    }
    const shown = await run(program, ['config', 'show-connections'], { home: fresh });
    assert.match(shown.out + shown.err, /mainnet[\s\S]*testnet[\s\S]*localnet/);
    const sent = await run(program, ['tokens', 'test', 'send-near', 'alice.test', '1 NEAR', ...SEND], { home: fresh });
    assert.equal(sent.code, 0, sent.said);
    assert.equal(fs.statSync(path.join(fresh, '.near-credentials/localnet/test.json')).mode & 0o777, 0o600);
});

test('validators', async () => {
    const table = (await good('staking', 'validator-list', ...NET)).out;
    const { result } = await rpc('validators', [null]);
    const [only] = result.current_validators;
    assert.match(table, new RegExp(`\\| 1 \\| ${only.account_id} .*${BigInt(only.stake) / NEAR}`));
});

test('an account is deleted, and what it had goes to its heir', async () => {
    const before = await amount('alice.test');
    const gone = await good('account', 'delete-account', 'g2.test', 'beneficiary', 'alice.test', ...SEND);
    assert.match(gone.err, /Account <g2\.test> has been successfully deleted/);
    assert.ok(await amount('alice.test') > before + 19n * NEAR);
    await bad(/account g2\.test does not exist while viewing/, 'account', 'view-account-summary', 'g2.test', ...NOW);
});
