// attested.mjs — every execution of a running network leaves evidence that can be checked without
// trusting the coordinator: statements without a gap, failures too, through kills and new epochs.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { outlayer } from './command.mjs';
import { Daemon, Network, sleep, until } from './harness.mjs';

const net = await Network.start({ workerArgs: ['--batch-seconds', '1'] });
const random = await net.guest('random');
const trap = await net.guest('test/trap');
const root = path.join(net.home, 'simulator/root.der');

const api = async (at) => {
    const answer = await fetch(`${net.coordinator.url}${at}`);
    return { status: answer.status, json: await answer.json().catch(() => null) };
};
const get = async (at) => {
    const { status, json } = await api(at);
    assert.equal(status, 200, `${at}: ${JSON.stringify(json)}`);
    return json;
};
const jobOf = async (requestId) => (await get(`/requests/${requestId}`)).job_id;

/** The execution's page once its statement is there. */
async function attested(requestId, state = null) {
    const id = await jobOf(requestId);
    return until(`the statement of request ${requestId}`, async () => {
        const page = await get(`/public/executions/${id}`);
        return page.attestation && (!state || page.attestation.state === state) && page;
    });
}

let files = 0;
function save(name, content) {
    const file = path.join(net.home, `${files++}-${name}`);
    fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
}

async function verify(bundle, ...args) {
    const run = await outlayer(['attestation', 'verify', save('bundle.json', bundle), '--simulated-root', root, '--json', ...args]);
    const json = run.out ? JSON.parse(run.out) : null;
    const layer = Object.fromEntries((json?.layers ?? []).map((l) => [l.layer, l.verdict]));
    return { code: run.code, json, layer, err: run.err };
}

const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const label = (text) => Buffer.concat([Buffer.from(text), Buffer.alloc(32 - text.length)]);
const digestOf = (statement) => sha256(Buffer.from([0]), label('outlayer:v2:statement'), statement);

/** The whole chain of a session, checked link by link with nothing of ours. */
async function chain(session) {
    const epoch = await get(`/attestations/epochs/${session}`);
    const key = crypto.createPublicKey({
        format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(epoch.manifest_fields.statement_key, 'hex').toString('base64url') },
    });
    const all = [];
    for (;;) {
        const more = await get(`/attestations/epochs/${session}/statements?first=${all.length}`);
        if (!more.length)
            break;
        all.push(...more);
    }
    let prev = Buffer.alloc(32);
    all.forEach((s, i) => {
        const bytes = Buffer.from(s.statement, 'base64');
        assert.equal(s.seq, i);
        assert.equal(bytes.subarray(2, 34).toString('hex'), session);
        assert.equal(Number(bytes.readBigUInt64LE(34)), i);
        assert.deepEqual(bytes.subarray(42, 74), prev, 'each names the one before');
        assert.ok(crypto.verify(null, Buffer.concat([label('outlayer:v2:statement'), bytes]), key, Buffer.from(s.signature, 'hex')));
        prev = digestOf(bytes);
        assert.equal(prev.toString('hex'), s.digest);
    });
    return { epoch, all };
}

/** What this network's machine measures, as an operator would approve it. */
async function approved() {
    const file = path.join(net.home, 'approved.json');
    if (!fs.existsSync(file)) {
        const [epoch] = await get('/attestations/epochs');
        const { quote } = await get(`/attestations/epochs/${epoch.session_id}`);
        const run = await outlayer(['quote', 'show', save('quote.txt', quote), '--json']);
        const body = JSON.parse(run.out).body;
        fs.writeFileSync(file, JSON.stringify([{
            mrtd: body.mr_td, rtmr0: body.rtmr0, rtmr1: body.rtmr1, rtmr2: body.rtmr2, rtmr3: body.rtmr3,
        }]));
    }
    return file;
}

