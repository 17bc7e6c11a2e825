// crowd.mjs — strangers who crowd the coordinator's door: with connections, with requests that wait,
// with more questions than anybody has. Work goes on, and so does who asks like everybody else.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net_ from 'node:net';
import { after, test } from 'node:test';
import { Network, sleep, until } from './harness.mjs';

const CONNECTIONS = 1024; // as many as the coordinator has
const EACH = 64;          // requests that may wait, of one address …
const ALL = 512;          // … and of all
const net = await Network.start();
const random = await net.guest('random');
const door = new URL(net.coordinator.url);
const open = new Set();
after(() => open.forEach((s) => s.destroy()));

/** A connection from an address of its own that says `text` and then nothing. */
async function connection(text, localAddress = '127.0.0.1') {
    const socket = net_.connect({ host: door.hostname, port: Number(door.port), localAddress });
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.text = '';
    socket.on('data', (d) => (socket.text += d));
    await once(socket, 'connect');
    if (text)
        socket.write(text);
    return socket;
}

/** One request from `localAddress`, on a connection of its own. */
function ask(path, localAddress, more = {}) {
    return new Promise((resolve, reject) => {
        const r = http.request(new URL(path, door), { localAddress, agent: false, ...more }, (answer) => {
            let body = '';
            answer.on('data', (d) => (body += d));
            answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
        });
        r.on('error', reject);
        r.end(more.body);
    });
}

async function works() {
    const from = Date.now();
    const got = await net.request(net.alice, { source: random, input_data: '{"min":1,"max":6}', response_format: 'Json' });
    assert.ok(got.value.random_number >= 1, got.text);
    return Date.now() - from;
}

async function leave() {
    open.forEach((s) => s.destroy());
    await until('the door is free', async () => open.size === 0);
}

test('a thousand and more connections that are idle, or slow in every way', async () => {
    await works();
    const slow = [
        '',
        'GET /public/executions HTTP/1.1\r\nHost: x\r\nX-Slow: ',
        'POST /secrets/pubkey HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{',
        'GET /executions HTTP/1.1\r\nHost: x\r\n\r\n', // and does not close
    ];
    for (let i = 0; i < CONNECTIONS + 200; i++)
        await connection(slow[i % slow.length], `127.0.0.${2 + i % 50}`);
    await works();
    assert.equal((await ask('/public/stats', '127.0.0.1')).status, 200);
    // They keep coming: for each that is closed a new one.
    let stop = false, came = 0;
    const flood = (async () => {
        for (; !stop; came++)
            await connection(slow[came % slow.length], `127.0.0.${2 + came % 50}`);
    })();
    for (let i = 0; i < 3; i++)
        await works();
    stop = true;
    await flood;
    assert.ok(came > 100, `${came} came`);
    await leave();
});

test('requests that wait: an address has its share, all strangers together half of the door', async () => {
    const poll = 'GET /requests/900000?wait_ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n';
    const sockets = [];
    for (let i = 0; i < EACH + 10; i++)
        sockets.push(await connection(poll, '127.0.0.60'));
    await until('the rest are refused', async () => sockets.filter((s) => s.text).length === 10);
    for (const s of sockets.filter((s) => s.text))
        assert.match(s.text, /^HTTP\/1.1 429 [^]*Retry-After: 5[^]*too many requests wait from this address/);
    // Another address may wait still, and the first may ask.
    const other = await connection('GET /public/executions/live?after=0&wait_ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n', '127.0.0.61');
    await until('the other is answered', async () => /^HTTP\/1.1 200/.test(other.text));
    assert.equal((await ask('/public/stats', '127.0.0.60')).status, 200);
    // From many addresses.
    for (let i = 0; i < ALL; i++)
        sockets.push(await connection(poll, `127.0.0.${70 + i % 20}`));
    await until('those beyond the half are refused', async () =>
        sockets.filter((s) => s.text).length >= 10 + EACH);
    await sleep(300);
    assert.equal(sockets.filter((s) => !s.text).length, ALL);
    await works();
    const metrics = (await ask('/metrics', '127.0.0.1')).body;
    assert.ok(Number(metrics.match(/^outlayer_coordinator_held_requests (\d+)/m)[1]) >= ALL);
    // Who waited for something that happens is answered: nobody was forgotten.
    const id = (await net.request(net.alice, { source: random, input_data: '{"min":1,"max":6}', response_format: 'Json' })).requested.request_id;
    await leave();
    const waiting = await connection(`GET /requests/${Number(id) + 1}?wait_ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n`, '127.0.0.60');
    await works();
    await until('the step is told', async () => /^HTTP\/1.1 200 [^]*"step":"queued"/.test(waiting.text));
    await leave();
});

test('more questions than anybody has: 429 and when to come back, for that address alone', async () => {
    let refused, n = 0;
    for (; !refused && n < 3000; n++) {
        const got = await ask('/public/stats', '127.0.0.100');
        if (got.status !== 200)
            refused = got;
    }
    assert.equal(refused?.status, 429, `${n} were answered`);
    assert.ok(n > 400, `${n} were answered`);
    assert.deepEqual(JSON.parse(refused.body), { error: 'too many requests from this address' });
    const later = Number(refused.headers['retry-after']);
    assert.ok(later >= 1 && later <= 10, refused.headers['retry-after']);
    assert.equal(refused.headers['access-control-allow-origin'], '*');
    // Paths that are not there, pages and wrong tokens cost as much.
    for (const path of ['/nowhere', '/executions', '/jobs/lease', '/requests/1'])
        for (let i = 0, got; i < 100 && got !== 429; i++)
            got = (await ask(path, '127.0.0.100', { method: path === '/jobs/lease' ? 'POST' : 'GET' })).status;
    assert.equal((await ask('/public/stats', '127.0.0.101')).status, 200);
    // Nor does it help to say that one is somebody else.
    for (n = 0, refused = 200; refused === 200 && n < 3000; n++)
        refused = (await ask('/public/stats', '127.0.0.102', { headers: { 'x-forwarded-for': `192.0.2.${n % 250}` } })).status;
    assert.equal(refused, 429);
    await works();
    // The workers' token has no such limit.
    const authorization = `Bearer ${fs.readFileSync(net.tokenFile, 'utf8').trim()}`;
    for (let i = 0; i < 600; i++)
        assert.equal((await ask('/public/stats', '127.0.0.100', { headers: { authorization } })).status, 200);
    await sleep(later * 1000);
    assert.equal((await ask('/public/stats', '127.0.0.100')).status, 200);
});
