// many.mjs — two at once, then a hundred in a row, and every yocto accounted for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEAR, Network, OPERATOR, OUTLAYER, price, until } from './harness.mjs';

const net = await Network.start();
const echo = await net.guest('test/echo');
const random = await net.guest('random');
const deposit = NEAR / 100n;

test('two at once do not meet', async () => {
    const [a, b] = await Promise.all([
        net.sign(net.alice, OUTLAYER, [net.requestAction({ source: echo, input_data: 'first' })]).then((s) => net.settle(s)),
        net.sign(net.caller, OUTLAYER, [net.requestAction({ source: echo, input_data: 'second' })]).then((s) => net.settle(s)),
    ]);
    assert.equal(net.read(a).value, 'first');
    assert.equal(net.read(b).value, 'second');
    assert.notEqual(net.read(a).requested.request_id, net.read(b).requested.request_id);
});

test('two requests in one transaction', async () => {
    const outcome = await net.transact(net.alice, OUTLAYER, [
        net.requestAction({ source: echo, input_data: 'one' }, { gas: 150n * 10n ** 12n }),
        net.requestAction({ source: echo, input_data: 'two' }, { gas: 150n * 10n ** 12n }),
    ]);
    const got = net.read(outcome);
    assert.equal(got.value, 'two', 'a transaction returns what its last action returns');
    await until('both answers', async () => {
        const all = net.read(await net.status(outcome.transaction.hash, 'alice.test'));
        const done = all.events.filter((e) => e.event === 'execution_completed');
        return done.length === 2 && done.every((e) => e.data[0].success);
    });
});

test('a hundred requests, exact to the yocto', async () => {
    const users = [];
    for (const name of ['u1', 'u2', 'u3', 'u4'])
        users.push(await net.createAccount(`${name}.test`, 100n * NEAR));
    const ids = [...users.map((u) => u.accountId), OUTLAYER, OPERATOR];
    const before = Object.fromEntries(await Promise.all(ids.map(async (id) => [id, await net.balance(id)])));
    const [count, fees] = await net.view('get_stats');

    const results = [];
    await Promise.all(users.map(async (user) => {
        for (let i = 0; i < 25; i++) {
            const text = `${user.accountId} ${i}`;
            // One in five fails, and is charged in full.
            const args = i % 5 === 4 ? { source: random, input_data: 'nothing' } : { source: echo, input_data: text };
            const got = await net.request(user, args, { deposit });
            assert.equal(got.completed.success, i % 5 !== 4);
            if (got.completed.success)
                assert.equal(got.value, text);
            results.push(Object.assign(got, { user: user.accountId }));
        }
    }));
    assert.equal(results.length, 100);
    assert.equal(new Set(results.map((r) => r.requested.request_id)).size, 100);

    let charges = 0n, refunds = 0n;
    for (const { completed } of results) {
        const charged = BigInt(completed.payment_charged), refunded = BigInt(completed.payment_refunded);
        assert.equal(charged, completed.success ? price(completed.resources_used) : deposit);
        assert.equal(charged + refunded, deposit);
        charges += charged;
        refunds += refunded;
    }
    assert.equal(charges + refunds, 100n * deposit);

    // What the worker's transactions cost: the coordinator knows their hashes.
    let resolveBurnt = 0n;
    for (const { requested } of results) {
        const page = await until('the resolve', async () => {
            const body = await (await fetch(`${net.coordinator.url}/requests/${requested.request_id}`)).json();
            return ['resolved', 'completed'].every((name) => body.steps.some((s) => s.step === name)) && body;
        });
        const hashes = page.steps.filter((s) => s.step === 'resolved').map((s) => s.detail.tx);
        assert.equal(hashes.length, 1);
        resolveBurnt += net.read(await net.status(hashes[0], OPERATOR)).burnt;
    }

    const now = Object.fromEntries(await Promise.all(ids.map(async (id) => [id, await net.balance(id)])));
    for (const user of users) {
        const own = results.filter((r) => r.user === user.accountId);
        const spent = own.reduce((sum, r) => sum + BigInt(r.completed.payment_charged) + r.burnt, 0n);
        assert.equal(before[user.accountId] - now[user.accountId], spent, user.accountId);
    }
    assert.equal(now[OUTLAYER] - before[OUTLAYER], charges, 'the contract keeps the charges and nothing else');
    assert.equal(before[OPERATOR] - now[OPERATOR], resolveBurnt, 'the operator pays gas and nothing else');
    const [countNow, feesNow] = await net.view('get_stats');
    assert.equal(BigInt(feesNow) - BigInt(fees), charges);
    assert.equal(countNow - count, results.filter((r) => r.completed.success).length);
    assert.deepEqual(await net.view('get_pending_request_ids', {}), []);
});