test('a run and its failure are attested, and a bundle of it verifies offline', async () => {
    const got = await net.request(net.alice, { source: random, input_data: '{"min":1,"max":100}', response_format: 'Json' });
    const page = await attested(got.requested.request_id, 'batched');
    const { statement } = page.statements[0];
    assert.equal(page.attestation.simulated, true);
    assert.equal(statement.kind, 'execute');
    assert.equal(statement.status, 'ok');
    assert.equal(statement.caller, 'alice.test');
    assert.equal(statement.wasm_sha256, random.WasmUrl.hash);
    assert.equal(statement.input_sha256, sha256(Buffer.from('{"min":1,"max":100}')).toString('hex'));
    assert.equal(statement.delivered_sha256, sha256(Buffer.from(got.text)).toString('hex'));
    assert.deepEqual(statement.effects, ['random']);

    const bundle = await get(`/attestations/${page.id}/bundle`);
    assert.equal(bundle.simulated, true);
    assert.equal(Buffer.from(bundle.payload.delivered, 'base64').toString(), got.text);
    const { epoch } = await chain(page.attestation.session_id);
    const anchor = epoch.batches.find((b) => b.first_seq <= statement.seq && statement.seq < b.first_seq + b.count);
    const known = ['--at', `${Math.floor(statement.started_ms / 1000)}`, '--request', `${got.requested.request_id}`,
        '--caller', 'alice.test', '--network', 'sandbox-localnet', '--batch-root', anchor.root,
        '--approved', await approved(), '--wasm', path.join(process.env.SHARE_DIR, 'guests/random.wasm')];
    const all = await verify(bundle, ...known);
    assert.equal(all.code, 0, JSON.stringify(all.json, null, 1) + all.err);
    assert.equal(all.json.root, 'SIMULATED');

    // Without what the asker must know himself it is unproven, not passed.
    assert.equal((await verify(bundle)).code, 2);
    // Under Intel's root a simulated machine is nothing.
    const intel = await outlayer(['attestation', 'verify', save('bundle.json', bundle), ...known]);
    assert.equal(intel.code, 1);

    // A hostile coordinator changes the result, or hands out another's statement.
    const lie = structuredClone(bundle);
    lie.payload.delivered = Buffer.from('{"random_number":7}').toString('base64');
    assert.equal((await verify(lie, ...known)).layer.output, 'fail');
    const other = await net.request(net.alice, { source: random, input_data: '{"min":2,"max":2}' });
    const theirs = await attested(other.requested.request_id, 'batched');
    const wrong = await verify(await get(`/attestations/${theirs.id}/bundle`), ...known);
    assert.equal(wrong.code, 1);
    assert.equal(wrong.layer.request, 'fail');
    // A machine with other measurements.
    const list = JSON.parse(fs.readFileSync(await approved(), 'utf8'));
    list[0].mrtd = '00'.repeat(48);
    const strange = await verify(bundle, ...known.slice(0, -4), '--approved', save('other.json', list));
    assert.equal(strange.layer.identity, 'fail');
    // Collateral of another time.
    const late = await verify(bundle, '--at', `${Math.floor(Date.now() / 1000) + 40 * 86400}`);
    assert.notEqual(late.code, 0);
    assert.notEqual(late.layer.quote, 'pass');

    const bad = await net.request(net.alice, { source: trap, input_data: '' });
    const failed = await attested(bad.requested.request_id);
    assert.equal(failed.statements[0].statement.status, 'trap');
    assert.deepEqual(failed.statements[0].statement.effects, []);
    const proof = await get(`/attestations/${failed.id}/bundle`);
    assert.match(Buffer.from(proof.payload.delivered, 'base64').toString(), /^execution_failed: /);
    assert.equal((await verify(proof)).layer.output, 'pass');
});

test('the record that existing verifiers know, with a quote over it', async () => {
    const got = await net.request(net.alice, { source: random, input_data: '{"min":6,"max":6}' });
    const page = await attested(got.requested.request_id);
    const record = await get(`/attestations/${page.id}`);
    assert.deepEqual(await get(`/attestations/by-tx/${page.transaction_hash}`), record);
    assert.equal(record.task_id, page.id);
    assert.equal(record.output_hash, sha256(Buffer.from(got.text)).toString('hex'));
    assert.equal(record.attached_usd, '0');
    // The preimage of the documented layout, put together here.
    const i64 = (n) => { const b = Buffer.alloc(8); b.writeBigInt64LE(BigInt(n)); return b; };
    const preimage = ['execute', i64(record.task_id), record.build_target, record.wasm_hash, record.input_hash,
        record.output_hash, i64(record.block_height), record.caller_account_id, i64(record.timestamp), record.attached_usd];
    const quote = Buffer.from(record.tdx_quote, 'base64');
    assert.equal(quote.subarray(568, 600).toString('hex'), sha256(...preimage.map((p) => Buffer.from(p))).toString('hex'));
    assert.deepEqual(quote.subarray(600, 632), Buffer.alloc(32));
    assert.equal(quote.subarray(520, 568).toString('hex'), record.worker_measurement);
    const { collateral, simulated } = await get(`/public/collateral?at=${record.timestamp}`);
    assert.equal(simulated, true);
    const args = ['attestation', 'verify', save('record.json', record), '--collateral', save('collateral.json', collateral),
        '--approved', await approved(), '--json'];
    const run = await outlayer([...args, '--simulated-root', root]);
    assert.equal(run.code, 0, run.out + run.err);
    assert.notEqual((await outlayer(args)).code, 0, 'under Intel\'s root it is nothing');
    const changed = save('record.json', { ...record, output_hash: '00'.repeat(32) });
    assert.equal((await outlayer(['attestation', 'verify', changed, ...args.slice(3), '--simulated-root', root])).code, 1);
    assert.equal((await api('/attestations/999999')).status, 404);

    // A target that nobody named is none in the record.
    const { url, hash } = random.WasmUrl;
    const bare = await net.request(net.alice, { source: { WasmUrl: { url, hash } }, input_data: '{"min":6,"max":6}' });
    assert.ok(!('build_target' in await get(`/attestations/${(await attested(bare.requested.request_id)).id}?quote=0`)));
});

