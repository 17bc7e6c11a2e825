// long.mjs — a request that outlives the 200 blocks of a yield: the contract waits on with fresh
// yields, through one promise of the caller, until an answer, its own time or the gas ends it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALLER, NEAR, Network, OPERATOR, OUTLAYER, TGAS, near, until } from './harness.mjs';

const WINDOW = 200; // blocks until a yield times out
const BLOCK_MS = 50;
const GRACE_S = 30; // what the contract gives a request beyond its own seconds
const net = await Network.start({ blockMs: BLOCK_MS });
const echo = await net.guest('test/echo');
const deposit = NEAR / 10n;
const BASE_FEE = 10n ** 21n;
const operator = net.account(OPERATOR, net.operatorSecret);
await net.worker.stop();

const pending = () => net.view('get_pending_request_ids');
const stored = (id) => net.view('get_request', { request_id: id });
const head = async () => (await net.rpc('block', { finality: 'final' })).result.header;
const seconds = async (request) => (Number((await head()).timestamp_nanosec) - request.timestamp) / 1e9;

async function forward(blocks) {
    const answer = await net.rpc('sandbox_fast_forward', { delta_height: blocks });
    assert.ok(answer.result, JSON.stringify(answer));
}

/** Everything that a request must leave as it was, or change by the fee alone. */
async function books() {
    const account = await net.provider.viewAccount({ accountId: OUTLAYER });
    const [executions, fees] = await net.view('get_stats');
    const paid = await net.balance('alice.test');
    return { paid, amount: account.amount, storage: account.storage_usage, executions: Number(executions), fees: BigInt(fees) };
}

/** Ask through the caller's contract; what the contract stored, and the promise of the end. */
async function ask(args, { gas = 300n * TGAS, through = CALLER } = {}) {
    const before = await pending();
    const all = { source: echo, payer_account_id: 'alice.test', resource_limits: { max_execution_seconds: 180 }, ...args };
    const action = through === CALLER ? near.actions.functionCall('call_outlayer', all, gas, deposit) : net.requestAction(all, { deposit, gas });
    const signed = await net.sign(net.alice, through, [action]);
    const asked = { ended: false };
    asked.end = net.settle(signed).finally(() => (asked.ended = true));
    asked.end.catch(() => {});
    [asked.id] = await until('the request', async () => {
        const fresh = (await pending()).filter((i) => !before.includes(i));
        return fresh.length && fresh;
    });
    asked.request = await stored(asked.id);
    return asked;
}

/** Let one window pass; the request as it waits on, or null when it is over. */
async function window(asked, last) {
    await forward(WINDOW + 1);
    return until('the next window', async () => {
        const now = await stored(asked.id);
        if (now === null)
            return { over: true };
        return now.data_id.toString() !== last.data_id.toString() && now;
    });
}

/** Let `n` windows pass, each of which must wait on, with a yield of its own. */
async function windows(asked, n) {
    const seen = new Set([String(asked.request.data_id)]);
    let last = asked.request;
    for (let i = 0; i < n; i++) {
        const now = await window(asked, last);
        assert.ok(!now.over, `window ${i + 1} of ${n} ended the request`);
        assert.ok(!seen.has(String(now.data_id)), 'a yield of its own for each window');
        seen.add(String(now.data_id));
        assert.equal(asked.ended, false, 'the promise still waits');
        assert.deepEqual({ ...now, data_id: 0 }, { ...asked.request, data_id: 0 }, 'nothing else changed');
        last = now;
    }
    return last;
}

const events = (got, name) => got.events.filter((e) => e.event === name);
const waits = (got) => got.logs.filter((l) => /is still running: waiting on$/.test(l)).length;

/** Resolve as a worker does, with the key that workers have. */
const resolve = async (id, output, more = {}) => net.settle(await net.sign(operator, OUTLAYER, [
    near.actions.functionCall('resolve_execution', { request_id: id, response: {
        success: true, output: { Text: output }, error: null, resources_used: { instructions: 1_000_000, time_ms: 5 }, ...more,
    } }, 100n * TGAS, 0n),
]));

/** The end of a request that nobody answered: only the base fee is kept. */
async function timedOut(asked, before) {
    const got = net.read(await asked.end);
    assert.equal(events(got, 'execution_completed').length, 1);
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /^timeout/);
    assert.match(got.failureText + got.failure, /OutLayer execution failed: timeout/);
    assert.equal(got.completed.payment_charged, String(BASE_FEE));
    assert.equal(got.completed.payment_refunded, String(deposit - BASE_FEE));
    assert.equal(await stored(asked.id), null);
    const refund = got.outcome.receipts_outcome.filter((r) => r.outcome.executor_id === 'alice.test');
    assert.ok(refund.length >= 1, 'a receipt pays alice.test');
    const after = await until('the fee', async () => {
        const now = await books();
        return now.fees === before.fees + BASE_FEE && now;
    });
    assert.equal(after.executions, before.executions);
    assert.equal(after.storage, before.storage, 'what it stored is freed');
    assert.ok(after.amount >= before.amount + BASE_FEE, 'the fee is there');
    // Who asked paid the fee and the gas, and not a yocto more.
    await until('the refunds', async () => before.paid - await net.balance('alice.test') === BASE_FEE + got.burnt);
    return got;
}

