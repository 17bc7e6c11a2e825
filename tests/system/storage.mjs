// storage.mjs — what projects keep between runs: across versions and workers, for whom, and what
// others get of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Daemon, NEAR, OUTLAYER, TGAS, WORKER_METHODS, near, sleep, until } from './harness.mjs';
import { askKeystore, bearerOf, open, registrationOf, whileWaiting } from './keystore.mjs';
import { Deceived } from './liar.mjs';

const net = await Deceived.start({ keystore: true, coordinatorArgs: ['--storage-project-mb', '3'] });
let second = null;
after(async () => {
    await second?.stop();
    [net.liar, net.fence].forEach((p) => p.stop());
});

const component = async (name) => {
    const { WasmUrl } = await net.guest(name);
    return { WasmUrl: { ...WasmUrl, build_target: 'wasm32-wasip2' } };
};
const guest = await component('test/near');
const visits = await component('test/near_released');
const bob = await net.createAccount('bob.test', 500n * NEAR);
const mallory = await net.createAccount('mallory.test', 500n * NEAR);
const manage = (who, method, args, deposit = NEAR / 10n) =>
    net.transact(who, OUTLAYER, [near.actions.functionCall(method, args, 100n * TGAS, deposit)]);
for (const [who, name] of [[net.alice, 'shop'], [net.alice, 'other'], [mallory, 'shop']])
    await manage(who, 'create_project', { name, source: guest });
const uuid = async (id) => (await net.view('get_project', { project_id: id })).uuid;
const [shop, other, trap] = await Promise.all(['alice.test/shop', 'alice.test/other', 'mallory.test/shop'].map(uuid));
const sha = (s) => createHash('sha256').update(s).digest('hex');

const source = (project, version) => ({ Project: { project_id: project, version_key: version ?? null } });
const ask = (who, lines, project = 'alice.test/shop', version) =>
    net.request(who, { source: source(project, version), input_data: lines.join('\n') });
/** What the calls of one run gave, a line each. */
async function run(...question) {
    const got = await ask(...question);
    assert.equal(got.completed?.success, true, got.completed?.error_message);
    return got.value.trimEnd().split('\n');
}

test('kept from run to run, for each account its own', async () => {
    assert.deepEqual(await run(net.alice, ['set name Alice', 'has name', 'get nothing']), ['""', '(true, "")', '"" ""']);
    assert.deepEqual(await run(net.alice, ['get name', 'list -']), ['"Alice" ""', '("[\\"name\\"]", "")']);
    assert.deepEqual(await run(bob, ['get name', 'list -', 'set name Bob']), ['"" ""', '("[]", "")', '""']);
    assert.deepEqual(await run(net.alice, ['get name', 'delete name', 'delete name', 'has name']),
        ['"Alice" ""', '(true, "")', '(false, "")', '(false, "")']);
    assert.deepEqual(await run(bob, ['get name']), ['"Bob" ""']);
    // The same names in another project are others.
    assert.deepEqual(await run(bob, ['get name', 'set name other'], 'alice.test/other'), ['"" ""', '""']);
    assert.deepEqual(await run(bob, ['get name']), ['"Bob" ""']);
});

test('conditional writes and counters', async () => {
    assert.deepEqual(await run(net.alice, ['absent k a', 'absent k b', 'equals k b c', 'equals k a c', 'get k', 'equals missing - x']),
        ['(true, "")', '(false, "")', 'false "a" ""', 'true "" ""', '"c" ""', 'false "" ""']);
    assert.deepEqual(await run(net.alice, ['increment n 5', 'decrement n 7', 'increment k 1']),
        ['(5, "")', '(-2, "")', '(0, "the value is no counter: it has 1 bytes, not 8")']);
    assert.deepEqual(await run(net.alice, ['set big 1048576*x', 'get big', 'set big 1048577*x', 'set 1025*k x', 'delete big']), [
        '""', '1048576 bytes ""', '"a value has at most 1048576 bytes, this one has 1048577"',
        '"a key has 1 to 1024 bytes, this one has 1025"', '(true, "")']);
    const many = Array.from({ length: 250 }, (_, i) => `set many:${String(i).padStart(3, '0')} v`);
    const list = JSON.parse(JSON.parse((await run(net.alice, [...many, 'list many:'])).at(-1).slice(1).split(', ""')[0]));
    assert.equal(list.length, 250);
    assert.deepEqual([list[0], list[249]], ['many:000', 'many:249']);
    assert.deepEqual(await run(net.alice, ['clear', 'list -']), ['""', '("[]", "")']);
});

