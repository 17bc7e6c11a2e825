// attacks.mjs — those who lie between the parts, who ask for what is not theirs, and who pull plugs.
//
// The worker talks to coordinator and keystore through proxies that can change what they say.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { NEAR, OUTLAYER, TGAS, descendants, near, sleep, until } from './harness.mjs';
import { askKeystore, bearerOf, fnv, sessionOf, storeSecrets, web, whileWaiting } from './keystore.mjs';
import { Deceived } from './liar.mjs';
import { memoryHas } from './memory.mjs';

const net = await Deceived.start({ keystore: true });
after(() => [net.liar, net.fence].forEach((p) => p.stop()));
const MARKER = `marker-${randomBytes(12).toString('hex')}`;
const guest = await net.guest('test/secret');
const thief = await net.guest('test/env');
const sleeper = await net.guest('test/sleep');
const mallory = await net.createAccount('mallory.test', 100n * NEAR);
const hash = { WasmHash: { hash: guest.WasmUrl.hash } };
const onlyAlice = { Whitelist: { accounts: ['alice.test'] } };
const run = (who, names, more = {}) => net.request(who, { source: guest, input_data: names.join('\n'), response_format: 'Json', ...more });

await storeSecrets(net, net.alice, hash, 'default', { API_KEY: MARKER }, onlyAlice);
for (const [name, owner] of [['safe', net.alice], ['trap', mallory]])
    await net.transact(owner, OUTLAYER, [near.actions.functionCall('create_project', { name, source: guest }, 100n * TGAS, NEAR / 10n)]);
await storeSecrets(net, net.alice, { Project: { project_id: 'alice.test/safe' } }, 'default', { API_KEY: MARKER });
const safe = await net.view('get_project', { project_id: 'alice.test/safe' });

test('a coordinator that lies: the worker sees it, and nothing is released', async () => {
    const lies = [
        ['program', (d) => (d.code_source = thief)],
        ['program', (d) => (d.code_source.WasmUrl.hash = thief.WasmUrl.hash)],
        ['input', (d) => (d.input_data = 'HOME')],
        ['project', (d) => (d.project_id = safe.project_id)],
        ['project', (d) => (d.project_uuid = safe.uuid)],
        ['caller', (d) => (d.predecessor_id = 'alice.test')],
        ['signer', (d) => (d.sender_id = 'alice.test')],
        ['secrets', (d) => (d.secrets_ref = { profile: 'default', account_id: 'alice.test' })],
        ['limits', (d) => (d.resource_limits.max_instructions = 500_000_000_000)],
        ['payment', (d) => (d.payment = '1')],
        ['way to be done', (d) => (d.force_rebuild = true)],
    ];
    const source = { Project: { project_id: 'mallory.test/trap' } };
    for (const [word, change] of lies) {
        const before = net.worker.logText().length;
        const got = await net.liar.once((url, job) => {
            if (url !== '/jobs/lease')
                return undefined;
            change(job.request_data);
            return job;
        }, () => run(mallory, ['API_KEY'], { source }));
        assert.deepEqual(got.value, { API_KEY: null }, word);
        assert.match(net.worker.logText().slice(before), new RegExp(`job_handed_back .*another ${word} on the chain`));
    }
    assert.doesNotMatch(net.keystore.logText(), / released /);
});

test('a coordinator that gives one request the number of another', async () => {
    const first = net.request(net.alice, { source: sleeper, input_data: '1500' });
    const got = await net.liar.once((url, job) => {
        if (url !== '/jobs/lease' || job.request_data.sender_id !== 'mallory.test')
            return undefined;
        job.request_id--;
        job.request_data.request_id--;
        return job;
    }, () => run(mallory, ['API_KEY']));
    assert.deepEqual(got.value, { API_KEY: null });
    assert.equal((await first).value, 'slept 1500 ms');
});

test('an answer of the keystore that was given before, or to somebody else, is not taken', async () => {
    const mine = { secrets_ref: { profile: 'default', account_id: 'alice.test' } };
    let kept;
    await net.fence.once((url, answer) => {
        if (url !== '/decrypt')
            return undefined;
        kept = answer;
        return answer;
    }, () => run(net.alice, ['API_KEY'], mine));
    const cut = (n) => ({ ...kept, sealed_secrets: Buffer.from(kept.sealed_secrets, 'base64').subarray(0, n).toString('base64') });
    const wrong = [
        () => kept, () => cut(60), () => cut(200), () => ({ ...kept, sealed_secrets: '' }), () => ({ ...kept, sealed_secrets: 7 }),
        () => ({ ...kept, ciphertext_sha256: 'x' }), () => ({}), () => '[]', () => 'no JSON', () => `{"sealed_secrets":"${'A'.repeat(1 << 20)}"}`,
    ];
    for (const make of wrong) {
        const before = net.worker.logText().length;
        const got = await net.fence.once((url) => (url === '/decrypt' ? make() : undefined), () => run(net.alice, ['API_KEY'], mine));
        assert.deepEqual(got.value, { API_KEY: fnv(MARKER) });
        assert.match(net.worker.logText().slice(before), /job_handed_back .*(not sealed for this question|malformed|no JSON|larger than)/, String(make));
    }
});

