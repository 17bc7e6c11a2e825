// projects.mjs — programs under a name: versions, what is active, going back, giving away.
//
// Everything is done with the command line, as people do it; what the chain has is looked at beside.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { GitServer } from './git.mjs';
import { Daemon, NEAR, Network, OUTLAYER, SHARE, near, until } from './harness.mjs';

const net = await Network.start();
const git = await new GitServer().start();
after(() => git.stop());
const echo = (await net.guest('test/echo')).WasmUrl;
const env = (await net.guest('test/env')).WasmUrl;
const words = (await net.guest('words')).WasmUrl;
const TEXT = '{"text":"one two two"}';

/** A key file of its own for `account`: the client here counts the nonces of the other key. */
async function keyFile(account) {
    const pair = near.KeyPair.fromRandom('ed25519');
    const file = path.join(net.home, `${account.accountId}.json`);
    await net.transact(account, account.accountId, [near.actions.addFullAccessKey(pair.getPublicKey())]);
    fs.writeFileSync(file, JSON.stringify({ account_id: account.accountId, private_key: pair.toString() }), { mode: 0o600 });
    return file;
}

const alice = await keyFile(net.alice);
const bob = await keyFile(await net.createAccount('bob.test', 100n * NEAR));
const cli = (command, key, ...args) => outlayer([
    command, ...args, '--rpc-url', net.chain.url, '--contract-id', OUTLAYER, ...(key ? ['--key-file', key] : []),
]);

