// gateway.mjs — outlayer-fastfs by itself, against a block stream that lags, lies and goes away,
// and against what strangers put on the chain.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { badLines, Daemon, PATIENCE_MS, sha256hex, sleep, until } from './harness.mjs';

const MIB = 1 << 20;
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-gateway-'));
const daemons = [];
after(async () => {
    for (const { daemon, stream } of daemons) {
        await daemon.stop();
        stream.server.closeAllConnections();
        stream.server.close();
        assert.deepEqual(badLines(daemon.logText()), []);
    }
    fs.rmSync(home, { recursive: true });
});

// ---- files as a transaction carries them

const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const bytes = (b) => Buffer.concat([u32(Buffer.byteLength(b)), Buffer.from(b)]);
const simple = (name, mime, content) =>
    Buffer.concat([Buffer.from([0]), bytes(name), Buffer.from([1]), bytes(mime), bytes(content)]);
const deleted = (name) => Buffer.concat([Buffer.from([0]), bytes(name), Buffer.from([0])]);
const partial = (name, mime, offset, size, chunk, nonce) =>
    Buffer.concat([Buffer.from([1]), bytes(name), u32(offset), u32(size), bytes(mime), bytes(chunk), u32(nonce)]);
const parts = (name, mime, content, nonce) =>
    Array.from({ length: Math.ceil(content.length / MIB) }, (_, i) =>
        partial(name, mime, i * MIB, content.length, content.subarray(i * MIB, (i + 1) * MIB), nonce));
const noise = (n, seed = 1) => Buffer.from({ length: n }, (_, i) => (i * 2654435761 + seed * 40503) >>> 11);

// ---- a block stream that does as it is told

class Stream {
    blocks = new Map(); // height → document
    final = 0;
    name = 'a';
    asked = 0;
    odd = null; // (request, response, height) → true: answered

    async start() {
        this.server = http.createServer((request, response) => this.serve(request, response)).listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    serve(request, response) {
        const block = request.url.match(/^\/v0\/block\/(\d+)/);
        const height = block ? Number(block[1]) : this.final;
        this.asked++;
        if (this.odd?.(request, response, height))
            return;
        const doc = this.blocks.get(height);
        setTimeout(() => response.end(doc && height <= this.final ? doc : 'null'), doc && height <= this.final ? 0 : 10);
    }

    /** The next block, with these calls: [sender, args] or [sender, args, receiver]. */
    add(calls = [], height = this.final + 1) {
        const outcomes = calls.map(([sender, args, receiver = 'f.test']) => ({
            execution_outcome: { outcome: { status: { Failure: {} } } },
            receipt: {
                predecessor_id: sender, receiver_id: receiver, receipt_id: 'r',
                receipt: { Action: { signer_id: sender, actions: [{ FunctionCall: { method_name: '__fastdata_fastfs', args: args.toString('base64'), gas: 1, deposit: '0' } }] } },
            },
        }));
        this.blocks.set(height, JSON.stringify({
            block: { author: 'v', header: { height, hash: `${this.name}${height}`, prev_hash: `${this.name}${this.final}`, prev_height: this.final } },
            shards: [{ shard_id: 0, receipt_execution_outcomes: outcomes }],
        }));
        this.final = height;
        return height;
    }
}

async function start(name, args = []) {
    const stream = await new Stream().start();
    stream.add();
    const daemon = new Daemon('outlayer-fastfs', [
        '--db', path.join(home, `${name}.db`), '--neardata-url', stream.url, '--start-height', '1', ...args,
    ], path.join(home, `${name}.log`));
    daemons.push({ daemon, stream });
    await daemon.start();
    daemon.args.push('--listen', new URL(daemon.url).host);
    return { stream, daemon };
}

const health = async (daemon) => (await fetch(`${daemon.url}/health`)).json();
const caughtUp = (daemon, stream) => until(`block ${stream.final}`, async () => (await health(daemon)).height > stream.final);

/** One request as it stands on the wire, so that nothing is tidied up on the way. */
function raw(daemon, target, { method = 'GET', headers = {} } = {}) {
    const url = new URL(daemon.url);
    return new Promise((resolve, reject) => {
        const request = http.request({ host: url.hostname, port: url.port, path: target, method, headers }, (response) => {
            const body = [];
            response.on('data', (b) => body.push(b));
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(body) }));
        });
        request.on('error', reject);
        request.end();
    });
}

