// evidence.js — checking a bundle in the browser: what was signed, by which key, bound to which
// quote, in which batch. docs/formats/attestation.md has the layouts; nothing here trusts what the
// coordinator says in words, only the bytes in the bundle.
//
// What Intel vouches for (the quote's chain of certificates) is not checked here: `outlayer
// attestation verify` does that, and says so in the steps it leaves open.

const LABEL = { worker: 'outlayer:v2:worker', statement: 'outlayer:v2:statement', batch: 'outlayer:v2:batch' };
const TEXT_MAX = 4096;
const utf8 = new TextEncoder();

export const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

export function unhex(text) {
    if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/i.test(text))
        throw new Error('this is no hexadecimal text');
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function unbase64(text) {
    if (typeof text !== 'string')
        throw new Error('a member is missing');
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function base58(bytes) {
    const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    let n = bytes.reduce((sum, b) => sum * 256n + BigInt(b), 0n), text = '';
    for (; n; n /= 58n)
        text = digits[Number(n % 58n)] + text;
    for (const b of bytes) {
        if (b)
            break;
        text = `1${text}`;
    }
    return text;
}

function join(...parts) {
    const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
    return all;
}

const label = (text) => join(utf8.encode(text), new Uint8Array(32 - text.length));
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

export async function sha256(...parts) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', join(...parts)));
}

async function signed(key, message, signature) {
    const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
    return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, message);
}

/** Borsh, read straight down; throws where the bytes end. */
class Reader {
    constructor(bytes) {
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.all = bytes;
        this.at = 0;
    }

    take(n) {
        if (this.at + n > this.all.length)
            throw new Error('the bytes end too early');
        this.at += n;
        return this.all.subarray(this.at - n, this.at);
    }

    u8() { return this.take(1)[0]; }

    u16() { return this.take(2) && this.view.getUint16(this.at - 2, true); }

    u32() { return this.take(4) && this.view.getUint32(this.at - 4, true); }

    u64() { return this.take(8) && this.view.getBigUint64(this.at - 8, true); }

    u128() {
        const low = this.u64();
        return low + (this.u64() << 64n);
    }

    hash() { return this.take(32); }

    text() {
        const n = this.u32();
        if (n > TEXT_MAX)
            throw new Error('a text is too long');
        return new TextDecoder('utf-8', { fatal: true }).decode(this.take(n));
    }

    flag() {
        const v = this.u8();
        if (v > 1)
            throw new Error('a flag is neither 0 nor 1');
        return v === 1;
    }

    option(read) { return this.flag() ? read() : null; }

    end() {
        if (this.at !== this.all.length)
            throw new Error('there are bytes left over');
    }
}

export function readStatement(bytes) {
    const r = new Reader(bytes);
    if (r.u16() !== 2)
        throw new Error("the statement's format is not 2");
    const s = { session: r.hash(), seq: r.u64(), prev: r.hash(), kind: r.u8() ? 'execute' : 'compile' };
    if (r.u8() === 0)
        s.chain = { requestId: r.u64(), dataId: r.hash(), tx: r.hash(), block: r.u64() };
    else
        s.https = { call: r.take(16), owner: r.text(), nonce: r.u32() };
    s.caller = r.text();
    s.project = r.option(() => ({ id: r.text(), version: r.text() }));
    if (r.u8() === 0)
        s.github = { repo: r.text(), ref: r.text(), commit: r.take(20) };
    else
        s.url = r.text();
    Object.assign(s, { target: r.text(), wasm: r.hash(), wasmLength: r.u64() });
    s.build = r.option(() => r.hash());
    Object.assign(s, { input: r.hash(), inputLength: r.u64(), env: r.hash() });
    s.secrets = r.option(() => ({ account: r.text(), profile: r.text(), hash: r.hash() }));
    s.limits = { instructions: r.u64(), memoryMb: r.u32(), seconds: r.u64() };
    Object.assign(s, { status: r.u8(), exit: r.u32() | 0, stdout: r.hash(), stdoutLength: r.u64(), format: r.u8() });
    s.delivered = r.hash();
    Object.assign(s, { instructions: r.u64(), timeMs: r.u64(), compileMs: r.u64(), effects: r.u32() });
    s.transcript = r.option(() => r.hash());
    Object.assign(s, { payment: r.u128(), unit: r.u8(), startedMs: r.u64(), finishedMs: r.u64() });
    r.end();
    return s;
}

export function readManifest(bytes) {
    const r = new Reader(bytes);
    if (r.u16() !== 2)
        throw new Error("the manifest's format is not 2");
    const m = { network: r.text(), register: r.text(), outlayer: r.text() };
    if (r.u8() !== 0)
        throw new Error("the manifest's key is not Ed25519");
    Object.assign(m, { nearKey: r.hash(), statementKey: r.hash(), boxKey: r.hash(), tls: r.hash(), nonce: r.hash() });
    m.challenge = r.option(() => r.hash());
    Object.assign(m, { notBefore: r.u64(), notAfter: r.u64(), blockHeight: r.u64(), blockHash: r.hash() });
    Object.assign(m, { software: r.text(), engine: r.hash() });
    r.end();
    return m;
}

