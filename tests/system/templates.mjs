// templates.mjs — `outlayer new`: what it makes can be built and run, untouched.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { toolchain } from './git.mjs';

const folder = fs.mkdtempSync('/tmp/outlayer-templates-');
fs.chmodSync(folder, 0o755); // the sandbox is another user
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const tools = toolchain();

const git = (dir, ...args) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: dir, stdio: 'pipe' });

async function made(language, name) {
    const dir = path.join(folder, name);
    const got = await outlayer(['new', language, name, '--dir', dir, '--json']);
    assert.equal(got.code, 0, got.err);
    const { files, build_target: target } = JSON.parse(got.out);
    for (const file of files)
        assert.ok(!fs.readFileSync(path.join(dir, file), 'utf8').includes('@NAME@'), file);
    git(dir, 'init', '-q', '-b', 'main', '.');
    git(dir, 'add', '.');
    git(dir, 'commit', '-qm', 'begin');
    return { dir, target };
}

async function greets(dir, target) {
    const wasm = path.join(dir, `${target}.wasm`);
    const built = await outlayer(['build', dir, '--target', target, '--output', wasm, '--toolchain', tools],
                                 { env: { OUTLAYER_CACHE: path.join(folder, 'cache') } });
    assert.equal(built.code, 0, built.err);
    const run = async (input) => outlayer(['run', wasm, '--no-cache', '--input', input]);
    const good = await run('{"name":"Zoë \\"Z\\""}');
    assert.equal(good.code, 0, good.err);
    assert.deepEqual(JSON.parse(good.out), { greeting: 'hello Zoë "Z"' });
    const bad = await run('');
    assert.equal(bad.code, 1);
    assert.match(bad.err, /give \{"name":"Alice"\}/);
}

const hasComponentLinker = fs.existsSync(path.join(tools, 'bin/wasm-component-ld'));

test('C, for both targets, and by make alone', async () => {
    const { dir, target } = await made('c', 'dice');
    assert.equal(target, 'wasm32-wasip1');
    await greets(dir, target);
    if (hasComponentLinker)
        await greets(dir, 'wasm32-wasip2');
    execFileSync('make', [], { cwd: dir, stdio: 'pipe' });
    assert.ok(fs.existsSync(path.join(dir, 'build/dice.wasm')));
});

test('Rust', async (t) => {
    const { dir, target } = await made('rust', 'zebra');
    assert.equal(target, 'wasm32-wasip2');
    if (!hasComponentLinker)
        return t.skip('no component linker: tools/build-toolchain --wasip2');
    if (process.env.SANITIZED === '1')
        return t.skip('what cargo does is the same under sanitizers');
    await greets(dir, target);
});

test('Go', async (t) => {
    const lists = (go) => {
        try {
            return execFileSync(go, ['tool', 'dist', 'list'], { encoding: 'utf8', stdio: 'pipe' });
        } catch {
            return '';
        }
    };
    if (!['/usr/local/go/bin/go', '/usr/lib/go/bin/go', '/usr/bin/go'].some((go) => lists(go).includes('wasip1/wasm')))
        return t.skip('no Go that knows wasip1 (1.21)');
    const { dir, target } = await made('go', 'greet');
    await greets(dir, target);
});

test('nothing that is there is touched; names are checked', async () => {
    const dir = path.join(folder, 'mine');
    fs.mkdirSync(dir);
    fs.writeFileSync(path.join(dir, 'main.c'), 'mine');
    const got = await outlayer(['new', 'c', 'mine', '--dir', dir]);
    assert.equal(got.code, 1);
    assert.match(got.err, /is there already and not empty/);
    assert.equal(fs.readFileSync(path.join(dir, 'main.c'), 'utf8'), 'mine');
    for (const args of [['c', '../up'], ['c', 'Up'], ['c', ''], ['cobol', 'x'], ['c']])
        assert.equal((await outlayer(['new', ...args])).code, 3, args.join(' '));
});
