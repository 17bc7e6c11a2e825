// harness.mjs — real processes for the whole-system stories, and what must be true when they end.
//
// A story starts a network (chain, contracts, coordinator, worker) in a folder of its own on free
// ports, drives it with near-api-js as any NEAR application would, and stops it. Stopping fails
// the story on a sanitizer report, on a log line of level "broken", on a process that does not end
// by itself, and on any descendant that is left over, even when all assertions held.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export const near = createRequire(path.join(process.env.NODE_HOME, 'package.json'))('near-api-js');
export { sleep };

export const BIN = path.resolve(process.env.BIN_DIR);
export const SHARE = path.resolve(process.env.SHARE_DIR);
export const NEAR = 10n ** 24n;
export const TGAS = 10n ** 12n;
export const OUTLAYER = 'outlayer.test';
export const OPERATOR = 'worker.outlayer.test';
export const CALLER = 'caller.test';
export const WORKER_METHODS = [
    'resolve_execution', 'submit_execution_output_and_resolve', 'resume_topup',
    'resume_delete_payment_key',
];

const SANITIZED = process.env.SANITIZED === '1';
// How long anything may take that should take a moment; builds with sanitizers are slow.
export const PATIENCE_MS = SANITIZED ? 120_000 : 30_000;
const STOP_MS = SANITIZED ? 20_000 : 5_000;

/** Wait until `look` gives something truthy, and give it back. */
export async function until(what, look, ms = PATIENCE_MS) {
    const end = Date.now() + ms;
    for (;;) {
        const seen = await look();
        if (seen)
            return seen;
        if (Date.now() > end)
            assert.fail(`waited ${ms} ms in vain for ${what}`);
        await sleep(20);
    }
}

/** The price of a run (1.3 of the pricing rules: base, per million instructions, per millisecond). */
export function price({ instructions, time_ms: ms }) {
    return 10n ** 21n + (BigInt(instructions) / 1_000_000n) * 10n ** 14n + BigInt(ms) * 10n ** 17n;
}

/** Every process below `pid`, as [{pid, started, name}]. */
export function descendants(pid) {
    const all = [];
    for (const entry of fs.readdirSync('/proc')) {
        if (!/^\d+$/.test(entry))
            continue;
        try {
            const stat = fs.readFileSync(`/proc/${entry}/stat`, 'latin1');
            const tail = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
            const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
            all.push({ pid: Number(entry), parent: Number(tail[1]), started: tail[19], name, state: tail[0] });
        } catch {
            // It ended while we looked.
        }
    }
    const found = new Map();
    let grown = true;
    while (grown) {
        grown = false;
        for (const p of all) {
            if (!found.has(p.pid) && (p.parent === pid || found.has(p.parent))) {
                found.set(p.pid, p);
                grown = true;
            }
        }
    }
    return [...found.values()];
}

/** Those of `processes` that still run. */
export function alive(processes) {
    return processes.filter((p) => {
        try {
            const stat = fs.readFileSync(`/proc/${p.pid}/stat`, 'latin1');
            const tail = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
            return tail[19] === p.started && tail[0] !== 'Z';
        } catch {
            return false;
        }
    });
}

/** What in a log must fail a test. */
export function badLines(text) {
    return text.split('\n').filter((line) =>
        /Sanitizer|runtime error:|stack smashing|Assertion .* failed|: bug: /.test(line) ||
        / broken /.test(line.slice(0, 60)));
}

/** One of our executables, with its log and its ready line. */
export class Daemon {
    constructor(name, args, logFile) {
        this.name = name;
        this.args = args;
        this.logFile = logFile;
    }