/** What a TDX quote says of the machine, and what it binds. Its signature is not looked at. */
export function readQuote(bytes) {
    const r = new Reader(bytes), version = r.u16();
    let body = 48;
    if (version === 5)
        body = 54;
    else if (version !== 4)
        throw new Error(`a quote of version ${version} is not one of TDX`);
    if (bytes.length < body + 584 || hex(bytes.subarray(4, 8)) !== '81000000')
        throw new Error('this is no TDX quote');
    const at = (from, n) => hex(bytes.subarray(body + from, body + from + n));
    return {
        version, mrtd: at(136, 48), rtmr: [at(328, 48), at(376, 48), at(424, 48), at(472, 48)],
        reportData: bytes.subarray(body + 520, body + 584),
    };
}

export function readHead(message) {
    const r = new Reader(message);
    if (!same(r.take(32), label(LABEL.batch)))
        throw new Error("the batch's head has another label");
    const h = { session: r.hash(), first: r.u64(), count: r.u64(), root: r.hash(), timeMs: r.u64() };
    r.end();
    return h;
}

/** The root to which a path of siblings leads from leaf `i` of `n` (RFC 6962); null: no such path. */
export async function pathRoot(leaf, i, n, path) {
    const sides = []; // from the root down: is our half the right one
    for (; n > 1n;) {
        let split = 1n;
        while (split * 2n < n)
            split *= 2n;
        sides.push(i >= split);
        [i, n] = i >= split ? [i - split, n - split] : [i, split];
    }
    if (sides.length !== path.length)
        return null;
    let node = leaf;
    for (const sibling of path)
        node = sides.pop() ? await sha256([1], sibling, node) : await sha256([1], node, sibling);
    return node;
}

const effectNames = ['clock', 'random', 'network', 'storage read', 'storage write', 'secrets', 'chain', 'wallet', 'vrf'];
export const effects = (bits) => effectNames.filter((_, i) => bits & (1 << i));

const pass = (reason) => ({ outcome: 'pass', reason });
const fail = (reason) => ({ outcome: 'fail', reason });
const unproven = (reason) => ({ outcome: 'unproven', reason });

/**
 * Every step of a bundle's verification that a browser can do.
 *
 * execution: what the page shows of it (/public/executions/ID), against which the evidence is held;
 * null: the bundle by itself. Gives [{ name, title, outcome, reason }], and `read`, what the bytes say.
 */
