// vrf.mjs — randomness that anybody can check: who may draw it, and for what.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import path from 'node:path';
import { test } from 'node:test';
import { BIN, NEAR, Network, OUTLAYER, until } from './harness.mjs';
import { askKeystore, bearerOf, sessionOf } from './keystore.mjs';

const net = await Network.start({ keystore: true });
const guest = await net.guest('test/echo');
const bob = await net.createAccount('bob.test', 100n * NEAR);
const ask = (...question) => askKeystore(net, ...question);

const cli = (...args) => {
    const done = spawnSync(path.join(BIN, 'outlayer'), ['vrf', ...args], { encoding: 'utf8' });
    return { status: done.status, out: done.stdout, err: done.stderr };
};
const pubkey = cli('pubkey', '--keystore-url', net.keystore.url).out.trim();

/** By node's own cryptography. */
function assertDrawn({ output, signature, alpha }) {
    const key = createPublicKey({
        key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(pubkey, 'hex')]), format: 'der', type: 'spki',
    });
    const proof = Buffer.from(signature, 'hex');
    assert.ok(verify(null, Buffer.from(alpha), key, proof), alpha);
    assert.equal(createHash('sha256').update(proof).digest('hex'), output);
}

test('the keystore draws for a request that waits and for its signer, and for nothing else', async () => {
    // Nobody answers while the worker is stopped.
    await net.worker.stop();
    const signed = await net.sign(bob, OUTLAYER, [net.requestAction({ source: guest, input_data: 'x' })]);
    const settled = net.settle(signed);
    const [id] = await until('the request', async () => {
        const ids = await net.view('get_pending_request_ids');
        return ids.length && ids;
    });
    const session = await sessionOf(net);
    const alpha = `vrf:${id}:bob.test:seed`;

    assert.equal((await ask('/vrf/generate', { alpha })).status, 401);
    assert.equal((await ask('/vrf/generate', { alpha }, bearerOf(net))).status, 401);
    assert.equal((await ask('/vrf/generate', { alpha }, { ...bearerOf(net), 'x-tee-session': '00000000-0000-4000-8000-000000000000' })).status, 401);

    const drawn = await ask('/vrf/generate', { alpha }, session);
    assert.equal(drawn.status, 200, drawn.error);
    assert.equal(drawn.vrf_public_key_hex, pubkey);
    assertDrawn({ output: drawn.output_hex, signature: drawn.signature_hex, alpha });
    const again = await ask('/vrf/generate', { alpha }, session);
    assert.equal(again.output_hex, drawn.output_hex);

    for (const [wrong, status] of [
        [`vrf:${id + 1}:bob.test:seed`, 404], [`vrf:${id}:alice.test:seed`, 403], [`vrf:${id}:bob.test:se:ed`, 400],
        [`vrf:${id}::seed`, 400], [`vrf:0${id}:bob.test:seed`, 400], ['vrf-key', 400], ['', 400],
        [`vrf:${id}:bob.test:${'x'.repeat(1025)}`, 400], [`vrf:${id}:bob.test:${'x'.repeat(2 << 16)}`, 400],
    ]) {
        const refused = await ask('/vrf/generate', { alpha: wrong }, session);
        assert.equal(refused.status, status, `${wrong.slice(0, 60)}: ${refused.error}`);
        assert.equal(refused.output_hex, undefined);
    }

    // Answered, it is drawn for no more.
    await net.startWorker();
    assert.equal(net.read(await settled).completed.success, true);
    assert.equal((await ask('/vrf/generate', { alpha }, session)).status, 404);

    const args = ['verify', '--pubkey', pubkey, '--alpha', alpha, '--signature', drawn.signature_hex];
    const proven = cli(...args, '--output', drawn.output_hex, '--json');
    assert.equal(proven.status, 0, proven.err);
    assert.deepEqual(JSON.parse(proven.out), { valid: true, output: drawn.output_hex, request_id: id, account_id: 'bob.test', seed: 'seed' });
    assert.equal(cli(...args).status, 0);
});

test('outlayer vrf verify: proven, not proven, unreadable', () => {
    const good = {
        pubkey: 'f11881f7bd2ab547d1208e993aabecd6051671a594619088395f0801a7bd0236',
        alpha: 'vrf:98321:alice.near:coin-flip',
        signature: 'bd882b15f8e9a9a8b43ee34aae608c7da88a0352f8eb431effd3d7cc4aa2969ae0648716c9463ea4140abdf681ccdfeba3585ac3391b62920e0306e277231e0f',
        output: '1f393be3b5ae04875e96ae7d3cdfec21907672211282b0727d088290efeae47f',
    };
    const run = (change) => cli('verify', ...Object.entries({ ...good, ...change }).filter(([, v]) => v !== null).flatMap(([k, v]) => [`--${k}`, v]));

    assert.match(run({}).out, /proven: 1f393be3/);
    assert.match(run({ output: null }).out, /proven: 1f393be3/);
    for (const change of [
        { alpha: 'vrf:98322:alice.near:coin-flip' }, { alpha: 'anything' }, { pubkey },
        { signature: good.signature.replace('bd', 'be') }, { output: good.output.replace('1f', '1e') },
    ]) {
        const done = run(change);
        assert.equal(done.status, 1, JSON.stringify(change));
        assert.match(done.err, /Error: /);
    }
    for (const change of [{ alpha: null }, { pubkey: 'f1' }, { signature: null }, { output: 'x' }])
        assert.equal(run(change).status, 3, JSON.stringify(change));
    assert.equal(cli('prove').status, 3);
    assert.deepEqual(JSON.parse(cli('pubkey', '--keystore-url', net.keystore.url, '--json').out).epochs.length, 1);
    assert.equal(cli('pubkey', '--keystore-url', net.chain.url).status, 1);
});
