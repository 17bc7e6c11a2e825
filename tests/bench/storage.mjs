// storage.mjs — what near:storage/api costs a program.
//
// The time that a run takes by itself, as the guest's run is measured and charged, with N calls and
// without, divided by N: on a network (worker, coordinator, keystore; with answers that wait for the
// disk and without), and with `outlayer run --storage`, where only the way out of the sandbox and
// the database are left.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BIN, NEAR, Network, OUTLAYER, SHARE, TGAS, near } from '../system/harness.mjs';

const CALLS = Number(process.env.CALLS ?? 1000);
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const cases = [
    ['set_32b', CALLS, (n) => [`times ${n} set key 32*v`]],
    ['get_32b', CALLS, (n) => ['set key 32*v', `times ${n} get key`]],
    ['increment', CALLS, (n) => [`times ${n} increment n 1`]],
    ['set_1mib', 20, (n) => [`times ${n} set big 1048576*v`]],
    ['get_1mib', 20, (n) => ['set big 1048576*v', `times ${n} get big`]],
];

/** `wall(lines)` gives the microseconds of a run that makes these calls. */
async function measure(prefix, wall, detail) {
    await wall(['has nothing']);
    for (const [name, n, lines] of cases) {
        const more = await wall(lines(n + 1)), less = await wall(lines(1));
        const us = (more - less) / n;
        print(`${prefix}_${name}_us`, Math.round(us), 'us', `${n} calls in one run; ${detail}`);
        print(`${prefix}_${name}_per_s`, Math.round(1e6 / us), '1/s', `the same as a rate; ${detail}`);
    }
}

await measure('local', (lines) => {
    const done = spawnSync(path.join(BIN, 'outlayer'), [
        'run', path.join(SHARE, 'guests/test/near.wasm'), '--storage', 'memory', '--input', lines.join('\n'), '--json', '--limits', 'none',
    ], { encoding: 'utf8' });
    return JSON.parse(done.stdout).wall_us;
}, 'outlayer run --storage memory');

for (const durable of ['full', 'normal']) {
    const net = await Network.start({ keystore: true, manual: true, coordinatorArgs: ['--durable', durable] });
    const { WasmUrl } = await net.guest('test/near');
    await net.transact(net.alice, OUTLAYER, [near.actions.functionCall('create_project', {
        name: 'bench', source: { WasmUrl: { ...WasmUrl, build_target: 'wasm32-wasip2' } },
    }, 100n * TGAS, NEAR / 10n)]);
    await measure(`network_${durable}`, async (lines) => {
        const got = await net.request(net.alice, {
            source: { Project: { project_id: 'alice.test/bench' } }, input_data: lines.join('\n'),
            resource_limits: { max_instructions: 100_000_000_000, max_memory_mb: 256, max_execution_seconds: 120 },
        }, { deposit: NEAR });
        if (!got.completed?.success)
            throw new Error(got.completed?.error_message ?? got.failureText);
        return (await net.page(got.requested.request_id)).run.wall_us;
    }, `one worker, coordinator with --durable ${durable}, keystore, all on this machine`);
    await net.end();
}
