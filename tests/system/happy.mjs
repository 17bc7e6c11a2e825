// happy.mjs — a user's contract asks for a run and gets the value; everybody's books agree.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    CALLER, NEAR, Network, OPERATOR, OUTLAYER, TGAS, WORKER_METHODS, near, price, until,
} from './harness.mjs';

const net = await Network.start();
const random = await net.guest('random');

test('a contract asks for a random number and its callback gets it', async () => {
    const before = { outlayer: await net.balance(OUTLAYER), caller: await net.balance(CALLER) };
    // As in the platform's own example: no max_memory_mb, 100 Tgas for the call, 10 for the callback.
    const got = net.read(await net.transact(net.alice, CALLER, [near.actions.functionCall('call_outlayer', {
        source: random, input_data: '{"min":1,"max":100}', response_format: 'Json',
        resource_limits: { max_instructions: 1_000_000_000, max_execution_seconds: 30 },
        payer_account_id: 'alice.test',
    }, 300n * TGAS, NEAR / 10n)]));

    assert.ok(got.value.random_number >= 1 && got.value.random_number <= 100, got.text);
    const result = await net.view('get_last_result', {}, CALLER);
    assert.equal(result.status, 'ok');
    assert.equal(result.value, got.text);

    const { completed, requested } = got;
    assert.equal(completed.success, true);
    assert.equal(completed.error_message, null);
    assert.equal(completed.sender_id, 'alice.test');
    assert.equal(requested.predecessor_id, CALLER);
    assert.deepEqual(requested.resource_limits, {
        max_instructions: 1_000_000_000, max_memory_mb: 128, max_execution_seconds: 30,
    });
    assert.ok(completed.resources_used.instructions > 1000);
    const charged = BigInt(completed.payment_charged);
    assert.equal(charged, price(completed.resources_used));
    assert.equal(charged + BigInt(completed.payment_refunded), NEAR / 10n);
    assert.ok(got.logs.includes(`[[yNEAR charged: "${charged}"]]`));

    // The payer got the refund, not the calling contract; the fee stayed with the contract.
    assert.ok(await net.balance(CALLER) >= before.caller);
    assert.ok(await net.balance(CALLER) - before.caller < NEAR / 1000n);
    assert.ok(await net.balance(OUTLAYER) - before.outlayer >= charged);
    const refund = got.outcome.receipts_outcome.find((r) => r.outcome.executor_id === 'alice.test');
    assert.ok(refund, 'a receipt pays alice.test');
});

test('a program knows who asked, through whom, when and for how much', async () => {
    const got = net.read(await net.transact(net.alice, CALLER, [near.actions.functionCall('call_outlayer', {
        source: await net.guest('test/env'), response_format: 'Json', resource_limits: { max_execution_seconds: 30 },
    }, 300n * TGAS, NEAR / 10n)]));
    const { transaction, receipts_outcome: receipts } = got.outcome;
    const asked = receipts.find((r) => r.outcome.logs.some((l) => l.includes('execution_requested')));
    const { header } = await net.provider.viewBlock({ blockId: asked.block_hash });
    assert.deepEqual(got.value, {
        OUTLAYER_EXECUTION_TYPE: 'NEAR', OUTLAYER_CALL_ID: '', OUTLAYER_REQUEST_ID: String(got.requested.request_id),
        NEAR_NETWORK_ID: 'localnet', NEAR_SENDER_ID: 'alice.test', NEAR_USER_ACCOUNT_ID: 'alice.test',
        NEAR_PREDECESSOR_ID: CALLER, NEAR_CONTRACT_ID: OUTLAYER, NEAR_REQUEST_ID: String(got.requested.request_id),
        NEAR_BLOCK_HEIGHT: String(header.height), NEAR_BLOCK_TIMESTAMP: header.timestamp_nanosec,
        NEAR_RECEIPT_ID: asked.id, NEAR_TRANSACTION_HASH: transaction.hash, NEAR_SIGNER_PUBLIC_KEY: transaction.public_key,
        NEAR_GAS_BURNT: String(asked.outcome.gas_burnt), NEAR_PAYMENT_YOCTO: String(NEAR / 10n), ATTACHED_USD: '0', USD_PAYMENT: '0',
        NEAR_MAX_INSTRUCTIONS: '1000000000', NEAR_MAX_MEMORY_MB: '128', NEAR_MAX_EXECUTION_SECONDS: '30',
    });
});

test('a payer that is no account does not cost the caller its answer', async () => {
    const got = await net.request(net.alice, { source: await net.guest('test/echo'), input_data: 'x', payer_account_id: 'nobody.test' });
    assert.equal(got.value, 'x');
    assert.equal(BigInt(got.completed.payment_charged) + BigInt(got.completed.payment_refunded), NEAR / 10n);
});

