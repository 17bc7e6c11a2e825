// toolchain.mjs — compilers from rustup: what tools/build-toolchain makes of them, and programs built
// with one. The second half needs a rustup toolchain that has the targets (RUSTUP_HOME is looked at):
// rustup target add wasm32-wasip1 wasm32-wasip2

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { GitServer, toolchain } from './git.mjs';
import { BIN, NEAR, Network, sha256hex } from './harness.mjs';

const script = path.join(import.meta.dirname, '../../tools/build-toolchain');
const projects = path.join(import.meta.dirname, '../../examples/projects');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-toolchain-'));
fs.chmodSync(folder, 0o755); // the sandbox is another user
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const debian = toolchain();

/** An empty cache, but for Go's library, which takes half a minute to compile. */
function cache(name) {
    const dir = path.join(folder, name);
    fs.mkdirSync(dir);
    if (debian && fs.existsSync(path.join(debian, 'gocache')))
        fs.symlinkSync(debian, path.join(dir, 'toolchain-of-the-user'));
    return dir;
}

/** `before`: a command that runs it. */
function make(cacheDir, args, before = []) {
    const [command, ...rest] = [...before, script, ...args];
    const done = spawnSync(command, rest, { encoding: 'utf8', env: { ...process.env, OUTLAYER_CACHE: cacheDir } });
    return { code: done.status, dir: done.stdout.trim(), err: done.stderr };
}

function made(...given) {
    const got = make(...given);
    assert.equal(got.code, 0, got.err);
    return { ...got, id: fs.readFileSync(path.join(got.dir, 'id'), 'utf8').trim() };
}

const selfTest = (dir) =>
    JSON.parse(execFileSync(path.join(BIN, 'outlayer-compile'), ['--self-test'],
                            { env: { ...process.env, OUTLAYER_TOOLCHAIN: dir }, stdio: ['ignore', 'pipe', 'pipe'] }));

/** What has the shape of a toolchain; its rustc says who it is and no more. */
function shape(name, targets, version = '9.9.9 (abcdef012 2030-01-01)') {
    const root = path.join(folder, name);
    const put = (file, text, mode = 0o644) => {
        fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
        fs.writeFileSync(path.join(root, file), text, { mode });
    };
    put('bin/rustc', `#!/bin/sh\ncase $1 in -vV) echo host: x86_64-unknown-linux-gnu ;; *) echo 'rustc ${version}' ;; esac\n`, 0o755);
    put('bin/cargo', '#!/bin/sh\nexit 1\n', 0o755);
    put('bin/rustdoc', 'not needed', 0o755);
    put('share/doc/book.html', 'not needed');
    put('lib/librustc_driver-1.so', 'code');
    put('lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd-1.rlib', 'host');
    put('lib/rustlib/x86_64-unknown-linux-gnu/bin/wasm-component-ld', 'linker', 0o755);
    put('lib/rustlib/multirust-channel-manifest.toml', 'manifest-version = "2"\ndate = "2030-01-02"\n\n[pkg.cargo]\n');
    for (const target of targets)
        put(`lib/rustlib/${target}/lib/libstd-1.rlib`, target);
    return root;
}

const both = ['wasm32-wasip1', 'wasm32-wasip2'];

test('what a toolchain lacks is said, with what to do', () => {
    const dir = cache('lacking');
    const none = make(dir, ['--rustup', shape('bare', []), '--wasip2']);
    assert.equal(none.code, 1);
    assert.match(none.err, /lacks a target: rustup target add wasm32-wasip1 wasm32-wasip2 --toolchain bare\n/);
    const one = make(dir, ['--wasip2', '--rustup', shape('half', ['wasm32-wasip1'])]);
    assert.match(one.err, /lacks a target: rustup target add wasm32-wasip2 --toolchain half\n/);
    assert.match(make(dir, ['--rustup', '/nowhere/at/all']).err, /there is no rustc and cargo in '\/nowhere\/at\/all\/bin'/);
    assert.equal(make(dir, ['--rustup', '--other']).code, 2);
    assert.ok(!fs.existsSync(path.join(dir, 'toolchain')));
});

