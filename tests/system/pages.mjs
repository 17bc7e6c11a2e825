// pages.mjs — the web pages in a real browser: list, filter, one execution, its evidence; tampered
// evidence, strangers' text, ten thousand executions, a phone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, test } from 'node:test';
import { start } from './command.mjs';
import { Daemon, NEAR, Network, PATIENCE_MS, until } from './harness.mjs';

const { chromium } = createRequire(path.join(process.env.NODE_HOME, 'package.json'))('playwright-core');

const net = await Network.start({ workerArgs: ['--batch-seconds', '1'] });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
after(() => browser.close());

/** A page on which nothing may go wrong: no error, nothing that the policy had to stop. */
async function open(url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.wrong = [];
    page.on('pageerror', (error) => page.wrong.push(error.message));
    page.on('console', (m) => m.type() === 'error' && !/status of 404/.test(m.text()) && page.wrong.push(m.text()));
    await page.goto(new URL(url, net.coordinator.url).href);
    return page;
}

async function close(page) {
    assert.deepEqual(page.wrong, []);
    await page.context().close();
}

const guest = async (name) => net.guest(name);
const [random, echo, exit1] = await Promise.all(['random', 'test/echo', 'test/exit1'].map(guest));
const ask = (source, input_data, more = {}) => net.request(net.alice, { source, input_data, ...more }, { deposit: NEAR });
const jobOf = async (got) => (await net.page(got.requested.request_id)).job_id;

async function outcomes(page) {
    await page.waitForSelector('#verdict');
    return page.$$eval('.steps li', (list) => Object.fromEntries(list.map((li) => [li.dataset.step, li.dataset.outcome])));
}

const good = {
    layout: 'pass', quote: 'unproven', session: 'pass', signature: 'pass', time: 'pass', request: 'pass', code: 'pass',
    input: 'pass', output: 'pass', order: 'pass', anchor: 'unproven',
};

test('the list: what is there, what comes, what is asked for', async () => {
    const first = await jobOf(await ask(random, '{"min":1,"max":6}', { response_format: 'Json' }));
    const page = await open('/');
    assert.match(page.url(), /\/executions$/);
    await page.waitForSelector(`tr[data-id="${first}"] .badge:text-is("Done")`);
    assert.equal(await page.textContent(`tr[data-id="${first}"] td[data-label="Account"]`), 'alice.test');
    const failed = await jobOf(await ask(exit1, ''));
    await page.waitForSelector(`tr[data-id="${failed}"] .badge:text-is("Execution Failed")`);
    assert.deepEqual(await page.$$eval('#rows tr', (rows) => rows.map((r) => Number(r.dataset.id))), [failed, first], 'newest first');
    const stats = await page.$$eval('#stats div', (list) => Object.fromEntries(list.map((d) => [...d.children].map((c) => c.textContent))));
    assert.deepEqual([stats.Executions, stats.Succeeded, stats.Failed, stats.Accounts], ['2', '50 %', '1', '1']);
    assert.ok(await page.isVisible('#live') && !await page.isVisible('#empty'));
    await page.selectOption('select[name=status]', 'failed');
    await page.click('text=Show');
    await page.waitForURL(/status=failed$/);
    await page.waitForSelector(`tr[data-id="${failed}"]`);
    assert.equal(await page.locator('#rows tr').count(), 1);
    await page.fill('input[name=account]', 'nobody.test');
    await page.click('text=Show');
    await page.waitForSelector('#notice:has-text("Nothing here. Ask for less.")');
    await page.click('text=Clear');
    await page.click(`tr[data-id="${first}"] >> text=View Attestation`);
    await page.waitForURL(`**/executions/${first}#attestation`);
    await close(page);
});

