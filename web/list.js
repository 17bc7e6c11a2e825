// list.js — /executions: newest first, filtered, older pages by cursor, news as it happens.

import {
    $, age, badge, count, el, evidenceState, getJson, link, ms, near, notice, program, shortProgram, simulated, whole,
} from './page.js';

const PAGE = 50;
const WAIT_MS = 25000;
const RETRY_MS = 3000;
const query = new URLSearchParams(location.search);
const names = ['account', 'project', 'status'];

function attestation(row) {
    if (!row.attestation)
        return '—';
    return [
        link(`/executions/${row.id}#attestation`, 'View Attestation', { 'aria-label': `View Attestation of execution ${row.id}` }), ' ',
        row.attestation.simulated ? simulated() : el('span', { class: 'good' }, evidenceState(row.attestation)),
    ];
}

function show(row, fresh = false) {
    const cell = (label, value, look) => el('td', { 'data-label': label, class: look }, value);
    return el('tr', { 'data-id': row.id, class: fresh ? 'fresh' : null },
        cell('ID', link(`/executions/${row.id}`, String(row.id))),
        cell('Status', badge(row.status)),
        el('td', { 'data-label': 'Program', class: 'cut', title: program(row.source) },
            link(`/executions/${row.id}`, row.project_id ?? shortProgram(row.source), { tabindex: -1 })),
        el('td', { 'data-label': 'Account', class: 'cut', title: row.account }, row.account ?? '—'),
        cell('Time', ms(row.time_ms), 'n'),
        cell('Instructions', count(row.instructions), 'n'),
        cell('Charged', near(row.charged_yocto), 'n'),
        cell('Attestation', attestation(row)),
        cell('Created', age(row.created_ms)));
}

const failures = ['compilation_failed', 'execution_failed', 'access_denied', 'insufficient_payment', 'custom', 'failed'];

/** Does a row belong to what is asked for? As the coordinator decides it. */
function wanted(row) {
    const status = query.get('status');
    return (!query.get('account') || row.account === query.get('account'))
        && (!query.get('project') || row.project_id === query.get('project'))
        && (!status || row.status === status || (status === 'failed' && failures.includes(row.status)));
}

function pageOf(before) {
    const q = new URLSearchParams([...query].filter(([name, value]) => names.includes(name) && value));
    if (before)
        q.set('before', before);
    return q;
}

async function load() {
    const q = pageOf(query.get('before'));
    q.set('limit', PAGE);
    const { executions, next } = await getJson(`/public/executions?${q}`);
    $('rows').replaceChildren(...executions.map((row) => show(row)));
    $('older').hidden = next === null;
    if (next !== null)
        $('older').href = `/executions?${pageOf(next)}`;
    $('newest').hidden = !query.get('before');
    $('newest').href = `/executions?${pageOf(null)}`;
    const asked = names.some((name) => query.get(name)) || query.get('before');
    $('empty').hidden = executions.length > 0 || Boolean(asked);
    $('list').hidden = !executions.length;
    notice(executions.length ? '' : next !== null ? 'None among the newest ones; go on to older ones.'
        : asked ? 'Nothing here. Ask for less.' : '');
    await totals();
}

/** All of them together, whatever is asked for below. */
async function totals() {
    const s = await getJson('/public/stats');
    const ended = s.successful_executions + s.failed_executions;
    const fact = (name, value, look) => el('div', {}, el('dt', {}, name), el('dd', { class: look }, value));
    $('stats').hidden = !s.total_executions;
    $('stats').replaceChildren(
        fact('Executions', whole(s.total_executions)),
        fact('Succeeded', ended ? `${Math.floor(s.successful_executions * 100 / ended)} %` : '—', 'good'),
        fact('Failed', whole(s.failed_executions), s.failed_executions ? 'bad' : null),
        fact('Instructions', count(s.total_instructions_used)),
        fact('Accounts', whole(s.unique_users)),
        fact('Workers at work', whole(s.active_workers), s.active_workers ? null : 'bad'));
}

/** Put a changed row where it belongs; true when it is new here. */
function merge(row) {
    const rows = $('rows');
    const old = rows.querySelector(`tr[data-id="${Number(row.id)}"]`);
    if (old) {
        old.replaceWith(show(row));
        if (!wanted(row))
            rows.querySelector(`tr[data-id="${Number(row.id)}"]`).remove();
        return false;
    }
    if (!wanted(row))
        return false;
    $('empty').hidden = true;
    $('list').hidden = false;
    const next = [...rows.children].find((r) => Number(r.dataset.id) < row.id) ?? null;
    rows.insertBefore(show(row, true), next);
    while (rows.children.length > PAGE) {
        rows.lastElementChild.remove();
        $('older').hidden = false;
        $('older').href = `/executions?${pageOf(rows.lastElementChild.dataset.id)}`;
    }
    return true;
}

async function follow() {
    let { change } = await getJson('/public/executions/live?after=0');
    await load(); // after the number was taken: nothing falls between
    $('live').hidden = false;
    for (;;) {
        try {
            const news = await getJson(`/public/executions/live?after=${change}&wait_ms=${WAIT_MS}`);
            if (!news)
                continue;
            $('live').hidden = false;
            change = news.change;
            if (news.reset) {
                await load();
                continue;
            }
            const fresh = news.executions.filter(merge).length;
            await totals();
            if (fresh)
                notice(fresh === 1 ? 'One new execution.' : `${fresh} new executions.`);
        } catch (error) {
            $('live').hidden = true;
            notice(`No news from the coordinator: ${error.message}. Trying again…`, true);
            await new Promise((done) => setTimeout(done, RETRY_MS));
        }
    }
}

for (const name of names)
    $('filter').elements[name].value = query.get(name) ?? '';
$('filter').addEventListener('submit', (event) => {
    event.preventDefault();
    for (const name of names)
        query.set(name, $('filter').elements[name].value.trim());
    location.assign(`/executions?${pageOf(null)}`);
});
// Older pages do not change; the first one does.
(query.get('before') ? load() : follow()).catch((error) => notice(`The list could not be read: ${error.message}`, true));
