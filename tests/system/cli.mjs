// cli.mjs — help, versions, wrong words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlayer } from './command.mjs';

test('help lists every command and each explains itself', async () => {
    const all = await outlayer(['--help']);
    assert.equal(all.code, 0);
    const names = [...all.out.matchAll(/^ {2}([a-z-]+) +\S/gm)].map((m) => m[1]);
    for (const name of ['up', 'run', 'version', 'help'])
        assert.ok(names.includes(name), name);
    for (const name of names) {
        const one = await outlayer([name, '--help']);
        assert.equal(one.code, 0, name);
        assert.ok(one.out.startsWith(`outlayer ${name} — `), one.out);
        assert.equal((await outlayer(['help', name])).out, one.out);
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
    ]) {
        const { code, out, err } = await outlayer(args);
        assert.equal(code, 3, args.join(' '));
        assert.match(err, text);
        assert.equal(out, '');
        assert.ok(!err.includes('\u001b'), 'no colour without a terminal');
    }
});
