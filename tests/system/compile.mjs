// compile.mjs — programs from repositories: compiled once, run, cached, refused for the right reason.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { GitServer, toolchain } from './git.mjs';
import { freePort, NEAR, Network, TGAS, near, until } from './harness.mjs';

const git = await new GitServer().start();
after(() => git.stop());
const tools = toolchain();
assert.ok(tools, 'there is no toolchain for Rust; make it with tools/build-toolchain');
const net = await Network.start({ workerArgs: ['--toolchain', tools] });
const deposit = NEAR;

const serde = path.join(import.meta.dirname, '../../examples/projects/rust-serde');

const upper = (how) => `#include <stdio.h>
#include <ctype.h>
int main(void) { int c; while ((c = getchar()) != EOF) putchar(${how}(c)); return 0; }
`;
const cargo = '[package]\nname = "greeter"\nversion = "0.1.0"\nedition = "2021"\n';
const greeter = (word) => `use std::io::Read;
fn main() {
    let mut name = String::new();
    std::io::stdin().read_to_string(&mut name).unwrap();
    print!("${word} {}", name.trim());
}
`;

function ask(repo, commit, more = {}) {
    return net.request(net.alice, {
        source: { GitHub: { repo, commit, build_target: null } }, ...more,
    }, { deposit });
}

async function works(repo, commit, more) {
    const got = await ask(repo, commit, more);
    assert.ok(got.completed, `no answer: ${got.failureText}`);
    assert.equal(got.completed.success, true, got.completed.error_message);
    return got;
}

async function fails(repo, commit, reason, more) {
    const got = await ask(repo, commit, more);
    assert.ok(got.completed, `no answer: ${got.failureText}`);
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, reason);
    assert.match(got.failure, /OutLayer execution failed: /);
    assert.equal(got.completed.payment_charged, String(deposit));
    return got;
}

