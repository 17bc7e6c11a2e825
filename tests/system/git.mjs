// git.mjs — repositories behind a real git server (git http-backend), on loopback if not told otherwise.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

const who = {
    GIT_AUTHOR_NAME: 'test', GIT_AUTHOR_EMAIL: 'test@example.com', GIT_COMMITTER_NAME: 'test',
    GIT_COMMITTER_EMAIL: 'test@example.com', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z', GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z', PATH: process.env.PATH,
};

export class GitServer {
    hits = 0;
    /** As servers were before git's protocol 2. */
    old = false;
    /** Where it sends everybody, when set. */
    redirect;
    /** What answers instead, when set: (request, response). */
    instead;
    /** What was asked: [method, path, who asks]. */
    asked = [];

    /** `tls`: with this key and certificate, at `host` and port 443, known by `base`. */
    async start({ tls, host = '127.0.0.1', base } = {}) {
        const answer = (request, response) => this.answer(request, response);
        this.root = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-git-'));
        this.server = (tls ? https.createServer(tls, answer) : http.createServer(answer)).listen(tls ? 443 : 0, host);
        await once(this.server, 'listening');
        this.base = base ?? `http://${host}:${this.server.address().port}`;
        return this;
    }

    git(name, ...args) {
        return execFileSync('git', ['-C', path.join(this.root, name), ...args], { env: who, stdio: ['ignore', 'pipe', 'pipe'] }).toString().trim();
    }

    /** Put a commit with these files (path → text) on `branch`; gives [url, sha]. */
    commit(name, files, branch = 'main') {
        const folder = path.join(this.root, name);
        if (!fs.existsSync(folder)) {
            fs.mkdirSync(folder, { recursive: true });
            this.git(name, 'init', '-q', '-b', branch, '.');
        }
        for (const [file, text] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
            fs.writeFileSync(path.join(folder, file), text);
        }
        this.git(name, 'add', '-A');
        this.git(name, 'commit', '-q', '--allow-empty', '-m', 'a commit');
        return [`${this.base}/${name}`, this.git(name, 'rev-parse', 'HEAD')];
    }

    answer(request, response) {
        this.hits++;
        this.asked.push([request.method, request.url, request.headers['user-agent'] ?? '']);
        if (this.instead) {
            this.instead(request, response);
            return;
        }
        if (this.redirect) {
            response.writeHead(301, { location: this.redirect });
            response.end();
            return;
        }
        this.serve(request, response);
    }

    /** As a git server does. */
    serve(request, response) {
        // Through a proxy the whole URL may come.
        const url = new URL(request.url, this.base);
        const [, name, rest] = /^\/(.+?)(?:\.git)?(\/(?:info\/refs|git-[a-z-]+))$/.exec(url.pathname) ?? [];
        const folder = path.join(this.root, name ?? '', '.git');
        if (!name || !fs.existsSync(folder)) {
            response.writeHead(404);
            response.end('no such repository');
            return;
        }
        const cgi = spawn('git', ['http-backend'], {
            env: {
                PATH: process.env.PATH, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1',
                PATH_INFO: rest, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method,
                CONTENT_TYPE: request.headers['content-type'] ?? '', CONTENT_LENGTH: request.headers['content-length'] ?? '',
                HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
                GIT_PROTOCOL: this.old ? '' : request.headers['git-protocol'] ?? '', REMOTE_ADDR: '127.0.0.1',
                GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null',
            },
            stdio: ['pipe', 'pipe', 'ignore'],
        });
        cgi.stdin.on('error', () => {});
        request.pipe(cgi.stdin);
        let head = Buffer.alloc(0);
        cgi.stdout.on('data', (chunk) => {
            if (head === null)
                return response.write(chunk);
            head = Buffer.concat([head, chunk]);
            const end = head.indexOf('\r\n\r\n');
            if (end < 0)
                return undefined;
            let status = 200;
            for (const line of head.subarray(0, end).toString().split('\r\n')) {
                const [key, value] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()];
                if (key === 'Status')
                    status = Number(value.split(' ')[0]);
                else
                    response.setHeader(key, value);
            }
            response.writeHead(status);
            response.write(head.subarray(end + 4));
            head = null;
            return undefined;
        });
        cgi.on('close', () => response.end());
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, 'close');
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}

/** Where tools/build-toolchain put its folder, or undefined. */
export function toolchain() {
    const cache = process.env.OUTLAYER_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'outlayer');
    const folder = path.join(cache, 'toolchain');
    return fs.existsSync(path.join(folder, 'id')) ? fs.realpathSync(folder) : undefined;
}