test('the command line gets a bundle by execution, request and transaction', async () => {
    const got = await net.request(net.alice, { source: random, input_data: '{"min":9,"max":9}' });
    const page = await attested(got.requested.request_id, 'batched');
    const at = ['--coordinator-url', net.coordinator.url];
    const file = path.join(net.home, 'got.json');
    const run = await outlayer(['attestation', 'get', `${page.id}`, '--bundle', file, ...at]);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /^SIMULATED machine\. Statement /);
    const bundle = fs.readFileSync(file, 'utf8');
    for (const what of [[page.transaction_hash], ['--request', `${got.requested.request_id}`]]) {
        const again = await outlayer(['attestation', 'get', ...what, ...at]);
        assert.equal(again.code, 0, again.err);
        assert.deepEqual(JSON.parse(again.out), JSON.parse(bundle));
    }
    assert.equal((await verify(JSON.parse(bundle))).code, 2, 'by itself it is unproven');
    const none = await outlayer(['attestation', 'get', '999999', ...at]);
    assert.equal(none.code, 1);
    assert.match(none.err, /No attestation found/);
    assert.notEqual((await outlayer(['attestation', 'get', 'what?', ...at])).code, 0);
});

test('collateral is fetched from a cache with the service\'s paths, and serves the bundle', async () => {
    const { collateral, fmspc } = await get('/public/collateral');
    const parts = JSON.parse(collateral);
    const cache = http.createServer((request, response) => {
        const at = new URL(request.url, 'http://cache');
        const answers = {
            '/tdx/certification/v4/tcb': ['TCB-Info-Issuer-Chain', parts.tcb_info_issuer_chain,
                `{"tcbInfo":${parts.tcb_info},"signature":"${parts.tcb_info_signature}"}`],
            '/tdx/certification/v4/qe/identity': ['SGX-Enclave-Identity-Issuer-Chain', parts.qe_identity_issuer_chain,
                `{"enclaveIdentity":${parts.qe_identity},"signature":"${parts.qe_identity_signature}"}`],
            '/sgx/certification/v4/pckcrl': ['SGX-PCK-CRL-Issuer-Chain', parts.pck_crl_issuer_chain, Buffer.from(parts.pck_crl, 'hex')],
            '/sgx/certification/v4/rootcacrl': [null, null, parts.root_ca_crl],
        };
        const found = answers[at.pathname];
        if (!found)
            return response.writeHead(404).end();
        response.writeHead(200, found[0] ? { [found[0]]: encodeURIComponent(found[1]) } : {}).end(found[2]);
    }).listen(0, '127.0.0.1');
    await once(cache, 'listening');
    const base = `http://127.0.0.1:${cache.address().port}`;
    const out = path.join(net.home, 'fetched.json');
    const archive = path.join(net.home, 'archive');
    const args = ['collateral', 'fetch', '--fmspc', fmspc, '--url', base, '--root-crl-url', `${base}/sgx/certification/v4/rootcacrl`,
        '--allow-http', '--out', out, '--archive', archive];
    const run = await outlayer([...args, '--simulated-root', root]);
    assert.equal(run.code, 0, run.out + run.err);
    assert.equal((await outlayer(args)).code, 1, 'under Intel\'s root it is not good');
    // The coordinator asks the same cache for machines whose worker brings none.
    const second = await new Daemon('outlayer-coordinator', [
        '--db', path.join(net.home, 'second.db'), '--listen', '127.0.0.1:0', '--contract-id', net.contractId,
        '--neardata-url', net.chain.url, '--worker-token-file', net.tokenFile, '--collateral-url', base,
    ], path.join(net.home, 'second.log')).start();
    const [newest] = await get('/attestations/epochs');
    const epoch = await get(`/attestations/epochs/${newest.session_id}`);
    const put = await fetch(`${second.url}/attestations/epochs`, {
        method: 'POST', headers: { authorization: `Bearer ${fs.readFileSync(net.tokenFile, 'utf8')}` },
        body: JSON.stringify({ ...epoch, collateral: null }),
    });
    assert.equal(put.status, 200, await put.text());
    const collected = await until('the coordinator to fetch collateral', async () => {
        const answer = await fetch(`${second.url}/public/collateral?fmspc=${fmspc}`);
        return answer.status === 200 && answer.json();
    });
    assert.equal(collected.source, base);
    assert.equal(collected.covers_requested_time, true);
    await second.stop();
    cache.close();
    const fetched = fs.readFileSync(out, 'utf8');
    const hash = sha256(Buffer.from(fetched)).toString('hex');
    assert.ok(fs.existsSync(path.join(archive, `${hash}.json`)), 'archived by its hash');
    assert.equal(JSON.parse(fs.readFileSync(path.join(archive, `${hash}.meta.json`), 'utf8')).fmspc, fmspc);
    const page = await attested((await net.request(net.alice, { source: random, input_data: '{"min":1,"max":1}' })).requested.request_id);
    const bundle = await get(`/attestations/${page.id}/bundle`);
    bundle.collateral = fetched;
    bundle.collateral_sha256 = hash;
    assert.equal((await verify(bundle)).layer.quote, 'pass');
    delete bundle.collateral;
    delete bundle.collateral_sha256;
    assert.equal((await verify(bundle)).layer.quote, 'unproven');
    assert.equal((await verify(bundle, '--collateral', out)).layer.quote, 'pass');
});

