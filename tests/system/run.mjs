// run.mjs — `outlayer run`: a program under the worker's limits, without a network.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { lastLine, outlayer } from './command.mjs';
import { SHARE, price } from './harness.mjs';

const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-story-'));
after(() => fs.rmSync(temp, { recursive: true, force: true }));
const env = { OUTLAYER_CACHE: path.join(temp, 'cache') };
const guest = (name) => path.join(SHARE, 'guests', `${name}.wasm`);

async function run(name, args = [], input = '') {
    const got = await outlayer(['run', guest(name), '--json', ...args], { input, env });
    const result = JSON.parse(lastLine(got.out));
    assert.deepEqual(Object.keys(result).filter((k) => k !== 'output_base64'),
        ['success', 'output', 'error', 'instructions', 'time_ms', 'outcome', 'exit_code', 'wall_us', 'cpu_us', 'memory_bytes',
            'output_bytes', 'stderr', 'stderr_bytes', 'requests', 'requests_total', 'calls', 'refund_usd', 'estimated_cost_yocto']);
    assert.equal(got.code, result.success ? 0 : 1);
    assert.equal(BigInt(result.estimated_cost_yocto), price(result));
    return result;
}

test('a random number', async () => {
    const result = await run('random', ['--input', '{"min":1,"max":100}']);
    const { random_number: n } = JSON.parse(result.output);
    assert.ok(n >= 1 && n <= 100);
    assert.ok(result.instructions > 0 && result.memory_bytes >= 65536);
    assert.equal(result.error, null);
});

test('the same work costs the same instructions', async () => {
    const [a, b, c] = [await run('test/bytes', ['--input', '5000']), await run('test/bytes', ['--input', '5000', '--no-cache']), await run('test/bytes', ['--input', '5001'])];
    assert.equal(a.instructions, b.instructions);
    assert.ok(c.instructions > a.instructions);
});

test('output on stdout, report on stderr', async () => {
    const { code, out, err } = await outlayer(['run', guest('test/echo'), '--input', 'as it is\n\n'], { env });
    assert.equal(code, 0);
    assert.equal(out, 'as it is\n\n');
    assert.match(err, /instructions/);
});

test('input from a file and from stdin', async () => {
    const file = path.join(temp, 'input');
    fs.writeFileSync(file, 'žluťoučký "kůň"');
    assert.equal((await run('test/echo', ['--input-file', file])).output, 'žluťoučký "kůň"');
    assert.equal((await run('test/echo', ['--input-file', '-'], 'x'.repeat(100_000))).output.length, 100_000);
});

test('bytes that are no text', async () => {
    const result = await run('test/echo', ['--input-file', '-'], Buffer.from([0xff, 0, 0xfe]));
    assert.equal(result.output, null);
    assert.deepEqual([...Buffer.from(result.output_base64, 'base64')], [0xff, 0, 0xfe]);
});

test('the environment is what was given', async () => {
    const result = await run('test/env', ['--env', 'A=1', '--env', 'B=a=b "c"']);
    assert.deepEqual(JSON.parse(result.output), { A: '1', B: 'a=b "c"' });
});

test('every way to fail has its code', async () => {
    for (const [name, code, args] of [
        ['test/trap', 'trap', []],
        ['test/oob', 'trap', []],
        ['test/exit1', 'exit_code', []],
        ['test/loop', 'out_of_fuel', ['--max-instructions', '1000000']],
        ['test/loop', 'timeout', ['--max-instructions', '500000000000', '--max-seconds', '1']],
        ['test/sleep', 'timeout', ['--input', '5000', '--max-seconds', '1']],
        ['test/flood', 'output_overflow', ['--max-memory-mb', '1']],
    ]) {
        const result = await run(name, args);
        assert.equal(result.success, false, name);
        assert.equal(result.error.code, code, `${name}: ${JSON.stringify(result.error)}`);
        assert.ok(result.error.message.length > 0);
    }
});