    async start() {
        const log = fs.openSync(this.logFile, 'a');
        const env = { PATH: process.env.PATH, OUTLAYER_SHARE: SHARE };
        for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'OUTLAYER_LOG', 'LLVM_PROFILE_FILE'])
            if (process.env[name])
                env[name] = process.env[name];
        this.child = spawn(path.join(BIN, this.name), [...this.args, '--die-with-parent'], { env, stdio: ['ignore', 'pipe', log] });
        fs.closeSync(log);
        const child = this.child;
        this.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }), (e) => ({ code: -1, signal: String(e) }));
        let text = '';
        const ready = new Promise((resolve) => {
            child.stdout.on('data', (chunk) => {
                text += chunk;
                const end = text.indexOf('\n');
                if (end >= 0)
                    resolve(text.slice(0, end));
            });
        });
        const line = await Promise.race([
            ready, this.ended, sleep(PATIENCE_MS, 'nothing', { ref: false }),
        ]);
        assert.equal(typeof line, 'string', `${this.name} ended before it was ready: ${JSON.stringify(line)}\n${this.logTail()}`);
        assert.notEqual(line, 'nothing', `${this.name} printed no ready line\n${this.logTail()}`);
        this.ready = JSON.parse(line);
        assert.equal(this.ready.ready, true);
        this.url = this.ready.url;
        return this;
    }

    get pid() {
        return this.child.pid;
    }

    logText() {
        return fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, 'utf8') : '';
    }

    logTail(lines = 20) {
        return this.logText().trimEnd().split('\n').slice(-lines).join('\n');
    }

    /** Ask it to end; it must, by itself and with all its children. */
    async stop() {
        if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null)
            return;
        const below = descendants(this.pid);
        this.child.kill('SIGTERM');
        const end = await Promise.race([this.ended, sleep(STOP_MS, null, { ref: false })]);
        if (!end)
            this.child.kill('SIGKILL');
        assert.ok(end, `${this.name} did not end within ${STOP_MS} ms of SIGTERM\n${this.logTail()}`);
        assert.deepEqual(end, { code: 0, signal: null }, `${this.name} ended badly\n${this.logTail()}`);
        await nobodyLeft(below);
    }

    /** What a power cut does to it. */
    async kill9() {
        const below = descendants(this.pid);
        this.child.kill('SIGKILL');
        await this.ended;
        await nobodyLeft(below);
    }
}

export async function nobodyLeft(processes, ms = STOP_MS) {
    const end = Date.now() + ms;
    while (alive(processes).length && Date.now() < end)
        await sleep(10);
    const left = alive(processes);
    for (const p of left)
        process.kill(p.pid, 'SIGKILL');
    assert.deepEqual(left.map((p) => p.name), [], 'processes are left over');
}

