// up.mjs — `outlayer up` from the outside: the story it tells, and that it leaves nothing behind.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { lastLine, outlayer, start } from './command.mjs';
import {
    BIN, NEAR, OUTLAYER, PATIENCE_MS, SHARE, TGAS, alive, badLines, descendants, near, nobodyLeft, price, until,
} from './harness.mjs';

const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-story-'));
after(() => fs.rmSync(temp, { recursive: true, force: true }));

const steps = ['sent', 'yielded', 'queued', 'leased', 'fetched', 'ran', 'resolved', 'callback', 'refund'];

function checkLogs(home) {
    for (const name of fs.readdirSync(path.join(home, 'logs')))
        assert.deepEqual(badLines(fs.readFileSync(path.join(home, 'logs', name), 'utf8')), [], name);
}

test('--once shows each step and ends with one JSON object', async () => {
    const home = path.join(temp, 'once');
    const { code, out, err } = await outlayer(['up', '--once', '--home', home, '--block-time-ms', '50']);
    assert.equal(code, 0, out + err);
    assert.equal(err, '');
    const result = JSON.parse(lastLine(out));
    assert.deepEqual(Object.keys(result), ['status', 'output', 'instructions', 'time_ms', 'blocks', 'charged_yocto', 'refunded_yocto']);
    assert.equal(result.status, 'success');
    assert.ok(result.output.random_number >= 1 && result.output.random_number <= 100);
    assert.equal(BigInt(result.charged_yocto), price(result));
    assert.equal(BigInt(result.charged_yocto) + BigInt(result.refunded_yocto), NEAR / 10n);
    assert.ok(result.blocks >= 3 && result.blocks < 30, `${result.blocks} blocks`);
    let at = -1;
    for (const step of steps) {
        const next = out.indexOf(` ${step} `, at + 1);
        assert.ok(next > at, `'${step}' in its place:\n${out}`);
        at = next;
    }
    assert.ok(!out.includes('\u001b'), 'no colour without a terminal');
    checkLogs(home);
});

test('--once without a home leaves no folder behind', async () => {
    const folder = fs.mkdtempSync(path.join(temp, 'tmp-'));
    const { code, out, err } = await outlayer(['up', '--once', '--json', '--block-time-ms', '50', '--input', '{"min":7,"max":7}'], { env: { TMPDIR: folder } });
    assert.equal(code, 0, out + err);
    const lines = out.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines.at(-1).output, { random_number: 7 });
    assert.deepEqual(lines.filter((l) => l.step).map((l) => l.step), steps);
    assert.deepEqual(fs.readdirSync(folder), []);
});

test('a program that fails is a failure', async () => {
    const { code, out, err } = await outlayer(['up', '--once', '--home', path.join(temp, 'fails'), '--block-time-ms', '50',
        '--guest', path.join(SHARE, 'guests/test/exit1.wasm')]);
    assert.equal(code, 1, out + err);
    const result = JSON.parse(lastLine(out));
    assert.equal(result.status, 'failed');
    assert.match(result.error, /Atlantis/);
    assert.equal(result.charged_yocto, String(NEAR / 10n));
    assert.equal(result.refunded_yocto, '0');
});

/** `outlayer up` until it says that all is there. */
async function upAndReady(home, more = []) {
    const run = start(['up', '--json', '--home', home, '--port-base', '0', '--block-time-ms', '50', ...more]);
    run.ready = await until('the network', async () => {
        if (run.child.exitCode !== null)
            assert.fail(`ended: ${run.out}${run.err}`);
        const line = run.out.split('\n').find((l) => l.startsWith('{"ready":true'));
        return line && JSON.parse(line);
    });
    run.below = descendants(run.child.pid);
    return run;
}

async function askAgain(home, ready, input) {
    const key = JSON.parse(fs.readFileSync(path.join(home, 'credentials/localnet/alice.test.json'), 'utf8'));
    const provider = new near.JsonRpcProvider({ url: ready.chain });
    const alice = new near.Account('alice.test', provider, near.KeyPairSigner.fromSecretKey(key.private_key));
    return JSON.parse(await alice.callFunction({
        contractId: OUTLAYER, methodName: 'request_execution', gas: 300n * TGAS, deposit: NEAR / 10n,
        args: { source: { WasmUrl: { url: ready.program_url, hash: ready.program_sha256 } }, input_data: input },
    }));
}