const { stream, daemon } = await start('main');
const large = noise(2 * MIB + 12345);
const medium = noise(100_000, 2);

test('types, names and forms of addresses', async () => {
    const files = [
        ['a.txt', 'text/plain', 'hällo'], ['dir/page.html', 'text/html', '<p>x'], ['i.svg', 'image/svg+xml', '<svg/>'],
        ['empty', 'text/plain', ''], ['with space.txt', 'text/plain;charset=latin1', 'x'], ['ü/€.bin', 'application/wasm', 'y'],
        ['100%?#"<&.txt', 'text/plain', 'z'], ['a..b', 'text/plain', 'dots'], ['n'.repeat(1024), 'text/plain', 'long'],
        ['medium', 'application/octet-stream', medium],
    ];
    stream.add(files.map(([name, mime, content]) => ['alice.test', simple(name, mime, content)]));
    await caughtUp(daemon, stream);
    const encode = (name) => name.split('/').map(encodeURIComponent).join('/');
    for (const [name, mime, content] of files) {
        const type = mime.startsWith('text/') && !mime.includes(';') ? `${mime}; charset=utf-8` : mime.replace(';', '; ');
        for (const [target, host] of [
            [`/alice.test/f.test/${encode(name)}`], [`/f.test/${encode(name)}`, 'alice.test.fastfs.io'],
            [`/f.test/${encode(name)}`, 'ALICE.test.FastFS.io:443'], [`/alice.test/f.test/${encode(name)}`, 'main.fastfs.io'],
            [`/alice.test/f.test/${encode(name)}?v=1`, 'test.fastfs.io'],
        ]) {
            const got = await raw(daemon, target, { headers: host ? { host } : {} });
            assert.equal(got.status, 200, target);
            assert.equal(got.headers['content-type'], type);
            assert.deepEqual(got.body, Buffer.from(content));
            const hash = await sha256hex(got.body);
            assert.equal(got.headers.etag, `"${hash}"`);
            assert.equal(got.headers['repr-digest'], `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`);
            assert.equal(got.headers['x-content-type-options'], 'nosniff');
            assert.equal(got.headers['cache-control'], 'public, no-cache');
        }
    }
});

test('a file is immutable when its name is its hash, and only then', async () => {
    const right = await sha256hex(medium);
    const wrong = '0'.repeat(64);
    stream.add([['alice.test', simple(`${right}.wasm`, 'application/wasm', medium)], ['alice.test', simple(`${wrong}.wasm`, 'application/wasm', medium)]]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, `/alice.test/f.test/${right}.wasm`)).headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal((await raw(daemon, `/alice.test/f.test/${wrong}.wasm`)).headers['cache-control'], 'public, no-cache');
});

