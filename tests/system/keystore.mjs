// keystore.mjs — asking a network's keystore as a worker does, right and wrong, with node's own
// cryptography.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { OUTLAYER, near } from './harness.mjs';

export const rawPublic = (key) => key.export({ format: 'der', type: 'spki' }).subarray(-32);
export const u32 = (n) => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(n);
    return b;
};
export const text = (s) => Buffer.concat([u32(Buffer.byteLength(s)), Buffer.from(s)]);
export const label = (s) => Buffer.concat([Buffer.from(s), Buffer.alloc(32 - s.length)]);

export async function askKeystore(net, route, body, headers = {}) {
    const response = await fetch(`${net.keystore.url}${route}`, {
        method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, ...await response.json() };
}

export const bearerOf = (net) => ({ authorization: `Bearer ${fs.readFileSync(net.keystoreTokenFile, 'utf8')}` });

/** What a worker sends for a session, and its box key; `change` makes it a wrong one. */
export async function registrationOf(net, change = {}) {
    const box = generateKeyPairSync('x25519');
    const boxPub = rawPublic(box.publicKey);
    const { challenge } = await askKeystore(net, '/tee-challenge', {}, bearerOf(net));
    const id = createHash('sha256').update(Buffer.concat([label('outlayer:v2:box-key'), boxPub])).digest();
    const nonce = randomBytes(32);
    const issued = Math.floor(Date.now() / 1000) + (change.late ?? 0);
    const time = Buffer.alloc(8);
    time.writeBigUInt64LE(BigInt(issued));
    const message = Buffer.concat([label('outlayer:v2:tee-session'), text(change.audience ?? `outlayer-keystore:${OUTLAYER}`),
        Buffer.from(challenge, 'hex'), nonce, id, Buffer.alloc(32), time]);
    const pair = near.KeyPair.fromString(change.secret ?? net.operatorSecret);
    const signature = pair.sign(change.raw ? Buffer.from(challenge, 'hex') : message).signature;
    return {
        box, body: {
            public_key: pair.getPublicKey().toString(), challenge, worker_nonce: nonce.toString('hex'), session_id: id.toString('hex'),
            box_key: (change.box ?? boxPub).toString('hex'), issued_at: issued, signature: `ed25519:${near.baseEncode(signature)}`,
        },
    };
}

/** Headers of a good session. */
export async function sessionOf(net) {
    const { body } = await registrationOf(net);
    const { session_id: id } = await askKeystore(net, '/register-tee', body, bearerOf(net));
    return { ...bearerOf(net), 'x-tee-session': id };
}