test('it serves until Ctrl-C, leaves nobody, and goes on where it was', async () => {
    const home = path.join(temp, 'long');
    let run = await upAndReady(home);
    assert.equal(run.below.length >= 3, true, 'chain, coordinator and worker');
    // The coordinator knows where the keystore is, whatever port that took.
    const drawn = await fetch(`${run.ready.coordinator}/vrf/pubkey`);
    assert.equal(drawn.status, 200, await drawn.text());
    assert.deepEqual(await askAgain(home, run.ready, '{"min":3,"max":3}'), { random_number: 3 });
    for (const name of ['test', 'alice.test', 'caller.test', 'outlayer.test', 'worker.outlayer.test']) {
        const file = path.join(home, `credentials/localnet/${name}.json`);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).account_id, name);
    }

    // The other commands find it by its file.
    const shell = (line) => execFileSync('sh', ['-c', `. ${home}/env && . ${home}/env && ${line}`], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', OUTLAYER_SHARE: SHARE } });
    assert.equal(shell('echo $PATH').trim(), `${BIN}:/usr/bin:/bin`);
    assert.equal(shell('command -v outlayer').trim(), path.join(BIN, 'outlayer'));
    assert.match(shell('outlayer devnet accounts'), /^alice\.test /);
    const told = shell(`outlayer request --wasm ${path.join(SHARE, 'guests/random.wasm')} --input '{"min":5,"max":5}'`);
    assert.deepEqual(JSON.parse(told), { random_number: 5 });

    // What they say with --json is JSON and nothing else.
    const bundle = path.join(temp, 'bundle.json');
    fs.writeFileSync(bundle, shell('outlayer attestation get 1 --wait 60'));
    for (const line of ['version', 'project list', 'project list nobody.test', 'secrets list', 'devnet accounts', 'vrf pubkey', 'doctor',
        `upload ${bundle}`, `run ${SHARE}/guests/random.wasm --input x`, `request --wasm ${run.ready.program_url} --input x`,
        `manifest ${SHARE}/guests/random.wasm`, `attestation verify ${bundle} --simulated-root ${home}/simulator/root.der`])
        assert.equal(typeof JSON.parse(shell(`outlayer ${line} --json || [ $? -le 2 ]`)), 'object', line);
    for (const line of shell(`outlayer cache list --home ${home}/worker --json`).trim().split('\n'))
        assert.match(JSON.parse(line).sha256, /^[0-9a-f]{64}$/);

    const second = await outlayer(['up', '--once', '--home', home]);
    assert.equal(second.code, 1);
    assert.match(second.err, new RegExp(`in use by another 'outlayer up' \\(process ${run.child.pid}\\)`));

    const head = async (url) => (await (await fetch(`${url}/status`)).json()).sync_info.latest_block_height;
    const height = await head(run.ready.chain);
    run.child.kill('SIGINT');
    let end = await run.ended;
    assert.equal(end.code, 0, end.err);
    assert.deepEqual(alive(run.below), []);

    run = await upAndReady(home);
    assert.ok(await head(run.ready.chain) >= height);
    assert.ok(run.ready.request_id >= 2, 'the contract remembers');
    // kill -9 cannot be handled: the kernel ends the children.
    run.child.kill('SIGKILL');
    await run.ended;
    await nobodyLeft(run.below);

    run = await upAndReady(home);
    assert.deepEqual(await askAgain(home, run.ready, '{"min":4,"max":4}'), { random_number: 4 });
    run.child.kill('SIGTERM');
    end = await run.ended;
    assert.equal(end.code, 0, end.err);
    assert.deepEqual(alive(run.below), []);
    checkLogs(home);
});

test('when a part dies it says which, shows its log and stops the rest', async () => {
    const run = await upAndReady(path.join(temp, 'dies'));
    const worker = run.below.find((p) => p.name === 'outlayer-worker');
    process.kill(worker.pid, 'SIGKILL');
    const { code, err } = await run.ended;
    assert.equal(code, 1);
    assert.match(err, /the worker has ended/);
    assert.match(err, /ended by signal 9/);
    assert.match(err, /logs\/worker\.log/);
    await nobodyLeft(run.below);
});

test('Ctrl-C while it starts', async () => {
    for (const ms of [5, 60, 200, 500]) {
        const run = start(['up', '--home', path.join(temp, `early-${ms}`), '--port-base', '0']);
        await new Promise((resolve) => setTimeout(resolve, ms));
        const below = descendants(run.child.pid);
        run.child.kill('SIGINT');
        const { code, signal } = await run.ended;
        // Before it listens for signals, the signal itself ends it.
        assert.ok(code === 130 || code === 0 || signal === 'SIGINT', `code ${code}, signal ${signal}`);
        await nobodyLeft(below);
    }
});

test('a program that is not there is said before anything starts', async () => {
    const { code, err } = await outlayer(['up', '--once', '--home', path.join(temp, 'absent'), '--guest', 'no.wasm']);
    assert.equal(code, 1);
    assert.match(err, /there is no file 'no\.wasm'/);
    assert.deepEqual(fs.readdirSync(path.join(temp, 'absent/logs')), []);
});

test('a port that is taken', async () => {
    const server = (await import('node:net')).createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address();
    const { code, err } = await outlayer(['up', '--once', '--home', path.join(temp, 'port'), '--port-base', String(port)]);
    server.close();
    assert.equal(code, 1);
    assert.match(err, new RegExp(`port ${port} is taken`));
    assert.ok(PATIENCE_MS > 0);
});
