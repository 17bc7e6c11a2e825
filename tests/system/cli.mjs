// cli.mjs — help, versions, wrong words.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { outlayer } from './command.mjs';
import { BIN } from './harness.mjs';

const listed = (text) => [...text.split('\nCommands:')[1].matchAll(/^ {2}([a-z-]+) +\S/gm)].map((m) => m[1]);

test('help lists every command and each explains itself', async () => {
    const all = await outlayer(['--help']);
    assert.equal(all.code, 0);
    const names = listed(all.out);
    for (const name of ['up', 'run', 'version', 'help'])
        assert.ok(names.includes(name), name);
    for (const name of names) {
        const one = await outlayer([name, '--help']);
        assert.equal(one.code, 0, name);
        assert.ok(one.out.startsWith(`outlayer ${name} — `), one.out);
        assert.equal((await outlayer(['help', name])).out, one.out);
        assert.match(one.out, /\nExit status: .*0 /);
        // Examples are whole command lines, however long.
        for (const line of one.out.split('\nExamples:')[0].split('\n'))
            assert.ok([...line].length <= 100, line);
    }
});

test('versions', async () => {
    const plain = await outlayer(['--version']);
    assert.match(plain.out, /^outlayer \d+\.\d+\.\d+\n$/);
    const json = JSON.parse((await outlayer(['version', '--json'])).out);
    assert.equal(`outlayer ${json.version}\n`, plain.out);
});

test('every executable says what it is, and refuses what it does not know', () => {
    const daemons = ['coordinator', 'worker', 'devnet', 'keystore', 'keyholder', 'fastfs'];
    for (const name of [...daemons, 'fetch', 'compile', 'exec'].map((n) => `outlayer-${n}`)) {
        const call = (...args) => spawnSync(path.join(BIN, name), args, { encoding: 'utf8', env: { PATH: process.env.PATH } });
        const help = call('--help');
        assert.equal(help.status, 0, name + help.stderr);
        assert.ok(help.stdout.startsWith(`${name} — `), help.stdout);
        assert.match(call('--version').stdout, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\n$`));
        for (const args of [[], ['--frob']]) {
            const { status, stdout, stderr } = call(...args);
            assert.equal(status, 3, `${name} ${args}: ${stderr}`);
            assert.equal(stdout, '');
            assert.ok(stderr.includes(name), stderr);
        }
        if (!daemons.includes(name.slice(9)))
            continue;
        assert.match(help.stdout, /\nUsage: .*\n[^]*\nOptions:\n[^]*\nExamples:\n[^]*\nExit status: 0 /);
        assert.match(call('--frob').stderr, /unknown option '--frob'\n`.* --help` lists/);
    }
});

test('output that cannot be written is a failure; a reader that leaves is none', async () => {
    const full = fs.openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(path.join(BIN, 'outlayer'), ['help'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    fs.closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /the output could not be written/);
    const left = spawnSync('bash', ['-c', '(sleep 0.2; "$0" completion bash; echo "status $?" >&2) | true; sleep 0.5', path.join(BIN, 'outlayer')], { encoding: 'utf8' });
    assert.match(left.stderr, /^status 0\n$/);
});

test('a shell completes commands, verbs and options', async () => {
    const { out } = await outlayer(['completion', 'bash']);
    const complete = (...words) => execFileSync('bash', ['--norc', '-c', `${out}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _outlayer; echo "\${COMPREPLY[*]}"`, 'bash', 'outlayer', ...words], { encoding: 'utf8' }).trim();
    assert.equal(complete(''), [...listed((await outlayer(['help'])).out), '--help', '--version'].join(' '));
    assert.equal(complete('req'), 'request');
    assert.equal(complete('help', 'sec'), 'secrets');
    assert.equal(complete('cache', 'pr'), 'prewarm prune');
    assert.equal(complete('project', 'create', '--w'), '--wasm --withdraw');
    assert.equal(complete('project', 'create', '--wasm', ''), '', 'files');
    for (const shell of ['zsh', 'fish']) {
        const text = (await outlayer(['completion', shell])).out;
        for (const word of ['attestation', 'rollback', 'max-instructions'])
            assert.ok(text.includes(word), `${shell}: ${word}`);
    }
});

test('wrong usage is status 3 and says what would be right', async () => {
    for (const [args, text] of [
        [[], /Commands:/],
        [['ups'], /did you mean 'up'\?/],
        [['rnu'], /did you mean 'run'\?/],
        [['frobnicate'], /there is no command 'frobnicate'/],
        [['help', 'frobnicate'], /there is no command 'frobnicate'/],
        [['up', '--frob'], /unknown option '--frob'/],
        [['up', '--home'], /'--home' needs an argument/],
        [['up', '--port-base', '70000'], /--port-base takes a whole number from 0 to 65000/],
        [['up', 'now'], /'now' is one argument too many/],
        [['version', '--json=yes'], /takes no argument/],
        [['completion'], /bash, zsh or fish/],
        [['cache'], /prewarm, list, verify or prune/],
        [['devnet', 'frob'], /say what: start, accounts/],
    ]) {
        const { code, out, err } = await outlayer(args);
        assert.equal(code, 3, args.join(' '));
        assert.match(err, text);
        assert.equal(out, '');
        assert.ok(!err.includes('\u001b'), 'no colour without a terminal');
    }
});