test('memory ends at its limit', async () => {
    assert.equal((await run('test/grow', ['--max-memory-mb', '3'])).output, String(3 << 20));
});

test('no files, no network', async () => {
    assert.equal((await run('test/files')).output, '-----');
});

test('what is no program is refused in words', async () => {
    for (const bytes of ['', 'text', '\0asm\x01\0\0\0']) {
        const file = path.join(temp, 'bad.wasm');
        fs.writeFileSync(file, bytes, 'latin1');
        const { code, out } = await outlayer(['run', file, '--json'], { env });
        assert.equal(code, 1);
        assert.equal(JSON.parse(out).error.code, 'bad_module');
    }
    const { code, err } = await outlayer(['run', path.join(temp, 'absent.wasm')], { env });
    assert.equal(code, 1);
    assert.match(err, /there is no file/);
});

test('limits above the allowed are wrong usage', async () => {
    for (const [option, value] of [['--max-instructions', '500000000001'], ['--max-seconds', '181'], ['--max-memory-mb', '0'], ['--env', 'novalue']]) {
        const { code, err } = await outlayer(['run', guest('test/echo'), option, value], { env });
        assert.equal(code, 3, option);
        assert.ok(err.length > 0);
    }
});

test('a component runs like a module, and only as what it is', async () => {
    assert.equal((await run('test/p2', ['--input', 'echo a component'])).output, 'a component');
    const wrong = await run('test/p2', ['--build-target', 'wasm32-wasip1']);
    assert.equal(wrong.error.code, 'bad_module');
    assert.match(wrong.error.message, /is a component \(wasm32-wasip2\).*core module was expected/);
    assert.equal((await run('test/echo', ['--build-target', 'wasm32-wasi', '--input', 'x'])).output, 'x');
    const { code } = await outlayer(['run', guest('test/echo'), '--build-target', 'x86'], { env });
    assert.equal(code, 3);
});