test('the coordinator tells the same story, in order', async () => {
    const got = await net.request(net.alice, { source: random, input_data: '{"min":5,"max":5}' });
    assert.equal(got.value, '{"random_number":5}');
    const id = got.requested.request_id;
    const page = await until('the last step', async () => {
        const answer = await fetch(`${net.coordinator.url}/requests/${id}`);
        assert.equal(answer.status, 200);
        const body = await answer.json();
        return body.steps.length === 6 && body;
    });
    assert.equal(page.request_id, id);
    assert.equal(page.status, 'completed');
    const names = page.steps.map((s) => s.step);
    assert.deepEqual(names.slice(0, 4), ['queued', 'leased', 'fetched', 'ran']);
    // The worker tells of its transaction, the chain of the end: either may be heard first.
    assert.deepEqual(names.slice(4).toSorted(), ['completed', 'resolved']);
    assert.deepEqual(page.steps.map((s) => s.n), [1, 2, 3, 4, 5, 6]);
    const at = page.steps.map((s) => s.at_ms);
    assert.deepEqual(at, at.toSorted((a, b) => a - b));
    const detail = Object.fromEntries(page.steps.map((s) => [s.step, s.detail]));
    assert.equal(detail.ran.instructions, got.completed.resources_used.instructions);
    assert.equal(detail.ran.time_ms, got.completed.resources_used.time_ms);
    assert.equal(detail.fetched.cached, true, 'the program was fetched once before');

    // Nothing new after the last step: a long poll waits its time and says so.
    const began = Date.now();
    assert.equal((await fetch(`${net.coordinator.url}/requests/${id}?after=6&wait_ms=300`)).status, 204);
    assert.ok(Date.now() - began >= 250);
    assert.equal((await fetch(`${net.coordinator.url}/requests/999999`)).status, 404);
    assert.equal((await fetch(`${net.coordinator.url}/livez`)).status, 200);
    assert.equal((await fetch(`${net.coordinator.url}/readyz`)).status, 200);
});

test('nothing but a source is needed', async () => {
    const got = await net.request(net.alice, { source: random });
    assert.equal(got.completed.success, false, 'random wants input');
    // 100 Tgas and no more: what contracts give the call that have not heard of gas weights.
    const echo = await net.request(net.alice, { source: await net.guest('test/echo') }, { gas: 100n * TGAS });
    assert.equal(echo.value, '');
    assert.deepEqual(echo.requested.resource_limits, {
        max_instructions: 1_000_000_000, max_memory_mb: 128, max_execution_seconds: 60,
    });
    assert.equal(echo.requested.response_format, 'Text');
});

test('a request that is over is forgotten by the contract and counted', async () => {
    const [count, fees] = await net.view('get_stats');
    const got = await net.request(net.alice, { source: random, input_data: '{"min":1,"max":2}' });
    assert.equal(await net.view('get_request', { request_id: got.requested.request_id }), null);
    const [now, sum] = await net.view('get_stats');
    assert.equal(now, count + 1);
    assert.equal(BigInt(sum) - BigInt(fees), BigInt(got.completed.payment_charged));
});

test("the worker's key can call its four methods and nothing else", async () => {
    const operator = net.account(OPERATOR, net.operatorSecret);
    const keys = await net.provider.viewAccessKeyList({ accountId: OPERATOR });
    const restricted = keys.keys.map((k) => k.access_key.permission).filter((p) => p !== 'FullAccess');
    assert.deepEqual(restricted.map((p) => [p.FunctionCall.receiver_id, p.FunctionCall.method_names]), [[OUTLAYER, WORKER_METHODS]]);
    for (const [receiver, actions] of [
        ['alice.test', [near.actions.transfer(1n)]],
        [OUTLAYER, [near.actions.functionCall('set_owner', { new_owner_id: OPERATOR }, TGAS, 0n)]],
        [OUTLAYER, [near.actions.functionCall('resolve_execution', {}, TGAS, 1n)]],
        [CALLER, [near.actions.functionCall('resolve_execution', {}, TGAS, 0n)]],
    ])
        await assert.rejects(operator.signAndSendTransaction({ receiverId: receiver, actions }));
    // Another account may not answer either.
    const outcome = await net.settle(await net.sign(net.alice, OUTLAYER, [near.actions.functionCall('resolve_execution', {
        request_id: 0, response: { success: true, output: { Text: 'x' }, error: null, resources_used: { instructions: 1, time_ms: 1, compile_time_ms: null }, compilation_note: null },
    }, 50n * TGAS, 0n)]));
    assert.match(JSON.stringify(outcome.status.Failure), /Only operator can call this/);
});
