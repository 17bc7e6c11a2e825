// rust_contract.mjs — the contract of the documentation, in Rust with near-sdk, on accounts that are
// called as there.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NEAR, Network, SHARE, TGAS, near } from './harness.mjs';

const net = await Network.start({ contractId: 'outlayer.near' });
const call = (method, args, gas, deposit) => near.actions.functionCall(method, args, gas * TGAS, deposit);
const [alice, carol, weather] = await Promise.all(['alice.near', 'carol.near', 'weather.near'].map((id) => net.createAccount(id, 100n * NEAR)));
const bytes = fs.readFileSync(path.join(SHARE, 'weather.wasm'));
await net.transact(weather, 'weather.near', [near.actions.deployContract(bytes)]);

const project = async (guest) => {
    const source = await net.guest(guest);
    await net.transact(alice, 'outlayer.near', [await net.view('get_project', { project_id: 'alice.near/weather-api' })
        ? call('add_version', { project_name: 'weather-api', source, set_active: true }, 100n, NEAR / 10n)
        : call('create_project', { name: 'weather-api', source }, 100n, NEAR / 10n)]);
};
const ask = async (city, gas = 300n) => net.read(await net.settle(await net.sign(carol, 'weather.near',
    [call('call_outlayer', { city }, gas, NEAR / 10n)])));

test('what the program wrote reaches its callback', async () => {
    await project('test/echo');
    // 120: near-sdk gives the request its 100 Tgas and not one more.
    for (const gas of [300n, 120n]) {
        const before = await net.balance('weather.near');
        const got = await ask('Tromsø', gas);
        assert.ok(!got.failure, got.failure);
        assert.ok(got.logs.includes(`Weather result: ${JSON.stringify('{"city":"Tromsø"}')}`), got.logs.join('\n'));
        assert.equal(got.completed.sender_id, 'carol.near');
        assert.equal(got.requested.predecessor_id, 'weather.near');
        assert.equal(got.requested.project_id, 'alice.near/weather-api');
        assert.deepEqual(got.requested.resource_limits, { max_instructions: 1_000_000_000, max_memory_mb: 128, max_execution_seconds: 30 });
        // No payer is named: the refund is the contract's, which asked.
        assert.ok(await net.balance('weather.near') - before >= BigInt(got.completed.payment_refunded));
    }
});

test('a run that fails is a failed promise', async () => {
    await project('test/exit1');
    const got = await ask('Atlantis');
    assert.ok(!got.failure, got.failure);
    assert.ok(got.logs.includes('OutLayer execution failed'));
    assert.match(got.completed.error_message, /the city 'Atlantis' was not found/);
    assert.equal(got.completed.payment_refunded, '0');
});

test('without enough gas, and without a deposit, nothing is asked', async () => {
    assert.match((await ask('Oslo', 105n)).failureText, /Exceeded the prepaid gas/);
    const free = net.read(await net.settle(await net.sign(carol, 'weather.near', [call('call_outlayer', { city: 'Oslo' }, 300n, 0n)])));
    assert.match(free.failureText, /Insufficient payment: required \d+ yoctoNEAR for compute, got 0 yoctoNEAR/);
    assert.ok(free.logs.includes('OutLayer execution failed'));
    assert.equal(free.requested, undefined);
});
