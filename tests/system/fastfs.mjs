// fastfs.mjs — files on the chain: published by the worker and by users, served by the gateway,
// run from there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { GitServer } from './git.mjs';
import { BIN, Daemon, NEAR, Network, near, OPERATOR, SHARE, sha256hex, until } from './harness.mjs';

const RECEIVER = 'fastfs.test';
const git = await new GitServer().start();
after(() => git.stop());
const net = await Network.start({ manual: true });
const deposit = NEAR;

const gateway = await new Daemon('outlayer-fastfs', [
    '--db', path.join(net.home, 'fastfs.db'), '--neardata-url', net.chain.url,
], path.join(net.home, 'fastfs.log')).start();
after(async () => {
    await gateway.stop();
    await net.end();
});
const template = `${gateway.url}/{sender}/{receiver}/{path}`;

// A key of the operator that can do nothing but this.
const key = near.KeyPair.fromRandom('ed25519');
await net.transact(net.operatorOwner, OPERATOR, [
    near.actions.addFunctionCallAccessKey(key.getPublicKey(), RECEIVER, ['__fastdata_fastfs']),
]);
const keyFile = path.join(net.home, 'fastfs.json');
fs.writeFileSync(keyFile, JSON.stringify({
    account_id: OPERATOR, public_key: key.getPublicKey().toString(), private_key: key.toString(),
}), { mode: 0o600 });
await net.worker.stop();
net.options.workerArgs = ['--fastfs-key-file', keyFile, '--fastfs-receiver', RECEIVER, '--fastfs-url', template, '--ipfs-gateway', `${net.files.base}/`];
await net.startWorker();

const program = `#include <stdio.h>
int main(void) { int c; while ((c = getchar()) != EOF) putchar(c == ' ' ? '_' : c); return 0; }
`;

async function works(args) {
    const got = await net.request(net.alice, args, { deposit });
    assert.ok(got.completed, `no answer: ${got.failureText}`);
    assert.equal(got.completed.success, true, got.completed.error_message);
    return got;
}

async function served(url, headers = {}) {
    return until(url, async () => {
        const response = await fetch(url, { headers });
        return response.status === 404 ? null : response;
    });
}

test('compile and store, then run by WasmUrl with what came back', async () => {
    const [repo] = git.commit('under', { 'main.c': program });
    const stored = await works({
        source: { GitHub: { repo, commit: 'main' } }, response_format: 'Json',
        params: { store_on_fastfs: true, compile_only: true },
    });
    const { fastfs_url: url, wasm_hash: hash } = stored.value;
    assert.deepEqual(Object.keys(stored.value).sort(), ['fastfs_url', 'wasm_hash']);
    assert.equal(url, `${gateway.url}/${OPERATOR}/${RECEIVER}/${hash}.wasm`);
    assert.equal(stored.completed.compilation_note, `Published to ${url}`);
    const file = await served(url);
    assert.equal(file.headers.get('content-type'), 'application/wasm');
    assert.match(file.headers.get('cache-control'), /immutable/);
    assert.equal(await sha256hex(Buffer.from(await file.arrayBuffer())), hash);
    const ran = await works({ source: { WasmUrl: { url, hash, build_target: null } }, input_data: 'a b c' });
    assert.equal(ran.text, '"a_b_c"');
    // As text, and of a build that is at hand: the same, as one string.
    const text = await works({ source: { GitHub: { repo, commit: 'main' } }, params: { store_on_fastfs: true } });
    assert.deepEqual(JSON.parse(text.value), { fastfs_url: url, wasm_hash: hash });
});

test('many programs at once, each is sent once', async () => {
    const sent = async () => Number((await net.rpc('query', {
        request_type: 'view_access_key', finality: 'final', account_id: OPERATOR, public_key: key.getPublicKey().toString(),
    })).result.nonce);
    const before = await sent();
    const guest = fs.readFileSync(path.join(SHARE, 'guests/random.wasm'));
    const sources = await Promise.all(Array.from({ length: 3 }, async (_, i) => {
        // A custom section makes it another program.
        const bytes = Buffer.concat([guest, Buffer.from([0, 2, 1, 0x61 + i])]);
        return { WasmUrl: { url: net.files.put(`many-${i}`, bytes), hash: await sha256hex(bytes) } };
    }));
    const store = (source) => works({ source, response_format: 'Json', params: { store_on_fastfs: true } });
    const got = await Promise.all([...sources, ...sources].map(store));
    for (const [i, { value }] of got.entries()) {
        assert.equal(value.wasm_hash, sources[i % 3].WasmUrl.hash);
        assert.equal(await sha256hex(Buffer.from(await (await served(value.fastfs_url)).arrayBuffer())), value.wasm_hash);
    }
    await store(sources[0]);
    assert.equal(await sent() - before, 3);
});

