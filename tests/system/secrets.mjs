// secrets.mjs — sealed on the chain, opened for the right run only, and seen nowhere else.
//
// Clients here are written with node's own cryptography (keystore.mjs), so both ends of every format
// are checked against an implementation that shares nothing with ours.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { GitServer } from './git.mjs';
import { BIN, NEAR, Network, OUTLAYER, TGAS, alive, descendants, near, until } from './harness.mjs';
import {
    askKeystore, bearerOf, fnv, label, open, registrationOf, sessionOf, storeSecrets, text, u32, web,
    whileWaiting,
} from './keystore.mjs';
import { memoryHas } from './memory.mjs';

const MARKER = `marker-${randomBytes(12).toString('hex')}`;
const net = await Network.start({ keystore: true });
const guest = await net.guest('test/secret');
const bob = await net.createAccount('bob.test', 100n * NEAR);

// ---- the keystore's clients ----

const ask = (...question) => askKeystore(net, ...question);
const bearer = () => bearerOf(net);
const registration = (change) => registrationOf(net, change);

const store = (...row) => storeSecrets(net, ...row);

const run = (who, source, names, secretsRef) => net.request(who, {
    source, input_data: names.join('\n'), response_format: 'Json', ...(secretsRef ? { secrets_ref: secretsRef } : {}),
});

const hash = { WasmHash: { hash: guest.WasmUrl.hash } };

test('by hash: the run of the program gets them, in two profiles', async () => {
    await store(net.alice, hash, 'default', { API_KEY: MARKER, 'OTHER': 'x' });
    await store(net.alice, hash, 'production', { API_KEY: `${MARKER}-production` });
    const first = await run(net.alice, guest, ['API_KEY', 'OTHER', 'NONE'], { profile: 'default', account_id: 'alice.test' });
    assert.deepEqual(first.value, { API_KEY: fnv(MARKER), OTHER: fnv('x'), NONE: null });
    const second = await run(net.alice, guest, ['API_KEY', 'OTHER'], { profile: 'production', account_id: 'alice.test' });
    assert.deepEqual(second.value, { API_KEY: fnv(`${MARKER}-production`), OTHER: null });
    // Nothing is given to who does not ask, and nothing is left over from the run before.
    const third = await run(net.alice, guest, ['API_KEY', 'OTHER']);
    assert.deepEqual(third.value, { API_KEY: null, OTHER: null });
});

test('a process that has had secrets runs again with the same ones only', async () => {
    const ref = { profile: 'warm', account_id: 'alice.test' };
    const warm = async (secrets, value) => {
        const got = await run(net.alice, guest, ['API_KEY'], secrets);
        assert.deepEqual(got.value, { API_KEY: value });
        const page = await net.page(got.requested.request_id);
        return page.steps.find((s) => s.step === 'ran').detail.warm;
    };
    await store(net.alice, hash, 'warm', { API_KEY: `${MARKER}-1` });
    assert.equal(await warm(ref, fnv(`${MARKER}-1`)), false);
    assert.equal(await warm(ref, fnv(`${MARKER}-1`)), true);
    await warm(null, null);
    await store(net.alice, hash, 'warm', { API_KEY: `${MARKER}-2` });
    assert.equal(await warm(ref, fnv(`${MARKER}-2`)), false);
    assert.equal(await warm({ profile: 'production', account_id: 'alice.test' }, fnv(`${MARKER}-production`)), false);
});

test('a profile that is not there is no failure', async () => {
    const got = await run(net.alice, guest, ['API_KEY'], { profile: 'nothing', account_id: 'alice.test' });
    assert.deepEqual(got.value, { API_KEY: null });
});

test('reserved names are dropped, whoever sealed them', async () => {
    await store(net.alice, hash, 'tricky', { NEAR_SENDER_ID: 'mallory.test', MINE: 'm' });
    const got = await run(net.alice, guest, ['NEAR_SENDER_ID', 'MINE'], { profile: 'tricky', account_id: 'alice.test' });
    assert.deepEqual(got.value, { NEAR_SENDER_ID: fnv('alice.test'), MINE: fnv('m') });
    const refused = await ask('/pubkey', { accessor: web(hash), owner: 'alice.test', secrets_json: '{"NEAR_SENDER_ID":"x"}' });
    assert.equal(refused.status, 400);
    assert.match(refused.error, /reserved/);
    assert.equal((await ask('/pubkey', { accessor: web(hash), owner: 'alice.test', secrets_json: '{"PROTECTED_X":"x"}' })).status, 400);
});