test('parts, in any order and twice, and what is served meanwhile', async () => {
    const all = parts('large', 'application/wasm', large, 5);
    const target = '/alice.test/f.test/large';
    stream.add([['alice.test', all[2]], ['alice.test', all[2]]]);
    stream.add([['alice.test', partial('large', 'x/y', 0, large.length, large.subarray(0, MIB), 6)]]); // another upload
    stream.add([['bob.test', all[0]]]); // somebody else's
    stream.add([['alice.test', all[1]]]);
    await caughtUp(daemon, stream);
    const missing = await raw(daemon, target);
    assert.equal(missing.status, 404);
    assert.equal(missing.headers['cache-control'], 'no-store');
    assert.match(missing.body.toString(), /being sent: [12] of its 3 parts/);
    stream.add([['alice.test', all[0]]]);
    await caughtUp(daemon, stream);
    const got = await raw(daemon, target);
    assert.equal(got.status, 200);
    assert.ok(got.body.equals(large));
    // A new version takes its place when it is whole, not before.
    const next = noise(MIB + 1, 7);
    const [first, second] = parts('large', 'application/wasm', next, 9);
    stream.add([['alice.test', first]]);
    await caughtUp(daemon, stream);
    assert.ok((await raw(daemon, target)).body.equals(large));
    stream.add([['alice.test', second]]);
    await caughtUp(daemon, stream);
    assert.ok((await raw(daemon, target)).body.equals(next));
    stream.add([['alice.test', simple('large', 'text/plain', 'small now')]]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, target)).body.toString(), 'small now');
    stream.add([['bob.test', deleted('large')], ['alice.test', deleted('a.txt')]]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, target)).status, 200);
    assert.equal((await raw(daemon, '/alice.test/f.test/a.txt')).status, 404);
    stream.add(all.map((args) => ['alice.test', args]));
    await caughtUp(daemon, stream);
    assert.ok((await raw(daemon, target)).body.equals(large));
});

test('ranges, conditions, HEAD', async () => {
    for (const [name, content] of [['large', large], ['medium', medium], ['dir/page.html', Buffer.from('<p>x')]]) {
        const target = `/alice.test/f.test/${name}`;
        const size = content.length;
        const etag = `"${await sha256hex(content)}"`;
        const ask = (headers, method) => raw(daemon, target, { headers, method });
        const part = async (range, from, to, more = {}) => {
            const got = await ask({ range, ...more });
            assert.equal(got.status, 206, range);
            assert.equal(got.headers['content-range'], `bytes ${from}-${to}/${size}`);
            assert.ok(got.body.equals(content.subarray(from, to + 1)), range);
        };
        await part('bytes=0-0', 0, 0);
        await part('bytes=1-2', 1, 2);
        await part(`bytes=${size - 1}-`, size - 1, size - 1);
        await part('bytes=-3', size - 3, size - 1);
        await part(`bytes=0-${size + 5}`, 0, size - 1);
        await part(`bytes=-${size + 5}`, 0, size - 1);
        await part('bytes=1-2', 1, 2, { 'if-range': etag });
        for (const range of ['bytes=2-1', 'bytes=0-1,2-3', 'bytes=x', 'lines=0-1', 'bytes=-', 'bytes=0-1-2'])
            assert.ok((await ask({ range })).body.equals(content), range);
        assert.equal((await ask({ range: 'bytes=1-2', 'if-range': '"other"' })).status, 200);
        assert.equal((await ask({ range: 'bytes=1-2', 'if-range': `W/${etag}` })).status, 200);
        for (const range of [`bytes=${size}-`, 'bytes=-0']) {
            const got = await ask({ range });
            assert.equal(got.status, 416, range);
            assert.equal(got.headers['content-range'], `bytes */${size}`);
        }
        for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
            const got = await ask({ 'if-none-match': known });
            assert.equal(got.status, 304, known);
            assert.equal(got.body.length, 0);
            assert.equal(got.headers.etag, etag);
        }
        assert.equal((await ask({ 'if-none-match': '"x"' })).status, 200);
        assert.equal((await ask({ 'if-match': '"x"' })).status, 412);
        assert.equal((await ask({ 'if-match': etag })).status, 200);
        const head = await ask({}, 'HEAD');
        assert.equal(head.status, 200);
        assert.equal(head.headers['content-length'], String(size));
        assert.equal(head.body.length, 0);
        assert.equal((await ask({ range: 'bytes=0-1' }, 'HEAD')).headers['content-length'], '2');
    }
    const cors = await raw(daemon, '/alice.test/f.test/large', { method: 'OPTIONS' });
    assert.equal(cors.status, 204);
    assert.match(cors.headers['access-control-allow-headers'], /Range/);
    const put = await raw(daemon, '/alice.test/f.test/large', { method: 'PUT' });
    assert.equal(put.status, 405);
    assert.equal(put.headers.allow, 'GET, HEAD, OPTIONS');
});