test('a run of several windows is answered through the first promise, once', async () => {
    const before = await books();
    const asked = await ask({ input_data: 'worth the wait' });
    const last = await windows(asked, 6);
    assert.ok(await seconds(asked.request) > 6 * WINDOW * BLOCK_MS / 1000);

    // The worker comes only now: the job is still there, and the chain still wants its answer.
    await net.startWorker();
    const got = net.read(await asked.end.finally(() => net.worker.stop()));
    assert.equal(got.value, 'worth the wait');
    assert.equal(waits(got), 6);
    assert.equal(events(got, 'execution_requested').length, 1);
    assert.equal(events(got, 'execution_completed').length, 1);
    assert.equal(got.completed.success, true);
    const charged = BigInt(got.completed.payment_charged);
    assert.equal(charged + BigInt(got.completed.payment_refunded), deposit);
    const result = await net.view('get_last_result', {}, CALLER);
    assert.deepEqual(result, { status: 'ok', value: '"worth the wait"' });

    const after = await books();
    assert.equal(after.fees, before.fees + charged);
    assert.equal(after.executions, before.executions + 1);
    assert.equal(after.storage, before.storage);

    // Nothing answers it again, and the windows that were left behind end nothing.
    assert.match(JSON.stringify((await resolve(asked.id, 'again')).status), /Execution request not found/);
    await forward(2 * WINDOW);
    assert.deepEqual(await net.view('get_last_result', {}, CALLER), result);
    assert.deepEqual(await books().then(({ fees, executions, storage }) => ({ fees, executions, storage })),
        { fees: after.fees, executions: after.executions, storage: after.storage });
    assert.notEqual(String(last.data_id), String(asked.request.data_id));
});

test('two requests wait on side by side, each gets its own answer', async () => {
    const first = await ask({ input_data: '1' }), second = await ask({ input_data: '2' });
    await windows(first, 2);
    const now = await stored(second.id);
    assert.notEqual(String(now.data_id), String(second.request.data_id), 'the second waits on too');
    for (const [asked, text] of [[second, 'for the second'], [first, 'for the first']]) {
        const outcome = await resolve(asked.id, text);
        assert.ok(!outcome.status.Failure, JSON.stringify(outcome.status));
        assert.equal(net.read(await asked.end).value, text);
    }
});

test('minutes of compiling and the longest run fit one promise', async () => {
    const asked = await ask({ source: { GitHub: { repo: 'https://github.com/owner/name', commit: 'a'.repeat(40), build_target: 'wasm32-wasip1' } } });
    await windows(asked, 40);
    assert.ok(await seconds(asked.request) > 400, 'longer than any run alone');
    assert.ok(!(await resolve(asked.id, 'compiled and run')).status.Failure);
    const got = net.read(await asked.end);
    assert.equal(got.value, 'compiled and run');
    assert.equal(waits(got), 40);
});

test('nobody answers: it ends with its own time, and only the base fee is kept', async () => {
    const before = await books();
    const asked = await ask({ input_data: 'x', resource_limits: { max_execution_seconds: 20 } }, { through: OUTLAYER });
    const allowed = 20 + GRACE_S;
    let now = asked.request, count = 0;
    for (; !now.over; count++) {
        assert.ok(count <= allowed * 1000 / BLOCK_MS / WINDOW, 'it waits on beyond its time');
        now = await window(asked, now);
    }
    const age = await seconds(asked.request);
    assert.ok(age >= allowed, `it ended after ${age} s of ${allowed}`);
    const got = await timedOut(asked, before);
    assert.equal(waits(got), count - 1);
    // A late answer is refused.
    assert.match(JSON.stringify((await resolve(asked.id, 'late')).status), /Execution request not found/);
});

test('the gas gives out: the request ends in order before its time', async () => {
    const before = await books();
    const asked = await ask({ input_data: 'x' }, { through: OUTLAYER, gas: 58n * TGAS });
    let now = asked.request, count = 0;
    for (; !now.over; count++)
        now = await window(asked, now);
    assert.ok(count > 3, `several windows: ${count}`);
    assert.ok(await seconds(asked.request) < 180 + GRACE_S, 'its time was not over');
    const got = await timedOut(asked, before);
    assert.equal(waits(got), count - 1);
});

