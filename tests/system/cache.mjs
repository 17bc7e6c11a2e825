// cache.mjs — programs compiled ahead of the first request, also while a worker serves; what it
// keeps is looked at, checked and made smaller from outside.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { BIN, Network, SHARE, sha256hex } from './harness.mjs';

const net = await Network.start();
const home = path.join(net.home, 'worker');
const file = path.join(SHARE, 'guests', 'test', 'echo.wasm');
const hash = await sha256hex(fs.readFileSync(file));

/** Not spawnSync: the files it asks for are served by this process. */
async function cache(...args) {
    const child = spawn(path.join(BIN, 'outlayer'), ['cache', ...args, '--home', home, '--json']);
    let out = '', err = '';
    child.stdout.on('data', (piece) => { out += piece; });
    child.stderr.on('data', (piece) => { err += piece; });
    const [status] = await once(child, 'close');
    return { status, err, lines: out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l)) };
}

test('prewarmed: the first run compiles nothing and downloads nothing', async () => {
    const made = await cache('prewarm', file);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(made.lines.map((l) => [l.what, l.sha256]), [['compiled', hash]]);
    // Nobody serves this file: without the cache the request would fail.
    const source = { WasmUrl: { url: net.files.put('gone.wasm', Buffer.from('nothing')), hash, build_target: 'wasm32-wasip1' } };
    const got = await net.request(net.alice, { source, input_data: 'early' });
    assert.equal(got.value, 'early');
    const page = await net.page(got.requested.request_id);
    assert.equal(page.steps.find((s) => s.step === 'ran').detail.compile_us, 0);
});

test('a list of files and URLs; what is no program is named and does not stop the rest', async () => {
    const bytes = fs.readFileSync(path.join(SHARE, 'guests', 'random.wasm'));
    const list = path.join(net.home, 'list.txt');
    fs.writeFileSync(path.join(net.home, 'no.wasm'), 'not a module');
    fs.writeFileSync(list, `# popular\n${file}\n\n${path.join(net.home, 'no.wasm')}\n${net.files.put('random.wasm', bytes)}\n`);
    const made = await cache('prewarm', `@${list}`, '--allow-http-loopback');
    assert.equal(made.status, 1);
    assert.match(made.err, /no\.wasm: /);
    assert.deepEqual(made.lines.map((l) => l.what), ['there', 'compiled']);
    assert.match((await cache('prewarm', net.files.put('random.wasm', bytes))).err, /https/);
});

test('list, verify, prune', async () => {
    const kept = (await cache('list')).lines;
    assert.ok(kept.some((l) => l.sha256 === hash));
    assert.deepEqual(await cache('verify'), { status: 0, err: '', lines: [] });
    const at = path.join(home, 'code', kept.find((l) => l.sha256 === hash).name, hash);
    const bytes = fs.readFileSync(at);
    bytes[bytes.length - 1] ^= 1;
    fs.writeFileSync(at, bytes);
    const checked = await cache('verify');
    assert.equal(checked.status, 1);
    assert.deepEqual(checked.lines.map((l) => [l.what, l.sha256]), [['removed', hash]]);
    assert.equal(fs.existsSync(at), false);
    assert.equal((await cache('prune', '--max-mb', '0')).status, 0);
    assert.deepEqual((await cache('list')).lines, []);
    assert.equal((await cache('prune')).status, 3);
    assert.equal((await cache('sweep')).status, 3);
    // The worker goes on: it compiles again.
    const got = await net.request(net.alice, { source: await net.guest('test/echo'), input_data: 'again' });
    assert.equal(got.value, 'again');
});
