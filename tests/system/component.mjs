// component.mjs — wasm32-wasip2 on the chain: by its target, without one, under a wrong one; HTTP.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { Network, NEAR, SHARE } from './harness.mjs';

const places = { '/v1/search?name=Troms%C3%B8&count=1': '{"results":[{"name":"Tromsø","latitude":69.65,"longitude":18.96}]}' };
const server = http.createServer((q, a) => a.end(
    q.url.startsWith('/v1/search') ? places[q.url] ?? '{"generationtime_ms":0.5}'
        : q.url.includes('?latitude=69.65&longitude=18.96&') ? '{"current_weather":{"temperature":-11,"windspeed":3}}'
            : '{"current_weather":{"temperature":-3.5,"windspeed":12}}'));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
after(() => server.close());
const net = await Network.start({ workerArgs: ['--allow-guest-loopback'] });
const p2 = (await net.guest('test/p2')).WasmUrl;
const weather = (await net.guest('weather-api')).WasmUrl;
const ask = (source, input_data, more = {}) =>
    net.request(net.alice, { source, input_data, ...more }, { deposit: NEAR });

test('a component named as what it is', async () => {
    const got = await ask({ WasmUrl: { ...p2, build_target: 'wasm32-wasip2' } }, 'echo from a component');
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.equal(got.value, 'from a component');
});

test('a component that nobody names', async () => {
    const { build_target: _, ...bare } = p2;
    const got = await ask({ WasmUrl: bare }, 'echo again');
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.equal(got.value, 'again');
});

test('a component named as a module', async () => {
    const got = await ask({ WasmUrl: { ...p2, build_target: 'wasm32-wasip1' } }, 'echo x');
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.equal(got.value, 'x');
});

test('a module named as a component, as the public command line deploys all', async () => {
    const { WasmUrl } = await net.guest('test/echo');
    const got = await ask({ WasmUrl: { ...WasmUrl, build_target: 'wasm32-wasip2' } }, 'plain');
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.equal(got.value, 'plain');
    const none = await ask({ WasmUrl: { ...WasmUrl, build_target: 'wasm32-unknown-unknown' } }, 'plain');
    assert.match(none.completed.error_message, /there are wasm32-wasip1 and wasm32-wasip2/);
});

test('its limits hold', async () => {
    const source = { WasmUrl: { ...p2, build_target: 'wasm32-wasip2' } };
    const got = await ask(source, 'loop', { resource_limits: { max_instructions: 50_000_000 } });
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /used all of its 50000000 instructions/);
});

test('the weather, over HTTP', async () => {
    const input = { latitude: 1, longitude: 2, service: `http://127.0.0.1:${server.address().port}` };
    const got = await ask({ WasmUrl: { ...weather, build_target: 'wasm32-wasip2' } }, JSON.stringify(input),
        { response_format: 'Json' });
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.deepEqual(got.value, { temperature_c: -3.5, wind_kmh: 12.0 });
    // Who asked for the run can see which hosts it asked.
    const { run } = await net.page(got.requested.request_id);
    assert.equal(run.outcome, 'ok');
    assert.equal(run.requests_total, 1);
    const { sent, received, time_ms, ...request } = run.requests[0];
    assert.deepEqual(request, { host: '127.0.0.1', address: '127.0.0.1', port: server.address().port, outcome: 'ok', why: null, status: 200 });
    assert.ok(sent > 20 && received > 60 && time_ms >= 0);
});

test('the weather in a city, as a contract asks for it', async () => {
    const service = `http://127.0.0.1:${server.address().port}`;
    const of = (city) => ask({ WasmUrl: weather }, JSON.stringify({ city, service }), { response_format: 'Json' });
    const got = await of('Tromsø');
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.deepEqual(got.value, { city: 'Tromsø', temperature_c: -11.0, wind_kmh: 3.0 });
    assert.match((await of('Atlantis')).completed.error_message, /no place is called 'Atlantis'/);
    assert.match((await ask({ WasmUrl: weather }, '{}')).completed.error_message, /give a "city", or "latitude" and "longitude"/);
});

test('a host that the program\'s own manifest does not list', async () => {
    const name = 'outlayer.manifest';
    const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(`${name}{"network":["api.example.org"]}`)]);
    const wasm = Buffer.concat([fs.readFileSync(path.join(SHARE, 'guests/weather-api.wasm')), Buffer.from([0, body.length]), body]);
    const input = { latitude: 1, longitude: 2, service: `http://127.0.0.1:${server.address().port}` };
    const { WasmUrl } = await net.source('held.wasm', wasm);
    const got = await ask({ WasmUrl: { ...WasmUrl, build_target: 'wasm32-wasip2' } }, JSON.stringify(input));
    assert.equal(got.completed.success, false);
    // The guest, and with its stderr the requester, learns what would allow it.
    assert.match(got.completed.error_message, /not among those that the program's manifest lists/);
    const { run } = await net.page(got.requested.request_id);
    assert.equal(run.requests[0].outcome, 'HTTP-request-denied');
    assert.match(run.requests[0].why, /build it with "network":\["127\.0\.0\.1"\] in its outlayer\.manifest/);
    assert.equal(run.requests[0].address, null);
});
