// access.mjs — all nine kinds of access conditions, judged against contracts that are there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlayer } from './command.mjs';
import { NEAR, Network, OUTLAYER, near } from './harness.mjs';
import { fnv, storeSecrets } from './keystore.mjs';

const net = await Network.start({ keystore: true });
const guest = await net.guest('test/secret');
const hash = { WasmHash: { hash: guest.WasmUrl.hash } };
const people = { 'alice.test': net.alice, 'bob.test': await net.createAccount('bob.test', 100n * NEAR) };

/** A contract each of whose methods answers one text. */
function answering(methods) {
    const leb = (n) => {
        const out = [];
        for (;;) {
            const low = n & 0x7f;
            n >>= 7;
            if ((n === 0 && !(low & 0x40)))
                return [...out, low];
            out.push(low | 0x80);
        }
    };
    const bytes = (s) => [...Buffer.from(s)];
    const name = (s) => [...leb(Buffer.byteLength(s)), ...bytes(s)];
    const list = (items) => [...leb(items.length), ...items.flat()];
    const section = (id, content) => [id, ...leb(content.length), ...content];
    const names = Object.keys(methods);
    const at = {};
    let data = [];
    for (const m of names) {
        at[m] = [Buffer.byteLength(methods[m]), data.length];
        data = [...data, ...bytes(methods[m])];
    }
    return Buffer.from([
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
        ...section(1, list([[0x60, 2, 0x7e, 0x7e, 0], [0x60, 0, 0]])),
        ...section(2, list([[...name('env'), ...name('value_return'), 0, 0]])),
        ...section(3, list(names.map(() => [1]))),
        ...section(5, list([[0, 1]])),
        ...section(7, list([[...name('memory'), 2, 0], ...names.map((m, i) => [...name(m), 0, ...leb(i + 1)])])),
        ...section(10, list(names.map((m) => {
            const body = [0, 0x42, ...leb(at[m][0]), 0x42, ...leb(at[m][1]), 0x10, 0, 0x0b];
            return [...leb(body.length), ...body];
        }))),
        ...section(11, list([[0, 0x41, 0, 0x0b, ...leb(data.length), ...data]])),
    ]);
}

async function deploy(id, methods) {
    const account = await net.createAccount(id, 20n * NEAR);
    await net.transact(account, id, [near.actions.deployContract(answering(methods))]);
}
await deploy('ft.test', { ft_balance_of: '"1000000"' });
await deploy('nft.test', { nft_token: '{"token_id":"7","owner_id":"bob.test"}', nft_tokens_for_owner: '[{"token_id":"7","owner_id":"bob.test"}]' });
await deploy('nothing.test', { ft_balance_of: '"0"', nft_token: 'null', nft_tokens_for_owner: '[]', get_policy: '{"roles":[]}' });
await deploy('odd.test', { ft_balance_of: '1000000', nft_token: '"bob.test"', nft_tokens_for_owner: '{}', get_policy: '[]' });
await deploy('dao.test', { get_policy: JSON.stringify({ roles: [
    { name: 'council', kind: { Group: ['bob.test'] }, permissions: [] }, { name: 'all', kind: 'Everyone' }, { name: 'rich', kind: { Member: '1' } },
] }) });

const ft = (contract, operator, value) => ({ FtBalance: { contract, operator, value } });
const nft = (contract, token = null) => ({ NftOwned: { contract, token_id: token } });
const dao = (role, contract = 'dao.test') => ({ DaoMember: { dao_contract: contract, role } });
const balance = (operator, value) => ({ NearBalance: { operator, value: String(value) } });
const whitelist = (...accounts) => ({ Whitelist: { accounts } });
const logic = (operator, ...conditions) => ({ Logic: { operator, conditions } });
const not = (condition) => ({ Not: { condition } });
const both = ['alice.test', 'bob.test'], bob = ['bob.test'];

