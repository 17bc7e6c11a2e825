// doctor.mjs — what the machine is like, told before anything runs; and a worker that will not serve
// where a wall does not hold.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { BIN, Network, OUTLAYER, SHARE } from './harness.mjs';

const net = await Network.start({ keystore: true });

function doctor(...args) {
    const done = spawnSync(path.join(BIN, 'outlayer'), ['doctor', ...args], {
        encoding: 'utf8', timeout: 60_000, env: { ...process.env, OUTLAYER_SHARE: SHARE },
    });
    return { status: done.status, out: done.stdout, err: done.stderr };
}

const services = () => ['--rpc-url', net.chain.url, '--contract-id', OUTLAYER, '--key-file', net.keyFile,
    '--coordinator-url', net.coordinator.url, '--keystore-url', net.keystore.url];

test('a whole network is well', () => {
    const { status, out } = doctor('--json', ...services());
    const report = JSON.parse(out);
    assert.deepEqual(report.checks.filter((c) => c.level === 'failure'), []);
    assert.equal(report.ok, true);
    assert.equal(status, 0);
    for (const name of ['programs', 'machine', 'guests', 'builds', 'home', 'cache', 'ports', 'key', 'node', 'clock', 'contract', 'coordinator', 'keystore'])
        assert.ok(report.checks.some((c) => c.check === name), name);
    const text = doctor(...services());
    assert.equal(text.status, 0);
    assert.match(text.out, /acts behind the walls tried/);
    assert.match(text.out, /0 in the way/);
});

test('what is in the way is named, with what to do', async () => {
    const at = services();
    at[3] = 'nobody.test';
    const { status, out } = doctor('--json', '--home', '/proc/nowhere', ...at);
    const failed = JSON.parse(out).checks.filter((c) => c.level === 'failure');
    assert.deepEqual(failed.map((c) => c.check).sort(), ['contract', 'home']);
    assert.ok(failed.every((c) => c.todo));
    assert.equal(status, 1);
    const gone = doctor('--rpc-url', 'http://127.0.0.1:9', '--coordinator-url', 'http://127.0.0.1:9');
    assert.equal(gone.status, 1);
    assert.match(gone.out, /FAIL.* node/);
    assert.match(gone.out, /FAIL.* coordinator/);
    assert.equal(doctor('extra').status, 3);
});

test('a worker does not serve where a wall does not hold', async () => {
    const bin = path.join(net.home, 'bin');
    fs.mkdirSync(bin);
    for (const name of fs.readdirSync(BIN).filter((n) => n.startsWith('outlayer')))
        fs.copyFileSync(path.join(BIN, name), path.join(bin, name));
    const report = { acts: [{ act: 'fork', in: 'run', held: false }], walls: ['seccomp'] };
    fs.rmSync(path.join(bin, 'outlayer-exec'));
    fs.writeFileSync(path.join(bin, 'outlayer-exec'), `#!/bin/sh\necho '${JSON.stringify(report)}'\nexit 1\n`, { mode: 0o755 });
    await net.worker.stop();
    const worker = spawnSync(path.join(bin, 'outlayer-worker'), net.worker.args, {
        encoding: 'utf8', timeout: 60_000, env: { ...process.env, OUTLAYER_SHARE: SHARE },
    });
    assert.equal(worker.status, 1);
    assert.match(worker.stderr, /the sandbox around guests does not hold on this machine: 'fork' \(run\)/);
    assert.doesNotMatch(worker.stdout, /ready/);
    const told = spawnSync(path.join(bin, 'outlayer'), ['doctor', '--json'], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(told.status, 1);
    assert.ok(JSON.parse(told.stdout).checks.some((c) => c.check === 'guests' && c.level === 'failure' && /fork/.test(c.what)));
    await net.startWorker();
});
