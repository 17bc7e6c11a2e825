// builds.mjs — what several machines of one operator compile once, and who is not believed; logs.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { GitServer, toolchain } from './git.mjs';
import { BIN, Daemon, NEAR, Network, near, until } from './harness.mjs';

const git = await new GitServer().start();
after(() => git.stop());
const net = await Network.start();

const shout = (mark) => `#include <stdio.h>
#include <ctype.h>
/* ${mark} */
int main(void) { int c; while ((c = getchar()) != EOF) putchar(toupper(c)); return 0; }
`;

const ask = (repo, more = {}) =>
    net.request(net.alice, { source: { GitHub: { repo, commit: 'main' } }, input_data: 'abc', ...more }, { deposit: NEAR });

async function works(repo, more) {
    const got = await ask(repo, more);
    assert.equal(got.completed?.success, true, got.completed?.error_message ?? got.failureText);
    return got;
}

/** The worker of another machine: nothing of the first one's folder. */
let machines = 0;
async function anotherMachine(...more) {
    await net.worker.stop();
    net.options.workerArgs = ['--home', path.join(net.home, `machine-${++machines}`), ...more];
    await net.startWorker();
}

/** Change what the coordinator keeps, as whoever owns it could. */
async function tamper(change) {
    await net.coordinator.stop();
    const db = new DatabaseSync(path.join(net.home, 'coordinator.db'));
    change(db);
    db.close();
    await net.startCoordinator();
}

const keptKey = (repo) => `SELECT key FROM build WHERE repo = '${repo}'`;
const workerLog = () => fs.readFileSync(net.log('worker'), 'utf8');

async function jobRow(got) {
    const rows = await (await fetch(`${net.coordinator.url}/public/jobs?limit=100`)).json();
    return rows.find((row) => row.request_id === got.requested.request_id);
}

async function buildLog(got) {
    const response = await fetch(`${net.coordinator.url}/requests/${got.requested.request_id}/build-log`);
    return [response.status, await response.text(), response.headers.get('content-type')];
}

test('what one machine has built, another takes; its log and its cost are told', async () => {
    const [repo, sha] = git.commit('shared', { 'main.c': shout('shared'), Makefile: 'x.wasm: main.c\n\t@echo making it\n\t$(CC) -O2 -o $@ main.c\n' });
    const first = await works(repo);
    assert.equal(first.completed.compilation_note, 'Freshly compiled');
    await anotherMachine();
    const second = await works(repo);
    assert.match(second.completed.compilation_note, /^Cached WASM from/);
    assert.equal(second.completed.resources_used.compile_time_ms, null);
    for (const got of [first, second]) {
        const [status, text, type] = await buildLog(got);
        assert.equal(status, 200);
        assert.match(text, /making it/);
        assert.equal(type, 'text/plain; charset=utf-8');
    }
    await net.page(first.requested.request_id);
    const row = await jobRow(first);
    assert.equal(row.compile_time_ms, first.completed.resources_used.compile_time_ms);
    assert.equal(row.compile_cost_yocto, String(BigInt((await net.view('get_pricing'))[3]) * BigInt(row.compile_time_ms)));
    assert.equal((await jobRow(second)).compile_time_ms, null);
    const info = await (await fetch(`${net.coordinator.url}/public/wasm/info?repo_url=${repo}&commit_hash=${sha}&build_target=wasm32-wasip1`)).json();
    assert.match(info.checksum, /^[0-9a-f]{64}$/);
    const exists = await (await fetch(`${net.coordinator.url}/public/wasm/exists/${info.checksum}`)).json();
    assert.equal(exists.exists, true);
});

test('a build that fails leaves its log, whole, for who asked', async () => {
    const [repo] = git.commit('broken', { Makefile: 'all:\n\t@seq 1 100000\n\t@echo the last words\n\t@false\n' });
    const got = await ask(repo);
    assert.equal(got.completed.success, false);
    const [status, text] = await buildLog(got);
    assert.equal(status, 200);
    assert.match(text, /^1\n2\n/m);
    assert.match(text, /what was here is left out/);
    assert.match(text, /99999\n100000\nthe last words/);
    assert.ok(text.length <= 256 << 10);
    const told = execFileSync(path.join(BIN, 'outlayer'), ['build-log', String(got.requested.request_id), '--coordinator-url', net.coordinator.url]);
    assert.equal(String(told), text);
    const none = spawnSync(path.join(BIN, 'outlayer'), ['build-log', '999999', '--coordinator-url', net.coordinator.url], { encoding: 'utf8' });
    assert.equal(none.status, 1);
    assert.match(none.stderr, /there is no build log of request 999999/);
    assert.equal((await fetch(`${net.coordinator.url}/requests/999999/build-log`)).status, 404);
});