test('denied: the owner lets others in, or nobody, or the chain does not say', async () => {
    const cases = [
        [{ Whitelist: { accounts: ['bob.test'] } }, /Whitelist/],
        [{ Not: { condition: { AccountPattern: { pattern: '.*\\.test' } } } }, /Not/],
        [{ AccountPattern: { pattern: '(' } }, /pattern/],
        [{ NearBalance: { operator: 'Gte', value: (10n ** 30n).toString() } }, /NearBalance/],
        [{ FtBalance: { contract: 'nobody.test', operator: 'Gte', value: '0' } }, /ft_balance_of/],
        [{ Not: { condition: { FtBalance: { contract: 'nobody.test', operator: 'Gte', value: '1' } } } }, /ft_balance_of/],
    ];
    for (const [access, reason] of cases) {
        await store(net.alice, hash, 'denied', { API_KEY: MARKER }, access);
        const got = await run(net.alice, guest, ['API_KEY'], { profile: 'denied', account_id: 'alice.test' });
        assert.equal(got.completed.success, false, JSON.stringify(access));
        assert.match(got.completed.error_message, /Access to secrets denied\. You do not have permission/);
        assert.match(got.completed.error_message, reason);
    }
    await store(net.alice, hash, 'denied', { API_KEY: MARKER }, { Whitelist: { accounts: ['bob.test'] } });
    const got = await run(bob, guest, ['API_KEY'], { profile: 'denied', account_id: 'alice.test' });
    assert.deepEqual(got.value, { API_KEY: fnv(MARKER) });
});

test('by project: its own are used unasked; refused ones are left out', async () => {
    await net.transact(net.alice, OUTLAYER, [near.actions.functionCall('create_project', { name: 'dice', source: guest }, 100n * TGAS, NEAR / 10n)]);
    const source = { Project: { project_id: 'alice.test/dice', version_key: null } };
    const project = { Project: { project_id: 'alice.test/dice' } };
    assert.deepEqual((await run(bob, source, ['API_KEY'])).value, { API_KEY: null });
    await store(net.alice, project, 'default', { API_KEY: `${MARKER}-project` }, { Whitelist: { accounts: ['bob.test'] } });
    await store(net.alice, project, 'second', { API_KEY: `${MARKER}-second` });
    assert.deepEqual((await run(bob, source, ['API_KEY'])).value, { API_KEY: fnv(`${MARKER}-project`) });
    assert.deepEqual((await run(net.alice, source, ['API_KEY'])).value, { API_KEY: null });
    const named = { profile: 'second', account_id: 'alice.test' };
    assert.deepEqual((await run(net.alice, source, ['API_KEY'], named)).value, { API_KEY: fnv(`${MARKER}-second`) });
    const denied = await run(net.alice, source, ['API_KEY'], { profile: 'default', account_id: 'alice.test' });
    assert.equal(denied.completed.success, false);
    // The same program under its hash is another thing.
    assert.deepEqual((await run(bob, guest, ['API_KEY'])).value, { API_KEY: null });
});

test('a project that is given away takes no secrets along', async () => {
    const call = (who, method, args, deposit = 0n) => net.transact(who, OUTLAYER, [near.actions.functionCall(method, args, 100n * TGAS, deposit)]);
    await call(net.alice, 'create_project', { name: 'moved', source: guest }, NEAR / 10n);
    await store(net.alice, { Project: { project_id: 'alice.test/moved' } }, 'default', { API_KEY: `${MARKER}-moved` });
    const at = (owner, ref) => run(bob, { Project: { project_id: `${owner}/moved` } }, ['API_KEY'], ref);
    assert.deepEqual((await at('alice.test')).value, { API_KEY: fnv(`${MARKER}-moved`) });
    await call(bob, 'accept_project_transfer', { from: 'alice.test', name: 'moved' }, NEAR / 10n);
    await call(net.alice, 'transfer_project', { project_name: 'moved', new_owner: 'bob.test' });
    assert.deepEqual((await at('bob.test')).value, { API_KEY: null });
    assert.deepEqual((await at('bob.test', { profile: 'default', account_id: 'alice.test' })).value, { API_KEY: null });
    await store(bob, { Project: { project_id: 'bob.test/moved' } }, 'default', { API_KEY: `${MARKER}-bobs` });
    assert.deepEqual((await at('bob.test')).value, { API_KEY: fnv(`${MARKER}-bobs`) });
});