test('addresses that are none', async () => {
    for (const target of [
        '/alice.test/f.test', '/alice.test/f.test/../x', '/alice.test/f.test/%2e%2e/x', '/alice.test/f.test//x', '//f.test/x',
        '/Alice.test/f.test/x', '/alice.test/f.test/a%00', '/alice.test/f.test/%ff', '/alice.test/f.test/%', '/alice.test/f.test/a%5cb',
        `/alice.test/f.test/${'x'.repeat(1025)}`, `/${'a'.repeat(65)}/f.test/x`, '/favicon.ico', '/alice.test/f.test/dir%2fnope',
    ]) {
        const got = await raw(daemon, target);
        assert.equal(got.status, 404, target);
        assert.match(got.headers['content-type'], /^text\/plain/);
    }
    assert.ok((await raw(daemon, `/alice.test/f.test/${'x'.repeat(100_000)}`)).status >= 400);
    assert.equal((await raw(daemon, '/x', { headers: { host: '..fastfs.io' } })).status, 404);
    const page = await raw(daemon, '/alice.test/f.test/nope', { headers: { accept: 'text/html,*/*' } });
    assert.equal(page.status, 404);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.match(page.body.toString(), /No transaction up to block \d+ has brought it/);
});

test('folders: an index, a list, and where they begin', async () => {
    stream.add([['site.test', simple('index.html', 'text/html', 'home')], ['site.test', simple('docs/x.html', 'text/html', 'x')],
        ['site.test', simple('docs/"><script>.html', 'text/html', 'y')], ['site.test', simple('z', 'text/plain', 'z'), 'g.test']]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, '/site.test/f.test/')).body.toString(), 'home');
    const moved = await raw(daemon, '/site.test/f.test/docs');
    assert.equal(moved.status, 302);
    assert.equal(moved.headers.location, '/site.test/f.test/docs/');
    assert.equal((await raw(daemon, '/f.test/docs', { headers: { host: 'site.test.fastfs.io' } })).headers.location, '/f.test/docs/');
    const list = await raw(daemon, '/site.test/f.test/docs/');
    assert.deepEqual(JSON.parse(list.body).files.map((f) => f.path), ['docs/"><script>.html', 'docs/x.html']);
    const page = (await raw(daemon, '/site.test/f.test/docs/', { headers: { accept: 'text/html' } }));
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    assert.doesNotMatch(page.body.toString(), /<script/);
    for (const [, href] of page.body.toString().matchAll(/href="(\/site[^"]*)"/g))
        assert.equal((await raw(daemon, href.replaceAll('&amp;', '&'))).status, 200, href);
    assert.deepEqual(JSON.parse((await raw(daemon, '/site.test')).body), { sender: 'site.test', receivers: ['f.test', 'g.test'] });
    const home = await raw(daemon, '/', { headers: { accept: 'text/html' } });
    assert.match(home.body.toString(), /outlayer upload/);
    // More than a page of them.
    stream.add(Array.from({ length: 1100 }, (_, i) => ['many.test', simple(`n/${String(i).padStart(4, '0')}`, 'text/plain', '')]));
    await caughtUp(daemon, stream);
    const seen = [];
    for (let next = ''; next !== null;) {
        const got = JSON.parse((await raw(daemon, `/many.test/f.test/n/?after=${encodeURIComponent(next)}`)).body);
        seen.push(...got.files.map((f) => f.path));
        next = got.next;
    }
    assert.equal(new Set(seen).size, 1100);
});