test('a worker that asks for what is not: names and paths', () => whileWaiting(net, net.alice, {
    source: guest, input_data: '', secrets_ref: { profile: 'default', account_id: 'alice.test' },
}, async (id) => {
    const session = await sessionOf(net);
    const question = { request_id: id, accessor: web(hash), profile: 'default', owner: 'alice.test', user_account_id: 'alice.test', nonce: '00'.repeat(32) };
    const ask = (change, route = '/decrypt') => askKeystore(net, route, { ...question, ...change }, session);
    assert.equal((await ask({})).status, 200, 'the question itself is good');
    const refused = [
        { profile: '../default' }, { profile: 'default/' }, { profile: 'default\n' }, { profile: 'default\u0000' }, { profile: '' },
        { profile: 'a'.repeat(65) }, { profile: 7 }, { profile: null }, { owner: 'ALICE.TEST' }, { owner: 'alice.test:main' }, { owner: '' },
        { user_account_id: 'mallory.test' }, { user_account_id: 'alice.test\n' }, { user_account_id: ['alice.test'] }, { user_account_id: null },
        { nonce: '00' }, { nonce: 'zz'.repeat(32) }, { accessor: null }, { accessor: {} }, { accessor: [] }, { accessor: 'AllowAll' },
        { accessor: { type: 'WasmHash', hash: `${guest.WasmUrl.hash.slice(0, 63)}` } }, { accessor: { type: 'WasmHash', hash: `${guest.WasmUrl.hash}:alice.test` } },
        { accessor: { type: 'Project', project_id: 'alice.test/safe:alice.test' } }, { accessor: { type: 'Project', project_id: '../alice.test/safe' } },
        { accessor: { type: 'Repo', repo: 'github.com/alice/dice:alice.test' } }, { accessor: { type: 'Repo', repo: 'github.com/../dice', branch: 'x'.repeat(256) } },
        { accessor: { type: 'System', PaymentKey: {} } }, { accessor: { type: 'Vault', vault: 'x' } },
        { accessor: { ...web(hash), ...{ Project: { project_id: 'alice.test/safe' } } }, owner: 'mallory.test' },
    ];
    for (const change of refused) {
        const answer = await ask(change);
        assert.ok([400, 409].includes(answer.status), `${JSON.stringify(change)}: ${answer.status}`);
        assert.equal(answer.sealed_secrets, undefined);
    }
    for (const route of ['/decrypt/', '//decrypt', '/secrets', '/secrets/', '/secrets/../decrypt-raw', '/decrypt-raw', '/encrypt', '/secrets//decrypt', '/DECRYPT'])
        assert.equal((await ask({}, route)).status, 404, route);
    // Every spelling of the path needs the token as well as the session.
    for (const route of ['/decrypt', '/secrets/decrypt', '/%64ecrypt'])
        for (const headers of [{}, bearerOf(net), { 'x-tee-session': session['x-tee-session'] }])
            assert.equal((await askKeystore(net, route, question, headers)).status, 401, route);
    assert.equal((await ask({ padding: 'x'.repeat(1 << 20) })).status, 413);
}));

test('a worker that asks for a run that nobody has asked for', async () => {
    const session = await sessionOf(net);
    const project = (id) => ({ type: 'Project', project_id: id });
    const ask = (question) => askKeystore(net, '/decrypt', {
        profile: 'default', owner: 'alice.test', user_account_id: 'alice.test', nonce: '00'.repeat(32), ...question,
    }, session);
    const before = net.keystore.logText().length;
    // mallory's request waits; what it would get are the secrets of mallory's project, and no others.
    await whileWaiting(net, mallory, { source: { Project: { project_id: 'mallory.test/trap' } }, input_data: '' }, async (id) => {
        const mine = { request_id: id, accessor: project('mallory.test/trap'), owner: 'mallory.test', user_account_id: 'mallory.test' };
        assert.equal((await ask(mine)).status, 404, 'there are none, and it may know');
        for (const change of [
            { accessor: project('alice.test/safe') }, { accessor: web(hash) }, { owner: 'alice.test' }, { profile: 'second' },
            { user_account_id: 'alice.test' }, { accessor: project('alice.test/safe'), owner: 'alice.test', user_account_id: 'alice.test' },
            { accessor: { type: 'Repo', repo: 'mallory.test/trap' } },
        ])
            assert.equal((await ask({ ...mine, ...change })).status, 409, JSON.stringify(change));
        for (const other of [id - 1, id + 1, 100_000_000_000])
            assert.equal((await ask({ ...mine, request_id: other })).status, 429, 'no such request waits');
        for (const none of [undefined, null, -1, 1.5, String(id)])
            assert.equal((await ask({ ...mine, request_id: none })).status, 400);
    });
    assert.doesNotMatch(net.keystore.logText().slice(before), / released /);
});

