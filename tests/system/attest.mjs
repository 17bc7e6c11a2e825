// attest.mjs — quotes, collateral and records on the command line: the verdicts of the public
// vectors as exit statuses, and a simulated machine that is accepted only where its root is named.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { outlayer } from './command.mjs';

const vectors = path.join(path.dirname(fileURLToPath(import.meta.url)), '../vectors/tdx');
const at = (name) => path.join(vectors, name);
const expected = JSON.parse(await readFile(at('expected.json'), 'utf8'));
let dir;

before(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'outlayer-attest-'));
});
after(() => rm(dir, { recursive: true }));

async function verify(args) {
    const run = await outlayer(['quote', 'verify', ...args, '--json']);
    return { ...run, json: run.out ? JSON.parse(run.out) : null };
}

test('every case in the middle of its window, and one second outside', async () => {
    const cases = expected.cases.filter((c) => !c.mutation && /\/(mid|after)/.test(c.id));
    assert.ok(cases.length > 30);
    for (const c of cases) {
        const { code, json } = await verify([
            at(c.quote), '--collateral', at(`collateral/${c.collateral}.json`), '--at', `${c.time}`]);
        if (!c.ok) {
            assert.ok(c.errors.includes(json.code), `${c.id}: ${json.code}`);
            assert.notEqual(code, 0, c.id);
            continue;
        }
        assert.equal(json.code, 'OK', c.id);
        assert.equal(json.status, c.tcb_status, c.id);
        assert.deepEqual(json.advisory_ids, c.advisory_ids, c.id);
        assert.deepEqual(json.policy.sort(), c.strict_policy_reasons.sort(), c.id);
        const only_level = c.strict_policy_reasons.every((r) => r === 'P_TCB_STATUS');
        assert.equal(code, !c.strict_policy_reasons.length ? 0 : only_level ? 2 : 1, c.id);
        assert.equal(json.root, 'Intel');
    }
});

test('a quote may be text, and show believes nothing', async () => {
    const bytes = await readFile(at('quotes/tdx-v4-b0c06f.bin'));
    for (const encoding of ['hex', 'base64']) {
        await writeFile(path.join(dir, 'quote.txt'), `${bytes.toString(encoding)}\n`);
        const run = await outlayer(['quote', 'show', path.join(dir, 'quote.txt'), '--json']);
        assert.equal(run.code, 0);
        const want = expected.quotes['quotes/tdx-v4-b0c06f.bin'].body;
        assert.equal(JSON.parse(run.out).body.mr_td, want.mr_td);
        assert.equal(JSON.parse(run.out).body.report_data, want.report_data);
    }
    const bad = await outlayer(['quote', 'show', at('README.md')]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /is no quote/);
});

test('without collateral nothing can be told', async () => {
    const { code, err } = await outlayer(['quote', 'verify', at('quotes/tdx-v4-b0c06f.bin')]);
    assert.equal(code, 2);
    assert.match(err, /collateral/);
});

test('collateral: days left, and what has ended', async () => {
    const file = at('collateral/b0c06f-tdx-2026-08.json');
    const good = await outlayer(['collateral', 'check', file, '--at', '2026-08-20T00:00:00Z', '--json']);
    assert.equal(good.code, 0);
    assert.equal(JSON.parse(good.out).days_left, 22);
    assert.equal(JSON.parse(good.out).fmspc, 'b0c06f000000');
    const soon = await outlayer(['collateral', 'check', file, '--at', '2026-09-08T00:00:00Z']);
    assert.equal(soon.code, 0);
    assert.match(soon.err, /fewer than 10 days/);
    const late = await outlayer(['collateral', 'check', file, '--at', '2026-09-12T00:00:00Z', '--json']);
    assert.equal(late.code, 1);
    assert.equal(JSON.parse(late.out).code, 'E_CRL_TIME');
});

test('a simulated machine: accepted under its root, which says so, and never under Intel\'s', async () => {
    const [home, quote, coll] = ['sim', 'quote.bin', 'coll.json'].map((n) => path.join(dir, n));
    const made = await outlayer(['quote', 'get', '--source', `simulator:${home}`, '--report-data', 'c0ffee',
        '--out', quote, '--collateral-out', coll]);
    assert.equal(made.code, 0, made.err);
    assert.match(made.err, /SIMULATED/);
    const yes = await verify([quote, '--collateral', coll, '--simulated-root', path.join(home, 'root.der')]);
    assert.equal(yes.code, 0, yes.out);
    assert.equal(yes.json.root, 'SIMULATED');
    assert.match(yes.err, /SIMULATED/);
    assert.ok(yes.json.quote.body.report_data.startsWith('c0ffee00'));
    const no = await verify([quote, '--collateral', coll]);
    assert.equal(no.code, 1);
    assert.equal(no.json.code, 'E_CHAIN_UNTRUSTED');
    const intel = at('root/intel-sgx-root-ca.der');
    const lie = await verify([quote, '--collateral', coll, '--simulated-root', intel]);
    assert.equal(lie.code, 1);
    assert.match(lie.err, /not the root of a simulator/);
});

test('published records', async () => {
    const record = at('outlayer-records/mainnet-205123-v1.json');
    const m = expected.records[0].measurements;
    await writeFile(path.join(dir, 'approved.json'), JSON.stringify([m]));
    const args = ['attestation', 'verify', record, '--collateral', at('collateral/b0c06f-tdx-2026-08.json'),
        '--at', '1787894484', '--json'];
    const unknown = await outlayer(args);
    assert.equal(unknown.code, 2);
    assert.deepEqual([JSON.parse(unknown.out).quote, JSON.parse(unknown.out).identity], ['pass', 'unproven']);
    const pass = await outlayer([...args, '--approved', path.join(dir, 'approved.json')]);
    assert.equal(pass.code, 0, pass.out);
    const changed = JSON.parse(await readFile(record, 'utf8'));
    changed.output_hash = changed.input_hash;
    await writeFile(path.join(dir, 'changed.json'), JSON.stringify(changed));
    args[2] = path.join(dir, 'changed.json');
    const fail = await outlayer([...args, '--approved', path.join(dir, 'approved.json')]);
    assert.equal(fail.code, 1);
    assert.equal(JSON.parse(fail.out).binding, 'fail');
    changed.tdx_quote = Buffer.from('no-attestation-dev-mode').toString('base64');
    await writeFile(path.join(dir, 'changed.json'), JSON.stringify(changed));
    const none = await outlayer(args);
    assert.equal(none.code, 2);
    assert.match(none.err, /development mode/);
});

test('wrong usage', async () => {
    for (const args of [['quote'], ['quote', 'verify'], ['quote', 'get'], ['collateral', 'check'], ['collateral', 'fetch'],
        ['attestation', 'verify'], ['quote', 'verify', at('README.md'), '--at', 'yesterday']]) {
        const { code, out } = await outlayer(args);
        assert.equal(code, 3, args.join(' '));
        assert.equal(out, '');
    }
});