test('what strangers send harms nobody', async () => {
    const types = ['', ' ', '  /  ', 'x', 'a/b ', 'a/ b', ';', 'text/plain;;=', 'a/b; c=\"', '/'.repeat(128), ' text/html', 'a/b,c/d', ':', 'a/b;'];
    const bad = [
        Buffer.alloc(0), Buffer.from([7]), Buffer.from([0]), Buffer.concat([Buffer.from([0]), u32(0xffffffff)]),
        Buffer.concat([simple('x', 'a/b', 'c'), Buffer.from([0])]), simple('../x', 'a/b', 'c'), simple('', 'a/b', 'c'),
        simple('bad\nname', 'a/b', 'c'), simple('y', 'a\r\nSet-Cookie: x', 'c'), simple('m', 'x'.repeat(129), 'c'),
        partial('p', 'a/b', 0, 0xffffffff, noise(MIB), 1), partial('p', 'a/b', 1, MIB, noise(MIB - 1), 1),
        partial('p', 'a/b', 0, 2 * MIB, 'x', 1), partial('p', 'a/b', 0, 0, '', 1), partial('p', 'a/b', 2 ** 31, 2 ** 31 + 1, 'x', 1),
        Buffer.concat([Buffer.from([0]), bytes(Buffer.from([0xff, 0xfe])), Buffer.from([0])]),
    ];
    stream.add([...bad.map((args) => ['eve.test', args]), ...types.map((type, i) => ['eve.test', simple(`type-${i}`, type, 'x')]),
        ['Not An Account', simple('x', 'a/b', 'c')], ['alice.test', simple('after', 'text/plain', 'fine')]]);
    await caughtUp(daemon, stream);
    for (const i of types.keys()) {
        const got = await raw(daemon, `/eve.test/f.test/type-${i}`);
        assert.equal(got.status, 200);
        assert.match(got.headers['content-type'], /^(application\/octet-stream|a\/b|text\/plain|text\/html)/, types[i]);
        assert.equal(got.headers['content-security-policy'], 'sandbox allow-scripts');
    }
    for (const name of ['x', 'y', 'm', 'p'])
        assert.equal((await raw(daemon, `/eve.test/f.test/${name}`)).status, 404, name);
    assert.equal((await raw(daemon, '/alice.test/f.test/after')).body.toString(), 'fine');
    // A block full of the smallest files, and one of somebody else's behind them.
    stream.add([...Array.from({ length: 20_000 }, (_, i) => ['eve.test', simple(`t${i}`, 'a/b', 'x')]), ['alice.test', simple('behind', 'text/plain', 'me too')]]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, '/alice.test/f.test/behind')).body.toString(), 'me too');
    assert.match(daemon.logText(), /malformed=1[0-9]/);
});

test('a stream that lags, lies or stops is asked again, and nothing is missed', async () => {
    const { stream, daemon } = await start('odd');
    const put = (name) => stream.add([['alice.test', simple(name, 'text/plain', name)]]);
    const there = async (name) => (await raw(daemon, `/alice.test/f.test/${name}`)).status === 200;
    await caughtUp(daemon, stream);
    // A server behind the balancer that does not have a block yet, while another is ahead of it.
    const late = stream.final + 1;
    stream.odd = (request, response, height) => height === late && (response.end('null'), true);
    put('late');
    put('ahead');
    put('further');
    await until('a hole noticed', () => /left out a block/.test(daemon.logText()));
    assert.equal((await raw(daemon, '/readyz')).status, 503);
    stream.odd = null;
    await caughtUp(daemon, stream);
    assert.ok(await there('late') && await there('ahead') && await there('further'));
    await until('ready again', async () => (await raw(daemon, '/readyz')).status === 200);
    // A height that the chain did skip.
    stream.add([['alice.test', simple('skip', 'text/plain', 'skip')]], stream.final + 3);
    stream.add();
    await caughtUp(daemon, stream);
    assert.ok(await there('skip'));
    // Garbage of all kinds, then the truth.
    const oddities = [
        (response) => response.end('<html>busy</html>'), (response) => response.writeHead(502).end('bad gateway'),
        (response) => response.end('{"block":{"header":{}}}'), (response) => response.end(stream.blocks.get(1)),
        (response) => response.end('{"block":'), (response) => response.destroy(),
        (response) => { response.writeHead(200, { 'content-length': '1000' }); response.write('{'); response.destroy(); },
        (response) => response.end('[['.repeat(100_000)), (response) => response.writeHead(302, { location: '/v0/block/1' }).end(),
    ];
    for (const [i, odd] of oddities.entries()) {
        let told = 0;
        stream.odd = (request, response) => (told++, odd(response), true);
        put(`odd-${i}`);
        await until(`oddity ${i}`, () => told > 1);
        stream.odd = null;
        await caughtUp(daemon, stream);
        assert.ok(await there(`odd-${i}`), `oddity ${i}`);
    }
    // It says so once, not at every try.
    const lines = daemon.logText().match(/stream_stopped/g).length;
    stream.odd = (request, response) => (response.writeHead(500).end(), true);
    const asked = stream.asked;
    await until('tries', () => stream.asked > asked + 3);
    assert.ok(daemon.logText().match(/stream_stopped/g).length <= lines + 1);
    const fault = await raw(daemon, '/readyz');
    assert.match(fault.body.toString(), /status 500/);
    assert.equal((await raw(daemon, '/livez')).status, 200);
    stream.odd = null;
});