test('a quote with the asker\'s own nonce', async () => {
    const page = await attested((await net.request(net.alice, { source: random, input_data: '{"min":8,"max":8}' })).requested.request_id);
    const nonce = crypto.randomBytes(32);
    const answer = await fetch(`${net.coordinator.url}/attestations/${page.id}/quote`, {
        method: 'POST', body: JSON.stringify({ nonce: nonce.toString('hex') }),
    });
    assert.equal(answer.status, 200);
    const quote = Buffer.from((await answer.json()).quote, 'base64');
    const bound = sha256(label('outlayer:v2:quote'), Buffer.from(page.statements[0].digest, 'hex'), nonce);
    assert.deepEqual(quote.subarray(568, 632), Buffer.concat([bound, label('outlayer:v2:quote')]));
    const bad = await fetch(`${net.coordinator.url}/attestations/${page.id}/quote`, { method: 'POST', body: '{"nonce":"12"}' });
    assert.equal(bad.status, 400);
});

test('kill -9 in the middle of a batch: nothing is lost, the next session begins at 0', async () => {
    const before = await attested((await net.request(net.alice, { source: random, input_data: '{"min":3,"max":3}' })).requested.request_id);
    const session = before.attestation.session_id;
    const old = (await chain(session)).all.length;
    await net.worker.kill9();
    await net.startWorker();
    const page = await attested((await net.request(net.alice, { source: random, input_data: '{"min":4,"max":4}' })).requested.request_id);
    assert.notEqual(page.attestation.session_id, session);
    assert.equal(page.attestation.seq, 0);
    // The key of the old session is gone, and still its last batch ends with its last statement.
    const { epoch, all } = await until('the old batch', async () => {
        const c = await chain(session);
        return c.epoch.batches.every((b) => b.closed) && c;
    });
    assert.equal(all.length, old);
    assert.equal(epoch.batches.reduce((n, b) => n + b.count, 0), old);
});

test('a coordinator that was away, and one that lost its memory, get all of it', async () => {
    await net.coordinator.kill9();
    await net.startCoordinator();
    const page = await attested((await net.request(net.alice, { source: random, input_data: '{"min":5,"max":5}' })).requested.request_id);
    const { all } = await chain(page.attestation.session_id);
    assert.equal(all.length, page.attestation.seq + 1);
});

