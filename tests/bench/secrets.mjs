// secrets.mjs — what secrets cost a request.
//
// The keystore is asked as a worker asks it, over HTTP in a session: it reads the request
// and the row from the chain, judges the condition, has it opened and sealed. Then whole runs, with and without, as the worker's
// log has them: from the lease to the signed answer.

import { NEAR, Network } from '../system/harness.mjs';
import { askKeystore, sessionOf, storeSecrets, web, whileWaiting } from '../system/keystore.mjs';

const QUESTIONS = Number(process.env.QUESTIONS ?? 400);
const REQUESTS = Number(process.env.REQUESTS ?? 40);
const AT_ONCE = 8;
const print = (name, value, unit, detail) => console.log(JSON.stringify({ name, value, unit, detail }));
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
const round = (v) => Math.round(v * 100) / 100;

const net = await Network.start({ keystore: true, manual: true });
const guest = await net.guest('test/secret');
const accessor = { WasmHash: { hash: guest.WasmUrl.hash } };
const values = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`KEY_${i}`, 'x'.repeat(64)]));
const conditions = {
    allow_all: 'AllowAll',
    whitelist: { Whitelist: { accounts: ['bob.test', 'alice.test'] } },
    balance: { NearBalance: { operator: 'Gte', value: '1' } },
};
for (const [profile, access] of Object.entries(conditions))
    await storeSecrets(net, net.alice, accessor, profile, values, access);

const session = await sessionOf(net);
async function decrypt(profile, id) {
    const answer = await askKeystore(net, '/decrypt', {
        request_id: id, accessor: web(accessor), profile, owner: 'alice.test', user_account_id: 'alice.test', nonce: '00'.repeat(32),
    }, session);
    if (answer.status !== 200)
        throw new Error(`${answer.status} ${answer.error}`);
}

const asking = (profile, what) => whileWaiting(net, net.alice, {
    source: guest, input_data: '', secrets_ref: { profile, account_id: 'alice.test' },
}, what);
for (const profile of Object.keys(conditions)) {
    const times = [];
    await asking(profile, async (id) => {
        for (let i = -20; i < QUESTIONS; i++) {
            const began = performance.now();
            await decrypt(profile, id);
            if (i >= 0)
                times.push(performance.now() - began);
        }
    });
    times.sort((a, b) => a - b);
    const detail = `${QUESTIONS} questions, one after the other, 10 secrets, ${profile}`;
    print(`decrypt_${profile}_ms_p50`, round(at(times, 0.5)), 'ms', detail);
    print(`decrypt_${profile}_ms_p99`, round(at(times, 0.99)), 'ms', detail);
}
const perSecond = await asking('allow_all', async (id) => {
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let i = 0; i < QUESTIONS / AT_ONCE; i++)
            await decrypt('allow_all', id);
    }));
    return QUESTIONS / (performance.now() - began) * 1000;
});
print('decrypt_per_second', Math.round(perSecond), '1/s', `${AT_ONCE} at once; the client, the chain and the keystore share the machine`);

for (const [name, ref] of [['without', null], ['with', { profile: 'allow_all', account_id: 'alice.test' }]]) {
    const from = net.worker.logText().length;
    for (let i = -3; i < REQUESTS; i++) {
        const got = await net.request(net.alice, {
            source: guest, input_data: 'KEY_0', response_format: 'Json', ...(ref ? { secrets_ref: ref } : {}),
        }, { deposit: NEAR / 10n });
        if (!got.completed.success || !got.value.KEY_0 !== !ref)
            throw new Error(`request ${i}: ${got.completed.error_message ?? got.text}`);
    }
    const us = [...net.worker.logText().slice(from).matchAll(/job_ran .* us=(\d+)/g)].map((m) => Number(m[1])).slice(3).sort((a, b) => a - b);
    print(`job_${name}_secrets_ms_p50`, round(at(us, 0.5) / 1000), 'ms', `${us.length} runs, from the lease to the signed answer`);
}
await net.end();