export async function freePort() {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/** Files under loopback URLs: what a WasmUrl names. */
export class FileServer {
    files = new Map();
    hits = new Map();

    async start() {
        this.server = http.createServer((request, response) => {
            this.hits.set(request.url, (this.hits.get(request.url) ?? 0) + 1);
            const found = this.files.get(request.url);
            if (typeof found === 'function')
                return found(request, response);
            response.writeHead(found ? 200 : 404);
            response.end(found ?? 'no such file');
        }).listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.base = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    put(name, content) {
        this.files.set(`/${name}`, content);
        return `${this.base}/${name}`;
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, 'close');
    }
}

export async function sha256hex(bytes) {
    return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

export async function txHash(signed) {
    const digest = await crypto.subtle.digest('SHA-256', near.encodeTransaction(signed.transaction));
    return near.baseEncode(new Uint8Array(digest));
}

/**
 * A whole network: start it with `await Network.start()`; the story's end stops and checks it.
 * `manual`: whoever started it calls end().
 */
export class Network {
    static async start(options = {}) {
        const net = new this();
        net.sent = new Set();
        net.turns = new Map();
        net.options = { blockMs: 50, ...options };
        net.contractId = net.options.contractId ?? OUTLAYER;
        net.operatorId = net.options.contractId ? `worker.${net.contractId}` : OPERATOR;
        net.home = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-story-'));
        if (!options.manual)
            after(() => net.end());
        net.files = await new FileServer().start();
        await net.startChain();
        await net.deploy();
        await net.startCoordinator();
        if (net.options.keystore)
            await net.startKeystore();
        await net.startWorker();
        return net;
    }

    log(name) {
        return path.join(this.home, `${name}.log`);
    }

    async startChain() {
        this.chainPort ??= await freePort();
        this.chain = await new Daemon('outlayer-devnet', [
            '--home', path.join(this.home, 'chain'), '--port', String(this.chainPort),
            '--block-time-ms', String(this.options.blockMs),
        ], this.log('chain')).start();
        this.provider = new near.JsonRpcProvider({ url: this.chain.url }, { retries: 1 });
        const file = path.join(this.home, 'chain/credentials/localnet/test.json');
        this.root = this.account('test', JSON.parse(fs.readFileSync(file, 'utf8')).private_key);
    }

    account(id, secret) {
        const account = new near.Account(id, this.provider, near.KeyPairSigner.fromSecretKey(secret));
        account.secret = secret;
        return account;
    }

    /** Create `id` with a key of its own; a sub-account is made by its parent. */
    async createAccount(id, balance, creator = this.root) {
        const key = near.KeyPair.fromRandom('ed25519');
        if (!id.endsWith(`.${creator.accountId}`)) {
            // Nobody here may make accounts below `near` or `testnet`: they are put into the state.
            const { result, error } = await this.rpc('sandbox_patch_state', { records: [
                { Account: { account_id: id, account: { amount: String(balance), locked: '0', code_hash: '1'.repeat(32), storage_usage: 182 } } },
                { AccessKey: { account_id: id, public_key: key.getPublicKey().toString(), access_key: { nonce: 0, permission: 'FullAccess' } } },
            ] });
            assert.ok(result, JSON.stringify(error));
            return this.account(id, key.toString());
        }
        await this.transact(creator, id, [
            near.actions.createAccount(), near.actions.transfer(balance),
            near.actions.addFullAccessKey(key.getPublicKey()),
        ]);
        return this.account(id, key.toString());
    }

    async deploy() {
        const wasm = (name) => fs.readFileSync(path.join(SHARE, name));
        const call = (method, args) =>
            near.actions.functionCall(method, args, 100n * TGAS, 0n);

        this.outlayer = await this.createAccount(this.contractId, 100n * NEAR);
        this.operatorOwner = await this.createAccount(this.operatorId, 50n * NEAR, this.outlayer);
        this.alice = await this.createAccount('alice.test', 10_000n * NEAR);
        this.caller = await this.createAccount(CALLER, 50n * NEAR);
        await this.transact(this.outlayer, this.contractId, [
            near.actions.deployContract(wasm('outlayer.wasm')),
            call('new', { owner_id: this.contractId, operator_id: this.operatorId }),
        ]);
        await this.transact(this.caller, CALLER, [
            near.actions.deployContract(wasm('caller.wasm')),
            call('new', { outlayer_id: this.contractId }),
        ]);
        const key = near.KeyPair.fromRandom('ed25519');
        await this.transact(this.operatorOwner, this.operatorId, [
            near.actions.addFunctionCallAccessKey(key.getPublicKey(), this.contractId, WORKER_METHODS),
        ]);
        this.operatorSecret = key.toString();
        this.keyFile = path.join(this.home, 'operator.json');
        fs.writeFileSync(this.keyFile, JSON.stringify({
            account_id: this.operatorId, public_key: key.getPublicKey().toString(), private_key: key.toString(),
        }), { mode: 0o600 });
        this.tokenFile = path.join(this.home, 'token');
        fs.writeFileSync(this.tokenFile, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'), { mode: 0o600 });
    }

    async startCoordinator() {
        this.coordinatorPort ??= await freePort();
        if (this.options.keystore)
            this.keystorePort ??= await freePort();
        this.coordinator = await new Daemon('outlayer-coordinator', [
            '--db', path.join(this.home, 'coordinator.db'), '--listen', `127.0.0.1:${this.coordinatorPort}`,
            '--contract-id', this.contractId, '--neardata-url', this.chain.url, '--rpc-url', this.chain.url,
            '--worker-token-file', this.tokenFile, ...(this.options.coordinatorArgs ?? []),
            ...(this.keystorePort ? ['--keystore-url', `http://127.0.0.1:${this.keystorePort}`] : []),
        ], this.log('coordinator')).start();
    }

    async startKeystore() {
        this.keystorePort ??= await freePort();
        this.keystoreTokenFile = path.join(this.home, 'keystore-token');
        if (!fs.existsSync(this.keystoreTokenFile))
            fs.writeFileSync(this.keystoreTokenFile, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'), { mode: 0o600 });
        this.keystore = await new Daemon('outlayer-keystore', [
            '--listen', `127.0.0.1:${this.keystorePort}`, '--rpc-url', this.chain.url, '--contract-id', OUTLAYER,
            '--operator-id', OPERATOR, '--master-file', path.join(this.home, 'master.sealed'),
            '--seal-key-file', path.join(this.home, 'seal.key'), '--create-master', '--allow-unlocked-memory',
            '--worker-token-file', this.keystoreTokenFile,
        ], this.log('keystore')).start();
    }

    async startWorker() {
        this.worker = await new Daemon('outlayer-worker', [
            '--coordinator-url', this.coordinator.url, '--rpc-url', this.chain.url, '--contract-id', this.contractId,
            '--operator-id', this.operatorId, '--key-file', this.keyFile, '--token-file', this.tokenFile,
            '--home', path.join(this.home, 'worker'), ...(this.options.production ? [] : ['--allow-http-loopback']),
            '--quote-source', `simulator:${path.join(this.home, 'simulator')}`, '--drain-seconds', '3', ...(this.options.workerArgs ?? []),
            ...(this.keystore ? ['--keystore-url', this.keystore.url, '--keystore-token-file', this.keystoreTokenFile] : []),
        ], this.log('worker')).start();
    }

    /** One JSON-RPC call, asked again while nobody answers. */
    async rpc(method, params, ms = PATIENCE_MS) {
        const end = Date.now() + ms;
        for (;;) {
            try {
                const response = await fetch(this.chain.url, {
                    method: 'POST', headers: { 'content-type': 'application/json' },
                    body: JSON.stringify({ jsonrpc: '2.0', id: 'story', method, params }),
                });
                return await response.json();
            } catch (e) {
                if (Date.now() > end)
                    throw e;
                await sleep(50);
            }
        }
    }

    async view(method, args = {}, contract = this.contractId) {
        return this.provider.callFunction({ contractId: contract, method, args });
    }

    async balance(id) {
        return (await this.provider.viewAccount({ accountId: id })).amount;
    }

    /** Sign now, so that nonces follow the order of calls; see `settle`. */
    async sign(account, receiverId, actions) {
        return account.createSignedTransaction({ receiverId, actions });
    }

    /**
     * Send it until the chain knows it, then wait until all of it has run. Survives a chain that
     * is killed in between: the same signed transaction cannot run twice.
     */
    async settle(signed, ms = 4 * PATIENCE_MS) {
        const bytes = Buffer.from(near.encodeTransaction(signed));
        const base64 = bytes.toString('base64');
        const signer = signed.transaction.signerId;
        const end = Date.now() + ms;
        for (;;) {
            const answer = await this.rpc('send_tx', { signed_tx_base64: base64, wait_until: 'FINAL' });
            if (answer.result?.status && typeof answer.result.status === 'object')
                return answer.result;
            // A timeout says that it still runs; a used nonce that an earlier send of it arrived.
            const used = JSON.stringify(answer.error ?? '').includes('InvalidNonce') && this.sent.has(base64);
            this.sent.add(base64);
            if (answer.error && answer.error.cause?.name !== 'TIMEOUT_ERROR' && !used)
                assert.fail(`the chain refused a transaction: ${JSON.stringify(answer.error)}`);
            if (used) {
                const status = await this.status(await txHash(signed), signer);
                if (status)
                    return status;
            }
            assert.ok(Date.now() < end, 'the transaction did not end in time');
        }
    }

    /** How a transaction went, or null while it runs. */
    async status(hash, signer) {
        const answer = await this.rpc('tx', { tx_hash: hash, sender_account_id: signer, wait_until: 'FINAL' });
        if (answer.error?.cause?.name === 'TIMEOUT_ERROR')
            return null;
        assert.ok(answer.result, `no status of ${hash}: ${JSON.stringify(answer.error)}`);
        return typeof answer.result.status === 'object' ? answer.result : null;
    }

    /** Sign, send, wait; fails the story when the transaction fails. */
    async transact(account, receiverId, actions) {
        const outcome = await this.settle(await this.sign(account, receiverId, actions));
        assert.ok(!outcome.status.Failure, JSON.stringify(outcome.status));
        return outcome;
    }

    /** Serve `bytes` and give the source that names them. */
    async source(name, bytes) {
        return { WasmUrl: { url: this.files.put(name, bytes), hash: await sha256hex(bytes), build_target: 'wasm32-wasip1' } };
    }

    /** The source of a guest that the build made. */
    async guest(name) {
        return this.source(`${name}.wasm`, fs.readFileSync(path.join(SHARE, 'guests', `${name}.wasm`)));
    }

    requestAction(args, { deposit = NEAR / 10n, gas = 300n * TGAS } = {}) {
        return near.actions.functionCall('request_execution', args, gas, deposit);
    }

    /**
     * Sign and hand over to the chain, one after another for each account: it takes them only in the
     * order of their nonces. What is wrong with one is said by settle().
     */
    async submit(account, receiverId, actions) {
        const turn = (this.turns.get(account.accountId) ?? Promise.resolve()).then(async () => {
            const signed = await this.sign(account, receiverId, actions);
            const base64 = Buffer.from(near.encodeTransaction(signed)).toString('base64');
            const answer = await this.rpc('send_tx', { signed_tx_base64: base64, wait_until: 'NONE' });
            if (!answer.error)
                this.sent.add(base64);
            return signed;
        });
        this.turns.set(account.accountId, turn.catch(() => {}));
        return turn;
    }

    /** `account` asks for a run itself; what came back, see `read`. */
    async request(account, args, options = {}) {
        const signed = await this.submit(account, this.contractId, [this.requestAction(args, options)]);
        return this.read(await this.settle(signed));
    }

    /** What the coordinator tells of a finished request, once the worker has told it. */
    async page(id) {
        return until(`the worker's word on request ${id}`, async () => {
            const answer = await fetch(`${this.coordinator.url}/requests/${id}`);
            const page = answer.status === 200 && await answer.json();
            return page.run && page;
        });
    }

    /** What a finished transaction says about its (one) request. */
    read(outcome) {
        const logs = outcome.receipts_outcome.flatMap((r) => r.outcome.logs);
        const events = logs.filter((l) => l.startsWith('EVENT_JSON:')).map((l) => JSON.parse(l.slice(11)));
        const requested = events.find((e) => e.event === 'execution_requested')?.data[0];
        const completed = events.find((e) => e.event === 'execution_completed')?.data[0];
        const success = outcome.status.SuccessValue;
        return {
            outcome, logs, events, completed,
            requested: requested && JSON.parse(requested.request_data),
            text: success === undefined ? undefined : Buffer.from(success, 'base64').toString('utf8'),
            get value() {
                return JSON.parse(this.text);
            },
            failureText: outcome.receipts_outcome.map((r) => r.outcome.status.Failure).filter(Boolean)
                .map((f) => f.ActionError?.kind?.FunctionCallError?.ExecutionError ?? JSON.stringify(f)).join('\n'),
            failure: outcome.status.Failure && JSON.stringify(outcome.status.Failure),
            burnt: [outcome.transaction_outcome, ...outcome.receipts_outcome]
                .reduce((sum, r) => sum + BigInt(r.outcome.tokens_burnt), 0n),
        };
    }

    /** Everything is over: nothing may be wrong. */
    async end() {
        const faults = [];
        for (const daemon of [this.worker, this.keystore, this.coordinator, this.chain]) {
            try {
                await daemon?.stop();
            } catch (e) {
                faults.push(e.message);
            }
        }
        await this.files?.stop();
        for (const name of ['chain', 'coordinator', 'keystore', 'worker']) {
            const file = this.log(name);
            if (fs.existsSync(file))
                faults.push(...badLines(fs.readFileSync(file, 'utf8')).map((l) => `${name}: ${l}`));
        }
        if (faults.length === 0 && !process.env.KEEP_HOME)
            fs.rmSync(this.home, { recursive: true, force: true });
        assert.deepEqual(faults, [], `see ${this.home}`);
    }
}