test('by repository and branch: the branch has its own, the others the repository\'s', async () => {
    const git = await new GitServer().start();
    try {
        const source = fs.readFileSync(new URL('../guests/secret.c', import.meta.url), 'utf8');
        const [repo, sha] = git.commit('dice', { 'main.c': source });
        git.git('dice', 'checkout', '-q', '-b', 'dev');
        git.commit('dice', { 'main.c': `${source}/* dev */\n` });
        git.git('dice', 'tag', 'v1', 'main');
        git.commit('fork', { 'main.c': source });
        const named = repo.replace('http://', '');
        const row = (branch) => ({ Repo: { repo: named, branch } });
        await store(net.alice, row(null), 'default', { API_KEY: `${MARKER}-repository` });
        await store(net.alice, row('main'), 'default', { API_KEY: `${MARKER}-main` }, { Whitelist: { accounts: ['alice.test'] } });
        await store(net.alice, row('main'), 'second', { API_KEY: `${MARKER}-main-second` });
        const ask = (name, commit, who = net.alice, profile = 'default') => run(who, { GitHub: { repo: name, commit } }, ['API_KEY'], { profile, account_id: 'alice.test' });
        const gets = async (value, ...question) => assert.deepEqual((await ask(...question)).value, { API_KEY: value && fnv(`${MARKER}-${value}`) }, question.slice(0, 2).join(' '));
        await gets('main', repo, 'main');
        await gets('main', `${repo}.git`, 'main');
        await gets('main-second', repo, 'main', bob, 'second');
        await gets('repository', repo, 'dev', bob);
        await gets('repository', repo, 'v1', bob);
        // A commit is on the branch that leads to it, and a fork's on none, however it is fetched.
        await gets('main', repo, sha);
        await gets('main', repo, sha);
        await gets('repository', repo, git.git('dice', 'rev-parse', 'dev'), bob);
        git.git('dice', 'config', 'uploadpack.allowAnySHA1InWant', 'true');
        const alien = git.git('dice', 'commit-tree', '-m', 'fork', 'main^{tree}');
        assert.deepEqual((await run(bob, { GitHub: { repo, commit: alien } }, ['API_KEY'])).value, { API_KEY: null });
        assert.match((await ask(repo, alien)).completed.error_message, /Access to secrets denied.*no branch or tag/);
        await gets(null, repo, 'dev', bob, 'second');
        await gets(null, repo.replace('dice', 'fork'), 'main');
        const denied = await ask(repo, 'main', bob);
        assert.match(denied.completed.error_message, /Access to secrets denied.*Whitelist/s);
        // The same bytes as a file are another thing.
        assert.deepEqual((await run(net.alice, { GitHub: { repo, commit: 'main' } }, ['API_KEY'])).value, { API_KEY: null });
    } finally {
        await git.stop();
    }
});

test('a ciphertext moved to another row does not open', async () => {
    const row = await net.view('get_secrets', { accessor: hash, profile: 'default', owner: 'alice.test' });
    await net.transact(bob, OUTLAYER, [near.actions.functionCall('store_secrets', {
        accessor: hash, profile: 'stolen', encrypted_secrets_base64: row.encrypted_secrets, access: 'AllowAll',
    }, 50n * TGAS, NEAR / 10n)]);
    const got = await run(bob, guest, ['API_KEY'], { profile: 'stolen', account_id: 'bob.test' });
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /Failed to decrypt secrets\. Please check your secrets configuration\./);
});