test('one execution, and its attestation', async () => {
    const id = await jobOf(await ask(random, '{"min":7,"max":7}', { response_format: 'Json' }));
    const page = await open(`/executions/${id}`);
    await page.waitForSelector('.timeline li:has-text("Callback")');
    const steps = await page.$$eval('.timeline b', (list) => list.map((b) => b.textContent));
    assert.deepEqual(steps, ['Requested', 'Seen by the coordinator', 'Taken by a worker', 'Program fetched', 'Ran', 'Answered on the chain', 'Callback']);
    assert.deepEqual(JSON.parse(await page.textContent('#output')), { random_number: 7 });
    assert.equal(await page.textContent('#input'), '{"min":7,"max":7}');
    const facts = await page.$$eval('#content dl', (lists) => Object.fromEntries(lists.flatMap((dl) =>
        [...dl.querySelectorAll('dt')].map((dt) => [dt.textContent, dt.nextElementSibling.textContent]))));
    assert.equal(await page.textContent('#what'), 'Done');
    assert.match(await page.textContent('#who'), /^random\.wasm for alice\.test, (now|\d+ s ago)$/);
    assert.equal(await page.evaluate(() => document.querySelector('.copy').getAttribute('aria-label')), 'Copy');
    assert.equal(facts['Program that ran'], random.WasmUrl.hash);
    assert.equal(facts.Account, 'alice.test');
    assert.match(facts.Instructions, /^[\d,]+ of 1\.0B$/);
    assert.match(facts.Memory, /^\d+\.\d KiB of 128 MiB$/);
    assert.equal(facts.Paid, '1.000000 NEAR');
    assert.match(facts.Charged, /^0\.0010\d+ NEAR$/);
    await page.waitForSelector('#state:text-is("in a batch")');
    await page.click('text=View Attestation');
    assert.deepEqual(await outcomes(page), good);
    assert.match(await page.textContent('#verdict'), /What this page can check holds.*SIMULATED/);
    assert.match(await page.textContent('li[data-step=anchor]'), /has not been anchored yet/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    const bundle = JSON.parse(fs.readFileSync(await download.path(), 'utf8'));
    assert.equal(bundle.format, 'outlayer-bundle-2');
    await close(page);
});

test('the attestation of a failure', async () => {
    const id = await jobOf(await ask(exit1, ''));
    const page = await open(`/executions/${id}#attestation`);
    const steps = await until('evidence', async () => {
        if (!await page.locator('#verdict').count())
            await page.reload();
        await page.waitForTimeout(200);
        return await page.locator('#verdict').count() && outcomes(page);
    }, PATIENCE_MS);
    assert.deepEqual({ ...steps, order: 'pass' }, good);
    assert.match(await page.textContent('#error'), /./);
    await close(page);
});

test('tampered evidence is shown as such', async () => {
    const id = await jobOf(await ask(echo, 'the truth'));
    const page = await open(`/executions/${id}`);
    await page.waitForSelector('#state:text-is("in a batch")');
    const bundle = await (await fetch(`${net.coordinator.url}/attestations/${id}/bundle?payload=1`)).json();
    const other = await jobOf(await ask(echo, 'another'));
    const otherBundle = await until('the other bundle', async () => {
        const answer = await fetch(`${net.coordinator.url}/attestations/${other}/bundle?payload=1`);
        return answer.ok && answer.json();
    });
    const flip = (base64, at) => {
        const bytes = Buffer.from(base64, 'base64');
        bytes[at < 0 ? bytes.length + at : at] ^= 1;
        return bytes.toString('base64');
    };
    const b64 = (text) => Buffer.from(text).toString('base64');
    const cases = {
        'a statement changed': [{ ...bundle, statement: flip(bundle.statement, -1) }, 'signature'],
        'another signature': [{ ...bundle, signature: otherBundle.signature }, 'signature'],
        'another manifest': [{ ...bundle, session: { ...bundle.session, manifest: flip(bundle.session.manifest, -1) } }, 'session'],
        'a quote of something else': [{ ...bundle, session: { ...bundle.session, quote: flip(bundle.session.quote, 570) } }, 'session'],
        'a statement of another request': [otherBundle, 'request'],
        'another output': [{ ...bundle, payload: { ...bundle.payload, delivered: b64('"a lie"') } }, 'output'],
        'another input': [{ ...bundle, payload: { ...bundle.payload, input: b64('a lie') } }, 'input'],
        'another batch': [{ ...bundle, anchor: { ...bundle.anchor, head: flip(bundle.anchor.head, -1) } }, 'order'],
        'another path': [{ ...bundle, anchor: { ...bundle.anchor, path: [...bundle.anchor.path, '00'.repeat(32)] } }, 'order'],
        'no bundle': [{ format: '<b>x</b>' }, 'layout'],
        'half a bundle': [{ ...bundle, statement: bundle.statement.slice(0, 80) }, 'layout'],
    };
    for (const [name, [tampered, step]] of Object.entries(cases)) {
        await page.route('**/bundle?**', (route) => route.fulfill({ json: tampered }));
        await page.click('text=View Attestation');
        await page.waitForSelector('#view:enabled');
        assert.equal((await outcomes(page))[step], 'fail', name);
        assert.equal(await page.getAttribute('#verdict', 'data-outcome'), 'fail', name);
        await page.unroute('**/bundle?**');
    }
    // An output that the coordinator changed, beside evidence that is right.
    await page.route(`**/public/executions/${id}`, async (route) => {
        const json = await (await route.fetch()).json();
        await route.fulfill({ json: { ...json, output: { Text: 'a lie' } } });
    });
    await page.reload();
    await page.click('text=View Attestation');
    await page.waitForSelector('#view:enabled');
    assert.equal((await outcomes(page)).output, 'fail');
    await page.unroute(`**/public/executions/${id}`);
    // A file of one's own.
    const file = path.join(net.home, 'tampered.json');
    fs.writeFileSync(file, JSON.stringify(cases['a statement changed'][0]));
    await page.reload();
    await page.setInputFiles('#file', file);
    assert.equal((await outcomes(page)).signature, 'fail');
    await close(page);
});

test('strangers\' text stays text', async () => {
    const text = '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"></pre><svg onload=alert(1)>\u202e&lt;';
    const id = await jobOf(await ask(echo, text));
    const page = await open(`/executions/${id}`);
    await page.waitForSelector('#output');
    assert.equal(await page.textContent('#output'), text);
    assert.equal(await page.textContent('#input'), text);
    assert.equal(await page.locator('main img, main svg, main script').count(), 0);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    const answer = await fetch(`${net.coordinator.url}/executions/${id}`);
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'; script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    // Even if something got in, the policy would not run it; that is not an error of the page.
    await page.evaluate(() => {
        const s = document.createElement('script');
        s.textContent = 'window.pwned = 2';
        document.body.append(s);
    });
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.ok(page.wrong.every((m) => /Content Security Policy/.test(m)), page.wrong.join('\n'));
    await page.context().close();
});

test('what is not there', async () => {
    const page = await open('/executions/999999');
    await page.waitForSelector('#notice:has-text("There is no execution 999999 here")');
    await page.goto(`${net.coordinator.url}/executions/x%3Cb%3E`);
    await page.waitForSelector('#notice:has-text("The address names no execution")');
    await close(page);
    for (const at of ['/web/nothing.js', '/web/..%2f..%2foutlayer.wasm', '/executions/1/2'])
        assert.equal((await fetch(net.coordinator.url + at)).status, 404, at);
    const { headers } = await fetch(`${net.coordinator.url}/web/style.css`);
    const again = await fetch(`${net.coordinator.url}/web/style.css`, { headers: { 'If-None-Match': headers.get('etag') } });
    assert.equal(again.status, 304);
});

test('nothing has run yet; names as long as they may be', async () => {
    const page = await open('/web/icon.svg', { viewport: { width: 360, height: 700 } });
    const answer = (json) => page.route('**/public/executions?*', (route) => route.fulfill({ json }));
    await answer({ executions: [], next: null });
    await page.goto(`${net.coordinator.url}/executions`);
    await page.waitForSelector('#empty:has-text("Nothing has run yet")');
    assert.ok(await page.isHidden('#list'));
    const { executions: [row] } = await (await fetch(`${net.coordinator.url}/public/executions?limit=1`)).json();
    await page.unroute('**/public/executions?*');
    await answer({ executions: [
        { ...row, id: 10_000_001, account: 'a'.repeat(64), project_id: `${'b'.repeat(64)}/${'c'.repeat(64)}`, charged_yocto: `9${'0'.repeat(32)}` },
        { ...row, id: 10_000_000, source: { kind: 'url', url: `https://example.org/${'d'.repeat(500)}.wasm` }, created_ms: 0 },
    ], next: null });
    for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 700 });
        await page.reload();
        await page.waitForSelector('tr[data-id="10000001"]');
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${width}`);
    }
    await page.click('tr[data-id="10000000"] td[data-label=Program] a');
    await page.waitForURL(/executions\/10000000$/);
    await close(page);
});

test('a phone, a dark room, a keyboard', async () => {
    const page = await open('/executions', { viewport: { width: 360, height: 700 }, colorScheme: 'dark' });
    await page.waitForSelector('#rows tr');
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
    assert.ok(await wide(), 'nothing is wider than the screen');
    const [r, g, b] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
    assert.ok(r + g + b < 150, 'dark');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.click('text=View Attestation >> nth=0');
    await page.waitForSelector('#verdict');
    assert.ok(await wide(), 'nor on the page of one');
    // Every control and every table has a name for those who cannot see it.
    const nameless = await page.$$eval('input, select, button, meter, table', (list) => list.filter((e) =>
        !(e.labels?.length || e.getAttribute('aria-label') || e.caption || e.textContent.trim())).map((e) => e.outerHTML));
    assert.deepEqual(nameless, []);
    await close(page);
});

test('a network that anchors: the page says where', async () => {
    const run = start(['up', '--json', '--home', path.join(net.home, 'up'), '--port-base', '0', '--block-time-ms', '50']);
    after(async () => {
        run.child.kill('SIGINT');
        await run.ended;
    });
    const up = await until('the network', () => run.out.split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l)).find((l) => l.ready));
    const { job_id: id } = await (await fetch(`${up.coordinator}/requests/${up.request_id}`)).json();
    const page = await open(`${up.coordinator}/executions/${id}`);
    await page.waitForSelector('#state:text-is("on the chain")');
    await page.click('text=View Attestation');
    assert.deepEqual(await outcomes(page), good);
    assert.match(await page.textContent('li[data-step=anchor]'), /Said to be in transaction \w+ to worker\.outlayer\.test/);
    await close(page);
});

test('ten thousand executions, page by page', async () => {
    const TOTAL = 10_000, EACH = 500;
    const { block } = await (async () => {
        for (let height = 1; ; height++) {
            const text = await (await fetch(`${net.chain.url}/v0/block/${height}`)).text();
            if (text.includes('execution_requested'))
                return { block: JSON.parse(text) };
        }
    })();
    const outcome = block.shards.flatMap((s) => s.receipt_execution_outcomes).map((o) => o.execution_outcome.outcome)
        .find((o) => o.logs.some((l) => l.includes('execution_requested')));
    const event = JSON.parse(outcome.logs.find((l) => l.includes('execution_requested')).slice('EVENT_JSON:'.length));
    const request = JSON.parse(event.data[0].request_data);
    const blocks = TOTAL / EACH;
    const blockAt = (n) => {
        outcome.logs = Array.from({ length: EACH }, (_, i) => {
            const id = n * EACH + i;
            event.data[0].request_data = JSON.stringify({ ...request, request_id: id, sender_id: `user${id % 10}.test` });
            event.data[0].data_id = [...Buffer.alloc(28), ...Buffer.from(id.toString(16).padStart(8, '0'), 'hex')];
            return `EVENT_JSON:${JSON.stringify(event)}`;
        });
        Object.assign(block.block.header, { height: 1000 + n, prev_height: 999 + n, hash: `block${n}`, prev_hash: `block${n - 1}` });
        return JSON.stringify(block);
    };
    const stream = http.createServer((q, a) => {
        const at = q.url.match(/^\/v0\/block\/(\d+)/);
        const n = at ? Number(at[1]) - 1000 : blocks - 1;
        if (n >= blocks) {
            setTimeout(() => a.end('null'), 200);
            return;
        }
        a.setHeader('content-type', 'application/json');
        a.end(blockAt(Math.max(n, 0)));
    });
    await new Promise((done) => stream.listen(0, '127.0.0.1', done));
    const coordinator = await new Daemon('outlayer-coordinator', [
        '--db', path.join(net.home, 'many.db'), '--listen', '127.0.0.1:0', '--contract-id', net.contractId,
        '--neardata-url', `http://127.0.0.1:${stream.address().port}`, '--worker-token-file', net.tokenFile,
        '--start-height', '1000', '--durable', 'normal',
    ], net.log('many')).start();
    after(async () => {
        await coordinator.stop();
        stream.closeAllConnections();
        stream.close();
    });
    await until('ten thousand', async () => {
        const { executions } = await (await fetch(`${coordinator.url}/public/executions?limit=1`)).json();
        return executions[0]?.id === TOTAL;
    }, 3 * PATIENCE_MS);
    const page = await open(`${coordinator.url}/executions`);
    const seen = new Set();
    for (let n = 0; n < 5; n++) {
        await page.waitForSelector('#rows tr');
        const ids = await page.$$eval('#rows tr', (rows) => rows.map((r) => Number(r.dataset.id)));
        assert.equal(ids.length, 50);
        assert.equal(ids[0], TOTAL - n * 50);
        ids.forEach((id) => seen.add(id));
        await page.click('#older');
        await page.waitForURL(/before=/);
        await page.waitForSelector(`tr[data-id="${ids[49] - 1}"]`);
    }
    assert.equal(seen.size, 250);
    await page.goto(`${coordinator.url}/executions?before=51`);
    await page.waitForSelector('tr[data-id="1"]');
    assert.ok(await page.locator('#older').isHidden(), 'the last page');
    await page.goto(`${coordinator.url}/executions?account=user7.test&before=100`);
    await page.waitForSelector('tr[data-id="8"]');
    assert.deepEqual(await page.$$eval('#rows tr', (rows) => rows.map((r) => Number(r.dataset.id))), [98, 88, 78, 68, 58, 48, 38, 28, 18, 8]);
    await close(page);
});