test('the coordinator cannot put a program of its own in the place of a build', async () => {
    const [repo] = git.commit('poisoned', { 'main.c': shout('poisoned') });
    const [evil] = git.commit('evil', { 'main.c': 'int puts(const char *); int main(void) { puts("evil"); return 0; }\n' });
    await works(repo);
    await works(evil);
    // The bytes of another program under the signed hash.
    await tamper((db) => db.exec(`UPDATE program SET bytes = (SELECT bytes FROM program WHERE sha256 =
        (SELECT sha256 FROM build WHERE repo = '${evil}')) WHERE sha256 = (SELECT sha256 FROM build WHERE repo = '${repo}')`));
    await anotherMachine();
    const bytes = await works(repo);
    assert.equal(bytes.text, '"ABC"');
    assert.equal(bytes.completed.compilation_note, 'Freshly compiled');
    assert.match(workerLog(), /shared_build_refused.*another program than it was signed for/);
    // Another build's record, with its own good signature, under this build's key.
    await tamper((db) => db.exec(`UPDATE build SET (sha256, size, signer, signature) =
        (SELECT sha256, size, signer, signature FROM build WHERE repo = '${evil}') WHERE repo = '${repo}'`));
    await anotherMachine();
    assert.equal((await works(repo)).text, '"ABC"');
    assert.match(workerLog(), /shared_build_refused.*not signed as it says/);
});

test('a key that may not answer requests is not believed', async () => {
    const [repo] = git.commit('stranger', { 'main.c': shout('stranger') });
    const [evil] = git.commit('evil', {});
    await works(repo);
    const stranger = near.KeyPair.fromRandom('ed25519');
    await tamper((db) => {
        const { sha256, size } = db.prepare(`SELECT sha256, size FROM build WHERE repo = ?`).get(evil);
        const { key } = db.prepare(keptKey(repo)).get();
        const { signature } = stranger.sign(new TextEncoder().encode(`outlayer-build:1:${key}:${sha256}:${size}`));
        db.prepare('UPDATE build SET sha256 = ?, size = ?, signer = ?, signature = ? WHERE key = ?').run(
            sha256, size, stranger.getPublicKey().toString(), `ed25519:${base58(signature)}`, key);
    });
    await anotherMachine();
    const got = await works(repo);
    assert.equal(got.text, '"ABC"');
    assert.equal(got.completed.compilation_note, 'Freshly compiled');
    assert.match(workerLog(), /shared_build_refused.*may call/);
});

test('two machines that miss the same program share one compile', async () => {
    const [repo] = git.commit('together', { 'main.c': shout('together'), Makefile: 'x.wasm: main.c\n\tsleep 3\n\t$(CC) -O2 -o $@ main.c\n' });
    const beside = await new Daemon('outlayer-worker', [
        '--coordinator-url', net.coordinator.url, '--rpc-url', net.chain.url, '--contract-id', net.contractId,
        '--operator-id', net.operatorId, '--key-file', net.keyFile, '--token-file', net.tokenFile,
        '--home', path.join(net.home, 'beside'), '--allow-http-loopback',
    ], net.log('beside')).start();
    const signed = [];
    for (const input of ['a', 'b'])
        signed.push(await net.sign(net.alice, 'outlayer.test', [net.requestAction({ source: { GitHub: { repo, commit: 'main' } }, input_data: input }, { deposit: NEAR })]));
    const outcomes = await Promise.all(signed.map((s) => net.settle(s)));
    const notes = outcomes.map((o) => net.read(o).completed.compilation_note.split(' ')[0]).sort();
    assert.deepEqual(notes, ['Cached', 'Freshly']);
    await beside.stop();
});