test('a WasmUrl is published as it is', async () => {
    const source = await net.guest('test/echo');
    const got = await works({ source, response_format: 'Json', params: { store_on_fastfs: true } });
    assert.equal(got.value.wasm_hash, source.WasmUrl.hash);
    assert.equal((await served(got.value.fastfs_url)).status, 200);
});

test('outlayer upload: small and in parts', async () => {
    const bob = await net.createAccount('bob.test', 100n * NEAR);
    const bobKey = path.join(net.home, 'bob.json');
    fs.writeFileSync(bobKey, JSON.stringify({
        account_id: 'bob.test', public_key: near.KeyPair.fromString(bob.secret).getPublicKey().toString(),
        private_key: bob.secret,
    }), { mode: 0o600 });
    for (const [name, size, type] of [['a.json', 17, 'application/json'], ['b.bin', 2_500_000, 'application/octet-stream']]) {
        const bytes = Buffer.alloc(size, name);
        const file = path.join(net.home, name);
        fs.writeFileSync(file, bytes);
        const { stdout, stderr } = await promisify(execFile)(path.join(BIN, 'outlayer'), [
            'upload', file, '--rpc-url', net.chain.url, '--key-file', bobKey, '--receiver', RECEIVER, '--fastfs-url', template,
        ]);
        assert.equal(stderr.match(/^tx: /gm).length, Math.ceil(size / 1048576));
        const url = stdout.match(/^FastFS URL: (\S+)$/m)[1];
        assert.match(url, new RegExp(`/bob.test/${RECEIVER}/${await sha256hex(bytes)}\\.`));
        const response = await served(url);
        assert.equal(response.headers.get('content-type'), type);
        assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
        const part = await fetch(url, { headers: { range: 'bytes=2-4' } });
        assert.equal(part.status, 206);
        assert.equal(await part.text(), bytes.subarray(2, 5).toString());
        const known = await fetch(url, { headers: { 'if-none-match': response.headers.get('etag') } });
        assert.equal(known.status, 304);
    }
});

test('what is no program is not published', async () => {
    const url = net.files.put('page.html', '<html>');
    const got = await net.request(net.alice, {
        source: { WasmUrl: { url, hash: await sha256hex(Buffer.from('<html>')) } }, params: { store_on_fastfs: true },
    }, { deposit });
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /no WebAssembly; only programs are stored on FastFS/);
});

const run = promisify(execFile);

async function keyOf(id, secret) {
    const file = path.join(net.home, `${id}-${Math.random()}.json`);
    fs.writeFileSync(file, JSON.stringify({
        account_id: id, public_key: near.KeyPair.fromString(secret).getPublicKey().toString(), private_key: secret,
    }), { mode: 0o600 });
    return file;
}

const upload = (file, keyFile, ...more) => run(path.join(BIN, 'outlayer'), [
    'upload', file, '--rpc-url', net.chain.url, '--key-file', keyFile, '--receiver', RECEIVER, '--fastfs-url', template, ...more,
]);

