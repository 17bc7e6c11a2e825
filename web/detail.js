// detail.js — /executions/ID: one execution from request to callback, and the proof of it.

import {
    $, HttpError, age, badge, bytes, code, count, el, evidenceState, getJson, link, ms, near, notice, program, shortProgram, simulated, time,
    usd, whole,
} from './page.js';
import { base58, effects, hex, total, verify } from './evidence.js';

const id = location.pathname.split('/').pop();
const WAIT_MS = 25000;
let execution = null;

const facts = (...rows) => el('dl', {}, rows.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
const section = (name, title, ...children) => el('section', { class: name }, el('h2', {}, title), ...children);

// ---- what happened ----

const said = {
    queued: 'Seen by the coordinator', leased: 'Taken by a worker', fetched: 'Program fetched', compiling: 'Compiling',
    compiled: 'Compiled', ran: 'Ran', resolved: 'Answered on the chain', completed: 'Callback', released: 'Given back',
    expired: 'The worker went silent', failed: 'Given up',
};

/** The details of a step worth a line; the rest is in the JSON. */
function stepText(step) {
    const d = step.detail ?? {};
    switch (step.step) {
        case 'leased': return `${d.worker}${d.attempt > 1 ? `, attempt ${d.attempt}` : ''}`;
        case 'fetched': return `${bytes(d.bytes)}${d.cached ? ', kept from before' : ` in ${ms(d.ms)}`}`;
        case 'compiling': return [d.phase, d.total ? `${d.done} of ${d.total}` : null, d.name].filter(Boolean).join(' ');
        case 'compiled': return [d.commit, d.language, d.cached ? 'kept from before' : d.ms ? ms(d.ms) : null].filter(Boolean).join(', ');
        case 'ran': return `${whole(d.instructions)} instructions in ${ms(d.time_ms)}, ${bytes(d.memory_bytes)} of memory`;
        case 'resolved': return d.tx ? `transaction ${d.tx}` : '';
        case 'completed': return d.charged ? `${near(d.charged)} charged, ${near(d.refunded)} back` : '';
        case 'released': case 'failed': return d.reason ?? d.error ?? '';
        default: return '';
    }
}

const stepLook = { completed: 'good', released: 'open', expired: 'open', failed: 'bad' };

function timeline(x) {
    const begin = Math.floor(Number(x.block_timestamp_ns ?? 0) / 1e6) || x.created_ms;
    const steps = [{ step: 'requested', at_ms: begin, block_height: x.block_height }, ...x.steps];
    return section('story', 'Timeline', el('ol', { class: x.done_ms ? 'timeline' : 'timeline going' }, steps.map((s) => el('li', { class: stepLook[s.step] },
        el('span', { class: 'when' }, `${s.at_ms >= begin ? '+' : ''}${whole(s.at_ms - begin)} ms`),
        el('span', { class: 'when' }, s.block_height ? `block ${s.block_height}` : ''),
        el('span', {}, el('b', {}, s.step === 'requested' ? 'Requested' : said[s.step] ?? s.step), ' ',
            s.step === 'requested' ? `by ${x.account}` : stepText(s))))));
}

function summary(x) {
    const source = x.source ?? {};
    return section('asked', 'Request',
        facts(['Program', program(source)],
            ['Commit', source.kind === 'github' ? code(source.commit) : null],
            ['Hash asked for', source.hash ? code(source.hash) : null],
            ['Target', source.build_target],
            ['Program that ran', x.wasm_sha256 ? code(x.wasm_sha256) : null],
            ['Project', x.project_id],
            ['Account', x.account],
            ['Through contract', x.predecessor],
            ['Secrets', x.request?.secrets_ref ? `${x.request.secrets_ref.account_id}/${x.request.secrets_ref.profile}` : null],
            ['Created', time(x.created_ms)],
            ['Transaction', code(x.transaction_hash)],
            ['Answer', x.resolve_tx ? code(x.resolve_tx) : null],
            ['Worker', x.worker],
            ['Attempts', x.attempts > 1 ? String(x.attempts) : null]));
}

function use(title, used, most, text) {
    if (used === null || used === undefined)
        return [title, null];
    const meter = most ? el('meter', { min: 0, max: most, value: Math.min(used, most), 'aria-label': title }) : null;
    return [title, [meter, text]];
}

function resources(x) {
    const limits = x.request?.resource_limits ?? {}, run = x.run ?? {};
    return section('used', 'Limits and cost',
        facts(use('Instructions', x.instructions, limits.max_instructions, `${whole(x.instructions)} of ${count(limits.max_instructions)}`),
            use('Time', x.time_ms, limits.max_execution_seconds * 1000, `${ms(x.time_ms)} of ${limits.max_execution_seconds} s`),
            use('Memory', run.memory_bytes, limits.max_memory_mb * 1048576, `${bytes(run.memory_bytes)} of ${limits.max_memory_mb} MiB`),
            ['Processor', run.cpu_us === undefined ? null : `${(run.cpu_us / 1000).toFixed(2)} ms`],
            ['Output', run.output_bytes === undefined ? null : bytes(run.output_bytes)],
            ['Paid', near(x.payment_yocto)],
            ['Charged', near(x.charged_yocto)],
            ['Given back', near(x.refunded_yocto)],
            ['Attached', x.request?.attached_usd && x.request.attached_usd !== '0' ? usd(x.request.attached_usd) : null],
            ['Given back by the program', x.refund_usd ? usd(x.refund_usd) : null]));
}

function outputText(output) {
    const [kind, value] = Object.entries(output ?? {})[0] ?? [];
    if (kind === 'Text')
        return value;
    if (kind === 'Bytes')
        return hex(value);
    return JSON.stringify(value === undefined ? output : value, null, 2);
}

function result(x) {
    const run = x.run ?? {}, parts = [];
    if (x.error)
        parts.push(el('h3', {}, 'Error'), el('pre', { id: 'error', class: 'bad' }, x.error));
    if (typeof x.request?.input_data === 'string')
        parts.push(el('h3', {}, 'Input'), el('pre', { id: 'input' }, x.request.input_data));
    if (x.output !== null && x.output !== undefined)
        parts.push(el('h3', {}, 'Output'), el('pre', { id: 'output' }, outputText(x.output)));
    if (run.stderr)
        parts.push(el('h3', {}, 'Log', run.stderr_bytes > run.stderr.length ? ` (${bytes(run.stderr_bytes)}, cut)` : ''), el('pre', { id: 'log' }, run.stderr));
    return parts.length ? section('bytes', 'Input and output', ...parts) : null;
}

function network(x) {
    const requests = x.run?.requests ?? [];
    if (!requests.length)
        return null;
    const row = (r) => el('tr', {}, el('td', {}, `${r.host}:${r.port}`), el('td', {}, r.address ?? '—'),
        el('td', {}, r.outcome === 'ok' ? `answered ${r.status ?? ''}` : el('span', { class: 'bad' }, r.why ?? r.outcome)),
        el('td', { class: 'n' }, bytes(r.sent)), el('td', { class: 'n' }, bytes(r.received)), el('td', { class: 'n' }, ms(r.time_ms)));
    const more = (x.run.requests_total ?? 0) - requests.length;
    return section('net', 'Network',
        el('div', { class: 'scroll' }, el('table', {},
            el('caption', { class: 'hidden' }, 'HTTP requests of the program'),
            el('thead', {}, el('tr', {}, ['Host', 'Address', 'Outcome', 'Sent', 'Received', 'Time'].map((t) => el('th', { scope: 'col' }, t)))),
            el('tbody', { id: 'network' }, requests.map(row)))),
        more > 0 ? el('p', { class: 'notice' }, `and ${more} more`) : null);
}

function show(x) {
    $('title').textContent = `Execution ${x.id}`;
    document.title = `Execution ${x.id} — OutLayer`;
    $('what').replaceChildren(badge(x.status));
    $('who').replaceChildren(el('b', {}, x.project_id ?? shortProgram(x.source)), ' for ', el('b', {}, x.account ?? '—'), ', ', age(x.created_ms));
    $('content').replaceChildren(el('div', {}, ...(x.error ? [result(x), timeline(x), network(x)] : [timeline(x), result(x), network(x)]).filter(Boolean)), el('div', {}, resources(x), summary(x)));
    notice('');
}

// ---- what is proven ----

const outcomes = { pass: ['✓ PASS', 'good'], fail: ['✗ FAIL', 'bad'], unproven: ['○ UNPROVEN', 'open'] };
const verdicts = {
    pass: 'All of it holds.',
    fail: 'This evidence does not hold.',
    unproven: 'What this page can check holds; what is left open needs the command line.',
};

function report({ steps, read }, isSimulated) {
    const worst = total(steps), s = read.statement, q = read.quote;
    return [
        el('p', { class: `verdict ${outcomes[worst][1]}`, id: 'verdict', 'data-outcome': worst }, outcomes[worst][0].slice(0, 1), ' ', verdicts[worst], ' ', isSimulated ? simulated() : null),
        el('ol', { class: 'steps' }, steps.map((step) => el('li', { 'data-step': step.name, 'data-outcome': step.outcome },
            el('span', { class: outcomes[step.outcome][1] }, outcomes[step.outcome][0]),
            el('div', {}, el('p', {}, step.title), el('p', { class: 'why' }, step.reason))))),
        s && q ? el('details', {}, el('summary', {}, 'What the signed bytes say'), facts(
            ['Statement', code(hex(read.digest))],
            ['Session', code(hex(read.session))],
            ['Number in the session', String(s.seq)],
            ['Kind', s.kind],
            ['Program', code(hex(s.wasm))],
            ['Input', code(hex(s.input))],
            ['Delivered', code(hex(s.delivered))],
            ['Instructions', whole(s.instructions)],
            ['Touched', effects(s.effects).join(', ') || 'nothing: anybody can run it again and must get the same'],
            ['Transaction', s.chain ? code(base58(s.chain.tx)) : null],
            ['Network', read.manifest.network],
            ['Register contract', read.manifest.register],
            ['Worker software', read.manifest.software],
            ['MRTD', code(q.mrtd)],
            ...q.rtmr.map((r, i) => [`RTMR${i}`, code(r)]))) : null,
    ];
}

async function check(bundle, against) {
    if (!globalThis.crypto?.subtle)
        throw new Error('the browser gives cryptography only to pages over https or from this machine; use outlayer attestation verify');
    $('report').replaceChildren(...report(await verify(bundle, against), bundle?.simulated === true));
}

async function checkFile(file) {
    try {
        await check(JSON.parse(await file.text()), execution);
    } catch (error) {
        $('report').replaceChildren(el('p', { class: 'notice bad' }, `The file could not be checked: ${error.message}`));
    }
}

async function viewAttestation(button) {
    const kind = $('kind')?.value;
    button.disabled = true;
    $('report').replaceChildren(el('p', { class: 'notice' }, 'Fetching the bundle…'));
    try {
        await check(await getJson(`/attestations/${id}/bundle?payload=1${kind ? `&type=${kind}` : ''}`), execution);
    } catch (error) {
        $('report').replaceChildren(el('p', { class: 'notice bad' }, `It could not be checked: ${error.message}`));
    }
    button.disabled = false;
}

function attestation(x) {
    $('attestation').hidden = false;
    if (!x.attestation) {
        $('evidence').replaceChildren(el('p', {}, x.done_ms ? 'Nothing is attested for this execution.' : 'There is nothing to show until it has run.'));
        return;
    }
    if ($('report')) { // what the reader looks at stays
        $('state').replaceChildren(evidenceState(x.attestation));
        return;
    }
    const kinds = x.statements?.map((s) => s.statement.kind) ?? [];
    const button = el('button', { type: 'button', id: 'view' }, 'View Attestation');
    button.addEventListener('click', () => viewAttestation(button));
    const file = el('input', { type: 'file', id: 'file', accept: '.json,application/json' });
    file.addEventListener('change', () => file.files[0] && checkFile(file.files[0]));
    $('evidence').replaceChildren(
        el('p', {}, 'A worker signed what it ran: code, input, output, limits and use, with a key that its quote binds. State: ',
            el('b', { id: 'state' }, evidenceState(x.attestation)), ' ', x.attestation.simulated ? simulated() : null),
        el('div', { class: 'actions' }, button,
            kinds.length > 1 ? el('label', {}, 'of the ', el('select', { id: 'kind' }, el('option', { value: 'execute' }, 'execution'), el('option', { value: 'compile' }, 'compilation'))) : null,
            link(`/attestations/${id}/bundle?payload=1`, 'Download the bundle', { download: `outlayer-bundle-${id}.json`, id: 'download' }),
            link(`/attestations/${id}`, 'Record as JSON'),
            el('label', {}, 'Check a file ', file)),
        el('div', { id: 'report', 'aria-live': 'polite' }),
        el('details', {}, el('summary', {}, 'Check it with the command line, Intel\'s certificates included'),
            el('pre', {}, `outlayer attestation get ${id} --coordinator-url ${location.origin} --bundle bundle.json\noutlayer attestation verify bundle.json --rpc-url URL --register-id ACCOUNT${x.attestation.simulated ? ' \\\n    --simulated-root ~/.outlayer/local/simulator/root.der' : ''}`),
            el('p', {}, 'URL is a node that you believe; ACCOUNT has the register contract. ', el('code', {}, '. ~/.outlayer/local/env'), ' stands for both on a local network.')));
    if (location.hash === '#attestation') {
        $('attestation').scrollIntoView();
        viewAttestation(button);
    }
}

// ---- from the beginning, and as it goes on ----

async function refresh() {
    execution = await getJson(`/public/executions/${id}`);
    show(execution);
    attestation(execution);
}

const settled = (x) => x.done_ms && (!x.attestation || x.attestation.state === 'anchored');

async function follow() {
    let { change } = await getJson('/public/executions/live?after=0');
    await refresh();
    while (!settled(execution)) {
        const news = await getJson(`/public/executions/live?after=${change}&wait_ms=${WAIT_MS}`);
        if (!news)
            continue;
        change = news.change;
        if (news.reset || news.executions.some((row) => String(row.id) === id))
            await refresh();
    }
}

if (/^\d{1,18}$/.test(id))
    follow().catch((error) => notice(error instanceof HttpError && error.status === 404
        ? `There is no execution ${id} here.` : `No news from the coordinator: ${error.message}. Load the page again.`, true));
else
    notice('The address names no execution.', true);