test('the folder has what compiles, under a name that tells what is in it', () => {
    const dir = cache('shaped');
    const root = shape('shape', both);
    const planned = make(dir, ['--rustup', root, '--path']).dir;
    assert.ok(!fs.existsSync(planned));
    const first = made(dir, ['--rustup', root]);
    assert.equal(first.dir, planned);
    assert.match(first.id, /^rustc 9\.9\.9 abcdef012 rustup, files [0-9a-f]{16}$/);
    assert.equal(fs.realpathSync(path.join(dir, 'toolchain')), first.dir);
    const sysroot = path.join(first.dir, 'sysroot');
    for (const file of ['bin/rustc', 'bin/cargo', 'lib/librustc_driver-1.so', 'lib/rustlib/wasm32-wasip2/lib/libstd-1.rlib']) {
        const [copy, original] = [fs.statSync(path.join(sysroot, file)), fs.statSync(path.join(root, file))];
        assert.equal(copy.ino, original.ino, `${file} is a link`);
    }
    for (const file of ['bin/rustdoc', 'share', 'lib/rustlib/multirust-channel-manifest.toml'])
        assert.ok(!fs.existsSync(path.join(sysroot, file)), file);
    assert.equal(selfTest(first.dir).rust, first.id);

    // From elsewhere the same; with another byte another, and the first stays what it is.
    fs.cpSync(root, path.join(folder, 'elsewhere'), { recursive: true });
    assert.equal(made(dir, ['--rustup', path.join(folder, 'elsewhere')]).dir, first.dir);
    const file = path.join(root, 'lib/librustc_driver-1.so');
    fs.writeFileSync(`${file}.new`, 'other code');
    fs.renameSync(`${file}.new`, file); // as rustup does
    const second = made(dir, ['--rustup', root]);
    assert.notEqual(second.dir, first.dir);
    assert.match(second.err, /now rustc 9\.9\.9 .*; before it was rustc 9\.9\.9 /);
    assert.equal(fs.readFileSync(path.join(sysroot, 'lib/librustc_driver-1.so'), 'utf8'), 'code');
});

test('files that builds could not read, or others could change, are copied', () => {
    const root = shape('closed', both);
    const file = path.join(root, 'lib/librustc_driver-1.so');
    for (const mode of [0o600, 0o666]) {
        fs.chmodSync(file, mode);
        const { dir } = made(cache(`closed-${mode}`), ['--rustup', root]);
        const copy = fs.statSync(path.join(dir, 'sysroot/lib/librustc_driver-1.so'));
        assert.equal(copy.mode & 0o777, 0o644);
        assert.notEqual(copy.ino, fs.statSync(file).ino);
        assert.equal(fs.statSync(file).mode & 0o777, mode);
    }
});

test('a nightly is named by its day, and a compiler that is not the one named is none', () => {
    const nightly = made(cache('night'), ['--rustup', shape('nightly', both, '9.9.9-nightly (abcdef012 2030-01-01)')]);
    assert.match(nightly.id, /^rustc 9\.9\.9-nightly abcdef012 2030-01-02 rustup, files /);
    assert.equal(selfTest(nightly.dir).rust, nightly.id);
    fs.writeFileSync(path.join(nightly.dir, 'id'), nightly.id.replace('abcdef012', '012abcdef'));
    assert.equal(selfTest(nightly.dir).rust, null);
});

// From here on with a real one.
const mine = cache('real');
const real = process.env.SANITIZED === '1' ? { err: 'what cargo does is the same under sanitizers' } : make(mine, ['--rustup', '--wasip2']);
const skip = real.code === 0 ? false : `no toolchain from rustup: ${real.err.trim()}`;
if (skip)
    console.log(`# the rest is left out, ${skip}`);

function repository(name, files = {}, from = name) {
    const dir = path.join(folder, 'repositories', name);
    if (from)
        fs.cpSync(path.join(projects, from), dir, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
        fs.writeFileSync(path.join(dir, file), text);
    }
    const git = (...args) => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: dir, stdio: 'pipe' });
    git('init', '-q', '-b', 'main', '.');
    git('add', '.');
    git('commit', '-qm', 'begin');
    return dir;
}