test('the bytes on the chain are those of the format', async () => {
    const carol = await net.createAccount('carol.test', 100n * NEAR);
    const keyFile = await keyOf('carol.test', carol.secret);
    const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
    const sized = (b) => Buffer.concat([u32(b.length), b]);
    for (const size of [2, 1048576, 1048577, 2 * 1048576 + 1]) {
        const content = Buffer.alloc(size, 'hi');
        const file = path.join(net.home, 'exact.txt');
        fs.writeFileSync(file, content);
        const before = Math.floor(Date.now() / 1000);
        const { stderr } = await upload(file, keyFile, '--mime-type', 'text/plain');
        const name = sized(Buffer.from(`${await sha256hex(content)}.txt`));
        const mime = sized(Buffer.from('text/plain'));
        const nonces = new Set();
        const seen = [];
        for (const [, hash] of stderr.matchAll(/^tx: (\S+)$/gm)) {
            const { result } = await net.rpc('tx', { tx_hash: hash, sender_account_id: 'carol.test', wait_until: 'FINAL' });
            assert.equal(result.transaction.receiver_id, RECEIVER);
            const [{ FunctionCall: call }] = result.transaction.actions;
            assert.equal(call.method_name, '__fastdata_fastfs');
            assert.equal(call.deposit, '0');
            assert.equal(call.gas, 300_000_000_000_000);
            const args = Buffer.from(call.args, 'base64');
            if (args[0] === 1)
                nonces.add(args.readUInt32LE(args.length - 4));
            seen.push(args);
        }
        const want = size <= 1048576
            ? [Buffer.concat([Buffer.from([0]), name, Buffer.from([1]), mime, sized(content)])]
            : Array.from({ length: Math.ceil(size / 1048576) }, (_, i) => Buffer.concat([
                Buffer.from([1]), name, u32(i * 1048576), u32(size), mime,
                sized(content.subarray(i * 1048576, (i + 1) * 1048576)), u32([...nonces][0]),
            ]));
        assert.equal(seen.length, want.length);
        for (const [i, args] of want.entries())
            assert.ok(seen[i].equals(args), `part ${i} of ${size} bytes`);
        assert.equal(nonces.size, size <= 1048576 ? 0 : 1);
        for (const nonce of nonces)
            assert.ok(nonce >= before - 1769376240 && nonce <= before + 60 - 1769376240);
    }
});

test('transactions that are lost, answered twice or never: the file arrives', async () => {
    const dave = await net.createAccount('dave.test', 100n * NEAR);
    const keyFile = await keyOf('dave.test', dave.secret);
    let sends = 0;
    const proxy = http.createServer(async (request, response) => {
        const body = Buffer.concat(await request.toArray());
        const sending = /"method":"send_tx"/.test(body.subarray(0, 200).toString());
        const forward = async () => Buffer.from(await (await fetch(net.chain.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).arrayBuffer());
        const n = sending ? ++sends : 0;
        if (n === 1)
            return response.destroy(); // never arrives
        if (n === 3)
            return forward().then(() => response.destroy()); // arrives, and nobody hears of it
        if (n === 5)
            return response.writeHead(503).end('busy');
        if (n === 6)
            await forward(); // arrives twice
        response.end(await forward());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const content = crypto.getRandomValues(new Uint8Array(65536));
    const file = path.join(net.home, 'lossy.bin');
    fs.writeFileSync(file, Buffer.concat([Buffer.from(content), Buffer.alloc(3_300_000, 7)]));
    const { stdout } = await upload(file, keyFile, '--rpc-url', `http://127.0.0.1:${proxy.address().port}`);
    proxy.close();
    assert.ok(sends >= 7, String(sends));
    const got = await served(stdout.match(/FastFS URL: (\S+)/)[1]);
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(fs.readFileSync(file)));
});

test('a key that several use at the same time', async () => {
    const erin = await net.createAccount('erin.test', 100n * NEAR);
    const keyFile = await keyOf('erin.test', erin.secret);
    await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        const file = path.join(net.home, `many-${i}.bin`);
        fs.writeFileSync(file, Buffer.alloc(i % 2 ? 2_200_000 : 5000, `${i}`));
        const { stdout } = await upload(file, keyFile);
        const got = await served(stdout.match(/FastFS URL: (\S+)/)[1]);
        assert.ok(Buffer.from(await got.arrayBuffer()).equals(fs.readFileSync(file)));
    }));
});

test('a key that may not, or an account that cannot pay, is told so, and no address', async () => {
    const file = path.join(net.home, 'refused.txt');
    fs.writeFileSync(file, 'refused');
    const poor = await net.createAccount('poor.test', NEAR / 1000n);
    const frank = await net.createAccount('frank.test', 10n * NEAR);
    const other = near.KeyPair.fromRandom('ed25519');
    const gone = near.KeyPair.fromRandom('ed25519');
    await net.transact(frank, 'frank.test', [
        near.actions.addFunctionCallAccessKey(other.getPublicKey(), 'elsewhere.test', ['__fastdata_fastfs']),
    ]);
    for (const [keyFile, reason] of [
        [await keyOf('poor.test', poor.secret), /NotEnoughBalance|LackBalance/i],
        [await keyOf('frank.test', other.toString()), /ReceiverMismatch/],
        [await keyOf('frank.test', gone.toString()), /access key/i],
    ])
        await assert.rejects(upload(file, keyFile), (e) => e.code === 1 && reason.test(e.stderr) && !e.stdout.includes('FastFS URL'));
});