test('a compile outlives the yield that waits for it, and tells how far it is', async () => {
    // 200 blocks of 50 ms are 10 seconds.
    const [repo] = git.commit('long', { 'main.c': shout('long'), Makefile: 'x.wasm: main.c\n\tsleep 13\n\t$(CC) -O2 -o $@ main.c\n' });
    const asked = ask(repo);
    const told = new Map();
    while (!told.has('completed')) {
        const [row] = await (await fetch(`${net.coordinator.url}/public/jobs?limit=1`)).json();
        if (row.github_repo === repo)
            told.set(row.status === 'completed' ? row.status : row.compiling?.ms, row);
        await new Promise((resolve) => setTimeout(resolve, 500));
        assert.ok(told.size < 100, 'it does not end');
    }
    const got = await asked;
    assert.equal(got.text, '"ABC"');
    assert.ok(got.logs.some((l) => /is still running: waiting on$/.test(l)), 'the contract waited on');
    const compiling = [...told.values()].filter((row) => row.compiling).map((row) => row.compiling);
    assert.ok(compiling.length > 3, 'news came while one tool ran');
    assert.ok(compiling.filter((c) => c.phase === 'building').length > 3);
    assert.ok(told.get('completed').compiling === undefined);
    assert.ok(got.completed.resources_used.compile_time_ms > 13_000);
});

function base58(bytes) {
    const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    let n = BigInt(`0x${Buffer.from(bytes).toString('hex')}`), text = '';
    for (; n > 0n; n /= 58n)
        text = digits[Number(n % 58n)] + text;
    for (const byte of bytes) {
        if (byte)
            break;
        text = `1${text}`;
    }
    return text;
}

test('builds wait for their turn when more come than may run at once', async () => {
    const slow = (mark) => git.commit(mark, { 'main.c': shout(mark), Makefile: 'x.wasm: main.c\n\tsleep 2\n\t$(CC) -O2 -o $@ main.c\n' })[0];
    await net.worker.stop();
    net.options.workerArgs = ['--slots', '2', '--owner-slots', '2', '--builds', '1', '--home', path.join(net.home, 'one-at-once')];
    await net.startWorker();
    const signed = [];
    for (const repo of [slow('first'), slow('second')])
        signed.push(await net.sign(net.alice, 'outlayer.test', [net.requestAction({ source: { GitHub: { repo, commit: 'main' } }, input_data: 'abc' }, { deposit: NEAR })]));
    const done = (await Promise.all(signed.map((s) => net.settle(s)))).map((o) => net.read(o));
    const spans = [];
    for (const got of done) {
        assert.equal(got.text, '"ABC"');
        const { steps } = await net.page(got.requested.request_id);
        const made = steps.find((s) => s.step === 'compiled');
        spans.push({ from: made.at_ms - made.detail.ms, to: made.at_ms, leased: steps.find((s) => s.step === 'leased').at_ms });
    }
    const [a, b] = spans.sort((x, y) => x.to - y.to);
    assert.ok(b.leased < a.to, 'the second was at hand while the first was built');
    assert.ok(b.from > a.to - 500, `one after the other: ${JSON.stringify(spans)}`);
});

test('a machine without the compiler gives a request back, and one that has it answers', async () => {
    const none = path.join(net.home, 'no-rust');
    fs.mkdirSync(none);
    fs.writeFileSync(path.join(none, 'id'), 'none\n');
    const [repo] = git.commit('rust', {
        'Cargo.toml': '[package]\nname = "r"\nversion = "0.1.0"\nedition = "2021"\n',
        'src/main.rs': 'fn main() { print!("from Rust"); }\n',
    });
    await anotherMachine('--toolchain', none);
    const signed = await net.sign(net.alice, 'outlayer.test', [net.requestAction({ source: { GitHub: { repo, commit: 'main' } } }, { deposit: NEAR })]);
    const answered = net.settle(signed);
    await until('it is given back', () => /job_handed_back .*cannot compile Rust/.test(workerLog()));
    await anotherMachine('--toolchain', toolchain());
    const got = net.read(await answered);
    assert.equal(got.completed?.success, true, got.completed?.error_message ?? got.failureText);
    assert.equal(got.text, '"from Rust"');
});
