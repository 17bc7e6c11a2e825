// island.mjs — a network of a story's own, where public names and addresses are what the story says.
//
// What production does with https://github.com cannot be tried on loopback: a worker without
// development flags talks to public addresses only, by https, and trusts who the machine trusts. On an
// island (its own network and mount namespaces) this machine has a public address, /etc/hosts names
// it, and the machine trusts an authority made for this run. Nothing leaves an island, nothing else
// of the machine changes, and what runs there is not told that it does.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';

/** This machine's addresses on the island: public ones, as far as anybody there can tell. */
export const ADDRESS = '140.82.121.3';
export const OTHER_ADDRESS = '140.82.121.4';

const folder = process.env.OUTLAYER_ISLAND;
const at = (name) => path.join(folder, name);

// Of a script whose $1 is the folder: its files lie over those of the machine.
const SETTLE = `
ip link set lo up && ip address add ${ADDRESS}/32 dev lo && ip address add ${OTHER_ADDRESS}/32 dev lo || exit 77
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start || exit 77
for f in hosts nsswitch.conf ssl/certs; do
    mount --bind "$1/$(basename $f)" /etc/$f || exit 77
done
[ ! -d /run/nscd ] || mount --bind "$1/empty" /run/nscd || exit 77
shift
exec setpriv --pdeathsig KILL -- "$@"
`;

/** Go on on an island: a story calls this first. Where none can be made it says so and passes. */
export function settle(url) {
    if (folder)
        return after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'outlayer-island-'));
    const own = (name, text = '') => fs.writeFileSync(path.join(made, name), text);
    own('hosts', '127.0.0.1 localhost\n');
    own('nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
    fs.mkdirSync(path.join(made, 'certs'));
    fs.mkdirSync(path.join(made, 'empty'));
    const root = process.getuid() === 0;
    const story = [process.execPath, '--no-warnings', fileURLToPath(url)];
    // Who is no root becomes one to make the island, and is himself again on it.
    const self = root ? story : ['unshare', '--user', `--map-user=${process.getuid()}`, `--map-group=${process.getgid()}`, ...story];
    const { status, signal } = spawnSync('unshare', [...(root ? [] : ['--user', '--map-root-user']), '--net', '--mount',
        'sh', '-c', SETTLE, 'sh', made, ...self], { stdio: 'inherit', env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, OUTLAYER_ISLAND: made } });
    fs.rmSync(made, { recursive: true, force: true });
    const none = status === 77 || (status === 1 && spawnSync('unshare', [...(root ? [] : ['--user', '--map-root-user']), '--net', '--mount', 'true']).status !== 0);
    if (none)
        console.log(`# SKIP ${path.basename(fileURLToPath(url))}: this machine gives no network and mount namespaces of one's own (or has no \`ip\`, \`mount\` or \`setpriv\`), so nobody here can stand in for a public server`);
    process.exit(none ? 0 : status ?? (signal ? 1 : 0));
    return undefined;
}

/** From now on these names mean these addresses: [[name, address], …]. */
export function names(list) {
    fs.writeFileSync(at('hosts'), ['127.0.0.1 localhost', ...list.map(([name, address]) => `${address} ${name}`), ''].join('\n'));
}

/** An authority that signs certificates; `trusted`: by everybody on the island. */
export class Authority {
    static count = 0;

    constructor({ trusted = false } = {}) {
        this.name = at(`authority-${++Authority.count}`);
        openssl('req', '-x509', ...KEY, '-keyout', `${this.name}.key`, '-out', `${this.name}.pem`, '-days', '30',
            '-subj', `/CN=authority ${Authority.count} of a test`);
        if (trusted)
            fs.copyFileSync(`${this.name}.pem`, at('certs/ca-certificates.crt'));
    }

    /** {key, cert} for a server of that name; of yesterday when `expired`. */
    certify(name, { expired = false } = {}) {
        const file = `${this.name}-${name}${expired ? '-expired' : ''}`;
        openssl('req', '-new', ...KEY, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`);
        fs.writeFileSync(`${file}.ext`, `subjectAltName=DNS:${name}\n`);
        openssl('x509', '-req', '-in', `${file}.csr`, '-CA', `${this.name}.pem`, '-CAkey', `${this.name}.key`,
            '-CAcreateserial', '-extfile', `${file}.ext`, '-days', expired ? '-1' : '30', '-out', `${file}.pem`);
        return { key: fs.readFileSync(`${file}.key`), cert: fs.readFileSync(`${file}.pem`) };
    }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(...args) {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