test('an ending that is not of the alphabet', async () => {
    const grace = await net.createAccount('grace.test', 10n * NEAR);
    const file = path.join(net.home, 'b c.tü t');
    fs.writeFileSync(file, 'odd');
    const { stdout } = await upload(file, await keyOf('grace.test', grace.secret), '--json');
    const got = JSON.parse(stdout);
    assert.equal(got.sha256, await sha256hex(Buffer.from('odd')));
    assert.equal(got.size, 3);
    assert.match(got.fastfs_url, /\.t%C3%BC%20t$/);
    assert.equal(await (await served(got.fastfs_url)).text(), 'odd');
});

test('an account that is not there cannot upload', async () => {
    const file = path.join(net.home, 'x.json');
    const stranger = near.KeyPair.fromRandom('ed25519');
    const strangerKey = path.join(net.home, 'stranger.json');
    fs.writeFileSync(file, '{}');
    fs.writeFileSync(strangerKey, JSON.stringify({
        account_id: 'nobody.test', public_key: stranger.getPublicKey().toString(), private_key: stranger.toString(),
    }), { mode: 0o600 });
    await assert.rejects(promisify(execFile)(path.join(BIN, 'outlayer'), [
        'upload', file, '--rpc-url', net.chain.url, '--key-file', strangerKey, '--receiver', RECEIVER,
    ]), (e) => e.code === 1 && /Error: /.test(e.stderr) && !e.stdout.includes('FastFS URL'));
});

test('names that are none, and other methods', async () => {
    for (const name of ['x', 'nobody.test', 'nobody.test/fastfs.test/', 'alice.test/fastfs.test/nope', 'A/B/c', 'alice.test/fastfs.test/%2e%2e/x'])
        assert.equal((await fetch(`${gateway.url}/${name}`)).status, 404, name);
    assert.equal((await fetch(`${gateway.url}/alice.test/fastfs.test/x`, { method: 'DELETE' })).status, 405);
});

test('files survive a restart of the gateway, and none is missed', async () => {
    const source = await net.guest('test/stderr');
    await gateway.stop();
    const got = await works({ source, response_format: 'Json', params: { store_on_fastfs: true } });
    const port = new URL(gateway.url).port;
    gateway.args.push('--listen', `127.0.0.1:${port}`);
    await gateway.start();
    const file = await served(got.value.fastfs_url);
    assert.equal(await sha256hex(Buffer.from(await file.arrayBuffer())), source.WasmUrl.hash);
});

test('a chain that is killed, comes back and skips heights: the next file is there, and the old ones', async () => {
    const heidi = await net.createAccount('heidi.test', 10n * NEAR);
    const keyFile = await keyOf('heidi.test', heidi.secret);
    const urls = [];
    const put = async (text) => {
        const file = path.join(net.home, 'again.txt');
        fs.writeFileSync(file, text);
        urls.push((await upload(file, keyFile)).stdout.match(/FastFS URL: (\S+)/)[1]);
        assert.equal(await (await served(urls.at(-1))).text(), text);
    };
    await put('before');
    await net.chain.kill9();
    await until('silence noticed', async () => (await fetch(`${gateway.url}/readyz`)).status === 503);
    await net.startChain();
    await put('after');
    await net.rpc('sandbox_fast_forward', { delta_height: 300 });
    await put('far after');
    await until('ready', async () => (await fetch(`${gateway.url}/readyz`)).status === 200);
    for (const url of urls)
        assert.equal((await fetch(url)).status, 200);
});

test('a program from IPFS comes through the configured gateway, and is what its hash says', async () => {
    const bytes = fs.readFileSync(path.join(SHARE, 'guests/random.wasm'));
    const cid = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi';
    net.files.put(`ipfs/${cid}`, bytes);
    net.files.put(`ipfs/${cid}/dir/other.wasm`, 'something else');
    const source = (url) => ({ source: { WasmUrl: { url, hash } }, input_data: '{"min":7,"max":7}' });
    const hash = await sha256hex(bytes);
    const fails = async (url, reason) => {
        const got = await net.request(net.alice, source(url), { deposit });
        assert.equal(got.completed.success, false);
        assert.match(got.completed.error_message, reason);
    };
    await fails(`ipfs://${cid}/dir/other.wasm`, /does not have the hash that the request names/);
    await fails(`ipfs://${cid}/../../secret`, /after ipfs:\/\/ comes a content id/);
    await fails('ipfs://unknown', /cannot be downloaded: the server answered with status 404/);
    assert.match((await works(source(`ipfs://${cid}`))).text, /7/);
});