test('new versions find it, and know which version wrote', async () => {
    const { hash } = guest.WasmUrl;
    await run(net.alice, ['increment visits 5', 'set old here']);
    // A program built with the library that people use today, as the next version.
    await manage(net.alice, 'add_version', { project_name: 'shop', source: visits, set_active: true });
    const told = async () => (await ask(net.alice, [])).value;
    assert.equal(await told(), 'alice.test true 6 1 false old,visits');
    assert.equal(await told(), 'alice.test true 7 2 false old,visits');
    assert.deepEqual(await run(net.alice, [`by-version visits ${hash}`, `by-version old ${hash}`, `by-version old ${visits.WasmUrl.hash}`, 'get-worker all'],
        'alice.test/shop', hash), ['"" ""', '"here" ""', '"" ""', '"2" ""']);
    // Another project with the same program neither sees nor clears it.
    assert.deepEqual(await run(net.alice, [`by-version old ${hash}`, `clear-version ${hash}`], 'alice.test/other'), ['"" ""', '""']);
    assert.deepEqual(await run(net.alice, [`clear-version ${hash}`, 'list -'], 'alice.test/shop', hash), ['""', '("[\\"visits\\"]", "")']);
    await manage(net.alice, 'set_active_version', { project_name: 'shop', version_key: hash }, 0n);
});

test('a program that fails after its storage said no is answered and charged', async () => {
    // The contract cannot look up such a name; that is no fault of the platform.
    const got = await ask(net.alice, [`get-worker price alice.test/${'x'.repeat(3000)}`, 'set key-without-value']);
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /index out of bounds/);
    assert.deepEqual(await run(net.alice, [`get-worker price alice.test/${'x'.repeat(3000)}`]), ['"" ""']);
});

test("the worker's area: shared in the project, public on purpose only", async () => {
    await run(net.alice, ['set-worker secret hidden', 'set-worker price 42 false', 'set-worker sealed 43 true']);
    assert.deepEqual(await run(bob, ['get-worker secret', 'get-worker price', 'get secret']), ['"hidden" ""', '"42" ""', '"" ""']);
    const denied = '"" "this key of the other project is encrypted, not public"';
    assert.deepEqual(await run(mallory, [
        `get-worker price ${shop}`, 'get-worker price alice.test/shop', `get-worker missing ${shop}`, 'get-worker price nobody.test/none',
        `get-worker secret ${shop}`, 'get-worker sealed alice.test/shop', 'get-worker price',
    ], 'mallory.test/shop'), ['"42" ""', '"42" ""', '"" ""', '"" ""', denied, denied, '"" ""']);

    const get = (query) => fetch(`${net.coordinator.url}/public/storage/get?${query}`);
    assert.deepEqual(await (await get(`project_uuid=${shop}&key=price`)).json(), { exists: true, value: Buffer.from('42').toString('base64') });
    assert.deepEqual(await (await get(`project_uuid=${shop}&key=none`)).json(), { exists: false });
    const raw = await get(`project_uuid=${shop}&key=price&format=raw`);
    assert.equal(raw.headers.get('content-type'), 'application/octet-stream');
    assert.equal(raw.headers.get('x-content-type-options'), 'nosniff', 'no script of our pages');
    assert.equal(await raw.text(), '42');
    const sealed = await get(`project_uuid=${shop}&key=secret`);
    assert.equal(sealed.status, 403);
    assert.equal(await sealed.text(), 'Storage key exists but is encrypted (not public)');
    assert.equal((await get(`project_uuid=${shop}&key=none&format=raw`)).status, 404);
    assert.equal((await get(`project_uuid=../../x&key=price`)).status, 400);
    const batch = (body) => fetch(`${net.coordinator.url}/public/storage/batch`, { method: 'POST', body: JSON.stringify(body) });
    assert.deepEqual((await (await batch({ project_uuid: shop, keys: ['price', 'secret', 'none'] })).json()).results, {
        price: { exists: true, value: 'NDI=' }, secret: { exists: true, error: 'encrypted' }, none: { exists: false },
    });
    for (const [keys, words] of [[[], 'No keys provided'], [Array(51).fill('k'), 'Maximum 50 keys allowed per request'], [['x'.repeat(1025)], /^Key too long: x/]]) {
        const answer = await batch({ project_uuid: shop, keys });
        assert.equal(answer.status, 400);
        assert.match(await answer.text(), new RegExp(words));
    }
    const use = await (await fetch(`${net.coordinator.url}/public/projects/storage?project_uuid=${shop}`)).json();
    assert.ok(use.key_count >= 4 && use.total_bytes > 0, JSON.stringify(use));
});