test('the callback of a caller sees the timeout as a failed promise', async () => {
    const before = await books();
    const asked = await ask({ input_data: 'x', resource_limits: { max_execution_seconds: 1 } });
    for (let now = asked.request; !now.over;)
        now = await window(asked, now);
    const got = net.read(await asked.end);
    assert.equal(got.text, 'null');
    assert.deepEqual(await net.view('get_last_result', {}, CALLER), { status: 'failed', value: null });
    await timedOut(asked, before);
});

test("the workers' key reaches their four methods and nothing else", async () => {
    const refused = async (receiver, action) => {
        const signed = await net.sign(operator, receiver, [action].flat());
        const { error } = await net.rpc('send_tx', { signed_tx_base64: Buffer.from(near.encodeTransaction(signed)).toString('base64'), wait_until: 'FINAL' });
        assert.equal(error?.cause?.name, 'INVALID_TRANSACTION', JSON.stringify(error));
        return error.data.TxExecutionError.InvalidTxError.InvalidAccessKeyError;
    };
    const call = (method, amount = 0n) => near.actions.functionCall(method, {}, 10n * TGAS, amount);
    const before = await net.balance(OPERATOR);

    assert.equal(await refused(OUTLAYER, call('resolve_execution', 1n)), 'DepositWithFunctionCall');
    for (const method of ['submit_execution_output', 'request_execution', 'set_paused', 'set_operator', 'resolve_executio'])
        assert.deepEqual(await refused(OUTLAYER, call(method)), { MethodNameMismatch: { method_name: method } });
    assert.deepEqual(await refused(CALLER, call('resolve_execution')),
        { ReceiverMismatch: { tx_receiver: CALLER, ak_receiver: OUTLAYER } });
    assert.equal(await refused(OUTLAYER, near.actions.transfer(1n)), 'RequiresFullAccess');
    assert.equal(await refused(OPERATOR, near.actions.deleteAccount('alice.test')), 'RequiresFullAccess');
    assert.equal(await refused(OPERATOR, near.actions.addFullAccessKey(near.KeyPair.fromRandom('ed25519').getPublicKey())), 'RequiresFullAccess');
    assert.equal(await refused(OUTLAYER, [call('resolve_execution'), call('resolve_execution')]), 'RequiresFullAccess');
    assert.equal(await net.balance(OPERATOR), before, 'what is refused costs nothing');

    // Somebody else's key of any kind is no operator.
    const stranger = await net.settle(await net.sign(net.alice, OUTLAYER, [near.actions.functionCall('resolve_execution',
        { request_id: 0, response: { success: true, output: null, error: null, resources_used: { instructions: 0, time_ms: 0 } } }, 30n * TGAS, 0n)]));
    assert.match(JSON.stringify(stranger.status), /Only operator can call this/);
});

test('paused: no new requests, but those that are there are answered and cancelled', async () => {
    const own = (account, method, args) => net.sign(account, OUTLAYER, [near.actions.functionCall(method, args, 50n * TGAS, 0n)])
        .then((signed) => net.settle(signed));
    const asked = await ask({ input_data: 'x' });
    const other = await ask({ input_data: 'y' });

    assert.match(JSON.stringify((await own(net.alice, 'set_paused', { paused: true })).status), /Only owner can call this method/);
    assert.ok(!(await own(net.outlayer, 'set_paused', { paused: true })).status.Failure);
    const paid = await net.balance('alice.test');
    const got = await net.request(net.alice, { source: echo, input_data: 'z' }, { deposit });
    assert.match(got.failure, /Contract is paused/);
    await until('the deposit back', async () => paid - await net.balance('alice.test') === got.burnt);

    const outcome = await resolve(asked.id, 'answered while paused');
    assert.ok(!outcome.status.Failure, JSON.stringify(outcome.status));
    assert.equal(net.read(await asked.end).value, 'answered while paused');

    // Cancelling is the sender's, here the calling contract's: not the one's who signed.
    assert.match(JSON.stringify((await own(net.alice, 'cancel_stale_execution', { request_id: other.id })).status), /Only the sender can cancel this execution/);
    assert.match(JSON.stringify((await own(net.operatorOwner, 'cancel_stale_execution', { request_id: other.id })).status), /Only the sender can cancel this execution/);
    assert.ok(!(await own(net.outlayer, 'set_paused', { paused: false })).status.Failure);
    assert.ok(!(await resolve(other.id, 'done')).status.Failure);
    assert.equal(net.read(await other.end).value, 'done');
    assert.deepEqual(await pending(), []);
    await net.startWorker();
    assert.equal((await net.request(net.alice, { source: echo, input_data: 'after' })).value, 'after');
});
