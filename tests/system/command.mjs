// command.mjs — running `outlayer` itself, as a person or a script would.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { BIN, SHARE } from './harness.mjs';

/** Start `outlayer`; what it prints is gathered in `out` and `err`. */
export function start(args, env = {}) {
    const keep = {};
    for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'LLVM_PROFILE_FILE'])
        if (process.env[name])
            keep[name] = process.env[name];
    const child = spawn(path.join(BIN, 'outlayer'), args, {
        env: { PATH: process.env.PATH, HOME: '/nonexistent', OUTLAYER_SHARE: SHARE, ...keep, ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
    });
    const run = { child, out: '', err: '' };
    child.stdout.on('data', (chunk) => (run.out += chunk));
    child.stderr.on('data', (chunk) => (run.err += chunk));
    child.stdin.on('error', () => {});
    run.ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out: run.out, err: run.err }));
    return run;
}

/** Run it to its end with `input` on stdin. */
export async function outlayer(args, { input = '', env = {} } = {}) {
    const run = start(args, env);
    run.child.stdin.end(input);
    return run.ended;
}

export const lastLine = (text) => text.trimEnd().split('\n').at(-1);
