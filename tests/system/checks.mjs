// checks.mjs — the harness itself: what must fail a story does.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { alive, badLines, descendants, nobodyLeft, price, until } from './harness.mjs';

test('bad lines in a log', () => {
    for (const line of [
        '2026-01-01T00:00:00.000Z broken outlayer-worker[1] resolve_given_up job=1',
        '==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1',
        '==1==ERROR: LeakSanitizer: detected memory leaks',
        'lib/base/buf.c:1:2: runtime error: signed integer overflow',
        '/lib/vm/vm.c:12: bug: fuel',
    ])
        assert.equal(badLines(`fine\n${line}\nfine\n`).length, 1, line);
    assert.deepEqual(badLines('2026-01-01T00:00:00.000Z info outlayer-worker[1] job_ran text=it is broken \n'), []);
});

test('a process that is left over', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & sleep 60; :']);
    const below = await until('two sleeps', () => {
        const found = descendants(child.pid);
        return found.length === 2 && found;
    });
    child.kill('SIGKILL');
    assert.equal(alive(below).length, 2);
    await assert.rejects(nobodyLeft(below, 100), /processes are left over/);
    await nobodyLeft(below);
});

test('waiting in vain fails', async () => {
    await assert.rejects(until('nothing', () => false, 50), /waited 50 ms in vain for nothing/);
});

test('the price of a run', () => {
    assert.equal(price({ instructions: 812_345, time_ms: 37 }), 1_003_700_000_000_000_000_000n);
    assert.equal(price({ instructions: 1_999_999, time_ms: 0 }), 1_000_000_100_000_000_000_000n);
});
