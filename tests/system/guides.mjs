// guides.mjs — what README and guides tell people to type.
//
// Blocks marked `sh` are run as they stand, those of one file in one shell, in a folder that looks
// like the tree, beside a network of `outlayer up`. A block marked with a language and a file name
// is that file. A `text` block after an `sh` block is what is seen then: its lines must come in this
// order, numbers and hashes may be others. Every other command line is not run, but its options must
// be there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { lastLine, outlayer, start } from './command.mjs';
import { BIN, SHARE, until } from './harness.mjs';

const tree = path.resolve(import.meta.dirname, '../..');
const pages = ['README.md', ...['docs', 'examples', 'sdk', 'contracts'].flatMap((folder) =>
    fs.readdirSync(path.join(tree, folder), { recursive: true })
        .filter((name) => name.endsWith('.md') && !name.includes('node_modules')).sort().map((name) => path.join(folder, name)))];

/** The fenced blocks of a page: {kind, file, text}. */
function blocks(text) {
    return [...text.matchAll(/^```(\S*) ?(\S*)\n(.*?)^```$/gms)].map(([, kind, file, body]) => ({ kind, file, text: body }));
}

const temp = fs.mkdtempSync('/tmp/outlayer-guides-');
const home = path.join(temp, 'home');
fs.mkdirSync(home);
fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\nname = You\nemail = you@example.com\n');
const network = start(['up', '--json', '--port-base', '0', '--block-time-ms', '50'], { HOME: home });
after(async () => {
    network.child.kill('SIGINT');
    await network.ended;
    fs.rmSync(temp, { recursive: true, force: true });
});
await until('the network', () => {
    assert.equal(network.child.exitCode, null, network.err);
    return network.out.includes('{"ready":true');
});

/** Where it listens, in the place of the ports that the pages name. */
const env = fs.readFileSync(path.join(home, '.outlayer/local/env'), 'utf8');
const port = (name) => env.match(new RegExp(`OUTLAYER_${name}_URL='http://127\\.0\\.0\\.1:(\\d+)`))[1];
const ports = { 3030: port('RPC'), 3031: port('COORDINATOR'), 3033: port('FASTFS'), 3034: port('KEYSTORE') };
const here = (text) => text.replace(/127\.0\.0\.1:(303\d)/g, (all, usual) => `127.0.0.1:${ports[usual] ?? usual}`);

/** Without what is another one every time. */
const shape = (text) => text.replace(/[0-9a-f]{64}|\b[1-9A-HJ-NP-Za-km-z]{42,46}\b/g, 'H').replace(/[0-9a-f]{12}\b/g, 'H')
    .replace(/\d+([.,]\d+)*/g, '0').replace(/[ ─]+/g, ' ').trim();

function folder() {
    const at = fs.mkdtempSync(path.join(temp, 'work-'));
    for (const name of ['examples', 'docs', 'sdk', 'contracts', 'tools'])
        fs.symlinkSync(path.join(tree, name), path.join(at, name));
    fs.mkdirSync(path.join(at, 'build/share'), { recursive: true });
    fs.symlinkSync(BIN, path.join(at, 'build/bin'));
    fs.symlinkSync(SHARE, path.join(at, 'build/share/outlayer'));
    fs.symlinkSync(path.join(process.env.NODE_HOME, 'node_modules'), path.join(at, 'node_modules'));
    return at;
}

for (const page of pages) {
    const all = blocks(fs.readFileSync(path.join(tree, page), 'utf8'));
    if (!all.some((b) => b.kind === 'sh'))
        continue;
    test(`${page}: its commands do what it says`, () => {
        const cwd = folder();
        // Pages begin the same contract: each on an account of its own.
        const own = (text) => here(text).replace(/\b(counter|mine)\.test/g, `$1${pages.indexOf(page)}.test`);
        let script = 'set -euo pipefail\nexec 2>&1\n. ~/.outlayer/local/env\n';
        all.forEach((block, i) => {
            if (block.file)
                fs.writeFileSync(path.join(cwd, block.file), here(block.text));
            if (block.kind === 'sh')
                script += `echo; echo '@@ ${i}'\n${own(block.text)}`;
        });
        const { status, stdout } = spawnSync('bash', ['-c', script], {
            cwd, encoding: 'utf8', env: { OUTLAYER_CACHE: path.join(os.homedir(), '.cache/outlayer'), ...process.env, HOME: home, OUTLAYER_SHARE: SHARE, PATH: `${process.env.NODE_HOME}/bin:${process.env.PATH}` },
        });
        assert.equal(status, 0, stdout);
        const said = Object.fromEntries(stdout.split(/^@@ /m).slice(1).map((part) => [parseInt(part, 10), part]));
        all.forEach((block, i) => {
            if (block.kind !== 'text' || all[i - 1]?.kind !== 'sh')
                return;
            const seen = said[i - 1].split('\n').map(shape);
            let from = 0;
            for (const line of block.text.trimEnd().split('\n')) {
                const at = seen.findIndex((text, n) => n >= from && text.includes(shape(line)));
                assert.ok(at >= 0, `'${line}' is not in\n${said[i - 1]}`);
                from = at;
            }
        });
    });
}

test('options of the other command lines are there', async () => {
    const help = new Map();
    async function helpOf(program, command) {
        const key = `${program} ${command}`;
        if (!help.has(key)) {
            const ran = program === 'outlayer' ? await outlayer([command, '--help'])
                : { out: spawnSync(path.join(BIN, program), ['--help'], { encoding: 'utf8' }).stdout };
            help.set(key, ran.out);
        }
        return help.get(key);
    }
    let seen = 0;
    for (const page of pages) {
        const text = fs.readFileSync(path.join(tree, page), 'utf8').replace(/\\\n\s*/g, '');
        const lines = [...text.matchAll(/(?:^(?: {4}|build\/bin\/)?|`)(outlayer(?:-[a-z]+)?) ([^`\n]*)/gm)];
        for (const [line, program, rest] of lines) {
            const options = [...rest.replace(/'[^']*'/g, '').split(/[|;&#]/)[0].matchAll(/(?<=\s|^)--([a-z][a-z-]*[a-z])/g)].map((m) => m[1]);
            const command = rest.split(' ')[0];
            if (program === 'outlayer' && !/^[a-z-]+$/.test(command))
                continue;
            const known = await helpOf(program, program === 'outlayer' ? command : '');
            assert.match(known, /^Usage: |^Other programs/m, `${page}: ${line}`);
            for (const option of options)
                assert.ok(new RegExp(`[ (]--${option}\\b`).test(known), `${page}: no --${option} in '${line}'`);
            seen++;
        }
    }
    assert.ok(seen > 100, `${seen} command lines`);
    assert.equal(lastLine(network.out).startsWith('{"ready":true'), true, network.err);
});
