// register.mjs — workers get their key from the register contract by a quote, and only so: waiting
// for the operator's approval, answering with statements, anchoring them, being revoked.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { Daemon, NEAR, Network, OPERATOR, OUTLAYER, SHARE, TGAS, WORKER_METHODS, near, sleep, until } from './harness.mjs';

const INIT = 'init.test';
const net = await Network.start();
const random = await net.guest('random');
const stolen = { file: net.keyFile, secret: net.operatorSecret }; // a key that no quote stands behind
const workers = [];
after(async () => {
    for (const worker of workers)
        await worker.stop();
});

const call = (method, args, gas = 200n) => near.actions.functionCall(method, args, gas * TGAS, 0n);
const tell = (account, method, args) => net.transact(account, OPERATOR, [call(method, args)]);
const look = (method, args = {}) => net.view(method, args, OPERATOR);
const api = async (at) => (await fetch(`${net.coordinator.url}${at}`)).json();
const events = (outcome) => outcome.receipts_outcome.flatMap((r) => r.outcome.logs)
    .filter((l) => l.startsWith('EVENT_JSON:')).map((l) => JSON.parse(l.slice(11)));
const run = (input = '{"min":1,"max":6}') =>
    net.request(net.alice, { source: random, input_data: input, response_format: 'Json' });

async function keys() {
    const { keys: all } = await net.provider.viewAccessKeyList({ accountId: OPERATOR });
    return all.filter((k) => k.access_key.permission !== 'FullAccess');
}

function worker(name, simulator = 'simulator', more = []) {
    const daemon = new Daemon('outlayer-worker', [
        '--coordinator-url', net.coordinator.url, '--rpc-url', net.chain.url, '--contract-id', OUTLAYER,
        '--operator-id', OPERATOR, '--init-key-file', path.join(net.home, 'init.json'), '--token-file', net.tokenFile,
        '--home', path.join(net.home, name), '--allow-http-loopback', '--drain-seconds', '3',
        '--quote-source', `simulator:${path.join(net.home, simulator)}`, '--batch-seconds', '1', ...more,
    ], net.log(name));
    workers.push(daemon);
    return daemon;
}

let machine; // what the simulated machine measures, and what its maker says of it
let registered;

test('the operator account gets the contract, and the first worker goes', async () => {
    await run();
    const epoch = await until('the evidence', async () => {
        const [first] = await api('/attestations/epochs');
        return first && await api(`/attestations/epochs/${first.session_id}`);
    });
    fs.writeFileSync(path.join(net.home, 'quote.txt'), epoch.quote);
    const { body } = JSON.parse((await outlayer(['quote', 'show', path.join(net.home, 'quote.txt'), '--json'])).out);
    machine = {
        measurements: { mrtd: body.mr_td, rtmr0: body.rtmr0, rtmr1: body.rtmr1, rtmr2: body.rtmr2, rtmr3: body.rtmr3 },
        collateral: (await api(`/public/collateral?sha256=${epoch.collateral_sha256}`)).collateral,
    };
    await net.worker.stop();
    const init = await net.createAccount(INIT, 50n * NEAR);
    fs.writeFileSync(path.join(net.home, 'init.json'), JSON.stringify({ account_id: INIT, private_key: init.secret }), { mode: 0o600 });
    await net.transact(net.operatorOwner, OPERATOR, [
        near.actions.deployContract(fs.readFileSync(path.join(SHARE, 'register.wasm'))),
        call('new', {
            owner_id: OUTLAYER, init_worker_account: INIT, outlayer_contract_id: OUTLAYER,
            simulated_root: fs.readFileSync(path.join(net.home, 'simulator/root.der')).toString('base64'),
        }, 30n),
    ]);
    assert.equal((await look('get_settings')).simulated, true);
});

test('a worker waits for the collateral and for the approval, then gets a key for four methods', async () => {
    const one = worker('one');
    const ready = one.start();
    ready.catch(() => {});
    await until('the reason', () => one.logText().includes('There is no collateral for the platform'));
    await tell(net.outlayer, 'update_collateral', { collateral: machine.collateral });
    await until('the next reason', () => one.logText().includes('P_MEASUREMENT: the measurements are not approved'));
    assert.equal((await keys()).length, 1, 'only the old one');
    await tell(net.outlayer, 'add_approved_measurements', { measurements: machine.measurements });
    await ready;

    [registered] = (await look('get_workers'));
    assert.equal(registered.session.simulated, true);
    const mine = (await keys()).find((k) => k.public_key === registered.public_key);
    const { FunctionCall: only } = mine.access_key.permission;
    assert.equal(only.receiver_id, OUTLAYER);
    assert.deepEqual([...only.method_names].sort(), [...WORKER_METHODS].sort());
    assert.ok(BigInt(only.allowance) <= 10n * NEAR);
    assert.equal((await run('{"min":4,"max":4}')).value.random_number, 4);
});

