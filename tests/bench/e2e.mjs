// e2e.mjs — from a request's transaction to the callback with the value, in blocks and milliseconds.
//
// Real processes, a pre-compiled program, one request after the other. Milliseconds are counted by
// the client, from before it sends until the chain answers that all of it has run.

import { Network, NEAR, OUTLAYER, TGAS, near, sleep } from '../system/harness.mjs';

const REQUESTS = Number(process.env.REQUESTS ?? 100);
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

async function measure(blockMs) {
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
        const began = performance.now();
        const got = net.read(await net.settle(signed));
        const ms = performance.now() - began;
        if (!got.completed?.success)
            throw new Error(`request ${i} failed: ${got.completed?.error_message ?? got.failureText}`);
        if (i < 0)
            continue; // the first ones fill the caches
        const answered = got.outcome.receipts_outcome.find((r) => r.outcome.logs.some((l) => l.includes('execution_completed')));
        const n = await height(answered.block_hash) - await height(got.outcome.transaction_outcome.block_hash);
        blocks.push(n);
        times.push(ms);
        beyond.push(ms - 5 * blockMs);
    }
    for (const list of [blocks, times, beyond])
        list.sort((a, b) => a - b);
    const detail = `${REQUESTS} requests, ${blockMs} ms blocks`;
    print('e2e_blocks_p50', at(blocks, 0.5), 'blocks', `${detail}, from the transaction's block to the callback's`);
    print('e2e_blocks_p99', at(blocks, 0.99), 'blocks', detail);
    print('e2e_ms_p50', Math.round(at(times, 0.5)), 'ms', `${detail}, send to answer`);
    print('e2e_ms_p99', Math.round(at(times, 0.99)), 'ms', detail);
    print('e2e_ms_beyond_5_blocks_p99', Math.round(at(beyond, 0.99)), 'ms', `${detail}; target: at most 50`);
    await net.end();
}

await measure(200);
await measure(50);
