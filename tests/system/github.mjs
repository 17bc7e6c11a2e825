// github.mjs — repositories of https://github.com as production fetches them: no development flag.
//
// On an island (island.mjs) a server with a certificate of an authority that the machine trusts
// stands at an address of github.com. First what must work, for `outlayer build` and for a worker;
// then every way in which the server, the network or the name could lie.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { outlayer } from './command.mjs';
import { GitServer, toolchain } from './git.mjs';
import { NEAR, Network, until } from './harness.mjs';
import { ADDRESS, Authority, OTHER_ADDRESS, names, settle } from './island.mjs';
import { fnv, storeSecrets } from './keystore.mjs';

settle(import.meta.url);

const URL_ = 'https://github.com';
const trusted = new Authority({ trusted: true });
const genuine = trusted.certify('github.com');
const here = () => names([['github.com', ADDRESS]]);
const git = await new GitServer().start({ tls: genuine, host: ADDRESS, base: URL_ });
after(() => git.stop());
here();

const program = (word) => `#include <stdio.h>
int main(void) { char s[64] = ""; fgets(s, sizeof s, stdin); printf("${word} %s", s); return 0; }
`;
const [, first] = git.commit('alice/dice', { 'main.c': program('one') });
git.git('alice/dice', 'tag', '-a', '-m', 'the first', 'v1');
const [, second] = git.commit('alice/dice', { 'main.c': program('two') });
const [, tip] = git.commit('alice/dice', {});
git.git('alice/dice', 'branch', 'feature/x', first);

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-github-'));
after(() => fs.rmSync(work, { recursive: true, force: true }));

/** `outlayer build`: its record, or what it complained of last. */
async function build(repo, ...more) {
    const run = await outlayer(['build', repo, '--json', '--output', path.join(work, 'out.wasm'), ...more]);
    return run.code === 0 ? { record: JSON.parse(run.out), said: '' } : { said: run.err.slice(run.err.search(/^Error: /m)).trim(), code: run.code };
}

test('a branch, a tag and a full commit, by every spelling of the name', async () => {
    const commits = { main: tip, 'feature/x': first, v1: first, [second]: second, [second.toUpperCase()]: second };
    const hashes = new Map();
    for (const [ref, commit] of Object.entries(commits)) {
        const { record, said } = await build('alice/dice', '--commit', ref);
        assert.equal(said, '', ref);
        assert.equal(record.commit, commit, ref);
        assert.equal(record.repo, `${URL_}/alice/dice`);
        hashes.set(commit, record.sha256);
    }
    assert.equal(new Set(hashes.values()).size, 2, 'two programs in three commits');
    for (const name of ['alice/dice', 'alice/dice.git', 'github.com/alice/dice', 'github.com/alice/dice.git/', `${URL_}/alice/dice`,
        `${URL_}/alice/dice/`, `${URL_}/alice/dice.git`, 'git@github.com:alice/dice', 'git@github.com:alice/dice.git',
        'ssh://git@github.com/alice/dice.git']) {
        const { record, said } = await build(name);
        assert.equal(said, '', name);
        assert.equal(record.repo, `${URL_}/alice/dice`, name);
        assert.equal(record.sha256, hashes.get(tip), name);
    }
});

test('a server that knows only the older protocol', async () => {
    git.old = true;
    assert.equal((await build('alice/dice')).record?.commit, tip);
    git.old = false;
});

/** What the build says while `fault` lasts. */
async function faulty(what, fault, reason, ...more) {
    await fault();
    try {
        const { said, code } = await build('alice/dice', ...more);
        assert.match(said, reason, what);
        assert.equal(code, 1, what);
    } finally {
        here();
        git.instead = git.redirect = undefined;
        git.server.setSecureContext(genuine);
    }
}

const unreachable = (why) => new RegExp(`^Error: the server of 'https://github\\.com/alice/dice' could not be reached: ${why}`);
const absent = /^Error: there is no public repository 'https:\/\/github\.com\/alice\/dice'$/;

test('another certificate is no server of github.com', async () => {
    const stranger = new Authority();
    const shown = (context) => () => git.server.setSecureContext(context);
    await faulty('another authority', shown(stranger.certify('github.com')), unreachable('server certificate verification failed'));
    await faulty('another name', shown(trusted.certify('github.com.example.org')), unreachable('SSL: certificate subject name .* does not match'));
    await faulty('expired', shown(trusted.certify('github.com', { expired: true })), unreachable('server certificate verification failed'));
});

