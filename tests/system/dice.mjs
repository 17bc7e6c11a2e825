// dice.mjs — a contract pays by a random number that a program drew and the contract has checked.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { BIN, NEAR, Network, OUTLAYER, SHARE, TGAS, near } from './harness.mjs';
import { askKeystore } from './keystore.mjs';

const DICE = 'dice.test';
const net = await Network.start({ keystore: true });
const program = await net.guest('dice');
program.WasmUrl.build_target = 'wasm32-wasip2';
const { vrf_public_key_hex: pubkey } = await askKeystore(net, '/vrf/pubkey');

async function open(id, key, source = program) {
    const table = await net.createAccount(id, 50n * NEAR);
    await net.transact(table, id, [
        near.actions.deployContract(fs.readFileSync(path.join(SHARE, 'dice.wasm'))),
        near.actions.functionCall('new', { outlayer_id: OUTLAYER, vrf_public_key: key, source }, 30n * TGAS, 0n),
    ]);
    await net.transact(net.alice, id, [near.actions.functionCall('fund', {}, 30n * TGAS, 30n * NEAR)]);
}

/** One bet of one NEAR: the contract's event, the program's answer, what the player has more or less. */
async function bet(who, guess, id = DICE) {
    const had = await net.balance(who.accountId);
    const outcome = await net.transact(who, id, [near.actions.functionCall('bet', { guess }, 300n * TGAS, NEAR + NEAR / 50n)]);
    const got = net.read(outcome);
    const event = got.events.find((e) => e.standard === 'dice');
    return { event: { kind: event.event, ...event.data[0] }, got, gained: BigInt(await net.balance(who.accountId)) - BigInt(had) };
}

await open(DICE, pubkey);
const bank = async (id = DICE) => BigInt((await net.view('get_table', {}, id)).bank);

test('bets are won and lost by the number alone', async () => {
    const bob = await net.createAccount('bob.test', 100n * NEAR);
    const seen = new Set();
    for (let i = 0; i < 120 && seen.size < 2; i++) {
        const before = await bank();
        const { event, got, gained } = await bet(bob, 3);
        const won = event.face === 3;
        assert.equal(event.kind, 'rolled');
        assert.equal(got.value, event.face);
        assert.equal(BigInt(event.paid), won ? 6n * NEAR : 0n);
        assert.equal(await bank() - before, won ? -5n * NEAR : NEAR);
        // But for gas and the roll.
        const due = won ? 5n * NEAR : -NEAR;
        assert.ok(gained <= due && gained > due - NEAR / 20n, `${gained}`);
        seen.add(won);
    }
    assert.equal(seen.size, 2, 'a hundred rolls, all won or all lost');
});

test('what the program answered can be checked by anybody', async () => {
    const { got, event } = await bet(net.alice, 1);
    const seed = `bet-${event.bet}`;
    const answer = got.outcome.receipts_outcome.map((r) => r.outcome.status.SuccessValue).filter(Boolean)
        .map((v) => Buffer.from(v, 'base64').toString()).find((t) => t.includes('"alpha"'));
    const { alpha, signature, dice } = JSON.parse(answer);
    assert.equal(alpha, `vrf:${got.requested.request_id}:alice.test:${seed}`);
    assert.deepEqual(dice, [event.face]);
    const done = spawnSync(path.join(BIN, 'outlayer'), ['vrf', 'verify', '--pubkey', pubkey, '--alpha', alpha, '--signature', signature, '--json'], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(parseInt(JSON.parse(done.stdout).output.slice(0, 4), 16) % 6 + 1, event.face);
});

test('a contract with another key takes no number: the stake goes back', async () => {
    await open('other.test', '11'.repeat(32));
    const { event, gained } = await bet(net.alice, 1, 'other.test');
    assert.deepEqual([event.kind, event.face, BigInt(event.paid)], ['void', 0, NEAR]);
    assert.ok(gained > -NEAR / 20n);
    assert.equal(await bank('other.test'), 30n * NEAR);
});

test('a program that proves nothing, or fails, gives the stake back', async () => {
    await open('echo.test', pubkey, await net.guest('test/echo'));
    await open('trap.test', pubkey, await net.guest('test/trap'));
    for (const id of ['echo.test', 'trap.test']) {
        const { event, gained } = await bet(net.alice, 1, id);
        assert.equal(event.kind, 'void');
        assert.ok(gained > -NEAR / 20n, id);
        assert.equal(await bank(id), 30n * NEAR);
    }
});
