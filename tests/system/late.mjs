// late.mjs — nobody answers in time, somebody answers late, somebody cancels.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEAR, Network, OUTLAYER, TGAS, descendants, near, until } from './harness.mjs';

const net = await Network.start();
const echo = await net.guest('test/echo');
const sleeper = await net.guest('test/sleep');
const deposit = NEAR / 10n;
const BASE_FEE = 10n ** 21n;

const forward = async (blocks) => {
    const answer = await net.rpc('sandbox_fast_forward', { delta_height: blocks });
    assert.ok(answer.result, JSON.stringify(answer));
};
const pending = () => net.view('get_pending_request_ids', {});

/** Send a request and do not wait for its end; its id is known once the contract has it. */
async function ask(args) {
    const before = await pending();
    const signed = await net.sign(net.alice, OUTLAYER, [net.requestAction(args, { deposit })]);
    const end = net.settle(signed);
    const [id] = await until('the request', async () => {
        const fresh = (await pending()).filter((i) => !before.includes(i));
        return fresh.length && fresh;
    });
    return { id, end };
}

test('no worker: the request times out, the run is not charged', async () => {
    await net.worker.stop();
    const { id, end } = await ask({ source: echo, input_data: 'x', resource_limits: { max_execution_seconds: 1 } });
    let done = false;
    end.then(() => (done = true), () => (done = true));
    // The contract waits on for as long as a run may take; each window is 200 blocks.
    for (let i = 0; i < 40 && !done; i++)
        await forward(201);
    const got = net.read(await end);
    assert.match(got.failure, /OutLayer execution failed: timeout/);
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /^timeout/);
    assert.equal(got.completed.payment_charged, String(BASE_FEE));
    assert.equal(got.completed.payment_refunded, String(deposit - BASE_FEE));
    assert.equal(await net.view('get_request', { request_id: id }), null);

    // A worker that comes now must not answer what is over.
    await net.startWorker();
    const next = await net.request(net.alice, { source: echo, input_data: 'alive' });
    assert.equal(next.value, 'alive');
    const page = await (await fetch(`${net.coordinator.url}/requests/${id}`)).json();
    assert.ok(!page.steps.some((s) => s.step === 'resolved'), 'nothing was sent for it');
});

test('a worker that is away for a while comes back in time', async () => {
    await net.worker.stop();
    const { end } = await ask({ source: echo, input_data: 'patience' });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await net.startWorker();
    assert.equal(net.read(await end).value, 'patience');
});

test('a run whose process is killed is run again, and charged once', async () => {
    const { id, end } = await ask({ source: sleeper, input_data: '700' });
    const exec = await until('the run', async () => {
        const answer = await fetch(`${net.coordinator.url}/requests/${id}`);
        const page = answer.status === 200 && await answer.json();
        return page && page.steps.some((s) => s.step === 'fetched') &&
            descendants(net.worker.pid).filter((p) => p.name === 'outlayer-exec');
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const p of exec)
        try {
            process.kill(p.pid, 'SIGKILL');
        } catch {
            // It ended by itself.
        }
    const got = net.read(await end);
    assert.equal(got.completed.success, true, got.completed.error_message);
    assert.equal(got.value, 'slept 700 ms');
    assert.equal(BigInt(got.completed.payment_charged) + BigInt(got.completed.payment_refunded), deposit);
});

test('only the sender cancels, and only what is stale', async () => {
    await net.worker.stop();
    const cancel = async (account, id, method = 'cancel_stale_execution') => net.settle(await net.sign(account, OUTLAYER, [
        near.actions.functionCall(method, { request_id: id }, 50n * TGAS, 0n),
    ]));
    const { id, end } = await ask({ source: echo, input_data: 'x' });
    assert.match(JSON.stringify((await cancel(net.caller, id)).status), /Only the sender can cancel this execution/);
    assert.match(JSON.stringify((await cancel(net.alice, id)).status), /Execution is not yet stale, please wait/);
    assert.match(JSON.stringify((await cancel(net.alice, 999_999)).status), /Execution request not found/);
    assert.match(JSON.stringify((await cancel(net.alice, id, 'emergency_cancel_execution')).status), /Only owner can call this method/);

    const before = await net.balance('alice.test');
    const outcome = await cancel(net.outlayer, id, 'emergency_cancel_execution');
    assert.ok(!outcome.status.Failure, JSON.stringify(outcome.status));
    await until('the refund', async () => await net.balance('alice.test') - before >= deposit);
    // The yield's own end finds nothing left to do.
    let done = false;
    end.then(() => (done = true), () => (done = true));
    for (let i = 0; i < 10 && !done; i++)
        await forward(201);
    assert.match(net.read(await end).failure, /cancelled/);
    await net.startWorker();
    assert.equal((await net.request(net.alice, { source: echo, input_data: 'after' })).value, 'after');
    assert.deepEqual(await pending(), []);
});