test('a stream that never answers does not keep it from ending', async () => {
    const { stream, daemon } = await start('silent');
    await caughtUp(daemon, stream);
    let held = 0;
    stream.odd = () => ++held > 0;
    await until('a question without an answer', () => held > 0);
    await daemon.stop();
    stream.odd = null;
    stream.add([['alice.test', simple('after', 'text/plain', 'x')]]);
    await daemon.start();
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, '/alice.test/f.test/after')).status, 200);
});

test('kill -9 while it catches up: each file is there once, and no other', async () => {
    const { stream, daemon } = await start('killed');
    const want = new Map();
    for (let i = 0; i < 60; i++) {
        const content = noise(i % 3 ? MIB + 5 + i : 50_000 + i, i);
        const name = `f${i % 40}`;
        const calls = content.length > MIB ? parts(name, 'a/b', content, i) : [simple(name, 'a/b', content)];
        for (const args of calls)
            stream.add([['alice.test', args]]);
        want.set(name, content);
    }
    let kills = 0;
    for (; kills < 6; kills++) {
        const from = (await health(daemon)).height;
        await until('some blocks', async () => (await health(daemon)).height > Math.min(from + 5, stream.final));
        await daemon.kill9();
        await daemon.start();
    }
    await caughtUp(daemon, stream);
    for (const [name, content] of want)
        assert.ok((await raw(daemon, `/alice.test/f.test/${name}`)).body.equals(content), name);
    const left = fs.readdirSync(path.join(home, 'killed.db.content')).filter((name) => name !== 'lock');
    assert.equal(left.length, new Set([...want.values()].map((b) => b.toString('latin1'))).size, left.join(' '));
    assert.equal((await health(daemon)).files, want.size);
    // A second one on the same folder would spoil both.
    const second = new Daemon('outlayer-fastfs', [...daemon.args.slice(0, 6)], path.join(home, 'second.log'));
    await assert.rejects(second.start());
    assert.match(second.logText(), /in use by another process/);
});

test('another chain is noticed, also at the start, and the files stay', async () => {
    const { stream, daemon } = await start('other');
    for (let i = 0; i < 5; i++)
        stream.add([['alice.test', simple(`f${i}`, 'text/plain', 'x')]]);
    await caughtUp(daemon, stream);
    stream.name = 'b';
    for (const height of [...stream.blocks.keys()])
        stream.blocks.set(height, stream.blocks.get(height).replaceAll('"a', '"b').replaceAll('blice.test', 'alice.test'));
    stream.add();
    const refused = async () => /not of the chain that was read before/.test((await raw(daemon, '/readyz')).body.toString());
    await until('another chain', refused);
    await daemon.stop();
    await daemon.start();
    await until('another chain', refused);
    assert.equal((await raw(daemon, '/alice.test/f.test/f0')).status, 200);
    const home = await raw(daemon, '/', { headers: { accept: 'text/html' } });
    assert.match(home.body.toString(), /It does not go on: the block stream is not of the chain/);
});

