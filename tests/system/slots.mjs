// slots.mjs — one worker, several jobs at a time: they overlap, senders share, settings change while
// it runs, SIGTERM lets jobs end, and kill -9 in the middle of four leaves each answered once.
//
// What overlapped is read from the records (leased, ran), not from how long anything took.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NEAR, Network, OUTLAYER, until } from './harness.mjs';

const net = await Network.start();
const sleeper = await net.guest('test/sleep');
const bob = await net.createAccount('bob.test', 100n * NEAR);
const settings = path.join(net.home, 'worker.settings');

/** Ask for a sleep of `ms`, and do not wait: `end` is how it went. */
async function asked(account, ms) {
    const signed = await net.sign(account, OUTLAYER, [
        net.requestAction({ source: sleeper, input_data: String(ms) }, { deposit: NEAR / 50n }),
    ]);
    const end = net.settle(signed).then((outcome) => {
        const got = net.read(outcome);
        assert.equal(got.completed.success, true, got.completed.error_message);
        assert.equal(got.value, `slept ${ms} ms`);
        assert.equal(got.events.filter((e) => e.event === 'execution_completed').length, 1);
        return got;
    });
    end.catch(() => {});
    return { end };
}

const ask = async (account, ms) => (await asked(account, ms)).end;

const steps = (page, name) => page.steps.filter((s) => s.step === name).map((s) => s.at_ms);

/** When a job ran: [leased, ran] in milliseconds, of its last lease. */
async function ran(got) {
    const page = await net.page(got.requested.request_id);
    return [steps(page, 'leased').at(-1), steps(page, 'ran').at(-1)];
}

/** The most of `spans` that were under way at one time. */
const together = (spans) => Math.max(...spans.map(([at]) => spans.filter(([from, to]) => from <= at && at < to).length));

async function counts() {
    return (await fetch(`${net.coordinator.url}/health/detailed`)).json();
}

/** Until nothing of what went before is left. */
const quiet = () => until('quiet', async () => {
    const { leased, queued } = await counts();
    return !leased && !queued;
});

async function restart(slots, more = '') {
    fs.writeFileSync(settings, `# as the story goes\nslots = ${slots}\n${more}`);
    net.options.workerArgs = ['--settings', settings, '--drain-seconds', '0'];
    await net.worker.stop();
    await net.startWorker();
}

/** Change the settings of the worker that runs, and wait until it says so. */
async function reload(text, answer = ' settings ') {
    const before = net.worker.logText().length;
    fs.writeFileSync(settings, text);
    net.worker.child.kill('SIGHUP');
    await until('the settings', () => net.worker.logText().slice(before).includes(answer));
}

test('four at once, and no more than three of one sender', async () => {
    await restart(4);
    const mine = [];
    for (let i = 0; i < 5; i++)
        mine.push(ask(net.alice, 1500));
    await until('three that run', async () => (await counts()).leased === 3);
    const his = await ran(await ask(bob, 10));
    const spans = await Promise.all((await Promise.all(mine)).map(ran));
    assert.equal(together(spans), 3);
    assert.ok(spans.some(([from, to]) => from < his[0] && his[1] < to), 'bob ran beside alice');
});

test('who floods the queue delays others by a job, not by the flood', async () => {
    await quiet();
    await reload('slots = 1\n');
    const flood = [];
    for (let i = 0; i < 10; i++)
        flood.push(await asked(net.alice, 300));
    await until('the flood', async () => (await counts()).queued >= 6);
    const his = await ran(await (await asked(bob, 10)).end);
    const spans = await Promise.all(flood.map(async (a) => ran(await a.end)));
    assert.equal(together(spans), 1, 'one slot');
    const later = spans.filter(([from]) => from > his[0]).length;
    assert.ok(later >= 4, `${later} of the flood came after bob`);
});

test('settings with a fault change nothing', async () => {
    await reload('slots = many\n', 'settings_not_read');
    await reload('rpc-url = http://elsewhere\n', "'rpc-url' cannot be set in a file");
    await reload('slots = 2\n');
    const spans = await Promise.all((await Promise.all([0, 1, 2].map(() => ask(net.alice, 700)))).map(ran));
    assert.equal(together(spans), 2);
});

test('SIGTERM: what runs is finished and answered, what waits stays for the next', async () => {
    await quiet();
    await reload('slots = 2\ndrain-seconds = 30\n');
    const all = [];
    for (let i = 0; i < 4; i++)
        all.push(await asked(net.alice, 1200));
    await until('two that run', async () => (await counts()).leased === 2);
    net.worker.child.kill('SIGTERM');
    assert.deepEqual(await net.worker.ended, { code: 0, signal: null });
    const { leased, queued } = await counts();
    assert.equal(leased, 0, 'nothing is left with it');
    assert.ok(queued >= 1);
    assert.match(net.worker.logText(), / stopped handed_back=0/);
    await net.startWorker();
    const gots = await Promise.all(all.map((a) => a.end));
    const pages = await Promise.all(gots.map((g) => net.page(g.requested.request_id)));
    for (const page of pages)
        assert.equal(steps(page, 'ran').length, 1, 'nobody ran twice');
});

test('SIGTERM over its limit: what runs is handed back at once', async () => {
    await quiet();
    await reload('slots = 2\ndrain-seconds = 0\n');
    const all = [await asked(net.alice, 1500), await asked(bob, 1500)];
    await until('two that run', async () => (await counts()).leased === 2);
    await net.worker.stop();
    const { leased, queued } = await counts();
    assert.deepEqual([leased, queued], [0, 2]);
    await net.startWorker();
    for (const a of all) {
        const page = await net.page((await a.end).requested.request_id);
        assert.equal(steps(page, 'released').length, 1);
        assert.equal(steps(page, 'leased').length, 2);
    }
});

test('kill -9 with four under way: each is answered and charged once', async () => {
    await quiet();
    await reload('slots = 4\nowner-slots = 4\n');
    const [count] = await net.view('get_stats');
    const all = [];
    for (let i = 0; i < 8; i++)
        all.push(await asked(net.alice, 600));
    await until('four that run', async () => (await counts()).leased === 4);
    await net.worker.kill9();
    await net.startWorker();
    const gots = await Promise.all(all.map((a) => a.end));
    assert.equal(new Set(gots.map((g) => g.requested.request_id)).size, 8);
    const [now] = await net.view('get_stats');
    assert.equal(now - count, 8, 'counted once');
    assert.deepEqual(await net.view('get_pending_request_ids', {}), []);
});