test('two workers at once lose nothing', async () => {
    const key = near.KeyPair.fromRandom('ed25519');
    await net.transact(net.operatorOwner, net.operatorId, [
        near.actions.addFunctionCallAccessKey(key.getPublicKey(), OUTLAYER, WORKER_METHODS),
    ]);
    const keyFile = path.join(net.home, 'second.json');
    fs.writeFileSync(keyFile, JSON.stringify({ account_id: net.operatorId, public_key: key.getPublicKey().toString(), private_key: key.toString() }), { mode: 0o600 });
    second = await new Daemon('outlayer-worker', [
        '--coordinator-url', net.coordinator.url, '--rpc-url', net.chain.url, '--contract-id', OUTLAYER, '--operator-id', net.operatorId,
        '--key-file', keyFile, '--token-file', net.tokenFile, '--home', path.join(net.home, 'second'), '--allow-http-loopback',
        '--keystore-url', net.keystore.url, '--keystore-token-file', net.keystoreTokenFile, '--worker-id', 'second',
    ], path.join(net.home, 'second.log')).start();
    try {
        await race();
        assert.match(second.logText(), /job_ran/);
        assert.match(net.worker.logText(), /job_ran/);
    } finally {
        await second.stop();
        second = null;
    }
});

async function race() {
    const signed = [];
    for (let i = 0; i < 8; i++)
        signed.push(await net.sign(bob, OUTLAYER, [net.requestAction({ source: source('alice.test/shop'), input_data: 'times 50 increment race 1' })]));
    const sums = (await Promise.all(signed.map((s) => net.settle(s)))).map((o) => Number(net.read(o).value.match(/^\((\d+), ""\)/)?.[1]));
    assert.equal(Math.max(...sums), 400, `${sums}`);
    assert.deepEqual(await run(bob, ['increment race 0']), ['(400, "")']);
}

test('only runs of a project have it', async () => {
    const refused = async (args) => {
        const got = await net.request(mallory, { input_data: 'get name', ...args });
        assert.equal(got.completed.success, false);
        assert.match(got.completed.error_message, /the program imports 'near:storage\/api', which only runs of a project have/);
    };
    await refused({ source: guest });
    await refused({ source: guest, params: { project_uuid: shop } });
    // Nor does a project's run choose another's by its parameters.
    const got = await net.request(mallory, { source: source('mallory.test/shop'), input_data: 'list -\nget-worker secret', params: { project_uuid: shop } });
    assert.equal(got.value, '("[]", "")\n"" ""\n');
});

/** What the worker holds while a run of `who` goes on: the lease as the coordinator gave it. */
async function during(who, lines, what) {
    let lease = null;
    net.liar.lie = (url, answer) => {
        if (url === '/jobs/lease' && answer.job_id)
            lease = answer;
        return undefined;
    };
    const running = ask(who, lines);
    try {
        await until('the lease', () => lease);
        await sleep(300);
        await what({ job_id: lease.job_id, token: lease.token });
    } finally {
        net.liar.lie = null;
    }
    return { got: await running, lease: { job_id: lease.job_id, token: lease.token } };
}