test('requests over HTTP, by the policy that the options make', async () => {
    const server = http.createServer((q, a) => a.end(q.url.startsWith('/v1/forecast')
        ? '{"current_weather":{"temperature":21.5,"windspeed":9.25}}' : '{}'));
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const input = JSON.stringify({ latitude: 1, longitude: 2, service: `http://localhost:${server.address().port}` });
    try {
        const ok = await run('weather-api', ['--input', input, '--allow-loopback', '--allow-host', 'localhost']);
        assert.equal(ok.output, '{"temperature_c":21.5,"wind_kmh":9.25}');
        assert.equal(ok.requests.length, 1);
        assert.equal(ok.requests[0].host, 'localhost');
        assert.equal(ok.requests[0].status, 200);
        const refused = await run('weather-api', ['--input', input]);
        assert.equal(refused.error.code, 'exit_code');
        assert.match(refused.error.message, /127\.0\.0\.1|::1/);
        assert.match(refused.error.message, /--allow-loopback/);
        assert.equal(refused.requests[0].outcome, 'destination-IP-prohibited');
        const other = await run('weather-api', ['--input', input, '--allow-loopback', '--allow-host', 'example.org']);
        assert.match(other.stderr, /--allow-host localhost/);
        const none = await run('weather-api', ['--input', input, '--no-network']);
        assert.equal(none.requests[0].outcome, 'HTTP-request-denied');
        assert.match(none.requests[0].why, /no network \(--no-network\)/);
        // The program's own manifest, put into it by the command.
        const held = path.join(temp, 'held.wasm');
        const json = path.join(temp, 'manifest.json');
        fs.writeFileSync(json, '{"network":["example.org"]}');
        const set = await outlayer(['manifest', guest('weather-api'), '--set', json, '--output', held], { env });
        assert.equal(set.code, 0, set.err);
        assert.match(set.out, /1 host:\n {2}example\.org/);
        for (let i = 0; i < 2; i++) { // compiled, then from the cache
            const by = JSON.parse(lastLine((await outlayer(['run', held, '--json', '--input', input, '--allow-loopback'], { env })).out));
            assert.match(by.requests[0].why, /not among those that the program's manifest lists.*"network":\["localhost"\]/);
        }
        const shown = JSON.parse((await outlayer(['manifest', held, '--json'], { env })).out);
        assert.deepEqual([shown.network, shown.hosts], ['list', ['example.org']]);
        assert.match((await outlayer(['manifest', held, '--set', json, '--output', held], { env })).err, /has a manifest already/);
        fs.writeFileSync(json, '{"network":"example.org"}');
        assert.match((await outlayer(['manifest', guest('weather-api'), '--set', json, '--output', held], { env })).err, /no list of hosts/);
        assert.match((await outlayer(['manifest', guest('weather-api')], { env })).out, /no manifest/);
    } finally {
        server.close();
    }
});

test('limits and environment from files', async () => {
    const limits = path.join(temp, 'limits.json');
    const vars = path.join(temp, 'vars');
    fs.writeFileSync(limits, '{"max_instructions":1000,"max_memory_mb":null}');
    fs.writeFileSync(vars, '# names\nFIRST=from the file\n\nSECOND=a=b\r\n');
    assert.equal((await run('test/loop', ['--limits', limits])).instructions, 1000);
    assert.equal((await run('test/loop', ['--limits', 'none', '--max-instructions', '5000'])).instructions, 5000);
    const { output } = await run('test/p2', ['--input', 'env', '--env-file', vars, '--env', 'FIRST=given']);
    assert.deepEqual(output.split('\n').sort(), ['', 'FIRST=given', 'SECOND=a=b']);
    for (const bad of [['--limits', vars], ['--env-file', limits], ['--limits', path.join(temp, 'absent')]])
        assert.notEqual((await outlayer(['run', guest('test/echo'), ...bad], { env })).code, 0);
});

test('storage in a file, for each account', async () => {
    const db = path.join(temp, 'storage.db');
    const visit = async (who) => (await run('test/near_released', ['--storage', db, '--env', `NEAR_SENDER_ID=${who}`])).output;
    assert.equal(await visit('alice.near'), 'alice.near false 1 1 false visits');
    assert.equal(await visit('alice.near'), 'alice.near true 2 2 false visits');
    assert.equal(await visit('bob.near'), 'bob.near false 1 3 false visits');
    // Two at once: a file is shared.
    await Promise.all([1, 2].map(() => run('test/near', ['--storage', db, '--input', 'times 200 increment n 1'])));
    assert.equal((await run('test/near', ['--storage', db, '--input', 'increment n 1'])).output, '(401, "")\n');
    const once = ['--storage', 'memory', '--input', 'increment n 1'];
    for (let i = 0; i < 2; i++) assert.equal((await run('test/near', once)).output, '(1, "")\n');
});

test('storage only when it is given', async () => {
    const result = await run('test/near', ['--input', 'get k']);
    assert.equal(result.error.code, 'bad_module');
    assert.match(result.error.message, /near:storage\/api.*--storage/);
    const wrong = await outlayer(['run', guest('test/near'), '--storage', 'memory', '--env', 'NEAR_SENDER_ID=../x'], { env });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.err, /no account id/);
});

test('randomness from a seed, checked offline; a refund; a node that is not there', async () => {
    const vars = ['--env', 'NEAR_SENDER_ID=alice.near', '--env', 'NEAR_REQUEST_ID=12', '--env', 'ATTACHED_USD=7'];
    const given = ['--vrf-seed', 'tries', '--rpc', 'http://127.0.0.1:1', ...vars];
    const result = await run('test/chain', [...given, '--input', 'generate\tflip\npubkey\nrefund-usd\t5\nstatus\nenv\tNEAR_RPC_PROXY_AVAILABLE']);
    assert.equal(result.refund_usd, 5);
    assert.deepEqual(result.calls, { 'near:rpc/api': 1, 'near:payment/api': 1, 'near:vrf/api': 2 });
    const [drawn, key, refund, status, available] = result.output.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(drawn[2], 'vrf:12:alice.near:flip');
    assert.deepEqual([refund, status, available], [['', ''], ['', 'the node did not answer; try again'], ['1', '']]);
    const verify = ['vrf', 'verify', '--pubkey', key[0], '--alpha', drawn[2], '--signature', drawn[1], '--output', drawn[0]];
    assert.equal((await outlayer(verify)).code, 0);
    verify[5] = 'vrf:12:alice.near:flop';
    assert.equal((await outlayer(verify)).code, 1);
    // A run that fails gives nothing back.
    assert.equal((await run('test/chain', [...given, '--input', 'refund-usd\t5\nfail'])).refund_usd, 0);
    const without = await run('test/chain', [...vars, '--vrf-seed', 'tries']);
    assert.match(without.error.message, /near:rpc\/api.*--rpc URL/);
    assert.notEqual((await outlayer(['run', guest('test/echo'), '--env', 'ATTACHED_USD=much'], { env })).code, 0);
});

