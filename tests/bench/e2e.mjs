// e2e.mjs — from a request's transaction to the callback with the value, in blocks and milliseconds.
//
// Real processes, a pre-compiled program, one request after the other, sent anywhere between two
// blocks. Milliseconds are counted by the client, from before it sends until it sees the receipt in
// which the contract's callback handed the value on (it looks every 2 ms).

import { Network, NEAR, OUTLAYER, TGAS, near, sleep, txHash } from '../system/harness.mjs';

const REQUESTS = Number(process.env.REQUESTS ?? 100);
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

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