test('sessions: none, forged, replayed, late and foreign ones are refused', async () => {
    const common = { accessor: web(hash), profile: 'default', owner: 'alice.test', user_account_id: 'alice.test', nonce: '00'.repeat(32) };
    const question = { ...common, request_id: 0 };
    assert.equal((await ask('/decrypt', question)).status, 401);
    assert.equal((await ask('/decrypt', question, bearer())).status, 401);
    assert.equal((await ask('/decrypt', question, { authorization: 'Bearer wrong-token-0123456789' })).status, 401);
    assert.equal((await ask('/decrypt', question, { ...bearer(), 'x-tee-session': '00000000-0000-4000-8000-000000000000' })).status, 401);

    const good = await registration();
    const session = await ask('/register-tee', good.body, bearer());
    assert.equal(session.status, 200, session.error);
    const replayed = await ask('/register-tee', good.body, bearer());
    assert.equal(replayed.status, 403);
    assert.match(replayed.error, /used before/);

    const wrong = [
        [{ raw: true }, /signature/], [{ late: -3600 }, /issued_at/], [{ late: 3600 }, /issued_at/],
        [{ audience: 'outlayer-coordinator' }, /signature/], [{ box: randomBytes(32) }, /box key/],
        [{ secret: net.alice.secret }, /not registered/],
    ];
    for (const [change, reason] of wrong) {
        const answer = await ask('/register-tee', (await registration(change)).body, bearer());
        assert.equal(answer.status, 403, JSON.stringify(change));
        assert.match(answer.error, reason);
    }
    const { challenge } = await ask('/tee-challenge', {}, bearer());
    const bare = await ask('/register-tee', { public_key: 'ed25519:x', challenge, signature: 'ed25519:x' }, bearer());
    assert.equal(bare.status, 400);

    await whileWaiting(net, net.alice, { source: guest, input_data: '', secrets_ref: { profile: 'default', account_id: 'alice.test' } }, async (id) => {
        const question = { ...common, request_id: id };
        const mine = { ...bearer(), 'x-tee-session': session.session_id };
        const answer = await ask('/decrypt', question, mine);
        assert.equal(answer.status, 200, answer.error);
        assert.equal(answer.plaintext_secrets, undefined);
        const plain = open(good.box.privateKey, answer.sealed_secrets);
        assert.deepEqual(plain.subarray(0, 32), label('outlayer:v2:secrets'));
        assert.deepEqual(plain.subarray(32, 64), Buffer.alloc(32));
        assert.deepEqual(JSON.parse(plain.subarray(64)), { API_KEY: MARKER, OTHER: 'x' });
        assert.throws(() => open(generateKeyPairSync('x25519').privateKey, answer.sealed_secrets));
        // who it is for is never guessed
        assert.equal((await ask('/decrypt', { ...question, user_account_id: undefined }, mine)).status, 400);
        assert.equal((await ask('/decrypt', { ...question, profile: 'denied' }, mine)).status, 409);
        assert.equal((await ask('/decrypt', { ...question, request_id: undefined }, mine)).status, 400);
        assert.equal((await ask('/decrypt', { ...question, accessor: { type: 'System', PaymentKey: {} } }, mine)).status, 400);
        assert.equal((await ask('/decrypt-raw', { seed: 'x', encrypted_base64: '' }, mine)).status, 404);
    });
});

test('bound to a vault: refused in words, by all that could touch them', async () => {
    const row = { accessor: hash, profile: 'vault', encrypted_secrets_base64: 'AAAA', access: 'AllowAll' };
    await net.transact(bob, OUTLAYER, [near.actions.functionCall('store_secrets', { ...row, vault_id: 'vault.test' }, 50n * TGAS, NEAR / 10n)]);
    const got = await run(bob, guest, ['API_KEY'], { profile: 'vault', account_id: 'bob.test' });
    assert.match(got.completed.error_message, /bound to the vault "vault\.test", and this keystore has no vaults/);
    for (const [route, body] of [['/pubkey', { accessor: web(hash), owner: 'bob.test', secrets_json: '{}', vault_id: 'vault.test' }], ['/pubkey', { seed: 'x', vault_id: 'vault.test' }]])
        assert.match((await ask(route, body)).error, /no vaults/);
    assert.match((await ask('/pubkey', { seed: 'x' }, { 'x-customer-vault': 'vault.test' })).error, /no vaults/);
    const { status, stderr } = spawnSync(path.join(BIN, 'outlayer'), ['secrets', 'check', '--rpc-url', net.chain.url, '--contract-id', OUTLAYER,
        '--wasm-hash', guest.WasmUrl.hash, '--profile', 'vault', '--owner', 'bob.test', '--as', 'bob.test'], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /bound to the vault "vault\.test"/);
});

