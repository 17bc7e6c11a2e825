// page.js — what all pages share: making elements, asking the coordinator, writing values.
//
// Whatever is shown may be a stranger's text. It enters the page as text only: el() sets attributes
// from this code's own words and puts strings in as text nodes, and links are made by link().

/** el('p', { class: 'good' }, 'text', child, …); null children are left out. */
export function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
        if (value !== null && value !== undefined && value !== false)
            node.setAttribute(name, value === true ? '' : value);
    node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined));
    return node;
}

/** A link to a path of this site. */
export const link = (path, text, attributes = {}) => el('a', { href: path, ...attributes }, text);

export const $ = (id) => document.getElementById(id);

export class HttpError extends Error {
    constructor(status, text) {
        super(text);
        this.status = status;
    }
}

/** The JSON under a path; null for 204. */
export async function getJson(path, options = {}) {
    const response = await fetch(path, { ...options, headers: { Accept: 'application/json' } });
    if (response.status === 204)
        return null;
    const text = await response.text();
    let body;
    try {
        body = JSON.parse(text);
    } catch {
        throw new HttpError(response.status, `the coordinator answered ${response.status} without JSON`);
    }
    if (!response.ok)
        throw new HttpError(response.status, body.message ?? body.error ?? `the coordinator answered ${response.status}`);
    return body;
}

export function notice(text, bad = false) {
    $('notice').textContent = text;
    $('notice').classList.toggle('bad', bad);
}

// ---- values ----

/** Yocto NEAR as text, with six decimals. */
export function near(yocto) {
    if (yocto === null || yocto === undefined || !/^\d+$/.test(yocto))
        return '—';
    const micro = (BigInt(yocto) + 5n * 10n ** 17n) / 10n ** 18n;
    return `${micro / 1000000n}.${String(micro % 1000000n).padStart(6, '0')} NEAR`;
}

/** Dollars from millionths. */
export const usd = (units) => (/^\d+$/.test(units ?? '') ? `$${(Number(units) / 1e6).toFixed(units % 10000 ? 6 : 2)}` : '—');

export function count(n) {
    if (n === null || n === undefined)
        return '—';
    for (const [unit, size] of [['B', 1e9], ['M', 1e6], ['K', 1e3]])
        if (n >= size)
            return `${(n / size).toFixed(n >= size * 100 ? 0 : 1)}${unit}`;
    return String(n);
}

export const whole = (n) => (n === null || n === undefined ? '—' : Number(n).toLocaleString('en'));

export function bytes(n) {
    if (n === null || n === undefined)
        return '—';
    for (const [unit, size] of [['MiB', 1048576], ['KiB', 1024]])
        if (n >= size)
            return `${(n / size).toFixed(1)} ${unit}`;
    return `${n} B`;
}

export const ms = (n) => (n === null || n === undefined ? '—' : n >= 10000 ? `${(n / 1000).toFixed(1)} s` : `${whole(n)} ms`);

const full = (date) => date.toISOString().replace('T', ' ').replace(/\.\d+Z/, ' UTC');

export function time(unixMs) {
    const date = new Date(unixMs);
    return el('time', { datetime: date.toISOString() }, full(date));
}

/** How long ago, for people; the time itself when it is a day or more. */
function ago(date) {
    const seconds = (Date.now() - date) / 1000;
    if (seconds >= 86400 || seconds < -60)
        return full(date).slice(0, 16);
    for (const [unit, size] of [['h', 3600], ['min', 60]])
        if (seconds >= size)
            return `${Math.floor(seconds / size)} ${unit} ago`;
    return seconds < 10 ? 'now' : `${Math.floor(seconds)} s ago`;
}

/** A time that grows older while it is looked at. */
export function age(unixMs) {
    const date = new Date(unixMs);
    return el('time', { class: 'age', datetime: date.toISOString(), title: full(date) }, ago(date));
}
setInterval(() => {
    for (const t of document.querySelectorAll('time.age'))
        t.textContent = ago(new Date(t.dateTime));
}, 10000);

/** A value to be taken elsewhere, with a button for it where the browser has a clipboard. */
export function code(text) {
    if (!navigator.clipboard)
        return el('code', {}, text);
    const button = el('button', { type: 'button', class: 'copy', 'aria-label': 'Copy' });
    const say = (word) => button.setAttribute('data-say', word); // shown, but no part of the text
    say('copy');
    button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(text).then(() => say('copied'), () => say('not copied'));
        setTimeout(() => say('copy'), 1500);
    });
    return [el('code', {}, text), button];
}

const statuses = {
    queued: ['Queued', 'wait'], running: ['Running', 'wait'], completed: ['Done', 'good'],
    compilation_failed: ['Compilation Failed', 'bad'], execution_failed: ['Execution Failed', 'bad'],
    access_denied: ['Access Denied', 'bad'], insufficient_payment: ['Insufficient Payment', 'bad'],
    custom: ['Invalid Request', 'bad'], failed: ['Infrastructure Error', 'open'],
};

export function badge(status) {
    const [text, look] = statuses[status] ?? [status, 'open'];
    return el('span', { class: `badge ${look}` }, text);
}

export const simulated = () => el('span', { class: 'simulated', title: 'made by the simulator; no hardware vouches for it' }, 'SIMULATED');

const states = { signed: 'signed', batched: 'in a batch', anchored: 'on the chain' };
export const evidenceState = (attestation) => states[attestation.state] ?? attestation.state;

/** The same as short as it can be told apart: a file's name, a repository's. */
export function shortProgram(source) {
    if (source?.kind === 'github')
        return `${source.repo.replace(/^(https:\/\/)?github\.com\//, '')} @ ${/^[0-9a-f]{40}$/.test(source.commit) ? source.commit.slice(0, 8) : source.commit}`;
    if (source?.kind !== 'url')
        return program(source);
    const name = source.url.split(/[?#]/)[0].split('/').pop();
    return name.replace(/^([0-9a-f]{8})[0-9a-f]{56}/, '$1…') || source.url;
}

/** What is run, in one line. */
export function program(source) {
    if (source?.kind === 'github')
        return `${source.repo} @ ${source.commit}`;
    if (source?.kind === 'url')
        return source.url;
    return source?.project_id ?? source?.kind ?? '—';
}
