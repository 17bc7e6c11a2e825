// e2e.mjs — from a request's transaction to the callback with the value, in blocks and milliseconds.
//
// Real processes, a pre-compiled program, one request after the other, sent anywhere between two
// blocks. Milliseconds are counted by the client, from before it sends until it sees the receipt in
// which the contract's callback handed the value on (it looks every 2 ms).

import { Network, NEAR, OUTLAYER, TGAS, near, sleep, txHash } from '../system/harness.mjs';

const REQUESTS = Number(process.env.REQUESTS ?? 100);
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

/** Runs a second with `slots`: the queue is filled while no worker is there, the records tell the rest. */
async function throughput(slots, guest, input, count) {
    const net = await Network.start({ blockMs: 100, manual: true });
    const source = await net.guest(guest);
    const users = [];
    for (let i = 0; i < 4; i++)
        users.push(await net.createAccount(`u${i}.test`, 100n * NEAR));
    net.options.workerArgs = ['--slots', String(slots), '--owner-slots', String(slots)];
    await net.worker.stop();
    const ends = [];
    for (let i = 0; i < count; i++) {
        const user = users[i % users.length];
        const signed = await net.sign(user, OUTLAYER, [net.requestAction({ source, input_data: input }, { deposit: NEAR / 50n })]);
        ends.push(net.settle(signed));
    }
    while ((await (await fetch(`${net.coordinator.url}/health/detailed`)).json()).queued < count)
        await sleep(20);
    await net.startWorker();
    const times = [];
    for (const end of ends) {
        const page = await net.page(net.read(await end).requested.request_id);
        times.push(['leased', 'ran'].map((step) => page.steps.find((s) => s.step === step).at_ms));
    }
    const took = Math.max(...times.map(([, ran]) => ran)) - Math.min(...times.map(([leased]) => leased));
    print(`e2e_runs_s_${guest.replace('test/', '')}_${slots}_slots`, Math.round(count * 1000 / took), 'runs/s',
        `${count} jobs that waited, first leased to last run`);
    await net.end();
}

async function measure(prefix, blockMs) {
    const net = await Network.start({ blockMs, manual: true });
    const source = await net.guest('random');
    const heights = new Map();
    const height = async (hash) => {
        if (!heights.has(hash))
            heights.set(hash, (await net.rpc('block', { block_id: hash })).result.header.height);
        return heights.get(hash);
    };
    const blocks = [], times = [], beyond = [];
    for (let i = -3; i < REQUESTS; i++) {
        const signed = await net.sign(net.alice, OUTLAYER, [near.actions.functionCall('request_execution', {
            source, input_data: '{"min":1,"max":100}', response_format: 'Json',
        }, 300n * TGAS, NEAR / 10n)]);
        await sleep(Math.random() * blockMs); // anywhere between two blocks
        const params = { tx_hash: await txHash(signed), sender_account_id: 'alice.test', wait_until: 'NONE' };
        const began = performance.now();
        await net.rpc('send_tx', {
            signed_tx_base64: Buffer.from(near.encodeTransaction(signed)).toString('base64'), wait_until: 'NONE',
        });
        let outcome, answered;
        while (!answered) {
            await sleep(2);
            outcome = (await net.rpc('tx', params)).result;
            answered = outcome?.receipts_outcome?.find((r) => r.outcome.logs.some((l) => l.includes('"execution_completed"')));
        }
        const ms = performance.now() - began;
        const got = net.read(await net.settle(signed));
        if (!got.completed.success)
            throw new Error(`request ${i} failed: ${got.completed.error_message}`);
        if (i < 0)
            continue; // the first ones fill the caches
        const n = await height(answered.block_hash) - await height(outcome.transaction_outcome.block_hash);
        blocks.push(n);
        times.push(ms);
        beyond.push(ms - 5 * blockMs);
    }
    for (const list of [blocks, times, beyond])
        list.sort((a, b) => a - b);
    const detail = `${REQUESTS} requests, ${blockMs} ms blocks`;
    print(`${prefix}_blocks_p50`, at(blocks, 0.5), 'blocks', `${detail}, from the transaction's block to the callback's`);
    print(`${prefix}_blocks_p99`, at(blocks, 0.99), 'blocks', detail);
    print(`${prefix}_ms_p50`, Math.round(at(times, 0.5)), 'ms', `${detail}, send to callback`);
    print(`${prefix}_ms_p99`, Math.round(at(times, 0.99)), 'ms', detail);
    print(`${prefix}_ms_beyond_5_blocks_p99`, Math.round(at(beyond, 0.99)), 'ms', `${detail}; target: at most 50`);
    await net.end();
}

await measure('e2e', 200);
await measure('e2e_50ms', 50);
for (const slots of [1, 2, 4, 8])
    await throughput(slots, 'test/sleep', '50', 120);
for (const slots of [1, 2])
    await throughput(slots, 'random', '{"min":1,"max":100}', 120);
