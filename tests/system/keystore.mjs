// keystore.mjs — asking a network's keystore as a worker does, right and wrong, with node's own
// cryptography.

import assert from 'node:assert/strict';
import {
    createCipheriv, createDecipheriv, createHash, createPublicKey, diffieHellman,
    generateKeyPairSync, hkdfSync, randomBytes,
} from 'node:crypto';
import fs from 'node:fs';
import { NEAR, OUTLAYER, TGAS, near, until } from './harness.mjs';

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

const asPublic = (raw) => createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), raw]), format: 'der', type: 'spki',
});
const boxKey = (secret, pub) => Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey: secret, publicKey: asPublic(pub) }),
    Buffer.alloc(0), 'outlayer-keystore-v1', 32));

/** ECIES v1 to a public key in hex; base64. */
export function seal(pubHex, text) {
    const eph = generateKeyPairSync('x25519');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('chacha20-poly1305', boxKey(eph.privateKey, Buffer.from(pubHex, 'hex')), nonce, { authTagLength: 16 });
    const body = Buffer.concat([cipher.update(text), cipher.final()]);
    return Buffer.concat([Buffer.from([1]), rawPublic(eph.publicKey), nonce, body, cipher.getAuthTag()]).toString('base64');
}

export function open(secret, base64) {
    const box = Buffer.from(base64, 'base64');
    assert.equal(box[0], 1);
    const decipher = createDecipheriv('chacha20-poly1305', boxKey(secret, box.subarray(1, 33)), box.subarray(33, 45), { authTagLength: 16 });
    decipher.setAuthTag(box.subarray(-16));
    return Buffer.concat([decipher.update(box.subarray(45, -16)), decipher.final()]);
}

/** What the guest test/secret tells of a value. */
export const fnv = (s) => {
    let h = 14695981039346656037n;
    for (const c of Buffer.from(s))
        h = BigInt.asUintN(64, (h ^ BigInt(c)) * 1099511628211n);
    return h.toString(16).padStart(16, '0');
};

/** The accessor as the HTTPS interfaces spell it. */
export const web = (accessor) => {
    const [type] = Object.keys(accessor);
    return { type, ...accessor[type] };
};

/** Seal and store a row, as any client does. */
export async function storeSecrets(net, owner, accessor, profile, secrets, access = 'AllowAll') {
    const { status, pubkey, error } = await askKeystore(net, '/pubkey', { accessor: web(accessor), owner: owner.accountId, profile, secrets_json: '{}' });
    assert.equal(status, 200, error);
    await net.transact(owner, OUTLAYER, [near.actions.functionCall('store_secrets', {
        accessor, profile, encrypted_secrets_base64: seal(pubkey, JSON.stringify(secrets)), access,
    }, 50n * TGAS, NEAR / 10n)]);
}

/** `what(id)` while the request `args` of `account` waits: the worker is away, nobody answers it. */
export async function whileWaiting(net, account, args, what) {
    await net.worker.stop();
    const settled = net.settle(await net.sign(account, OUTLAYER, [net.requestAction(args)]));
    try {
        const ids = await until('the request', async () => {
            const waiting = await net.view('get_pending_request_ids');
            return waiting.length && waiting;
        });
        return await what(ids.at(-1));
    } finally {
        await net.startWorker();
        await settled;
    }
}