test('a C program, compiled, then from the cache', async () => {
    const [repo] = git.commit('shout', { 'main.c': upper('toupper') });
    const first = await works(repo, 'main', { input_data: 'hello' });
    assert.equal(first.text, '"HELLO"');
    assert.ok(first.completed.resources_used.compile_time_ms > 0);
    assert.equal(first.completed.compilation_note, 'Freshly compiled');
    const again = await works(repo, 'main', { input_data: 'again' });
    assert.equal(again.text, '"AGAIN"');
    assert.equal(again.completed.resources_used.compile_time_ms, null);
    assert.match(again.completed.compilation_note, /^Cached WASM from \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    const forced = await works(repo, 'main', { input_data: 'x', params: { force_rebuild: true } });
    assert.ok(forced.completed.resources_used.compile_time_ms > 0);
});

test('compile time is paid for', async () => {
    const [repo] = git.commit('paid', { 'main.c': upper('toupper') });
    const got = await works(repo, 'main', { input_data: 'x' });
    const used = got.completed.resources_used;
    const fee = BigInt((await net.view('get_pricing'))[3]);
    assert.ok(BigInt(got.completed.payment_charged) >= fee * BigInt(used.compile_time_ms));
    assert.equal(BigInt(got.completed.payment_charged) + BigInt(got.completed.payment_refunded), deposit);
});

test('a branch that moves is compiled anew, a commit stays what it is', async () => {
    const [repo, old] = git.commit('moves', { 'main.c': upper('toupper') });
    assert.equal((await works(repo, 'main', { input_data: 'aB' })).text, '"AB"');
    git.commit('moves', { 'main.c': upper('tolower') });
    assert.equal((await works(repo, 'main', { input_data: 'aB' })).text, '"ab"');
    const pinned = await works(repo, old, { input_data: 'aB' });
    assert.equal(pinned.text, '"AB"');
    assert.match(pinned.completed.compilation_note, /^Cached/);
});

test('a branch is looked up in one request, a tag means what it points at', async () => {
    const [repo, sha] = git.commit('asked', { 'main.c': upper('toupper') });
    git.git('asked', 'tag', '-a', '-m', 'a tag', 'v1');
    const ways = { main: 1, v1: 1 };
    await works(repo, sha, { input_data: 'aB' });
    for (const [name, requests] of Object.entries(ways)) {
        const hits = git.hits;
        const got = await works(repo, name, { input_data: 'aB' });
        assert.match(got.completed.compilation_note, /^Cached/, `${name} is the commit that was built`);
        assert.equal(git.hits - hits, requests);
    }
    git.old = true;
    const hits = git.hits;
    assert.match((await works(repo, 'main', { input_data: 'aB' })).completed.compilation_note, /^Cached/);
    assert.ok(git.hits - hits > 1, 'git itself asked a server that knows only the older protocol');
    git.old = false;
});

test('a Rust program', async () => {
    const [repo] = git.commit('greeter', { 'Cargo.toml': cargo, 'src/main.rs': greeter('hello') });
    const got = await works(repo, 'main', { input_data: 'Ada' });
    assert.equal(got.text, '"hello Ada"');
});

test('another commit finds its crates compiled', async () => {
    const log = async (got) => (await fetch(`${net.coordinator.url}/requests/${got.requested.request_id}/build-log`)).text();
    const project = fs.readdirSync(serde, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
        .map((e) => path.join(e.parentPath, e.name));
    const files = Object.fromEntries(project.map((file) => [path.relative(serde, file), fs.readFileSync(file, 'utf8')]));
    const [repo] = git.commit('serde', files);
    const input = { input_data: '{"text":"a b a"}' };
    const first = await works(repo, 'main', input);
    assert.match(await log(first), /Compiling serde_json/);
    git.commit('serde', { 'src/main.rs': `${files['src/main.rs']}\n// changed\n` });
    const second = await works(repo, 'main', input);
    assert.equal(second.completed.compilation_note, 'Freshly compiled');
    assert.match(await log(second), /as compiled for an earlier build/);
    assert.doesNotMatch(await log(second), /Compiling serde/);
    assert.equal(second.text, first.text);
    assert.ok(second.completed.resources_used.compile_time_ms < first.completed.resources_used.compile_time_ms);
});

test('compile_only answers the checksum', async () => {
    const [repo] = git.commit('only', { 'Cargo.toml': cargo, 'src/main.rs': greeter('welcome') });
    const text = await works(repo, 'main', { params: { compile_only: true } });
    assert.match(text.value, /^[0-9a-f]{64}$/);
    const json = await works(repo, 'main', { params: { compile_only: true }, response_format: 'Json' });
    assert.deepEqual(json.value, { wasm_hash: text.value });
    // Of a project, and for the base fee when it is at hand: nothing is compiled then.
    await net.transact(net.alice, 'outlayer.test', [near.actions.functionCall('create_project', {
        name: 'only', source: { GitHub: { repo, commit: 'main' } },
    }, 100n * TGAS, NEAR / 10n)]);
    const source = { Project: { project_id: 'alice.test/only' } };
    const project = await net.request(net.alice, { source, params: { compile_only: true } }, { deposit: 10n ** 21n });
    assert.equal(project.value, text.value);
    assert.equal(project.completed.payment_charged, String(10n ** 21n));
    // And so the first run finds it made.
    const run = await net.request(net.alice, { source, input_data: 'Ada' });
    assert.equal(run.value, 'welcome Ada');
    assert.match(run.completed.compilation_note, /^Cached WASM from /);
});

test('two requests for the same program share one build', async () => {
    const [repo] = git.commit('shared', { 'main.c': `${upper('toupper')}/* shared */` });
    const both = await Promise.all([
        net.sign(net.alice, 'outlayer.test', [net.requestAction({ source: { GitHub: { repo, commit: 'main' } }, input_data: 'a' }, { deposit })]),
        net.sign(net.alice, 'outlayer.test', [net.requestAction({ source: { GitHub: { repo, commit: 'main' } }, input_data: 'b' }, { deposit })]),
    ]).then((signed) => Promise.all(signed.map((s) => net.settle(s))));
    const notes = both.map((o) => net.read(o).completed.compilation_note.split(' ')[0]).sort();
    assert.deepEqual(notes, ['Cached', 'Freshly']);
});

test('what is wrong is named: repository, ref, code', async () => {
    const [repo] = git.commit('wrong', { 'main.c': 'int main(void) { return nothing; }\n' });
    await fails(`${git.base}/nowhere`, 'main', /compilation_failed: there is no public repository/);
    await fails(repo, 'nope', /compilation_failed: .* has no branch or tag 'nope'/);
    await fails(repo, '0123456789abcdef0123456789abcdef01234567', /compilation_failed: .* has no commit/);
    await fails(repo, '0123456', /has no branch or tag '0123456' \(a commit is named by all 40 digits\)/);
    await fails(repo, 'main', /compilation_failed: .*undeclared identifier 'nothing'/s);
    await fails('https://gitlab.com/a/b', 'main', /custom: .* is not on github.com/);
    await fails('http://127.0.0.1:1/x', 'main', /compilation_failed: the server of .* could not be reached/);
    const [empty] = git.commit('empty', { README: 'nothing here' });
    await fails(empty, 'main', /compilation_failed: nothing to build/);
});

test('git daemon is not asked, not even by a redirect', async () => {
    const [repo] = git.commit('daemon', { 'main.c': upper('toupper') });
    const port = await freePort();
    const said = [];
    const daemon = spawn('git', ['daemon', '--verbose', '--listen=127.0.0.1', `--port=${port}`, '--export-all',
        `--base-path=${git.root}`, '--reuseaddr'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    daemon.stderr.on('data', (text) => said.push(String(text)));
    try {
        const url = `git://127.0.0.1:${port}/daemon`;
        // It is there, and gives this repository to everybody else.
        await until('the daemon answers', async () => {
            try {
                return execFileSync('git', ['ls-remote', url], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0;
            } catch {
                return false;
            }
        });
        await until('it has told of that', () => said.join('').includes('Disconnected'));
        said.length = 0;
        await fails(url, 'main', /custom: /);
        git.redirect = url;
        await fails(repo, 'main', /compilation_failed: /);
        assert.equal(said.join(''), '');
    } finally {
        git.redirect = undefined;
        process.kill(-daemon.pid, 'SIGKILL'); // git and the daemon that it started
    }
});

test('a build script cannot take the machine down, nor others with it', async () => {
    const rust = (body) => ({ 'Cargo.toml': cargo, 'src/main.rs': 'fn main() {}\n', 'build.rs': `fn main() { ${body} }\n` });
    const sh = (script) => rust(`assert!(std::process::Command::new("bash").args(["-c", r#"${script}"#]).status().unwrap().success());`);
    // Fills what is there to be filled; two gigabytes is all it gets.
    const [disk] = git.commit('fills', sh('dd if=/dev/zero of=/work/target/big bs=1M count=4000'));
    await fails(disk, 'main', /compilation_failed: the build used more than 2048 MiB of disk/);
    // Leaves processes behind, away from its session and its output.
    const [forks] = git.commit('forks', sh('for i in $(seq 50); do setsid sleep 77777 < /dev/null > /dev/null 2>&1 & done; true'));
    await works(forks, 'main', { params: { compile_only: true } });
    await until('all of them have ended', () => !execFileSync('ps', ['-eo', 'args']).toString().includes('sleep 77777'));
    // Meanwhile and afterwards others build.
    const [repo] = git.commit('unharmed', { 'main.c': upper('toupper') });
    assert.equal((await works(repo, 'main', { input_data: 'ok' })).text, '"OK"');
});

test('a payment too small for compiling is said so', async () => {
    const [repo] = git.commit('poor', { 'main.c': upper('toupper') });
    const got = await net.request(net.alice, {
        source: { GitHub: { repo, commit: 'main' } }, params: { compile_only: true },
    }, { deposit: 10n ** 21n });
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /insufficient_payment: .*payment covers only \d+s but minimum is 30s/);
});

test('a build that takes longer than was paid for ends, and says so', async () => {
    const [repo] = git.commit('long', { 'main.c': upper('toupper'), Makefile: 'all:\n\tsleep 60\n' });
    const got = await net.request(net.alice, {
        source: { GitHub: { repo, commit: 'main' } }, params: { compile_only: true },
    }, { deposit: 3n * 10n ** 21n });
    assert.equal(got.completed.success, false);
    assert.match(got.completed.error_message, /longer than 30 seconds, and the payment covers no more; 300 seconds, the most, take 30000000000000000000000 yoctoNEAR/);
});

test('a build script sees no key and reaches nobody', async () => {
    const hits = git.hits;
    const [repo] = git.commit('spy', {
        'Cargo.toml': cargo,
        'src/main.rs': 'fn main() { print!("{}", env!("FOUND")); }\n',
        'build.rs': `use std::process::Command;
fn main() {
    let script = r#"
        for f in /root /home /tmp/outlayer-* ${net.home} ${net.keyFile}; do [ -e $f ] && echo "sees $f"; done
        tr '\\0' '\\n' < /proc/1/environ | grep -i outlayer
        (exec 3<>/dev/tcp/127.0.0.1/${new URL(git.base).port}) 2>/dev/null && echo reaches the server
        (exec 3<>/dev/tcp/127.0.0.1/1080) 2>/dev/null && echo reaches the broker
        kill -9 -1 2>/dev/null; true"#;
    let out = Command::new("bash").args(["-c", &script.replace("kill -9 -1 2>/dev/null; ", "")]).output().unwrap();
    println!("cargo:rustc-env=FOUND=found:{}", String::from_utf8_lossy(&out.stdout).replace('\\n', " "));
    Command::new("bash").args(["-c", "setsid sleep 600 >/dev/null 2>&1 &"]).status().unwrap();
}
`,
    });
    const got = await works(repo, 'main');
    assert.equal(got.text, '"found:"');
    assert.ok(git.hits - hits < 12, 'the server heard of the repository only');
});

test('the steps of a request show the build', async () => {
    const [repo, sha] = git.commit('steps', { 'main.c': upper('toupper') });
    const got = await works(repo, 'main', { input_data: 'x' });
    const response = await fetch(`${net.coordinator.url}/requests/${got.requested.request_id}`);
    const { steps } = await response.json();
    const names = steps.map((s) => s.step);
    assert.ok(names.includes('compiling'), names.join(' '));
    const compiled = steps.find((s) => s.step === 'compiled').detail;
    assert.equal(compiled.commit, sha);
    assert.match(compiled.wasm_sha256, /^[0-9a-f]{64}$/);
});