/** Done, with status 0; what it printed. */
async function ok(...args) {
    const { code, out, err } = await cli(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${err}`);
    return out;
}

async function json(...args) {
    return JSON.parse(await ok(...args, '--json'));
}

/** Refused with these words; status 1 or, when the words make no sense, 3. */
async function refused(reason, status, ...args) {
    const { code, out, err } = await cli(...args);
    assert.equal(code, status, `${args.join(' ')}: ${out}${err}`);
    assert.match(err, reason);
    return err;
}

const active = async () => (await net.view('get_project', { project_id: 'alice.test/tool' })).active_version;

test('create: the first version is the active one', async () => {
    // Without --hash the file is downloaded to hash it.
    const made = await json('project', alice, 'create', 'tool', '--wasm', echo.url);
    assert.equal(made.version_key, echo.hash);
    assert.match(made.tx, /^[1-9A-HJ-NP-Za-km-z]{43,44}$/);
    const project = await net.view('get_project', { project_id: 'alice.test/tool' });
    assert.equal(project.active_version, echo.hash);
    assert.deepEqual(await json('project', null, 'show', 'alice.test/tool'), project);
    assert.match(await ok('project', alice, 'show', 'tool'), new RegExp(`Project +alice.test/tool\nUUID +${project.uuid}\nActive +${echo.hash}\nVersions +1\n`));
    assert.match(await ok('project', alice, 'list'), /^alice\.test\/tool +p[0-9a-f]{16} +[0-9a-f]{12}$/m);
    assert.deepEqual(await json('project', null, 'list', 'alice.test'), [project]);
});

test('a request runs the active version, or the one that it names', async () => {
    assert.equal(await ok('request', bob, 'alice.test/tool', '--input', 'hello\n'), 'hello\n');
    const added = await json('project', alice, 'add', 'tool', '--wasm', words.url, '--hash', words.hash, '--build-target', 'wasm32-wasip1', '--no-activate');
    assert.equal(added.version_key, words.hash);
    assert.equal(await active(), echo.hash);
    const same = await json('request', bob, 'alice.test/tool', '--input', TEXT);
    assert.equal(same.output, TEXT);
    const other = await json('request', bob, 'alice.test/tool', '--input', TEXT, '--version', words.hash.slice(0, 8), '--format', 'json');
    assert.equal(other.success, true, other.error);
    assert.notDeepEqual(other.output, same.output);
    const pages = await fetch(`${net.coordinator.url}/requests/${other.request_id}`);
    assert.ok(JSON.stringify(await pages.json()).includes(words.hash));
    assert.equal(BigInt(other.charged_yocto) + BigInt(other.refunded_yocto), 7000100000000000000000n, 'the estimate was attached');

    await ok('project', alice, 'activate', 'tool', words.hash.slice(0, 8));
    assert.equal(await active(), words.hash);
    assert.deepEqual((await json('request', bob, 'alice.test/tool', '--input', TEXT, '--format', 'json')).output, other.output);
    assert.equal((await json('request', bob, 'alice.test/tool', '--input', 'old', '--version', echo.hash)).output, 'old');
});

test('null is the active version, as a contract may write it', async () => {
    for (const source of [{ project_id: 'alice.test/tool', version_key: null }, { project_id: 'alice.test/tool' }]) {
        const got = await net.request(net.alice, { source: { Project: source }, input_data: TEXT });
        assert.equal(got.completed.success, true);
        assert.equal(got.requested.code_source.WasmUrl.hash, words.hash);
    }
});

test('rollback: one command, one version back each time', async () => {
    await ok('project', alice, 'add', 'tool', '--wasm', env.url);
    assert.equal(await active(), env.hash);
    const list = await json('project', null, 'versions', 'alice.test/tool');
    assert.deepEqual(list.map((v) => [v.wasm_hash, v.is_active]), [[echo.hash, false], [words.hash, false], [env.hash, true]]);
    assert.match(await ok('project', alice, 'rollback', 'tool'), new RegExp(`Active is now ${words.hash}, before ${env.hash}\\.`));
    assert.equal(await active(), words.hash);
    assert.equal((await json('project', alice, 'rollback', 'tool')).version_key, echo.hash);
    assert.equal((await json('request', bob, 'alice.test/tool', '--input', 'back')).output, 'back');
    await refused(/no version is older than the active one/, 1, 'project', alice, 'rollback', 'tool');
    // Forward again, to the end of the table.
    await ok('project', alice, 'activate', 'tool', env.hash);
    assert.match(await ok('project', null, 'versions', 'alice.test/tool'), new RegExp(`^${env.hash.slice(0, 12)} +20..-..-.. ..:.. +active +http`, 'm'));
});

test('remove: never the active one; the order of age stays', async () => {
    await refused(/is the active one; activate another one first/, 1, 'project', alice, 'remove', 'tool', env.hash);
    const before = await net.balance('alice.test');
    await ok('project', alice, 'remove', 'tool', echo.hash);
    assert.ok(await net.balance('alice.test') > before, 'the deposit came back');
    // The contract moved the last one to its place: the older one is still words.
    await ok('project', alice, 'rollback', 'tool');
    assert.equal(await active(), words.hash);
    await refused(/there is no version/, 1, 'request', bob, 'alice.test/tool', '--version', echo.hash);
});

test('wrong words cost nothing and say what would be right', async () => {
    const before = await net.balance('bob.test');
    await refused(/'alice\.test' has no project 'toll'; it has tool/, 1, 'request', bob, 'alice.test/toll');
    await refused(/'bob\.test' has no project 'tool'/, 1, 'project', bob, 'rollback', 'tool');
    await refused(/'alice\.test\/tool' is not bob\.test's/, 3, 'project', bob, 'rollback', 'alice.test/tool');
    await refused(/--key-file is missing/, 3, 'project', null, 'rollback', 'alice.test/tool');
    await refused(/say what: create/, 3, 'project', alice, 'undo', 'tool');
    await refused(/needs a version/, 3, 'project', alice, 'activate', 'tool');
    await refused(/there is no version 'abc'/, 1, 'project', alice, 'activate', 'tool', 'abc');
    await refused(/is the active one already/, 1, 'project', alice, 'activate', 'tool', words.hash);
    await refused(/--github REPO or --wasm URL/, 3, 'project', alice, 'create', 'more');
    await refused(/is no project/, 3, 'project', alice, 'create', 'a b', '--wasm', echo.url);
    await refused(/64 hexadecimal/, 3, 'project', alice, 'create', 'more', '--wasm', echo.url, '--hash', 'abc');
    await refused(/status 404/, 1, 'project', alice, 'create', 'more', '--wasm', `${net.files.base}/nothing.wasm`);
    net.files.put('page.html', '<html>');
    await refused(/no WebAssembly/, 3, 'project', alice, 'create', 'more', '--wasm', `${net.files.base}/page.html`);
    await refused(/already exists/, 1, 'project', alice, 'create', 'tool', '--wasm', echo.url);
    await refused(/already exists/, 1, 'project', alice, 'add', 'tool', '--wasm', words.url);
    await refused(/say --yes/, 3, 'project', alice, 'delete', 'tool');
    await refused(/project, --github REPO or --wasm URL/, 3, 'request', bob);
    await refused(/leave out --github/, 3, 'request', bob, 'alice.test/tool', '--wasm', echo.url);
    await refused(/text, json or bytes/, 3, 'request', bob, 'alice.test/tool', '--format', 'xml');
    assert.equal(await net.balance('bob.test'), before);
});

test('requests of a file: limits, bytes, a failure with its price', async () => {
    const bytes = await json('request', bob, '--wasm', echo.url, '--hash', echo.hash, '--input', 'hi', '--format', 'bytes', '--max-seconds', '5', '--max-memory-mb', '16');
    assert.equal(bytes.output, Buffer.from('hi').toString('base64'));
    assert.equal(await ok('request', bob, '--wasm', echo.url, '--input', 'hi', '--format', 'bytes'), 'hi');
    const trap = (await net.guest('test/trap')).WasmUrl;
    const { code, out, err } = await cli('request', bob, '--wasm', trap.url);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /Error: .*\n.*failed.* NEAR charged, 0 back; request \d+, tx /s);
    const told = JSON.parse((await cli('request', bob, '--wasm', trap.url, '--json')).out);
    assert.equal(told.success, false);
    assert.equal(told.refunded_yocto, '0');
});

test('from a repository: versions are commits', async () => {
    const program = (word) => ({ 'main.c': `#include <stdio.h>\nint main(void) { puts("${word}"); return 0; }\n` });
    const [repo, first] = git.commit('speaker', program('first'));
    const [, second] = git.commit('speaker', program('second'));
    await ok('project', alice, 'create', 'speaker', '--github', repo, '--commit', first);
    const added = await json('project', alice, 'add', 'speaker', '--github', `${repo}.git`, '--commit', second);
    assert.equal(added.version_key, `${repo}@${second}`);
    assert.equal(await ok('request', bob, 'alice.test/speaker'), 'second\n');
    // The beginning of a commit names it.
    assert.equal(await ok('request', bob, 'alice.test/speaker', '--version', first.slice(0, 7)), 'first\n');
    await refused(/say more of it/, 1, 'project', alice, 'activate', 'speaker', repo.slice(0, 10));
    await ok('project', alice, 'rollback', 'speaker');
    assert.equal(await ok('request', bob, 'alice.test/speaker'), 'first\n');
    const compiled = await json('request', bob, '--github', repo, '--commit', second, '--compile-only');
    assert.match(compiled.output, /^[0-9a-f]{64}$/);
});

