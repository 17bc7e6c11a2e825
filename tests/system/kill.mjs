// kill.mjs — worker, coordinator and chain are killed in the middle of fifty requests: each request
// is answered once and charged once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEAR, Network, OUTLAYER, sleep, txHash, until } from './harness.mjs';

const REQUESTS = 50;
// A yield lives 200 blocks: the outage must be shorter.
const net = await Network.start({ blockMs: 100, workerArgs: ['--slots', '4'] });
const bytes = await net.guest('test/bytes');
const sleeper = await net.guest('test/sleep');
const deposit = NEAR / 50n;

test('kill -9 of each in turn', async () => {
    const [count, fees] = await net.view('get_stats');
    const signed = [];
    for (let i = 0; i < REQUESTS; i++) {
        // Some take their time, so that every kill meets one that runs.
        const args = i % 2 ? { source: bytes, input_data: String(1000 + i) } : { source: sleeper, input_data: '60' };
        signed.push(await net.sign(net.alice, OUTLAYER, [net.requestAction(args, { deposit })]));
    }
    const finished = new Set();
    const pending = signed.map((s, i) => sleep(i * 150).then(() => net.settle(s)).then((outcome) => {
        finished.add(i);
        return outcome;
    }));
    const all = Promise.all(pending);
    all.catch(() => {});

    for (const [after, name, start] of [
        [5, 'worker', 'startWorker'], [15, 'coordinator', 'startCoordinator'], [25, 'chain', 'startChain'],
        [35, 'worker', 'startWorker'],
    ]) {
        await Promise.race([all, until(`${after} answers`, () => finished.size >= after, 120_000)]);
        assert.ok(finished.size < REQUESTS, 'killed in the middle');
        await net[name].kill9();
        await net[start]();
    }

    const outcomes = await all;
    let charges = 0n;
    const ids = new Set();
    for (const [i, outcome] of outcomes.entries()) {
        const got = net.read(await net.status(await txHash(signed[i]), 'alice.test'));
        const done = got.events.filter((e) => e.event === 'execution_completed');
        assert.equal(done.length, 1, `request ${i} answered once`);
        assert.equal(got.completed.success, true, got.completed.error_message);
        assert.equal(i % 2 ? got.value.length : got.value, i % 2 ? 1000 + i : 'slept 60 ms');
        assert.equal(BigInt(got.completed.payment_charged) + BigInt(got.completed.payment_refunded), deposit);
        charges += BigInt(got.completed.payment_charged);
        ids.add(got.requested.request_id);
        assert.ok(outcome);
    }
    assert.equal(ids.size, REQUESTS);
    const [countNow, feesNow] = await net.view('get_stats');
    assert.equal(countNow - count, REQUESTS, 'counted once');
    assert.equal(BigInt(feesNow) - BigInt(fees), charges, 'charged once');
    assert.deepEqual(await net.view('get_pending_request_ids', {}), []);
});

test('and then it works as before', async () => {
    const got = await net.request(net.alice, { source: bytes, input_data: '3' });
    assert.equal(got.value, '012');
});