test('the coordinator lets a worker touch what its lease is for', async () => {
    const bearer = { authorization: `Bearer ${fs.readFileSync(net.tokenFile, 'utf8')}` };
    const post = async (route, body, headers = bearer) => {
        const answer = await fetch(`${net.coordinator.url}/storage/${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
        return { status: answer.status, ...await answer.json() };
    };
    const mine = { project_uuid: shop, account_id: 'bob.test' };
    const record = { key_hash: sha('forged'), wasm_hash: sha(''), encrypted_key: [1, 2, 3], encrypted_value: 'BAUG' };
    const { got, lease } = await during(bob, ['sleep 1500', 'get forged'], async (lease) => {
        assert.equal((await post('get', { ...mine, ...lease, key_hash: sha('name') }, {})).status, 401);
        assert.equal((await post('get', { ...mine, ...lease, key_hash: sha('name') }, { authorization: 'Bearer wrong' })).status, 401);
        for (const route of ['get', 'has', 'delete', 'set', 'set-if-absent', 'set-if-equals', 'list', 'usage', 'clear-all', 'clear-version', 'get-by-version']) {
            const all = { ...record, new_encrypted_key: 'AQ==', new_encrypted_value: 'AQ==', expected_encrypted_value: 'AQ==' };
            for (const [wrong, status] of [
                [{ ...mine }, 403], [{ ...mine, ...lease, token: lease.token + 1 }, 409], [{ ...mine, ...lease, job_id: 999999 }, 403],
                [{ ...mine, ...lease, project_uuid: other }, 403], [{ ...mine, ...lease, account_id: 'alice.test' }, 403],
                [{ ...mine, ...lease, account_id: '@worker2' }, 400], [{ ...mine, ...lease, account_id: '../bob.test' }, 400],
                [{ ...mine, ...lease, project_uuid: `${shop}:x` }, 400], [{ ...mine, ...lease, project_uuid: shop.toUpperCase() }, 400],
            ]) {
                const answer = await post(route, { ...all, ...wrong });
                assert.equal(answer.status, status, `${route} ${JSON.stringify(wrong)}: ${JSON.stringify(answer)}`);
            }
        }
        // Its own, in the forms that are documented; a public record in an account's area is none.
        assert.equal((await post('set', { ...mine, ...lease, ...record, is_encrypted: false })).status, 403);
        assert.deepEqual(await post('set-if-absent', { ...mine, ...lease, ...record }), { status: 200, inserted: true });
        assert.deepEqual(await post('get', { ...mine, ...lease, key_hash: record.key_hash }),
            { status: 200, exists: true, encrypted_key: [1, 2, 3], encrypted_value: [4, 5, 6], wasm_hash: record.wasm_hash, is_encrypted: true });
        assert.deepEqual(await post('set-if-equals', { ...mine, ...lease, ...record, new_encrypted_key: [1], new_encrypted_value: [1], expected_encrypted_value: [9] }),
            { status: 200, updated: false, current_encrypted_value: [4, 5, 6], current_encrypted_key: [1, 2, 3] });
        const listed = await post('list', { ...mine, ...lease, limit: 1000 });
        assert.equal(listed.total, listed.keys.length);
        const query = new URLSearchParams({ ...mine, ...lease, limit: 1, offset: 1 });
        const page = await (await fetch(`${net.coordinator.url}/storage/list?${query}`, { headers: bearer })).json();
        assert.deepEqual(page.keys, [listed.keys[1]]);
        assert.equal((await post('list', { ...mine, ...lease, limit: 1001 })).status, 400);
        assert.equal((await post('set', { ...mine, ...lease, ...record, key_hash: 'x' })).status, 400);
        assert.equal((await post('set', { ...mine, ...lease, ...record, encrypted_value: [256] })).status, 400);
        assert.equal((await post('set', { ...mine, ...lease, ...record, encrypted_value: 'A'.repeat(1_500_000) })).status, 413);
        // In another project only what is public, and never with bytes of what is not.
        assert.deepEqual(await post('get-public', { project_uuid: shop, key_hash: sha('secret') }), { status: 200, exists: true, is_encrypted: true });
    });
    assert.equal(got.value, 'slept\n"" "the stored record is not what was stored"\n');
    await until('the end of the lease', async () => (await post('get', { ...mine, ...lease, key_hash: sha('name') })).status === 409);
    assert.deepEqual(await run(bob, ['delete forged']), ['(true, "")']);
});

test('the keystore opens records for sessions and runs, and each in its own place', () => whileWaiting(net, bob, {
    source: source('alice.test/shop'), input_data: 'get name',
}, async (run) => {
    const { box, body } = await registrationOf(net);
    const { session_id: id } = await askKeystore(net, '/register-tee', body, bearerOf(net));
    const session = { ...bearerOf(net), 'x-tee-session': id };
    const place = { request_id: run, project_uuid: shop, account_id: 'bob.test' };
    const value = Buffer.from('the value').toString('base64');
    for (const headers of [{}, bearerOf(net), { 'x-tee-session': id }, { ...bearerOf(net), 'x-tee-session': '00000000-0000-4000-8000-000000000000' }])
        for (const route of ['encrypt', 'decrypt'])
            assert.equal((await askKeystore(net, `/storage/${route}`, { ...place, key: 'k', value_base64: value }, headers)).status, 401);
    const sealed = await askKeystore(net, '/storage/encrypt', { ...place, wasm_hash: sha(''), key: 'k', value_base64: value }, session);
    assert.equal(sealed.key_hash, sha('k'));
    assert.ok(!Buffer.from(sealed.encrypted_value_base64, 'base64').includes('the value'));
    const nonce = 'ab'.repeat(32);
    const decrypt = (change) => askKeystore(net, '/storage/decrypt', { ...place, nonce, ...sealed, ...change }, session);
    const told = open(box.privateKey, (await decrypt({})).sealed);
    assert.equal(told.subarray(0, 19).toString(), 'outlayer:v2:storage');
    assert.equal(told.subarray(32, 64).toString('hex'), nonce);
    assert.equal(told.subarray(64).toString(), '\x01\0\0\0k\x09\0\0\0the value');

    const another = await askKeystore(net, '/storage/encrypt', { ...place, key: 'l', value_base64: value }, session);
    const open_ = await askKeystore(net, '/storage/encrypt', { ...place, account_id: '@worker', key: 'k', value_base64: value, is_public: true }, session);
    assert.equal(open_.encrypted_value_base64, '');
    for (const [wrong, status] of [
        [{ encrypted_value_base64: another.encrypted_value_base64 }, 403], [{ encrypted_key_base64: sealed.encrypted_value_base64 }, 403],
        [{ encrypted_key_base64: another.encrypted_key_base64 }, 403], [{ account_id: 'alice.test' }, 409], [{ account_id: '@worker' }, 403],
        [{ project_uuid: other }, 409], [{ request_id: run + 1 }, 429], [{ request_id: run - 1 }, 429], [{ request_id: null }, 400], [{ is_public: true }, 403], [{ encrypted_value_base64: value }, 403], [{ nonce: 'ab' }, 400],
        [{ account_id: 'bob.test:x' }, 400], [{ project_uuid: 'project:alice.test/shop' }, 400], [{ project_uuid: '' }, 400],
        [{ encrypted_value_base64: null }, 403], [{ encrypted_keys_base64: Array(201).fill(sealed.encrypted_key_base64) }, 400],
        [{ account_id: '@worker', is_public: true, ...open_, encrypted_value_base64: Buffer.from('another').toString('base64') }, 403],
    ]) {
        const answer = await decrypt(wrong);
        assert.equal(answer.status, status, `${JSON.stringify(wrong).slice(0, 100)}: ${JSON.stringify(answer)}`);
    }
    assert.equal((await decrypt({ account_id: '@worker', is_public: true, ...open_, encrypted_value_base64: value })).status, 200);
    assert.equal((await askKeystore(net, '/storage/encrypt', { ...place, key: '', value_base64: value }, session)).status, 400);
    assert.equal((await askKeystore(net, '/storage/encrypt', { ...place, key: 'k', value_base64: 'A'.repeat(1_500_000) }, session)).status, 400);
    assert.equal((await askKeystore(net, '/storage/encrypt', { ...place, project_uuid: other, key: 'k', value_base64: value }, session)).status, 409);
    assert.equal((await askKeystore(net, '/storage/encrypt', { ...place, account_id: 'alice.test', key: 'k', value_base64: value }, session)).status, 409);
}));

test('a coordinator that lies about records is seen through', async () => {
    await run(bob, ['set one first', 'set two second', 'set-worker open 7 false', 'set-worker closed 8']);
    let kept = null;
    const lie = (url, change) => async (lines) => {
        const got = await net.liar.once((route, answer) => (route === url && answer.exists !== false ? (change(answer), answer) : undefined), () => ask(bob, lines));
        return got.value.trimEnd();
    };
    await lie('/storage/get', (answer) => (kept = { ...answer }))(['get one']);
    const swapped = '"" "the stored record is that of another key"', changed = '"" "the stored record is not what was stored"';
    const clear = (value) => (a) => Object.assign(a, { is_encrypted: false, encrypted_value: Buffer.from(value).toString('base64') });
    for (const [change, line, words] of [
        [(a) => Object.assign(a, kept), 'get two', swapped],
        [(a) => (a.encrypted_value = kept.encrypted_value), 'get two', changed],
        [clear('forged'), 'get two', '"" "the stored value is not sealed"'],
        [clear('forged'), 'get-worker closed', changed],
        [clear('8'), 'get-worker open', changed],
        [(a) => (a.encrypted_key = 'AAAA'), 'get two', changed],
        [(a) => delete a.is_encrypted, 'get two', '"" "the storage\'s answer is malformed"'],
        [(a) => (a.encrypted_value = 17), 'get two', '"" "the storage\'s answer is malformed"'],
    ])
        assert.equal(await lie('/storage/get', change)([line]), words, line);
    assert.equal(await lie('/storage/get-public', clear('99'))([`get-worker open ${shop}`]).catch(() => 'no lie'), 'no lie'); // one's own is not asked that way
    const listed = await lie('/storage/list', (a) => ([a.keys[0].encrypted_key, a.keys[1].encrypted_key] = [a.keys[1].encrypted_key, a.keys[0].encrypted_key]))(['list -']);
    assert.equal(listed, '("", "a stored key is not what its place says")');
    assert.deepEqual(await run(bob, ['get one', 'get two']), ['"first" ""', '"second" ""']);
});

test('in the database it is sealed', async () => {
    // Made by the program: what is in the request is public already.
    await run(net.alice, ['set 30*key 30*value', 'set-worker public 30*open false']);
    const bytes = ['coordinator.db', 'coordinator.db-wal'].map((f) => path.join(net.home, f)).filter(fs.existsSync).map((f) => fs.readFileSync(f));
    const has = (s) => bytes.some((b) => b.includes(s));
    assert.ok(!has('keykeykey') && !has('valuevalue'));
    assert.ok(has('openopenopen'));
    for (const name of ['chain', 'coordinator', 'keystore', 'worker'])
        assert.ok(!net[name].logText().includes('valuevalue'), name);
});

test('what was stored is there after kill -9 of everything that keeps it', async () => {
    await run(net.alice, ['set survivor yes']);
    await net.coordinator.kill9();
    await net.keystore.kill9();
    await net.startCoordinator();
    await net.startKeystore();
    [net.coordinatorUrl, net.keystoreUrl] = [net.coordinator.url, net.keystore.url];
    assert.deepEqual(await run(net.alice, ['get survivor']), ['"yes" ""']);
});

test('a project has a quota', async () => {
    const got = await run(mallory, ['set a 1000000*x', 'set b 1000000*x', 'set c 1000000*x', 'set d 1000000*x', 'get d', 'delete a', 'set d 900000*x', 'get d'], 'mallory.test/shop');
    const full = '"the project\'s storage is full: it may keep 3145728 bytes; delete what is no longer needed"';
    assert.deepEqual(got, ['""', '""', '""', full, '"" ""', '(true, "")', '""', '900000 bytes ""']);
    assert.deepEqual(await run(bob, ['set small x']), ['""']); // nobody else's
});

test('a deleted project takes its storage along', async () => {
    assert.notEqual((await (await fetch(`${net.coordinator.url}/public/projects/storage?project_uuid=${trap}`)).json()).key_count, 0);
    const running = ask(mallory, ['sleep 2500', 'set late x', 'get b'], 'mallory.test/shop');
    await sleep(1000);
    await manage(mallory, 'delete_project', { project_name: 'shop' }, 0n);
    await until('the end of its records', async () =>
        (await (await fetch(`${net.coordinator.url}/public/projects/storage?project_uuid=${trap}`)).json()).key_count === 0);
    assert.equal((await running).value, 'slept\n"the project was deleted, and its storage with it"\n"" ""\n');
    // The same name is another project.
    await manage(mallory, 'create_project', { name: 'shop', source: guest });
    assert.notEqual(await uuid('mallory.test/shop'), trap);
    assert.deepEqual(await run(mallory, ['list -', 'set a new', 'get a'], 'mallory.test/shop'), ['("[]", "")', '""', '"new" ""']);
});