async function build(dir, tools, ...more) {
    const output = path.join(folder, 'program.wasm');
    const got = await outlayer(['build', dir, '--toolchain', tools, '--output', output, '--json', ...more]);
    assert.equal(got.code, 0, got.err);
    const record = JSON.parse(got.out);
    assert.equal(record.sha256, await sha256hex(fs.readFileSync(output)));
    const run = await outlayer(['run', output, '--no-cache', '--input', 'Ada']);
    assert.equal(run.code, 0, run.err);
    return { ...record, answer: run.out };
}

test('build scripts, procedural macros, workspaces, both targets: the same bytes twice', { skip }, async () => {
    const id = fs.readFileSync(path.join(real.dir, 'id'), 'utf8').trim();
    assert.equal(selfTest(real.dir).rust, id);
    for (const name of ['rust-plain', 'rust-build-script', 'rust-proc-macro', 'rust-workspace']) {
        const dir = repository(name);
        const elsewhere = path.join(folder, 'somewhere', 'else', name);
        fs.cpSync(dir, elsewhere, { recursive: true });
        for (const target of both) {
            const first = await build(dir, real.dir, '--target', target);
            assert.equal(first.compiler, id);
            assert.equal((await build(elsewhere, real.dir, '--target', target)).sha256, first.sha256, `${name} ${target}`);
            if (!debian || (target === 'wasm32-wasip2' && !fs.existsSync(path.join(debian, 'bin/wasm-component-ld'))))
                continue;
            const other = await build(dir, debian, '--target', target);
            assert.equal(other.answer, first.answer);
            assert.notEqual(other.compiler, id);
        }
    }
});

test('C uses its linker for components, Go its own compiler', { skip }, async () => {
    await build(repository('c-make'), real.dir, '--target', 'wasm32-wasip2');
    if (selfTest(real.dir).go)
        await build(repository('go-plain'), real.dir);
});

test('a pin in rust-toolchain that is the compiler in use is followed in silence', { skip }, async () => {
    const version = fs.readFileSync(path.join(real.dir, 'id'), 'utf8').split(' ')[1];
    const log = path.join(folder, 'build.log');
    for (const [channel, told] of [[version, false], ['1.50.0', true]]) {
        const dir = repository(`pinned-${channel}`, { 'rust-toolchain.toml': `[toolchain]\nchannel = "${channel}"\n` }, 'rust-plain');
        await build(dir, real.dir, '--log', log);
        assert.equal(/rust-toolchain asks for/.test(fs.readFileSync(log, 'utf8')), told, channel);
    }
});

test('it is taken by itself where Debian has no Rust', { skip }, () => {
    const hidden = ['bwrap', '--dev-bind', '/', '/', '--ro-bind', '/dev/null', '/usr/bin/cargo', '--'];
    if (!fs.existsSync('/usr/bin/cargo'))
        hidden.length = 0;
    const alone = made(cache('alone'), ['--wasip2'], hidden);
    assert.match(alone.err, /Debian's Rust is not here; this is rustup's '/);
    assert.equal(path.basename(alone.dir), path.basename(real.dir));
});

test('a worker says which compiler made a program, and another compiler makes it anew', { skip: skip || (!debian && 'no other toolchain') }, async () => {
    const git = await new GitServer().start();
    const net = await Network.start({ workerArgs: ['--toolchain', real.dir] });
    try {
        const [repo] = git.commit('hello', {
            'Cargo.toml': '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n',
            'src/main.rs': 'fn main() { print!("hello"); }\n',
        });
        const ask = async () => {
            const got = await net.request(net.alice, { source: { GitHub: { repo, commit: 'main' } } }, { deposit: NEAR });
            assert.equal(got.completed?.success, true, got.completed?.error_message);
            assert.equal(got.text, '"hello"');
            return got.completed.compilation_note.split(' ')[0];
        };
        assert.equal(await ask(), 'Freshly');
        assert.equal(await ask(), 'Cached');
        for (const [tools, note] of [[debian, 'Freshly'], [real.dir, 'Cached']]) {
            await net.worker.stop();
            net.options.workerArgs = ['--toolchain', tools];
            await net.startWorker();
            assert.equal(await ask(), note);
        }
    } finally {
        await git.stop();
    }
});