test('a name that means an address which is not public', async () => {
    const mean = (...addresses) => () => names(addresses.map((address) => ['github.com', address]));
    for (const address of ['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '::1', 'fd00::1', 'fe80::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'])
        await faulty(address, mean(address), unreachable("'github.com' means an address that is not a public one$"));
    await faulty('one of two', mean(ADDRESS, '127.0.0.1'), unreachable("'github.com' means an address that is not a public one$"));
    await faulty('none', mean(), unreachable("the name 'github.com' is not known here, or nobody answers there$"));
    await faulty('nobody listens', mean(OTHER_ADDRESS), unreachable("the name 'github.com' is not known here, or nobody answers there$"));
});

test('a redirect to another host, to http, to an address of this machine', async () => {
    const hits = [];
    const hit = (request, response) => {
        hits.push(request.url);
        response.end();
    };
    const others = [https.createServer(trusted.certify('evil.example'), hit).listen(8443, ADDRESS), http.createServer(hit).listen(80, ADDRESS),
        http.createServer(hit).listen(8080, '127.0.0.1')];
    const to = (url) => () => {
        names([['github.com', ADDRESS], ['evil.example', ADDRESS]]);
        git.redirect = url;
    };
    const refs = 'info/refs?service=git-upload-pack';
    try {
        for (const [url, place] of [[`https://evil.example:8443/alice/dice/${refs}`, 'evil.example:8443'],
            [`https://127.0.0.1:8080/alice/dice/${refs}`, '127.0.0.1:8080'], [`https://169.254.169.254/latest/${refs}`, '169.254.169.254:443']])
            await faulty(`to ${url}`, to(url), unreachable(`it sends to '${place}', which is not asked$`));
        for (const url of [`http://github.com/alice/dice/${refs}`, `http://127.0.0.1:8080/alice/dice/${refs}`, 'file:///etc/passwd'])
            await faulty(`to ${url}`, to(url), unreachable('Protocol "(http|file)" not supported'));
        for (const url of ['git://github.com/alice/dice', 'ext::sh -c id', `${URL_}/alice/dice/${refs}`])
            await faulty(`to ${url}`, to(url), unreachable('(The redirect target|Maximum)'));
        assert.deepEqual(hits, []);
    } finally {
        for (const server of others) {
            server.closeAllConnections();
            server.close();
        }
    }
});

test('a repository that was renamed is found by its old name', async () => {
    git.instead = (request, response) => {
        if (request.url.startsWith('/alice/dice/')) {
            response.writeHead(301, { location: request.url.replace('/alice/dice/', '/alice/cubes/') });
            return response.end();
        }
        request.url = request.url.replace('/alice/cubes/', '/alice/dice/');
        return git.serve(request, response);
    };
    try {
        assert.equal((await build('alice/dice')).record?.commit, tip);
    } finally {
        git.instead = undefined;
    }
});

/** A server that answers everything so. */
const answers = (status, headers, body) => () => {
    git.instead = (request, response) => {
        response.writeHead(status, headers);
        response.end(body);
    };
};

test('a repository that is private or absent, a ref that is not there', async () => {
    for (const status of [401, 403, 404, 451])
        await faulty(status, answers(status, status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {}, 'Repository not found.'), absent);
    assert.equal((await build('alice/404')).said, "Error: there is no public repository 'https://github.com/alice/404'");
    assert.equal((await build('alice/dice', '--commit', 'nowhere')).said,
        "Error: the repository 'https://github.com/alice/dice' has no branch or tag 'nowhere' (a commit is named by all 40 digits)");
    assert.equal((await build('alice/dice', '--commit', '0123456789abcdef0123456789abcdef01234567')).said,
        "Error: the repository 'https://github.com/alice/dice' has no commit '0123456789abcdef0123456789abcdef01234567'");
    git.git('.', 'init', '-q', 'alice/empty');
    assert.equal((await build('alice/empty')).said, "Error: the repository 'https://github.com/alice/empty' has no branch or tag 'main', nor a default one: is it empty?");
    // The name of a repository is no reason to find it absent.
    names([]);
    assert.match((await build('alice/404')).said, /could not be reached/);
    here();
});

test('a server that fails, limits, lies', async () => {
    for (const status of [429, 500, 502, 503])
        await faulty(status, answers(status, {}, 'not now'), unreachable(`The requested URL returned error: ${status}$`));
    const refs = { 'content-type': 'application/x-git-upload-pack-advertisement' };
    await faulty('a page', answers(200, { 'content-type': 'text/html' }, '<html>\nsign in\n</html>\n'), unreachable('.* not valid: is this a git repository'));
    await faulty('garbage', answers(200, refs, Buffer.alloc(5000, 0x9b)), unreachable('fatal: protocol error'));
    await faulty('nothing', answers(200, refs, ''), unreachable('fatal: the remote end hung up'));
    await faulty('hangs up', () => {
        git.instead = (request) => request.socket.destroy();
    }, unreachable('GnuTLS'));
});

/** Serves the refs, and something else in place of the pack. */
const packs = (send) => () => {
    git.instead = (request, response) => {
        let body = '';
        if (request.method === 'GET')
            return git.serve(request, response);
        request.on('data', (piece) => (body += piece)).on('end', () => {
            response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
            send(response, body);
        });
        return undefined;
    };
};
const line = (...pieces) => {
    const body = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
    return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
};
/** The beginning of a pack of a thousand objects, in the band of packs. */
const beginning = Buffer.concat([line('packfile\n'), line('\x01', Buffer.from('PACK\0\0\0\x02\0\0\x03\xe8', 'latin1'))]);

test('a server that is slow, hangs, sends without end', async () => {
    const late = /^Error: fetching 'https:\/\/github\.com\/alice\/dice' took longer than 3 seconds: its server is slow, or it is large$/;
    const open = net.createServer(() => {}).listen(443, OTHER_ADDRESS);
    try {
        await faulty('never speaks TLS', () => names([['github.com', OTHER_ADDRESS]]), late, '--max-seconds', '3');
    } finally {
        open.close();
    }
    await faulty('never answers', () => {
        git.instead = () => {};
    }, late, '--max-seconds', '3');
    await faulty('a pack that stops', packs((response) => response.write(beginning)), late, '--commit', tip, '--max-seconds', '3');
    await faulty('a pack of nothing', packs((response) => response.end()), unreachable(''), '--commit', tip);
    await faulty('a pack of garbage', packs((response) => response.end(Buffer.alloc(5000, 0x42))), unreachable(''), '--commit', tip);
    // One blob of a tebibyte, in zlib's blocks that are not compressed.
    const size = [0x30 | 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    const block = Buffer.concat([Buffer.from([0, 0xff, 0xff, 0, 0]), Buffer.alloc(0xffff, 0x20)]);
    await faulty('a pack without end', packs(async (response) => {
        response.write(Buffer.concat([beginning, line('\x01', Buffer.from([...size, 0x78, 0x01]))]));
        const piece = Buffer.concat([line('\x01', block.subarray(0, 60_000)), line('\x01', block.subarray(60_000))]);
        while (!response.destroyed)
            if (!response.write(piece))
                await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    }), /^Error: the repository is larger than 64 MiB or has more than 400000 files$/, '--commit', tip, '--max-disk-mb', '64');
});


test('what is built does not reach the server that its source came from', async () => {
    const tools = toolchain();
    assert.ok(tools, 'there is no toolchain for Rust; make it with tools/build-toolchain');
    git.commit('alice/library', { 'Cargo.toml': '[package]\nname = "library"\nversion = "1.0.0"\n', 'src/lib.rs': '' });
    git.commit('alice/program', {
        'Cargo.toml': `[package]\nname = "program"\nversion = "1.0.0"\n[dependencies]\nlibrary = { git = "${URL_}/alice/library" }\n`,
        'src/main.rs': 'fn main() {}\n',
    });
    git.asked = [];
    const { said } = await build('alice/program', '--toolchain', tools);
    assert.match(said, /^Error: a dependency comes from '(api\.github\.com:443 )?github\.com:443'; only the registry /);
    assert.ok(git.asked.every(([, url]) => url.startsWith('/alice/program/')), 'nobody asked for the library');
});

// ---- a worker without development flags ----

const worker = await Network.start({ production: true, keystore: true });
const ask = (repo, commit = 'main', more = {}) =>
    worker.request(worker.alice, { source: { GitHub: { repo, commit } }, input_data: 'x', ...more }, { deposit: NEAR });

test('a request is answered; a branch costs one question, a commit none', async () => {
    const fresh = await ask('alice/dice');
    assert.equal(fresh.text, '"two x"', fresh.completed?.error_message);
    assert.equal(fresh.completed.compilation_note, 'Freshly compiled');
    for (const name of ['alice/dice', 'github.com/alice/dice', `${URL_}/alice/dice.git`, `${URL_}/alice/dice/`]) {
        git.asked = [];
        const kept = await ask(name);
        assert.match(kept.completed.compilation_note, /^Cached/, name);
        assert.deepEqual(git.asked, [['POST', '/alice/dice/git-upload-pack', 'outlayer']], 'the worker asks for the branch itself');
    }
    git.asked = [];
    assert.match((await ask('alice/dice', tip.toUpperCase())).completed.compilation_note, /^Cached/);
    assert.deepEqual(git.asked, []);
    assert.equal((await ask('alice/dice', 'v1')).text, '"one x"');
    assert.equal((await ask('alice/dice', 'feature/x')).text, '"one x"');
});

test('secrets of a repository: the branch that leads to a commit is found', async () => {
    const secret = fs.readFileSync(new URL('../guests/secret.c', import.meta.url), 'utf8');
    const [, sha] = git.commit('alice/secret', { 'main.c': secret });
    await storeSecrets(worker, worker.alice, { Repo: { repo: 'github.com/alice/secret', branch: 'main' } }, 'default', { API_KEY: 'of main' });
    const ref = { input_data: 'API_KEY', response_format: 'Json', secrets_ref: { profile: 'default', account_id: 'alice.test' } };
    for (const commit of ['main', sha]) {
        const got = await ask('alice/secret', commit, ref);
        assert.deepEqual(got.value, { API_KEY: fnv('of main') }, got.completed?.error_message);
    }
});

test('what is wrong is told to who asked', async () => {
    const fails = async (reason, repo = 'alice/dice', commit = 'main') => {
        const got = await ask(repo, commit);
        assert.equal(got.completed.success, false);
        assert.match(got.completed.error_message, reason);
    };
    git.server.closeAllConnections();
    await fails( /^compilation_failed: there is no public repository/, 'alice/nothing');
    await fails(/^compilation_failed: .* has no branch or tag 'nowhere'/, 'alice/dice', 'nowhere');
    await fails(/^compilation_failed: .* has no commit '0{40}'/, 'alice/dice', '0'.repeat(40));
    await fails(/^custom: .*is not on github\.com/, 'https://gitlab.com/alice/dice');
    await fails(/^custom: .*is not fetched by https/, 'http://127.0.0.1:8080/alice/dice');
    await fails(/^custom: .*is not fetched by https/, `file://${git.root}/alice/dice`);
    answers(200, { 'content-type': 'application/x-git-upload-pack-result' }, 'garbage')();
    try {
        await fails(/^compilation_failed: .*nor a default one/);
    } finally {
        git.instead = undefined;
    }
});

test('GitHub out of reach is no fault of who asks: the request waits for it', async () => {
    const waits = async (fault, reason) => {
        // Another worker: one remembers for a minute what a name meant, and asks that address.
        await worker.worker.stop();
        fault();
        await worker.startWorker();
        const before = worker.worker.logText().length;
        const answered = ask('alice/dice');
        try {
            await until(`it is given back: ${reason}`, () => reason.test(worker.worker.logText().slice(before)));
        } finally {
            here();
            git.instead = git.redirect = undefined;
            git.server.setSecureContext(genuine);
            git.server.closeAllConnections();
        }
        await worker.worker.stop();
        await worker.startWorker();
        const got = await answered;
        assert.equal(got.text, '"two x"', got.completed?.error_message);
    };
    await waits(() => names([['github.com', '127.0.0.1']]), /job_handed_back .*means an address that is not a public one/);
    await waits(() => git.server.setSecureContext(new Authority().certify('github.com')), /job_handed_back .*could not be reached: server certificate/);
    await waits(() => {
        git.redirect = 'https://127.0.0.1/alice/dice/info/refs?service=git-upload-pack';
    }, /job_handed_back .*it sends to '127\.0\.0\.1:443', which is not asked/);
});