test('a profile: where instructions were spent, by function', async () => {
    const folded = path.join(temp, 'cpu.folded');
    const svg = path.join(temp, 'cpu.svg');
    const plain = await run('test/cpu', ['--input', 'sort 20000', '--limits', 'none']);
    const profiled = await run('test/cpu', ['--input', 'sort 20000', '--limits', 'none', '--profile', folded]);
    // It changes neither the result nor the count.
    assert.equal(profiled.output, plain.output);
    assert.equal(profiled.instructions, plain.instructions);
    const stacks = fs.readFileSync(folded, 'utf8').trimEnd().split('\n').map((l) => l.match(/^(.*) (\d+)$/)).map(([, s, n]) => [s.split(';'), Number(n)]);
    const total = stacks.reduce((sum, [, n]) => sum + n, 0);
    assert.ok(total <= profiled.instructions && total > profiled.instructions * 0.99, `${total} of ${profiled.instructions}`);
    const of = (name) => stacks.reduce((sum, [s, n]) => sum + (s.includes(name) ? n : 0), 0) / total;
    assert.ok(of('__original_main') > 0.99 && of('qsort') > 0.7 && of('sift') > 0.3, JSON.stringify([of('__original_main'), of('qsort'), of('sift')]));
    for (const [s] of stacks)
        if (s.includes('sift'))
            assert.ok(s.indexOf('qsort') > 0 && s.indexOf('qsort') < s.indexOf('sift'), s.join(';'));
    // The same again, to the instruction.
    const again = path.join(temp, 'again.folded');
    await run('test/cpu', ['--input', 'sort 20000', '--limits', 'none', '--profile', again]);
    assert.deepEqual(fs.readFileSync(again, 'utf8').split('\n').sort(), fs.readFileSync(folded, 'utf8').split('\n').sort());
    const { err } = await outlayer(['run', guest('test/cpu'), '--input', 'sort 20000', '--limits', 'none', '--profile', svg], { env });
    assert.match(err, /most instructions were spent in:\n +\d+\.\d\d% {2}/);
    const picture = fs.readFileSync(svg, 'utf8');
    assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(picture, /<title>sift: [\d,]+ instructions, \d+\.\d\d%<\/title>/);
    assert.doesNotMatch(picture, /(href|src)=|url\(/); // all of it is in the file
});

test('a profile of a component, also of a run that fails', async () => {
    const folded = path.join(temp, 'p2.folded');
    const result = await run('test/p2', ['--input', 'loop', '--max-instructions', '20000000', '--profile', folded]);
    assert.equal(result.error.code, 'out_of_fuel');
    const main = fs.readFileSync(folded, 'utf8').split('\n').filter((l) => /;p2::main \d+$/.test(l));
    assert.ok(main.length > 0, fs.readFileSync(folded, 'utf8').slice(0, 2000));
    assert.ok(main.reduce((sum, l) => sum + Number(l.split(' ').at(-1)), 0) > 19_000_000);
    const short = await outlayer(['run', guest('test/trap'), '--profile', folded], { env });
    assert.match(short.err, /too few instructions for a profile/);
});