test('generated secrets are drawn inside and cannot be changed', async () => {
    const base = { accessor: web(hash), owner: 'bob.test', profile: 'generated' };
    const made = await ask('/add_generated_secret', { ...base, new_secrets: [{ name: 'PROTECTED_K', generation_type: 'hex32' }] });
    assert.equal(made.status, 200, made.error);
    assert.deepEqual(made.all_keys, ['PROTECTED_K']);
    const more = await ask('/add_generated_secret', { ...base, encrypted_secrets_base64: made.encrypted_data_base64,
        new_secrets: [{ name: 'PROTECTED_L', generation_type: 'password:20' }] });
    assert.deepEqual(more.all_keys, ['PROTECTED_K', 'PROTECTED_L']);
    const again = await ask('/add_generated_secret', { ...base, encrypted_secrets_base64: more.encrypted_data_base64,
        new_secrets: [{ name: 'PROTECTED_K', generation_type: 'hex32' }] });
    assert.equal(again.status, 409);
    assert.equal((await ask('/add_generated_secret', { ...base, new_secrets: [{ name: 'K', generation_type: 'hex32' }] })).status, 400);
    assert.equal((await ask('/add_generated_secret', { ...base, new_secrets: [{ name: 'PROTECTED_K', generation_type: 'hex1' }] })).status, 400);
    await net.transact(bob, OUTLAYER, [near.actions.functionCall('store_secrets', {
        accessor: hash, profile: 'generated', encrypted_secrets_base64: more.encrypted_data_base64, access: 'AllowAll',
    }, 50n * TGAS, NEAR / 10n)]);
    const got = await run(bob, guest, ['PROTECTED_K', 'PROTECTED_L'], { profile: 'generated', account_id: 'bob.test' });
    assert.match(got.value.PROTECTED_K, /^[0-9a-f]{16}$/);
    assert.notEqual(got.value.PROTECTED_K, got.value.PROTECTED_L);
});

test("at the coordinator's address: what anybody may ask, and nothing else", async () => {
    const at = async (method, route, body, headers = {}) => {
        const answer = await fetch(`${net.coordinator.url}${route}`, { method, headers, body: body && JSON.stringify(body) });
        return { status: answer.status, headers: answer.headers, ...await answer.json() };
    };
    const question = { accessor: web(hash), owner: 'alice.test', profile: 'default', secrets_json: '{"A":"x"}' };
    const direct = await ask('/pubkey', question);
    const { status, headers, ...answer } = await at('POST', '/secrets/pubkey', question);
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.deepEqual({ status, ...answer }, direct);
    const repo = await at('POST', '/secrets/pubkey', { accessor: { type: 'Repo', repo: 'https://github.com/alice/dice.git', branch: null }, owner: 'alice.test', secrets_json: '{}' });
    assert.equal(repo.accessor.repo_normalized, 'github.com/alice/dice');
    assert.equal((await at('POST', '/secrets/pubkey', { ...question, secrets_json: '{"PROTECTED_A":"x"}' })).status, 400);
    const made = await at('POST', '/secrets/add_generated_secret', { ...question, new_secrets: [{ name: 'PROTECTED_K', generation_type: 'hex32' }] });
    assert.deepEqual(made.all_keys, ['PROTECTED_K']);
    assert.equal((await at('POST', '/secrets/update_user_secrets', question)).status, 400);
    assert.equal((await at('GET', '/vrf/pubkey')).vrf_public_key_hex, (await ask('/vrf/pubkey')).vrf_public_key_hex);
    assert.match((await at('POST', '/secrets/pubkey', question, { 'x-customer-vault': 'v.test' })).error, /no vaults/);
    // What workers ask goes to the keystore itself.
    for (const route of ['decrypt', 'tee-challenge', 'register-tee', 'vrf/generate', '../decrypt', 'pubkey/x', ''])
        assert.equal((await at('POST', `/secrets/${route}`, question, bearer())).status, 404, route);
    assert.equal((await at('GET', '/secrets/pubkey')).status, 405);
    assert.equal((await at('POST', '/secrets/pubkey', { ...question, pad: 'x'.repeat(300_000) })).status, 413);
});