export async function verify(bundle, execution) {
    const steps = [], read = {};
    const step = async (name, title, check) => {
        let result;
        try {
            result = await check();
        } catch (error) {
            result = fail(`It cannot be read: ${error.message}.`);
        }
        steps.push({ name, title, ...result });
    };
    const bytes = {};

    await step('layout', 'The bundle is complete', async () => {
        if (bundle?.format !== 'outlayer-bundle-2')
            return fail('It is no bundle of the format outlayer-bundle-2.');
        bytes.statement = unbase64(bundle.statement);
        bytes.manifest = unbase64(bundle.session.manifest);
        read.statement = readStatement(bytes.statement);
        read.manifest = readManifest(bytes.manifest);
        read.quote = readQuote(unbase64(bundle.session.quote));
        read.digest = await sha256([0], label(LABEL.statement), bytes.statement);
        read.session = await sha256(label(LABEL.worker), bytes.manifest);
        return pass('Statement, manifest and quote are there and can be read.');
    });
    if (steps[0].outcome === 'fail')
        return { steps, read };
    const { statement: s, manifest: m, quote } = read;

    await step('quote', 'Intel vouches for the machine', async () => unproven(bundle.simulated
        ? 'SIMULATED: the quote comes from a simulator, and no hardware vouches for it.'
        : 'The quote\'s certificates up to Intel\'s root are checked by the command line.'));
    await step('session', 'The quote binds the keys that signed', async () => {
        if (!same(quote.reportData, join(read.session, label(LABEL.worker))))
            return fail('The quote binds another manifest than the one in the bundle.');
        if (!same(s.session, read.session))
            return fail('The statement is of another session than the quote.');
        return pass(`Its report data is the hash of the manifest: session ${hex(read.session).slice(0, 16)}…`);
    });
    await step('signature', 'The statement is signed in this session', async () =>
        (await signed(m.statementKey, join(label(LABEL.statement), bytes.statement), unhex(bundle.signature))
            ? pass(`Ed25519 with the session's statement key ${hex(m.statementKey).slice(0, 16)}…`)
            : fail('The signature does not fit: the statement was changed, or somebody else signed it.')));
    await step('time', 'It ran while the session lasted', async () =>
        (s.finishedMs / 1000n < m.notBefore || s.startedMs / 1000n > m.notAfter
            ? fail('The times in the statement lie outside of the session.')
            : pass(`Between ${new Date(Number(m.notBefore) * 1000).toISOString()} and ${new Date(Number(m.notAfter) * 1000).toISOString()}, by the worker's clock.`)));
    await step('request', 'It answers the request that was asked', async () => {
        if (!execution)
            return unproven('Open the execution\'s page to compare it with the request.');
        if (!s.chain || s.chain.requestId !== BigInt(execution.request_id) || hex(s.chain.dataId) !== execution.data_id)
            return fail('The statement is about another request.');
        if (execution.transaction_hash && base58(s.chain.tx) !== execution.transaction_hash)
            return fail('The statement is about another transaction.');
        if (s.caller !== execution.account)
            return fail(`The statement names the caller ${s.caller}.`);
        return pass(`Request ${s.chain.requestId} of ${s.caller}, transaction ${base58(s.chain.tx)}.`);
    });
    await step('code', 'The code is the one named', async () => {
        const named = execution?.source?.kind === 'url' ? execution.source.hash : null;
        const made = bundle.payload?.wasm ? hex(await sha256(unbase64(bundle.payload.wasm))) : null;
        const wasm = hex(s.wasm);
        if (made && made !== wasm)
            return fail('The program in the bundle has another hash than the one that ran.');
        if (named && named !== wasm)
            return fail('Another program ran than the one whose hash was asked for.');
        if (named)
            return pass(`SHA-256 ${wasm}, as the request names it.`);
        return unproven(s.github
            ? `SHA-256 ${wasm}, made of commit ${hex(s.github.commit)}; outlayer build gives the same bytes.`
            : `SHA-256 ${wasm}; compare it with the program you mean.`);
    });
    await step('input', 'The input is the one named', async () => {
        if (s.kind === 'compile')
            return pass('A compilation: what it was made of is the repository and commit.');
        const given = bundle.payload?.input ? unbase64(bundle.payload.input)
            : typeof execution?.request?.input_data === 'string' ? utf8.encode(execution.request.input_data) : null;
        if (!given)
            return unproven('The input is not in the bundle.');
        if (!same(await sha256(given), s.input))
            return fail('The input has another hash than the one that was run.');
        if (execution && typeof execution.request?.input_data === 'string' && !same(given, utf8.encode(execution.request.input_data)))
            return fail('The input that was run is not the one shown.');
        return pass(`SHA-256 ${hex(s.input)}, ${s.inputLength} bytes.`);
    });
    await step('output', 'The output is the one delivered', async () => {
        if (!bundle.payload?.delivered)
            return unproven('What was delivered is not in the bundle.');
        const delivered = unbase64(bundle.payload.delivered);
        if (!same(await sha256(delivered), s.delivered))
            return fail('What is said to be delivered has another hash than the statement says.');
        if (execution?.success && s.kind === 'execute' && !sameOutput(delivered, execution.output))
            return fail('The output that is shown is not the one that was signed.');
        return pass(`SHA-256 ${hex(s.delivered)}.`);
    });
    await step('order', 'It stands in a batch', async () => {
        if (!bundle.anchor)
            return unproven('Its batch is not closed yet.');
        const message = unbase64(bundle.anchor.head), head = readHead(message);
        if (!same(head.session, read.session) || !(await signed(m.statementKey, message, unhex(bundle.anchor.signature))))
            return fail('The batch is not signed with the session\'s key.');
        if (s.seq < head.first || s.seq >= head.first + head.count)
            return fail('The statement\'s number is not one of the batch.');
        const root = await pathRoot(read.digest, s.seq - head.first, head.count, bundle.anchor.path.map(unhex));
        if (!root || !same(root, head.root))
            return fail('The path does not lead from the statement to the batch\'s root.');
        read.head = head;
        return pass(`Number ${s.seq} of the session; the path leads to the root ${hex(head.root).slice(0, 16)}… of ${head.count}.`);
    });
    await step('anchor', 'The batch\'s root is on the chain', async () => unproven(bundle.anchor?.transaction
        ? `Said to be in transaction ${bundle.anchor.transaction} to ${bundle.anchor.contract}; compare its root with the one above at a node of your own.`
        : 'It has not been anchored yet.'));
    return { steps, read };
}

/** Is the text that the caller got the value that the page shows? */
function sameOutput(delivered, output) {
    let value;
    try {
        value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(delivered));
    } catch {
        return false;
    }
    const [kind, content] = Object.entries(output ?? {})[0] ?? [];
    const shown = kind === 'Bytes' && Array.isArray(content) ? btoa(String.fromCharCode(...content)) : content;
    return sorted(value) === sorted(shown);
}

const sorted = (value) => JSON.stringify(value, (_, v) => (v && typeof v === 'object' && !Array.isArray(v)
    ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v));

/** The whole is as bad as its worst step. */
export const total = (steps) => ['fail', 'unproven'].find((o) => steps.some((s) => s.outcome === o)) ?? 'pass';