test('new epochs under load: each chain whole, each execution inside its own', async () => {
    await net.worker.stop();
    net.options.workerArgs = ['--batch-seconds', '1', '--epoch-seconds', '1', '--slots', '4'];
    await net.startWorker();
    const asked = [];
    const end = Date.now() + 5000;
    while (Date.now() < end) {
        asked.push(...await Promise.all(Array.from({ length: 4 }, (_, i) => net.request(net.alice, {
            source: random, input_data: `{"min":${i},"max":${i}}`,
        }))));
    }
    const pages = [];
    for (const got of asked)
        pages.push(await attested(got.requested.request_id));
    const sessions = [...new Set(pages.map((p) => p.attestation.session_id))];
    assert.ok(sessions.length >= 3, `${sessions.length} epochs in five seconds`);
    let statements = 0;
    for (const session of sessions) {
        const { epoch, all } = await chain(session);
        const mine = pages.filter((p) => p.attestation.session_id === session);
        assert.equal(all.length, mine.length, 'one statement for each execution, and no other');
        statements += all.length;
        for (const { statements: [{ statement }] } of mine) {
            assert.ok(Math.floor(statement.started_ms / 1000) >= epoch.manifest_fields.not_before);
            assert.ok(Math.floor(statement.finished_ms / 1000) <= epoch.manifest_fields.not_after);
        }
    }
    assert.equal(statements, asked.length);
    const last = pages.at(-1);
    const bundle = await get(`/attestations/${last.id}/bundle`);
    assert.equal((await verify(bundle, '--at', `${Math.floor(last.statements[0].statement.started_ms / 1000)}`)).layer.signature, 'pass');
});

test('the list is paged by its cursor, filtered, and tells what changes', async () => {
    const all = [];
    for (let before = 0; before !== null;) {
        const page = await get(`/public/executions?limit=7${before ? `&before=${before}` : ''}`);
        assert.ok(page.executions.length <= 7);
        all.push(...page.executions);
        before = page.next;
    }
    const ids = all.map((e) => e.id);
    assert.deepEqual(ids, [...new Set(ids)].toSorted((a, b) => b - a), 'newest first, each once');
    assert.equal((await get('/public/executions?account=nobody.test')).executions.length, 0);
    assert.equal((await get('/public/executions?account=alice.test&limit=200')).executions.length, Math.min(200, all.length));
    const failed = (await get('/public/executions?status=failed')).executions;
    assert.deepEqual(failed.map((e) => e.status), ['execution_failed']);
    assert.equal((await api('/public/executions?status=odd')).status, 400);
    assert.equal((await api('/public/executions/999999')).status, 404);

    const first = await get('/public/executions/live?after=0');
    assert.equal(first.reset, true);
    // Batches that are closed meanwhile are news of older executions: go on until it is ours.
    let { change } = first;
    const told = new Set();
    const asked = net.request(net.alice, { source: random, input_data: '{"min":2,"max":2}' });
    while (!told.size || !told.has((await asked).requested.request_id)) {
        const answer = await api(`/public/executions/live?after=${change}&wait_ms=20000`);
        assert.equal(answer.status, 200, 'no news in time');
        assert.equal(answer.json.reset, false);
        assert.ok(answer.json.change > change);
        change = answer.json.change;
        for (const e of answer.json.executions)
            told.add(e.request_id);
    }
});

test('a wish for a quote ends with whoever had it', async () => {
    const page = await attested((await net.request(net.alice, { source: random, input_data: '{"min":9,"max":9}' })).requested.request_id);
    const [{ worker }] = await get('/attestations/epochs');
    await net.worker.stop();
    const wishes = () => fetch(`${net.coordinator.url}/attestations/wishes`, {
        method: 'POST', headers: { authorization: `Bearer ${fs.readFileSync(net.tokenFile, 'utf8').trim()}` },
        body: JSON.stringify({ worker, wait_ms: 300 }),
    });
    const wish = (signal) => fetch(`${net.coordinator.url}/attestations/${page.id}/quote`, {
        method: 'POST', signal, body: JSON.stringify({ nonce: crypto.randomBytes(32).toString('hex') }),
    });
    assert.equal((await wishes()).status, 204, 'a worker that is there');
    await assert.rejects(wish(AbortSignal.timeout(200)));
    // Else those of a worker that does not come back would stand in line for ever.
    await sleep(1000); // asked sooner, it would be told of it
    assert.equal((await wishes()).status, 204);
    const waits = new AbortController();
    const asked = wish(waits.signal).catch(() => {});
    await until('a wish that somebody waits for', async () => (await wishes()).status === 200);
    waits.abort();
    await asked;
});
