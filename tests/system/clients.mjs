// clients.mjs — command-line clients that others wrote, built by tools/build-clients.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const tools = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../tools');

/** The path of `near` or `outlayer`; null, and a line that says so, when it is not built. */
export function client(name) {
    const folder = execFileSync(path.join(tools, 'build-clients'), ['--path'], { encoding: 'utf8' }).trim();
    const program = path.join(folder, 'bin', name);
    if (fs.existsSync(program))
        return program;
    console.log(`skipped: ${program} is not built; \`make test-clients\` builds it, which takes a while`);
    return null;
}

// Nobody listens there: a client that wants to go out to the internet hears so at once.
const NO_WAY_OUT = { HTTPS_PROXY: 'http://127.0.0.1:9' };

/** Run it to its end in a world of its own; colours and backtraces are cut out of what it says. */
export async function run(program, args, { home, cwd = home, input = '', env = {}, ms = 120_000 }) {
    const child = spawn(program, args, {
        cwd, stdio: ['pipe', 'pipe', 'pipe'], timeout: ms,
        env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: path.join(home, '.config'), NO_COLOR: '1', RUST_BACKTRACE: '0', ...NO_WAY_OUT, ...env },
    });
    let out = '', err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, signal] = await once(child, 'close');
    const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, '').replace(/━+ BACKTRACE[\s\S]*/, '');
    return { code, signal, out: plain(out), err: plain(err), said: `$ ${args.join(' ')}\n${plain(out)}${plain(err)}` };
}
