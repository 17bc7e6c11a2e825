// examples.mjs — the example programs, each as its README says.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { SHARE } from './harness.mjs';

const folder = fs.mkdtempSync('/tmp/outlayer-examples-');
after(() => fs.rmSync(folder, { recursive: true, force: true }));

async function run(name, input, ...more) {
    const args = ['run', path.join(SHARE, `guests/${name}.wasm`), '--json', '--no-cache', '--input', JSON.stringify(input), ...more];
    const got = JSON.parse((await outlayer(args)).out);
    return got.success ? { value: JSON.parse(got.output) } : { error: got.error.message };
}

test('random', async () => {
    for (let i = 0; i < 5; i++) {
        const { value } = await run('random', { min: 1, max: 6 });
        assert.ok(Number.isInteger(value.random_number) && value.random_number >= 1 && value.random_number <= 6);
    }
    assert.match((await run('random', { min: 1 })).error, /no "max"/);
});

test('visits: storage that lasts, one for each account', async () => {
    const file = path.join(folder, 'visits.db');
    const visit = async (who) =>
        (await run('visits', {}, '--storage', file, '--env', `NEAR_SENDER_ID=${who}`)).value;
    assert.deepEqual(await visit('alice.test'), { account: 'alice.test', visits: 1, before: null });
    assert.deepEqual(await visit('bob.test'), { account: 'bob.test', visits: 1, before: 'alice.test' });
    assert.deepEqual(await visit('alice.test'), { account: 'alice.test', visits: 2, before: 'bob.test' });
    assert.match((await run('visits', {})).error, /near:storage\/api.*only runs of a project have/);
});

test('dice: what falls can be checked', async () => {
    const roll = (seed, input = { sides: 6, count: 4 }) => run('dice', input, '--vrf-seed', seed);
    const { value } = await roll('one');
    assert.equal(value.dice.length, 4);
    assert.ok(value.dice.every((d) => d >= 1 && d <= 6));
    assert.deepEqual((await roll('one')).value, value, 'there is one number for a request');
    assert.notDeepEqual((await roll('two')).value.signature, value.signature);
    const output = createHash('sha256').update(Buffer.from(value.signature, 'hex')).digest();
    value.dice.forEach((d, i) => assert.equal(d, output.readUInt16BE(2 * i) % 6 + 1));
    assert.match((await roll('one', { sides: 1 })).error, /give 2 to 100 "sides"/);
    assert.match((await run('dice', {})).error, /near:vrf\/api/);
});

test('secret: shown by its hash only', async () => {
    const file = path.join(folder, 'env');
    fs.writeFileSync(file, 'API_KEY=open sesame\n', { mode: 0o600 });
    const { value } = await run('secret', { name: 'API_KEY' }, '--env-file', file);
    assert.deepEqual(value, {
        name: 'API_KEY', bytes: 11, sha256: createHash('sha256').update('open sesame').digest('hex'),
    });
    assert.match((await run('secret', { name: 'OTHER' }, '--env-file', file)).error, /no secret 'OTHER'/);
});

test('prices: a median, or none', async () => {
    const answers = { '/a': '{"usd":3.1}', '/b': '{"data":[{"last":"3.2"}]}', '/c': '{"usd":3.3}', '/far': '{"usd":30}', '/text': 'sold out' };
    const server = http.createServer((q, a) => {
        a.statusCode = answers[q.url] ? 200 : 404;
        a.end(answers[q.url]);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    after(() => server.close());
    const base = `http://127.0.0.1:${server.address().port}`;
    const usd = (...names) => names.map((n) => ({ url: `${base}/${n}`, field: n === 'b' ? 'data.0.last' : 'usd' }));
    const ask = (sources, more = {}) => run('prices', { sources, ...more }, '--allow-loopback');
    const { value } = await ask(usd('a', 'b', 'c', 'gone'));
    assert.equal(value.price, '3.2');
    assert.equal(value.sources, 3);
    assert.equal(value.spread_bp, 625);
    assert.match(value.refused[0], /gone: answered 404/);
    assert.equal((await ask(usd('a', 'c'))).value.price, '3.2');
    assert.match((await ask(usd('a', 'text', 'gone'))).error, /1 of 3 sources answered: .*text: answered something else than JSON/);
    assert.match((await ask(usd('a', 'far'))).error, /bp apart; at most 1000/);
    assert.match((await run('prices', { sources: usd('a', 'c') })).error, /not a public one/);
});