const gated = async (session) => (await fetch(`${net.coordinator.url}/workers/heartbeat`, {
    method: 'POST', body: JSON.stringify({ worker: 'thief', session: 'none' }),
    headers: { authorization: `Bearer ${fs.readFileSync(net.tokenFile, 'utf8').trim()}`, ...(session && { 'x-tee-session': session }) },
})).status;
const sessionsOf = (log) => log.split('\n').filter((l) => l.includes('"event":"session"') || / session with=coordinator/.test(l)).length;

test('a coordinator that asks for sessions: the worker enters one by itself, again after a restart', async () => {
    const log = () => workers[0].logText();
    assert.equal(await gated(), 200, 'the bearer token was enough');
    net.options.coordinatorArgs = ['--register-id', OPERATOR, '--session-check-seconds', '1'];
    for (const n of [1, 2]) {
        await net.coordinator.stop();
        await net.startCoordinator();
        assert.equal(await gated(), 401, 'and is no more');
        await until(`session ${n}`, () => sessionsOf(log()) === n);
        assert.equal((await run(`{"min":${n},"max":${n}}`)).value.random_number, n);
    }
});

test('what it signed is anchored, in order', async () => {
    const session = await until('the anchor', async () => {
        const now = await look('get_session', { session_id: registered.session.session_id });
        return now.statements_anchored >= 1 && now;
    });
    assert.ok(session.anchored_at > 0);
    await run();
    await until('the next anchor', async () =>
        (await look('get_session', { session_id: session.session_id })).statements_anchored > session.statements_anchored);
    const epoch = await api(`/attestations/epochs/${session.session_id}`);
    const anchored = await until('the batch at the coordinator', async () =>
        (await api(`/attestations/epochs/${session.session_id}`)).batches.find((b) => b.transaction));
    const outcome = await net.status(anchored.transaction, INIT);
    const [event] = events(outcome).filter((e) => e.event === 'batch_anchored');
    assert.equal(event.data[0].session_id, epoch.session_id ?? session.session_id);
    assert.equal(event.data[0].root, anchored.root);
    assert.equal(event.data[0].simulated, true);
});

test('with statements required a stolen key answers nothing, and the worker goes on', async () => {
    await net.transact(net.outlayer, OUTLAYER, [call('set_statements_required', { required: true }, 30n)]);
    await sleep(3000); // it looks every two seconds what the contract wants
    assert.equal((await run('{"min":3,"max":3}')).value.random_number, 3);
    await workers[0].stop(); // nobody answers the next one
    const signed = await net.sign(net.alice, OUTLAYER, [net.requestAction({ source: random, input_data: '{"min":1,"max":6}', response_format: 'Json' })]);
    const settled = net.settle(signed);
    settled.catch(() => {});
    const [id] = await until('the request', async () => {
        const ids = await net.view('get_pending_request_ids', { from_index: 0, limit: 10 });
        return ids.length && ids;
    });
    const thief = net.account(OPERATOR, stolen.secret);
    const response = { success: true, output: { Json: { random_number: 7 } }, error: null, compilation_note: null, resources_used: { instructions: 1, time_ms: 1, compile_time_ms: null } };
    const steal = async (more) => net.settle(await net.sign(thief, OUTLAYER, [call('resolve_execution', { request_id: id, response, ...more }, 100n)]));
    assert.match(JSON.stringify((await steal({})).status.Failure), /missing field `statement`/);
    assert.match(JSON.stringify((await steal({ statement: '00', signature: '00' })).status.Failure), /no registered session/);
    // A true one, of another request.
    const [old] = await api(`/attestations/epochs/${registered.session.session_id}/statements?first=0`);
    assert.match(JSON.stringify((await steal({
        statement: Buffer.from(old.statement, 'base64').toString('hex'), signature: old.signature,
    })).status.Failure), /The statement is about something else/);

    await worker('one').start(); // new keys, a new session, the same request
    const got = net.read(await settled);
    assert.ok(got.value.random_number >= 1 && got.value.random_number <= 6);
});

test('a machine of another maker stays out', async () => {
    const strange = worker('strange', 'elsewhere');
    const ready = strange.start();
    ready.catch(() => {});
    await until('the refusal', () => strange.logText().includes('E_CHAIN_UNTRUSTED'));
    strange.child.kill('SIGKILL');
    await strange.ended;
    assert.equal((await look('get_workers')).length, 2, 'the first one and its next start');
});

test('a revoked key is gone, and never comes back', async () => {
    const all = (await look('get_workers')).map((w) => w.public_key);
    await tell(net.outlayer, 'remove_worker_keys', { public_keys: all });
    assert.equal((await keys()).length, 1, 'only the one that no quote stands behind');
    assert.deepEqual(await look('get_workers'), []);
    assert.equal(await look('is_key_revoked', { public_key: all[0] }), true);
    // Its session with the coordinator ends as well, and there is no other to be had.
    const running = workers.find((w) => w.child.exitCode === null && !w.child.signalCode);
    await until('the end of its session', () => net.coordinator.logText().includes('session_not_confirmed'));
    await until('the refusal', () => /no_session.*not registered/.test(running.logText()));
});