test('an update is signed by the owner and keeps what was there', async () => {
    const pair = near.KeyPair.fromString(net.alice.secret);
    const nonce = randomBytes(32);
    const update = (secrets, message, key = pair) => {
        const tagged = Buffer.concat([u32(2147484061), text(message), nonce, text(OUTLAYER), Buffer.from([0])]);
        return {
            accessor: web(hash), profile: 'default', owner: 'alice.test', mode: 'append', secrets, generate_protected: [],
            signed_message: message, signature: Buffer.from(key.sign(createHash('sha256').update(tagged).digest()).signature).toString('base64'),
            public_key: key.getPublicKey().toString(), nonce: nonce.toString('base64'), recipient: OUTLAYER,
        };
    };
    const message = 'Update Outlayer secrets for alice.test:default\nkeys:A,B';
    const good = await ask('/update_user_secrets', update({ B: '2', A: '1' }, message));
    assert.equal(good.status, 200, good.error);
    assert.deepEqual(good.summary, { protected_keys_preserved: [], updated_keys: ['B', 'A'], removed_keys: [], total_keys: 4 });
    assert.equal((await ask('/update_user_secrets', update({ C: '2' }, message))).status, 403);
    assert.equal((await ask('/update_user_secrets', update({ B: '2', A: '1' }, message, near.KeyPair.fromString(bob.secret)))).status, 403);
    const tampered = update({ B: '2', A: '1' }, message);
    tampered.recipient = 'other.test';
    assert.equal((await ask('/update_user_secrets', tampered)).status, 403);
});

test('the command line: set, update, list, check, delete, and no value in its arguments', async () => {
    const keyFile = path.join(net.home, 'bob.json');
    // A key of its own: the client here counts the nonces of the other one.
    const pair = near.KeyPair.fromRandom('ed25519');
    await net.transact(bob, 'bob.test', [near.actions.addFullAccessKey(pair.getPublicKey())]);
    fs.writeFileSync(keyFile, JSON.stringify({ account_id: 'bob.test', private_key: pair.toString() }), { mode: 0o600 });
    const common = ['--rpc-url', net.chain.url, '--keystore-url', net.keystore.url, '--contract-id', OUTLAYER];
    const mine = ['--wasm-hash', guest.WasmUrl.hash, '--profile', 'cli', '--key-file', keyFile];
    const cli = (verb, args, input = '') => {
        const done = spawnSync(path.join(BIN, 'outlayer'), ['secrets', verb, ...common, ...args], { input, encoding: 'utf8' });
        return { status: done.status, out: done.stdout, err: done.stderr };
    };
    const ok = (done) => {
        assert.equal(done.status, 0, done.err);
        return done.out;
    };
    const ref = { profile: 'cli', account_id: 'bob.test' };

    const envFile = path.join(net.home, 'values.env');
    fs.writeFileSync(envFile, `# mine\nAPI_KEY=${MARKER}-cli\nQUOTED="a b"\n`, { mode: 0o600 });
    ok(cli('set', [...mine, '--env-file', envFile, '--generate', 'PROTECTED_K:hex32', '--access', 'whitelist:bob.test,alice.test']));
    fs.rmSync(envFile);
    const first = (await run(bob, guest, ['API_KEY', 'QUOTED', 'PROTECTED_K'], ref)).value;
    assert.equal(first.API_KEY, fnv(`${MARKER}-cli`));
    assert.equal(first.QUOTED, fnv('a b'));
    assert.match(first.PROTECTED_K, /^[0-9a-f]{16}$/);

    // An update keeps the access rule, what it does not name, and what was drawn.
    ok(cli('update', mine, JSON.stringify({ QUOTED: 'new', MORE: '1' })));
    assert.deepEqual((await run(bob, guest, ['API_KEY', 'QUOTED', 'MORE', 'PROTECTED_K'], ref)).value,
        { API_KEY: fnv(`${MARKER}-cli`), QUOTED: fnv('new'), MORE: fnv('1'), PROTECTED_K: first.PROTECTED_K });
    const row = await net.view('get_secrets', { accessor: hash, profile: 'cli', owner: 'bob.test' });
    assert.deepEqual(row.access, { Whitelist: { accounts: ['bob.test', 'alice.test'] } });
    ok(cli('update', [...mine, '--reset'], 'ONLY=1\n'));
    assert.deepEqual((await run(bob, guest, ['API_KEY', 'ONLY', 'PROTECTED_K'], ref)).value,
        { API_KEY: null, ONLY: fnv('1'), PROTECTED_K: first.PROTECTED_K });

    assert.match(ok(cli('list', ['--owner', 'bob.test'])), /cli +[0-9a-f]{64} +whitelist:bob\.test,alice\.test\n/);
    assert.ok(JSON.parse(ok(cli('list', ['--owner', 'bob.test', '--json']))).some((row) => row.profile === 'cli'));
    assert.deepEqual(JSON.parse(ok(cli('list', ['--owner', 'nobody.test', '--json']))), []);
    const check = (as) => cli('check', ['--wasm-hash', guest.WasmUrl.hash, '--profile', 'cli', '--owner', 'bob.test', '--as', as]);
    assert.match(ok(check('alice.test')), /may use/);
    const no = check('mallory.test');
    assert.equal(no.status, 1);
    assert.match(no.err, /Whitelist/);

    // Refused before anything is sent.
    for (const [args, input, reason] of [
        [mine, 'NEAR_SENDER_ID=x\n', /reserved/], [mine, 'PROTECTED_X=x\n', /PROTECTED_/], [mine, '', /no values/],
        [mine, 'nonsense\n', /NAME=VALUE/], [[...mine, '--access', 'everybody'], 'A=1\n', /access condition/],
        [[...mine, '--generate', 'K:hex32'], 'A=1\n', /PROTECTED_/], [[...mine, '--project', 'a.test/b'], 'A=1\n', /one of/],
    ]) {
        const bad = cli('set', args, input);
        assert.notEqual(bad.status, 0);
        assert.match(bad.err, reason);
    }
    assert.equal(cli('set', [...mine, 'API_KEY=x']).status, 3);
    ok(cli('delete', mine));
    assert.equal(await net.view('get_secrets', { accessor: hash, profile: 'cli', owner: 'bob.test' }), null);
    assert.equal(cli('delete', mine).status, 1);
});

