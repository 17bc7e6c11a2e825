// arguments.mjs — what the contract takes and what it refuses, with nothing kept of what it refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEAR, Network, OUTLAYER } from './harness.mjs';

const net = await Network.start();
const echo = await net.guest('test/echo');
const deposit = NEAR / 10n;

/** The call itself must fail with `text`, and the deposit come back. */
async function refused(args, text, options = { deposit }) {
    const before = { user: await net.balance('alice.test'), stats: await net.view('get_stats') };
    const got = await net.request(net.alice, args, options);
    assert.ok(got.failure, `not refused: ${got.text}`);
    assert.match(got.failure, text);
    assert.equal(got.requested, undefined, 'no request was made');
    assert.ok(before.user - await net.balance('alice.test') < NEAR / 100n, 'the deposit came back');
    assert.deepEqual(await net.view('get_stats'), before.stats);
}

test('the deposit: exact is enough, one yocto less is not', async () => {
    for (const limits of [undefined, { max_instructions: 10_000_000_000 }, { max_instructions: 5_999_999, max_execution_seconds: 1 }]) {
        const need = BigInt(await net.view('estimate_execution_cost', { resource_limits: limits ?? null }));
        const args = { source: echo, input_data: 'x', resource_limits: limits };
        await refused(args, new RegExp(`Insufficient payment: required ${need} yoctoNEAR for compute, got ${need - 1n} yoctoNEAR`), { deposit: need - 1n });
        assert.equal((await net.request(net.alice, args, { deposit: need })).value, 'x');
    }
    assert.equal(await net.view('estimate_execution_cost', {}), '7000100000000000000000');
});

test('limits: the greatest are taken, one more is not', async () => {
    const most = { max_instructions: 500_000_000_000, max_execution_seconds: 180 };
    const got = await net.request(net.alice, { source: echo, input_data: 'x', resource_limits: most }, { deposit });
    assert.equal(got.value, 'x');
    assert.deepEqual(got.requested.resource_limits, { ...most, max_memory_mb: 128 });
    await refused({ source: echo, resource_limits: { max_instructions: 500_000_000_001 } },
        /Requested max_instructions 500000000001 exceeds hard limit of 500000000000/);
    await refused({ source: echo, resource_limits: { max_execution_seconds: 181 } },
        /Requested max_execution_seconds 181 exceeds hard limit of 180 seconds/);
    for (const zero of ['max_instructions', 'max_memory_mb', 'max_execution_seconds'])
        await refused({ source: echo, resource_limits: { [zero]: 0 } }, /./);
});

test('null is as good as absent', async () => {
    const got = await net.request(net.alice, {
        source: echo, input_data: null, resource_limits: { max_instructions: null, max_memory_mb: null, max_execution_seconds: null },
        secrets_ref: null, response_format: null, payer_account_id: null, params: null,
    });
    assert.equal(got.value, '');
});

test('an argument nobody knows is passed over', async () => {
    const got = await net.request(net.alice, { source: echo, input_data: 'x', colour: 'green', params: { colour: 'blue' } });
    assert.equal(got.value, 'x');
});

test('malformed arguments', async () => {
    const { WasmUrl } = echo;
    await refused({}, /./);
    await refused({ source: 'echo' }, /./);
    await refused({ source: {} }, /./);
    await refused({ source: { Ftp: { url: 'x' } } }, /./);
    await refused({ source: { WasmUrl: { url: WasmUrl.url } } }, /./);
    await refused({ source: { WasmUrl: { ...WasmUrl, hash: 'abc' } } }, /hash/);
    await refused({ source: { WasmUrl: { ...WasmUrl, hash: 'zz'.repeat(32) } } }, /hash/);
    await refused({ source: { WasmUrl: { ...WasmUrl, url: 'ftp://example.com/x.wasm' } } }, /url/);
    await refused({ source: { WasmUrl: { ...WasmUrl, url: `https://example.com/${'x'.repeat(2100)}` } } }, /url/);
    await refused({ source: { WasmUrl: { ...WasmUrl, url: 'https://example.com/a b' } } }, /url/);
    await refused({ source: { WasmUrl: { ...WasmUrl, build_target: 'wasm 32' } } }, /./);
    await refused({ source: echo, resource_limits: { max_instructions: -1 } }, /./);
    await refused({ source: echo, resource_limits: { max_instructions: '1000' } }, /./);
    await refused({ source: echo, resource_limits: { max_memory_mb: 4294967296 } }, /./);
    await refused({ source: echo, resource_limits: [] }, /./);
    await refused({ source: echo, input_data: { min: 1 } }, /./);
    await refused({ source: echo, response_format: 'Xml' }, /./);
    await refused({ source: echo, payer_account_id: 'Not An Account' }, /./);
    await refused({ source: echo, secrets_ref: {} }, /./);
    await refused({ source: echo, params: { force_rebuild: true } }, /force_rebuild is not applicable for WasmUrl code source/);
    for (const text of ['', '{', 'null', '[]', '{"source":', '\u0000'])
        await refused(Buffer.from(text), /./);
});

test('an upper-case hash is the same hash', async () => {
    const { WasmUrl } = echo;
    const got = await net.request(net.alice, { source: { WasmUrl: { ...WasmUrl, hash: WasmUrl.hash.toUpperCase() } }, input_data: 'x' });
    assert.equal(got.value, 'x');
});

test('too little gas takes nothing', async () => {
    await refused({ source: echo }, /gas|Gas/, { deposit, gas: 20n * 10n ** 12n });
});

test('the contract holds no request in the end', async () => {
    assert.deepEqual(await net.view('get_pending_request_ids', {}), []);
    assert.equal((await net.provider.viewAccount({ accountId: OUTLAYER })).amount > 0n, true);
});