test('a file of one\'s own goes to FastFS first', async () => {
    const gateway = await new Daemon('outlayer-fastfs', ['--db', path.join(net.home, 'fastfs.db'), '--neardata-url', net.chain.url], path.join(net.home, 'fastfs.log')).start();
    const file = path.join(SHARE, 'guests/words.wasm');
    const served = ['--fastfs-url', `${gateway.url}/{sender}/{receiver}/{path}`];
    try {
        const made = await json('project', alice, 'create', 'filed', '--wasm', file, ...served);
        assert.equal(made.version_key, words.hash);
        const { source } = await net.view('get_version', { project_id: 'alice.test/filed', version_key: words.hash });
        assert.equal(source.WasmUrl.url, `${gateway.url}/alice.test/fastfs.near/${words.hash}.wasm`);
        await until('the file', async () => (await fetch(source.WasmUrl.url)).status === 200);
        assert.equal((await json('request', bob, 'alice.test/filed', '--input', TEXT, '--format', 'json')).success, true);
        await refused(/another SHA-256/, 3, 'project', alice, 'create', 'other', '--wasm', file, '--hash', echo.hash, ...served);
        await refused(/no WebAssembly/, 3, 'project', alice, 'create', 'other', '--wasm', alice, ...served);
        await refused(/nothing\.wasm/, 1, 'project', alice, 'create', 'other', '--wasm', '/nothing.wasm', ...served);
    } finally {
        await gateway.stop();
    }
});

test('transfer: the receiver accepts first; versions and uuid go with it', async () => {
    const before = await net.view('get_project', { project_id: 'alice.test/tool' });
    await refused(/bob\.test has not accepted it yet: `outlayer project accept alice\.test\/tool/, 1, 'project', alice, 'transfer', 'tool', '--to', 'bob.test');
    await refused(/say who gets it/, 3, 'project', alice, 'transfer', 'tool');
    await ok('project', bob, 'accept', 'alice.test/tool');
    await ok('project', bob, 'accept', 'alice.test/tool', '--withdraw');
    await refused(/has not accepted it yet/, 1, 'project', alice, 'transfer', 'tool', '--to', 'bob.test');
    await ok('project', bob, 'accept', 'alice.test/tool');
    assert.match(await ok('project', alice, 'transfer', 'tool', '--to', 'bob.test'), /alice\.test\/tool is now bob\.test\/tool/);
    const now = await net.view('get_project', { project_id: 'bob.test/tool' });
    assert.equal(now.uuid, before.uuid);
    assert.equal(now.active_version, before.active_version);
    assert.equal(await net.view('get_project', { project_id: 'alice.test/tool' }), null);
    // Its runs say so, and the old owner has no say any more.
    const got = await net.request(net.alice, { source: { Project: { project_id: 'bob.test/tool', version_key: env.hash } } });
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.match(got.text, /bob\.test\/tool/);
    await refused(/has no project 'tool'/, 1, 'request', bob, 'alice.test/tool');
    await refused(/has no project 'tool'/, 1, 'project', alice, 'rollback', 'tool');
    await ok('project', bob, 'activate', 'tool', env.hash);
});

test('delete: all of it goes, all deposits come back', async () => {
    const before = await net.balance('bob.test');
    await ok('project', bob, 'delete', 'tool', '--yes');
    assert.ok(await net.balance('bob.test') > before);
    assert.equal(await net.view('get_project', { project_id: 'bob.test/tool' }), null);
    assert.deepEqual(await net.view('list_versions', { project_id: 'bob.test/tool' }), []);
    const got = await net.request(net.alice, { source: { Project: { project_id: 'bob.test/tool' } } });
    assert.match(got.failureText, /Project not found/);
    // The name is free again, for another project.
    assert.equal((await json('project', bob, 'create', 'tool', '--wasm', words.url)).version_key, words.hash);
});