test('a new epoch of the master opens what was sealed before, a backup too', async () => {
    const accessor = web(hash);
    const before = await ask('/pubkey', { accessor, owner: 'alice.test', secrets_json: '{}' });
    const lock = ['--master-file', path.join(net.home, 'master.sealed'), '--seal-key-file', path.join(net.home, 'seal.key')];
    const holder = (...args) => execFileSync(path.join(BIN, 'outlayer-keyholder'), args, { stdio: 'pipe' }).toString();
    await net.keystore.stop();
    holder('rotate', ...lock);
    const phrase = path.join(net.home, 'phrase');
    fs.writeFileSync(phrase, 'correct horse battery staple\n', { mode: 0o600 });
    holder('backup', ...lock, '--to', path.join(net.home, 'backup'), '--backup-passphrase-file', phrase);
    const shown = holder('show', ...lock);
    for (const name of ['master.sealed', 'seal.key'])
        fs.rmSync(path.join(net.home, name));
    holder('restore', '--from', path.join(net.home, 'backup'), '--backup-passphrase-file', phrase, ...lock);
    assert.equal(holder('show', ...lock), shown);
    await net.startKeystore();
    assert.equal((await ask('/health')).epochs, 2);
    const after = await ask('/pubkey', { accessor, owner: 'alice.test', secrets_json: '{}' });
    assert.notEqual(after.pubkey, before.pubkey);
    // The worker's session ended with the old process: it gets a new one by itself.
    const ref = { profile: 'default', account_id: 'alice.test' };
    assert.deepEqual((await run(net.alice, guest, ['API_KEY'], ref)).value, { API_KEY: fnv(MARKER) });
    await store(net.alice, hash, 'newer', { API_KEY: `${MARKER}-newer` });
    assert.deepEqual((await run(net.alice, guest, ['API_KEY'], { ...ref, profile: 'newer' })).value, { API_KEY: fnv(`${MARKER}-newer`) });
});