/** condition, who is let in, what a refusal names */
const cases = [
    ['AllowAll', both],
    [whitelist('bob.test'), bob, /Whitelist/],
    [{ AccountPattern: { pattern: 'b.*\\.test' } }, bob, /AccountPattern/],
    [{ AccountPattern: { pattern: 'ob' } }, [], /AccountPattern/],
    [balance('Gte', 1000n * NEAR), ['alice.test'], /NearBalance/],
    [balance('Lt', 1000n * NEAR), bob, /NearBalance/],
    [ft('ft.test', 'Gte', '1000000'), both], [ft('ft.test', 'Gt', '1000000'), [], /FtBalance/], [ft('ft.test', 'Eq', '1000000'), both],
    [ft('ft.test', 'Ne', '1000000'), [], /FtBalance/], [ft('ft.test', 'Lte', '999999'), [], /FtBalance/], [ft('odd.test', 'Gte', '0'), [], /ft_balance_of/],
    [nft('nft.test', '7'), bob, /NftOwned/], [nft('nft.test'), both], [nft('nothing.test'), [], /NftOwned/], [nft('nothing.test', '7'), [], /NftOwned/],
    [nft('odd.test', '7'), [], /Nft|nft_token/], [nft('odd.test'), [], /nft_tokens_for_owner/],
    [dao('council'), bob, /DaoMember/], [dao('all'), both], [dao('rich'), [], /DaoMember/], [dao('none'), [], /DaoMember/],
    [dao('council', 'nothing.test'), [], /DaoMember/], [dao('council', 'odd.test'), [], /DaoMember|get_policy/], [dao('council', 'ft.test'), [], /get_policy/],
    [logic('And', whitelist('bob.test'), ft('ft.test', 'Gte', '1'), dao('council')), bob, /Whitelist/],
    [logic('Or', whitelist('carol.test'), nft('nft.test', '7')), bob, /Logic Or \(Whitelist; NftOwned of nft\.test\)/],
    [logic('And'), both], [logic('Or'), [], /Logic/],
    [not(whitelist('alice.test')), bob, /Not/], [not(not(dao('council'))), bob, /Not|DaoMember/],
    // What cannot be found out lets nobody in, also turned round.
    [not(ft('odd.test', 'Gte', '0')), [], /ft_balance_of/], [logic('Or', ft('nobody.test', 'Gte', '0'), 'AllowAll'), [], /ft_balance_of/],
];

test('`outlayer secrets check` says who is let in and what refuses', async () => {
    for (const [access, allowed, reason] of cases) {
        await storeSecrets(net, net.alice, hash, 'default', { A: '1' }, access);
        for (const who of both) {
            const { code, out, err } = await outlayer(['secrets', 'check', '--wasm-hash', guest.WasmUrl.hash, '--owner', 'alice.test', '--as', who, '--json',
                '--rpc-url', net.chain.url, '--contract-id', OUTLAYER]);
            const said = JSON.parse(out);
            assert.equal(said.allowed, allowed.includes(who), `${JSON.stringify(access)} ${who}: ${out}${err}`);
            assert.equal(code === 0, said.allowed);
            if (!said.allowed)
                assert.match(said.reason, reason, JSON.stringify(access));
        }
    }
});

test('and so does a keystore, for a run', async () => {
    for (const access of [ft('ft.test', 'Gte', '1000000'), nft('nft.test', '7'), nft('nft.test'), dao('council'), balance('Gte', 1000n * NEAR), not(dao('council'))]) {
        const [, allowed] = cases.find(([c]) => JSON.stringify(c) === JSON.stringify(access)) ?? [null, ['alice.test']];
        await storeSecrets(net, net.alice, hash, 'default', { A: '1' }, access);
        for (const who of both) {
            const got = await net.request(people[who], {
                source: guest, input_data: 'A', response_format: 'Json', secrets_ref: { profile: 'default', account_id: 'alice.test' },
            });
            if (allowed.includes(who))
                assert.deepEqual(got.value, { A: fnv('1') }, `${JSON.stringify(access)} ${who}`);
            else
                assert.match(got.completed.error_message, /Access to secrets denied/, `${JSON.stringify(access)} ${who}`);
        }
    }
});