test('a chain that went back is noticed before it comes this far again', async () => {
    const { stream, daemon } = await start('back');
    for (let i = 0; i < 40; i++)
        stream.add(i === 20 ? [['alice.test', simple('kept', 'text/plain', 'x')]] : []);
    stream.add([['alice.test', simple('last', 'text/plain', 'x')]]);
    await caughtUp(daemon, stream);
    stream.final = 10;
    const told = async () => /ends at 10 and was read to 42 before/.test((await raw(daemon, '/readyz')).body.toString());
    await until('the way back', told);
    await daemon.kill9();
    await daemon.start();
    await until('the way back', told);
    for (let i = 0; i < 30; i++) {
        assert.ok(await told());
        await sleep(100);
    }
    assert.equal((await raw(daemon, '/alice.test/f.test/kept')).status, 200);
    stream.final = 42;
    stream.add();
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, '/readyz')).status, 200);
});

test('no more than it was told to keep, and of whom', async () => {
    const { stream, daemon } = await start('small', ['--max-mb', '3']);
    stream.add([['a.test', simple('one', 'a/b', noise(MIB))], ['a.test', simple('two', 'a/b', noise(MIB, 2))], ['a.test', simple('three', 'a/b', noise(MIB, 3))], ['a.test', simple('four', 'a/b', 'small')]]);
    await caughtUp(daemon, stream);
    assert.deepEqual(await Promise.all(['one', 'two', 'three', 'four'].map(async (n) => (await raw(daemon, `/a.test/f.test/${n}`)).status)), [200, 200, 404, 200]);
    assert.equal((await health(daemon)).full, true);
    stream.add([['a.test', deleted('one')], ['a.test', simple('three', 'a/b', noise(MIB, 3))]]);
    await caughtUp(daemon, stream);
    assert.equal((await raw(daemon, '/a.test/f.test/three')).status, 200);
    assert.equal((await health(daemon)).full, false);

    const only = await start('only', ['--only', 'worker.test,g.test']);
    only.stream.add([['worker.test', simple('w', 'a/b', 'x')], ['eve.test', simple('e', 'a/b', 'x')], ['eve.test', simple('e', 'a/b', 'x'), 'g.test']]);
    await caughtUp(only.daemon, only.stream);
    assert.equal((await raw(only.daemon, '/worker.test/f.test/w')).status, 200);
    assert.equal((await raw(only.daemon, '/eve.test/f.test/e')).status, 404);
    assert.equal((await raw(only.daemon, '/eve.test/g.test/e')).status, 200);
});

test('readers of a file that is replaced all the time get one version or the other', async () => {
    const versions = [noise(3 * MIB, 11), noise(2 * MIB + 1, 12)];
    let stop = false;
    const writer = (async () => {
        for (let i = 0; !stop; i++) {
            stream.add(parts('turn', 'a/b', versions[i % 2], 1000 + i).map((args) => ['alice.test', args]));
            await caughtUp(daemon, stream);
        }
    })();
    await until('the first', async () => (await raw(daemon, '/alice.test/f.test/turn')).status === 200);
    const end = Date.now() + Math.min(2000, PATIENCE_MS);
    while (Date.now() < end) {
        const got = await Promise.all(Array.from({ length: 8 }, () => raw(daemon, '/alice.test/f.test/turn')));
        for (const { status, headers, body } of got) {
            assert.equal(status, 200);
            assert.equal(headers.etag, `"${await sha256hex(body)}"`);
        }
        await sleep(1);
    }
    stop = true;
    await writer;
    const open = () => fs.readdirSync(`/proc/${daemon.pid}/fd`).length;
    await until('every descriptor given back', () => open() < 60);
});
