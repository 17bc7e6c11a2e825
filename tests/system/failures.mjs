// failures.mjs — programs that fail in every way they can: answered once, charged, never refunded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEAR, Network, near, TGAS, CALLER } from './harness.mjs';

const net = await Network.start();
const deposit = NEAR / 10n;

/** It must fail with `reason`, the caller's promise with it, and the whole payment be kept. */
async function fails(args, reason) {
    const got = await net.request(net.alice, { resource_limits: { max_instructions: 50_000_000, max_execution_seconds: 10 }, ...args }, { deposit });
    assert.ok(got.completed, `no answer: ${got.failureText}`);
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, reason);
    assert.ok(got.failure, 'the promise fails');
    assert.match(got.failure, /OutLayer execution failed: /);
    assert.match(got.failure, reason);
    assert.equal(got.completed.payment_charged, String(deposit));
    assert.equal(got.completed.payment_refunded, '0');
    assert.equal(await net.view('get_request', { request_id: got.requested.request_id }), null);
    return got;
}

test('a trap', async () => {
    await fails({ source: await net.guest('test/trap') }, /execution_failed: .*unreachable/s);
});

test('memory out of bounds', async () => {
    await fails({ source: await net.guest('test/oob') }, /execution_failed: .*out of bounds/s);
});

test('exit code 1, with what it said on stderr', async () => {
    const got = await fails({ source: await net.guest('test/exit1') }, /the city 'Atlantis' was not found/);
    // All of it, beside the error, with what the run used.
    const page = await net.page(got.requested.request_id);
    const { run } = page;
    assert.equal(run.outcome, 'exit_code');
    assert.equal(run.exit_code, 1);
    assert.match(run.stderr, /Atlantis/);
    assert.equal(run.stderr_bytes, run.stderr.length);
    assert.ok(page.instructions > 0 && run.wall_us > 0 && run.cpu_us > 0 && run.memory_bytes >= 65536);
    assert.deepEqual(run.requests, []);
    const [row] = await (await fetch(`${net.coordinator.url}/public/jobs?job_id=${page.job_id}`)).json();
    assert.deepEqual(row.run, run);
});

test('a loop ends when its instructions do', async () => {
    const got = await fails({ source: await net.guest('test/loop') }, /execution_failed: .*(fuel|instructions)/s);
    assert.equal(got.completed.resources_used.instructions, 50_000_000);
});

test('a loop ends when its time does', async () => {
    const got = await fails({
        source: await net.guest('test/loop'),
        resource_limits: { max_instructions: 500_000_000_000, max_execution_seconds: 1 },
        // What 1 second of the most instructions costs is more than the usual deposit here.
    }, /timed out after 1 seconds/);
    assert.ok(got.completed.resources_used.time_ms >= 1000);
});

test('sleeping is time too', async () => {
    await fails({
        source: await net.guest('test/sleep'), input_data: '5000',
        resource_limits: { max_instructions: 50_000_000, max_execution_seconds: 1 },
    }, /timed out after 1 seconds/);
});

test('memory stops at its limit', async () => {
    for (const mb of [2, 16]) {
        const got = await net.request(net.alice, {
            source: await net.guest('test/grow'), resource_limits: { max_memory_mb: mb },
        });
        assert.equal(got.completed.success, true, got.completed.error_message);
        assert.equal(Number(got.value), mb * 1024 * 1024);
    }
});

test('output without end', async () => {
    await fails({
        source: await net.guest('test/flood'),
        resource_limits: { max_instructions: 1_000_000_000, max_memory_mb: 4, max_execution_seconds: 10 },
    }, /execution_failed/);
});

test('another hash than promised', async () => {
    const { WasmUrl } = await net.guest('test/echo');
    await fails({ source: { WasmUrl: { ...WasmUrl, hash: '00'.repeat(32) } } }, /does not have the (hash|SHA-256) that the request names/);
});

test('nothing at the URL', async () => {
    const { WasmUrl } = await net.guest('test/echo');
    await fails({ source: { WasmUrl: { ...WasmUrl, url: `${net.files.base}/absent.wasm`, hash: '11'.repeat(32) } } }, /404/);
});

test('nobody at the URL', async () => {
    await fails({ source: { WasmUrl: { url: 'http://127.0.0.1:1/x.wasm', hash: '22'.repeat(32) } } }, /execution_failed/);
});

test('bytes that are no program', async () => {
    await fails({ source: await net.source('text.wasm', Buffer.from('this is no WebAssembly')) }, /execution_failed/);
    await fails({ source: await net.source('empty.wasm', Buffer.alloc(0)) }, /execution_failed/);
    await fails({ source: await net.source('cut.wasm', Buffer.from('0061736d01000000ff', 'hex')) }, /execution_failed/);
});

test("a caller's callback sees the failure", async () => {
    const got = net.read(await net.transact(net.alice, CALLER, [near.actions.functionCall('call_outlayer', {
        source: await net.guest('test/exit1'),
    }, 300n * TGAS, deposit)]));
    assert.equal(got.text, 'null');
    assert.equal((await net.view('get_last_result', {}, CALLER)).status, 'failed');
});

test('after all that, it still works', async () => {
    const got = await net.request(net.alice, { source: await net.guest('test/echo'), input_data: 'fine' });
    assert.equal(got.value, 'fine');
});