test('redirects of a download are followed, five of them', async () => {
    const bytes = Buffer.concat([fs.readFileSync(path.join(SHARE, 'guests/random.wasm')), Buffer.from([0, 2, 1, 0x78])]);
    const hash = await sha256hex(bytes);
    const to = (url) => (request, response) => response.writeHead(302, { location: url }).end();
    net.files.put('hop-0', bytes);
    for (let i = 1; i <= 6; i++)
        net.files.put(`hop-${i}`, to(`${net.files.base}/hop-${i - 1}`));
    net.files.put('to-private', to('http://10.0.0.1/x.wasm'));
    net.files.put('to-file', to('file:///etc/passwd'));
    const ask = (name) => net.request(net.alice, {
        source: { WasmUrl: { url: `${net.files.base}/${name}`, hash } }, input_data: '{"min":7,"max":7}',
    }, { deposit });
    assert.match((await ask('hop-6')).completed.error_message, /more than 5 redirects/);
    assert.match((await ask('to-private')).completed.error_message, /not a public one/);
    assert.match((await ask('to-file')).completed.error_message, /is not a URL that can be fetched/);
    assert.equal((await ask('hop-5')).completed.success, true);
});

test('servers of a program that are slow, endless, cut off or say nonsense', async () => {
    const guest = fs.readFileSync(path.join(SHARE, 'guests/random.wasm'));
    const padded = (size) => { // a program of just this size, by a custom section at its end
        const more = size - guest.length - 7;
        const head = Buffer.from([0, 0x80, 0x80, 0x80, 0x80, 0, 1, 0x7a]);
        for (let i = 0, left = more - 1 + 2; i < 5; i++, left >>>= 7)
            head[1 + i] = (left & 0x7f) | (i < 4 ? 0x80 : 0);
        const out = Buffer.concat([guest, head, Buffer.alloc(size - guest.length - head.length)]);
        assert.equal(out.length, size);
        return out;
    };
    const right = await sha256hex(guest);
    const cases = {
        trickle: [(response) => { const t = setInterval(() => response.write('x'), 500); response.on('close', () => clearInterval(t)); response.writeHead(200); }, /took longer than 30000 ms/],
        silent: [() => {}, /took longer than 30000 ms/],
        endless: [(response) => { response.writeHead(200); const more = () => { while (response.write(Buffer.alloc(65536))) ; }; response.on('drain', more); more(); }, /larger than 10485760 bytes/],
        announced: [(response) => { response.writeHead(200, { 'content-length': 10485761 }); response.write('x'); }, /larger than 10485760 bytes/],
        cut: [(response) => { response.writeHead(200, { 'content-length': guest.length }); response.write(guest.subarray(0, 1000)); setTimeout(() => response.destroy(), 100); }, /download failed/],
        half: [(response) => response.end(guest.subarray(0, 1000)), /does not have the hash/],
        empty: [(response) => response.end(), /does not have the hash/],
        zipped: [(response) => { response.writeHead(200, { 'content-encoding': 'gzip' }); response.end(guest); }, null],
        partial: [(response) => { response.writeHead(206, { 'content-range': `bytes 0-${guest.length - 1}/${guest.length}` }); response.end(guest); }, /status 206/],
        nowhere: [(response) => { response.writeHead(302); response.end(guest); }, /status 302/],
        nonsense: [(response) => response.socket.end('hello\r\n\r\n'), /download failed/],
        shouting: [(response) => response.socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`), /download failed/],
        largest: [null, null],
    };
    const largest = padded(10485760);
    await Promise.all(Object.entries(cases).map(async ([name, [odd, reason]]) => {
        const content = name === 'largest' ? largest : guest;
        const url = net.files.put(`odd/${name}`, odd ? (request, response) => odd(response) : content);
        // Each another program, or the first would serve all of them.
        const hash = name === 'largest' ? await sha256hex(largest) : name === 'zipped' ? right : (await sha256hex(Buffer.from(name)));
        const got = await net.request(net.alice, { source: { WasmUrl: { url, hash } }, input_data: '{"min":7,"max":7}' }, { deposit });
        if (reason) {
            assert.equal(got.completed.success, false, name);
            assert.match(got.completed.error_message, reason, name);
        } else {
            assert.equal(got.completed.success, true, `${name}: ${got.completed.error_message}`);
        }
    }));
});
