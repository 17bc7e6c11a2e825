// up.mjs — how long `outlayer up` takes until everything is there, and what it holds in memory.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { start } from '../system/command.mjs';
import { descendants, sleep, until } from '../system/harness.mjs';

const RUNS = 5;
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** Start on `home`; milliseconds until the last part was there and until the story's end. */
async function once(home) {
    const began = performance.now();
    const run = start(['up', '--json', '--home', home, '--port-base', '0']);
    let parts = 0, ready = 0;
    await until('the network', () => {
        const seen = run.out.split('"part":').length - 1;
        if (seen > parts) {
            parts = seen;
            ready = performance.now() - began;
        }
        if (run.child.exitCode !== null)
            throw new Error(`ended: ${run.out}${run.err}`);
        return run.out.includes('{"ready":true');
    });
    return { run, ready, answered: performance.now() - began };
}

/** Bytes of memory that are this process' own share. */
function memory(pid) {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kb = (name) => Number(text.match(new RegExp(`^${name}: +(\\d+) kB`, 'm'))[1]);
    return { rss: kb('Rss') * 1024, pss: kb('Pss') * 1024 };
}

const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-bench-'));
const fresh = [], again = [], answered = [];
let processes = [];
for (let i = 0; i < RUNS; i++) {
    const home = path.join(temp, String(i));
    for (const list of [fresh, again]) {
        const { run, ready, answered: end } = await once(home);
        list.push(ready);
        answered.push(end);
        if (i === RUNS - 1 && list === again) {
            await sleep(2000);
            processes = [{ name: 'outlayer', pid: run.child.pid }, ...descendants(run.child.pid)]
                .map((p) => ({ name: p.name, ...memory(p.pid) }));
        }
        run.child.kill('SIGINT');
        await run.ended;
    }
}
const MiB = (n) => Math.round(n / 1024 / 102.4) / 10;
const each = processes.map((p) => `${p.name} ${MiB(p.rss)}`).join(', ');
print('up_ready_fresh', Math.round(median(fresh)), 'ms', `median of ${RUNS}, a new chain; target: at most 2000`);
print('up_ready_again', Math.round(median(again)), 'ms', `median of ${RUNS}, the same home`);
print('up_first_answer', Math.round(median(answered)), 'ms', `median of ${2 * RUNS}, until the first request was answered`);
print('up_resident', MiB(processes.reduce((sum, p) => sum + p.rss, 0)), 'MiB', `idle, sum of resident sets: ${each}; target: at most 300`);
print('up_proportional', MiB(processes.reduce((sum, p) => sum + p.pss, 0)), 'MiB', 'idle, shared pages counted once');
fs.rmSync(temp, { recursive: true, force: true });
