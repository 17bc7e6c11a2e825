// liar.mjs — a network whose worker talks to coordinator and keystore through proxies that can change
// what they say.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { Network } from './harness.mjs';

/** Hands everything on; `lie(path, answer)` may change an answer, or give another. */
export class Proxy {
    lie = null;
    told = 0;

    static async to(target) {
        const proxy = new Proxy();
        proxy.server = http.createServer(async (request, response) => {
            const abort = new AbortController();
            response.on('close', () => abort.abort());
            try {
                const chunks = [];
                for await (const chunk of request)
                    chunks.push(chunk);
                const { host, connection, 'content-length': length, expect, ...headers } = request.headers;
                const answer = await fetch(`${target()}${request.url}`, {
                    method: request.method, headers, signal: abort.signal,
                    body: request.method === 'GET' ? undefined : Buffer.concat(chunks),
                });
                let bytes = Buffer.from(await answer.arrayBuffer());
                if (proxy.lie && answer.status === 200) {
                    const changed = proxy.lie(request.url, JSON.parse(bytes));
                    if (changed !== undefined) {
                        proxy.told++;
                        bytes = Buffer.from(typeof changed === 'string' ? changed : JSON.stringify(changed));
                    }
                }
                response.writeHead(answer.status, { 'content-type': 'application/json' });
                response.end(answer.status === 204 ? undefined : bytes);
            } catch {
                response.destroy();
            }
        }).listen(0, '127.0.0.1');
        await once(proxy.server, 'listening');
        proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
        return proxy;
    }

    /** Lie until it has happened once, while `what` goes on. */
    async once(lie, what) {
        this.told = 0;
        this.lie = (url, answer) => (this.told ? undefined : lie(url, answer));
        try {
            return await what();
        } finally {
            this.lie = null;
            assert.equal(this.told, 1, 'the lie was told');
        }
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

export class Deceived extends Network {
    async startWorker() {
        this.liar ??= await Proxy.to(() => this.coordinatorUrl);
        this.fence ??= await Proxy.to(() => this.keystoreUrl);
        [this.coordinatorUrl, this.keystoreUrl] = [this.coordinator.url, this.keystore.url];
        [this.coordinator.url, this.keystore.url] = [this.liar.url, this.fence.url];
        try {
            await super.startWorker();
        } finally {
            [this.coordinator.url, this.keystore.url] = [this.coordinatorUrl, this.keystoreUrl];
        }
    }
}