test('an access condition of a megabyte, one too deep, one that never ends', async () => {
    const stored = (access) => storeSecrets(net, mallory, hash, 'bomb', { A: '1' }, access);
    const nested = (n) => (n ? { Not: { condition: nested(n - 1) } } : 'AllowAll');
    const list = (n) => ({ Whitelist: { accounts: Array(n).fill('alice.test') } });
    await assert.rejects(stored(list(80_000)), /Exceeded the prepaid gas/);
    await assert.rejects(stored(list(1300)), /too long/);
    await assert.rejects(stored(nested(9)), /Smart contract panicked/);
    const evil = '(a*)*'.repeat(8);
    await stored({ AccountPattern: { pattern: `${evil}${evil}b` } });
    const start = Date.now();
    const got = await run(mallory, ['A'], { secrets_ref: { profile: 'bomb', account_id: 'mallory.test' } });
    assert.match(got.completed.error_message, /Access to secrets denied/);
    assert.ok(Date.now() - start < 20_000, `${Date.now() - start} ms`);
    // More parts than are looked at: nobody is let in.
    await stored({ Logic: { operator: 'Or', conditions: Array(300).fill('AllowAll') } });
    const many = await run(mallory, ['A'], { secrets_ref: { profile: 'bomb', account_id: 'mallory.test' } });
    assert.match(many.completed.error_message, /Access to secrets denied.*256/s);
});

test('while a run has them, nobody but it and its worker do; a crash leaves no copy', async () => {
    const sleeping = { WasmHash: { hash: sleeper.WasmUrl.hash } };
    await storeSecrets(net, net.alice, sleeping, 'default', { API_KEY: `${MARKER}-sleeping` });
    const ref = { profile: 'default', account_id: 'alice.test' };
    const cores = () => [process.cwd(), net.home].flatMap((d) => fs.readdirSync(d).filter((f) => /^core(\.|$)/.test(f)));
    const before = cores();
    const pending = net.request(net.alice, { source: sleeper, input_data: '4000', secrets_ref: ref });
    const exec = await until('a run with the secret', () => descendants(net.worker.pid)
        .filter((p) => p.name.startsWith('outlayer-exec')).find((p) => process.env.SANITIZED === '1' || memoryHas(p.pid, `${MARKER}-sleeping`)));
    if (process.env.SANITIZED !== '1') {
        const others = descendants(process.pid).filter((p) => p.name.startsWith('outlayer') && !p.name.startsWith('outlayer-exec') && p.pid !== net.worker.pid);
        assert.ok(others.some((p) => p.name.startsWith('outlayer-keyhol')) && others.some((p) => p.name.startsWith('outlayer-coord')));
        for (const p of others)
            assert.ok(!memoryHas(p.pid, `${MARKER}-sleeping`), `${p.name} has it`);
        assert.match(fs.readFileSync(`/proc/${exec.pid}/limits`, 'utf8'), /^Max core file size +0 +0/m);
    }
    // A crash of the run in the middle: it is run again, with its secrets, and charged once.
    process.kill(exec.pid, 'SIGABRT');
    const got = await pending;
    assert.equal(got.value, 'slept 4000 ms');
    assert.deepEqual(cores(), before);
    const { steps } = await (await fetch(`${net.coordinator.url}/requests/${got.requested.request_id}`)).json();
    assert.equal(steps.find((s) => s.step === 'ran').detail.secrets, 1);
});

test('kill -9 of the worker in the middle of a run with secrets', async () => {
    const ref = { profile: 'default', account_id: 'alice.test' };
    const before = net.keystore.logText().match(/ released /g).length;
    const pending = net.request(net.alice, { source: sleeper, input_data: '1500', secrets_ref: ref });
    await until('the secrets', () => net.keystore.logText().match(/ released /g).length > before);
    await net.worker.kill9();
    await net.startWorker();
    const got = await pending;
    assert.equal(got.value, 'slept 1500 ms');
    assert.equal(BigInt(got.completed.payment_charged) + BigInt(got.completed.payment_refunded), NEAR / 10n);
    // Its old session is of no use to the new process: it got one of its own.
    assert.equal(net.keystore.logText().match(/ released /g).length, before + 2);
});

test('kill -9 of the keyholder ends the keystore; started again, it goes on', async () => {
    const holder = descendants(net.keystore.pid).find((p) => p.name.startsWith('outlayer-keyhol'));
    process.kill(holder.pid, 'SIGKILL');
    const { code } = await net.keystore.ended;
    assert.equal(code, 1);
    const pending = run(net.alice, ['API_KEY'], { secrets_ref: { profile: 'default', account_id: 'alice.test' } });
    await sleep(300);
    await net.startKeystore();
    assert.deepEqual((await pending).value, { API_KEY: fnv(MARKER) });
});

test('and it is in no file', () => {
    const walk = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
        const full = path.join(dir, e.name);
        return e.isDirectory() ? walk(full) : e.isFile() ? [full] : [];
    });
    const files = walk(net.home);
    assert.ok(files.some((f) => f.endsWith('outbox.db')));
    for (const file of files)
        assert.ok(!fs.readFileSync(file).includes(MARKER), `${file} has it`);
});