test('a rotation while it runs: sessions stay, both epochs open, a wrong file changes nothing', async () => {
    const lock = ['--master-file', path.join(net.home, 'master.sealed'), '--seal-key-file', path.join(net.home, 'seal.key')];
    const session = await sessionOf(net);
    const decrypt = (id) => ask('/decrypt', {
        request_id: id, accessor: web(hash), profile: 'default', owner: 'alice.test', user_account_id: 'alice.test', nonce: '00'.repeat(32),
    }, session);
    const ref = { profile: 'default', account_id: 'alice.test' };
    const pubkey = async () => (await ask('/pubkey', { accessor: web(hash), owner: 'alice.test', secrets_json: '{}' })).pubkey;
    const before = await pubkey();
    const first = descendants(net.keystore.pid).find((p) => p.name.startsWith('outlayer-keyhol'));
    execFileSync(path.join(BIN, 'outlayer-keyholder'), ['rotate', ...lock], { stdio: 'pipe' });
    assert.equal(await pubkey(), before, 'nothing has changed yet');
    await whileWaiting(net, net.alice, { source: guest, input_data: '', secrets_ref: ref }, async (id) => {
        // Questions go on all the while.
        let over = false;
        const busy = (async () => {
            while (!over)
                assert.equal((await decrypt(id)).status, 200);
        })();
        process.kill(net.keystore.pid, 'SIGHUP');
        await until('the new epoch', async () => (await ask('/health')).epochs === 3);
        over = true;
        await busy;
        assert.notEqual(await pubkey(), before);
        assert.equal((await decrypt(id)).status, 200, 'the same session');
    });
    await until('the end of the old one', () => alive([first]).length === 0);

    const file = fs.readFileSync(path.join(net.home, 'master.sealed'));
    const now = await pubkey();
    const told = () => (net.keystore.logText().match(/ not_reloaded /g) ?? []).length;
    fs.rmSync(path.join(net.home, 'master.sealed'));
    process.kill(net.keystore.pid, 'SIGHUP');
    await until('a refusal', () => told() === 1);
    execFileSync(path.join(BIN, 'outlayer-keyholder'), ['create', ...lock], { stdio: 'pipe' });
    process.kill(net.keystore.pid, 'SIGHUP');
    await until('another refusal', () => told() === 2);
    assert.match(net.keystore.logText(), /not_reloaded why=the master file has no longer epoch 1/);
    fs.writeFileSync(path.join(net.home, 'master.sealed'), file, { mode: 0o600 });
    assert.equal(await pubkey(), now);
    assert.deepEqual((await run(net.alice, guest, ['API_KEY'], ref)).value, { API_KEY: fnv(MARKER) });
});

test('kill -9 of the keystore: the request waits and gets its secrets', async () => {
    await net.keystore.kill9();
    const away = await fetch(`${net.coordinator.url}/secrets/pubkey`, { method: 'POST', body: '{}' });
    assert.equal(away.status, 502);
    const pending = run(net.alice, guest, ['API_KEY'], { profile: 'default', account_id: 'alice.test' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await net.startKeystore();
    assert.deepEqual((await pending).value, { API_KEY: fnv(MARKER) });
});

test('the keyholder is walled in', { skip: process.env.SANITIZED === '1' && 'not under sanitizers' }, () => {
    const holder = descendants(net.keystore.pid).find((p) => p.name.startsWith('outlayer-keyhol'));
    const status = fs.readFileSync(`/proc/${holder.pid}/status`, 'utf8');
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    for (const pid of [holder.pid, net.keystore.pid, net.worker.pid])
        assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0/m);
    if (!net.keystore.logText().includes('memory_not_locked'))
        assert.match(status, /^VmLck:\t *[1-9]\d* kB$/m);
    // Descriptors 0 to 2, and its socket.
    assert.deepEqual(fs.readdirSync(`/proc/${holder.pid}/fd`).sort(), ['0', '1', '2', '3']);
});

test('the plaintext is in no log, database, command line or other process', async () => {
    const files = [];
    const walk = (dir) => {
        for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
            const full = path.join(dir, entry.name);
            if (entry.isDirectory())
                walk(full);
            else if (entry.isFile())
                files.push(full);
        }
    };
    walk(net.home);
    assert.ok(files.some((f) => f.endsWith('coordinator.db')) && files.some((f) => f.endsWith('keystore.log')));
    for (const file of files)
        assert.ok(!fs.readFileSync(file).includes(MARKER), `${file} has it`);
    const below = descendants(process.pid);
    // The search would find it: a text that is there is found.
    if (process.env.SANITIZED !== '1' && process.getuid() === 0)
        assert.ok(memoryHas(net.keystore.pid, OUTLAYER));
    assert.ok(below.some((p) => p.name.startsWith('outlayer-keyhol')));
    for (const p of below) {
        if (!p.name.startsWith('outlayer'))
            continue;
        for (const what of ['cmdline', 'environ']) {
            let content;
            try {
                content = fs.readFileSync(`/proc/${p.pid}/${what}`);
            } catch {
                continue; // it ended, or nobody may look
            }
            assert.ok(!content.includes(MARKER), `${p.name} ${what} has it`);
        }
        if (process.env.SANITIZED !== '1')
            assert.ok(!memoryHas(p.pid, MARKER), `the memory of ${p.name} (${p.pid}) has it`);
    }
});
