// list.js — /executions: newest first, filtered, older pages by cursor, news as it happens.

import { $, badge, count, el, evidenceState, getJson, link, ms, near, notice, program, simulated, time } from './page.js';

const PAGE = 50;
const WAIT_MS = 25000;
const RETRY_MS = 3000;
const query = new URLSearchParams(location.search);
const names = ['account', 'project', 'status'];

function attestation(row) {
    if (!row.attestation)
        return '—';
    return [
        link(`/executions/${row.id}#attestation`, 'View Attestation'), ' ',
        row.attestation.simulated ? simulated() : el('span', { class: 'good' }, evidenceState(row.attestation)),
    ];
}

function show(row, fresh = false) {
    const cell = (label, value, look) => el('td', { 'data-label': label, class: look }, value);
    return el('tr', { 'data-id': row.id, class: fresh ? 'fresh' : null },
        cell('ID', link(`/executions/${row.id}`, String(row.id))),
        cell('Status', badge(row.status)),
        el('td', { 'data-label': 'Program', class: 'cut', title: program(row.source) }, row.project_id ?? program(row.source)),
        cell('Account', row.account ?? '—', 'cut'),
        cell('Time', ms(row.time_ms), 'n'),
        cell('Instructions', count(row.instructions), 'n'),
        cell('Charged', near(row.charged_yocto), 'n'),
        cell('Attestation', attestation(row)),
        cell('Created', time(row.created_ms)));
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
    notice(executions.length ? '' : next !== null ? 'None among the newest ones; go on to older ones.'
        : 'Nothing here yet. Send a request, or ask for less.');
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
    for (;;) {
        try {
            const news = await getJson(`/public/executions/live?after=${change}&wait_ms=${WAIT_MS}`);
            if (!news)
                continue;
            change = news.change;
            if (news.reset) {
                await load();
                continue;
            }
            const fresh = news.executions.filter(merge).length;
            if (fresh)
                notice(fresh === 1 ? 'One new execution.' : `${fresh} new executions.`);
        } catch (error) {
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
