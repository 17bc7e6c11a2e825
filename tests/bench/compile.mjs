// compile.mjs — how long repositories take to become programs, and what a cached one adds to a run.
//
// `outlayer build` on git folders of this machine: the worker's own compile child, sandbox and
// recipes, fetching included. A whole build has no compiled crates from an earlier one; the first of
// a kind also brings the toolchain's files into memory.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GitServer, toolchain } from '../system/git.mjs';
import { BIN, NEAR, Network, sha256hex } from '../system/harness.mjs';

const TIMES = Number(process.env.TIMES ?? 3);
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const projects = path.join(import.meta.dirname, '../../examples/projects');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-bench-'));
fs.chmodSync(work, 0o755);
const tools = toolchain();
const cache = path.join(work, 'cache');
process.env.OUTLAYER_CACHE = cache;
if (tools)
    process.env.OUTLAYER_TOOLCHAIN = tools;

function repository(name) {
    const folder = path.join(work, name);
    fs.cpSync(path.join(projects, name), folder, { recursive: true });
    execFileSync('git', ['-C', folder, 'init', '-q', '-b', 'main', '.']);
    return folder;
}

function commit(folder) {
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
    execFileSync('git', ['-C', folder, 'add', '-A']);
    execFileSync('git', ['-C', folder, ...who, 'commit', '-q', '--allow-empty', '-m', 'a commit']);
    return folder;
}

/** Milliseconds, or undefined when it does not build. */
function build(folder, ...more) {
    const out = path.join(work, 'program.wasm');
    const began = performance.now();
    const done = spawnSync(path.join(BIN, 'outlayer'), ['build', folder, '--output', out, ...more], { encoding: 'utf8' });
    if (done.status !== 0)
        process.stderr.write(`${folder}: ${done.stderr.split('\n').filter((l) => l.startsWith('Error')).join(' ')}\n`);
    return done.status === 0 ? performance.now() - began : undefined;
}

const measured = new Set();
function measure(name, project, ...more) {
    const folder = commit(repository(project));
    const main = ['main.c', 'main.go', 'src/main.rs'].find((file) => fs.existsSync(path.join(folder, file)));
    const whole = () => {
        fs.rmSync(path.join(cache, 'crates'), { recursive: true, force: true });
        return build(folder, ...more);
    };
    const another = () => {
        fs.appendFileSync(path.join(folder, main), '\n// changed\n');
        return build(commit(folder), ...more);
    };
    const times = (what) => Math.round(median(Array.from({ length: TIMES }, what)));
    const first = whole();
    if (first === undefined)
        return;
    print(`${name}_first_ms`, Math.round(first), 'ms', 'toolchain not used just before');
    print(`${name}_warm_ms`, times(whole), 'ms', `median of ${TIMES}, the same commit built whole again`);
    print(`${name}_second_commit_ms`, times(another), 'ms', `median of ${TIMES}, each another commit`);
    measured.add(project);
}

measure('compile_c', 'c-single');
measure('compile_c_make', 'c-make');
if (tools) {
    measure('compile_rust_wasip1', 'rust-plain');
    if (fs.existsSync(path.join(tools, 'sysroot/lib/rustlib/wasm32-wasip2/lib/.complete'))) {
        fs.rmSync(path.join(work, 'rust-plain'), { recursive: true });
        measure('compile_rust_wasip2', 'rust-plain', '--target', 'wasm32-wasip2');
    }
    // 11 crates from the registry, downloads included.
    measure('compile_rust_serde', 'rust-serde');
}
measure('compile_go', 'go-plain');
const all = fs.readdirSync(projects, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name);
for (const name of all)
    if (!measured.has(name) && build(commit(repository(name)), '--target', name === 'rust-http' ? 'wasm32-wasip2' : 'wasm32-wasip1') !== undefined)
        measured.add(name);
const not = all.filter((name) => !measured.has(name));
print('projects_built', measured.size, 'projects', `of ${all.length} in examples/projects${not.length ? `; not ${not.join(' ')}` : ''}`);

// What a program from a repository costs over the same program by WasmUrl, when it was built before.
const git = await new GitServer().start();
const net = await Network.start({ manual: true, workerArgs: tools ? ['--toolchain', tools] : [] });
const [repo, sha] = git.commit('cached', { 'main.c': fs.readFileSync(path.join(projects, 'c-single/main.c'), 'utf8') });
const ask = async (source) => {
    const got = await net.request(net.alice, { source, input_data: 'x' }, { deposit: NEAR });
    if (!got.completed.success)
        throw new Error(got.completed.error_message);
    const { steps } = await (await fetch(`${net.coordinator.url}/requests/${got.requested.request_id}`)).json();
    const when = (step) => steps.find((s) => s.step === step)?.at_ms;
    return when('ran') - when('leased');
};
execFileSync(path.join(BIN, 'outlayer'), ['build', path.join(git.root, 'cached'), '--output', path.join(work, 'cached.wasm')], { stdio: 'ignore' });
const bytes = fs.readFileSync(path.join(work, 'cached.wasm'));
const byUrl = { WasmUrl: { url: net.files.put('cached.wasm', bytes), hash: await sha256hex(bytes) } };
const byCommit = { GitHub: { repo, commit: sha } }, byBranch = { GitHub: { repo, commit: 'main' } };
const lists = [[], [], []];
for (let i = -2; i < 15; i++)
    for (const [k, source] of [byUrl, byCommit, byBranch].entries()) {
        const ms = await ask(source);
        if (i >= 0)
            lists[k].push(ms);
    }
const [url, pinned, branch] = lists.map(median);
print('cached_wasm_url_ms', url, 'ms', 'leased to ran, median of 15');
print('cached_commit_adds_ms', pinned - url, 'ms', 'a full commit, over WasmUrl; in turns');
print('cached_branch_adds_ms', branch - url, 'ms', 'a branch, which is resolved each time, git server on loopback');
await net.end();
await git.stop();
fs.rmSync(work, { recursive: true, force: true });
