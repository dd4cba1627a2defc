import { writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitLines } from '../../../src/config-text/config-text.ts';
import { editPeersSection, readPeersSection } from '../../../src/config-text/peers-text.ts';
import { noChanges } from '../../../src/model/changes.ts';
import type { TlsMaterial } from '../../../src/model/peers-tls.ts';
import { createCa } from '../../helpers/certificates.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { sectionName, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const versions = [
  ['of the distribution', programs.haproxy],
  ['3.0', programs.haproxy30],
  ['3.4', programs.haproxy34],
] as const;

/** TLS: all that is needed. The line of a sibling is added by `editPeersSection`, as the sidecar does it. */
const sections: readonly (readonly [boolean, readonly string[]])[] = [
  [true, ['default-server TLS', 'bind HERE TLS', 'server a']],
  [true, ['default-server verify none', 'default-server TLS', 'bind HERE TLS', 'server a']],
  [true, ['default-server no-ssl', 'default-server TLS', 'bind HERE TLS', 'server a']],
  [true, ['default-server TLS', 'bind HERE', 'default-bind TLS', 'server a']],
  [false, ['default-server TLS no-ssl', 'bind HERE TLS', 'server a']],
  [false, ['default-server TLS', 'default-server no-ssl', 'bind HERE TLS', 'server a']],
  [false, ['default-server TLS', 'default-server verify none', 'bind HERE TLS', 'server a']],
  [false, ['default-server TLS verify none', 'bind HERE TLS', 'server a']],
  [false, ['default-server TLS', 'bind HERE TLS verify none', 'server a']],
  [false, ['default-server TLS', 'bind HERE TLS verify optional', 'server a']],
  [false, ['default-server TLS', 'bind HERE TLS', 'default-bind verify none', 'server a']],
  [false, ['default-server TLS', 'bind HERE TLS crt-ignore-err all ca-ignore-err all', 'server a']],
  [false, ['default-server TLS', 'bind HERE', 'server a']],
  [false, ['bind HERE TLS', 'server a', 'default-server TLS']],
  [false, ['default-server TLS', 'bind HERE TLS', 'server a', 'server z THERE no-ssl']],
  [false, ['default-server TLS', 'bind HERE TLS', 'server a', 'server z THERE verify none']],
];

type Stranger = { readonly tls: boolean; readonly shows?: TlsMaterial };

/** Whether somebody who calls himself b gets a session of a. */
function getsIn(port: number, { tls, shows }: Stranger): Promise<boolean> {
  return new Promise((resolve) => {
    const to = { host: '127.0.0.1', port };
    const own = shows && { cert: shows.certificate, key: shows.key };
    const socket: Socket = tls
      ? connectTls({ ...to, ...own, rejectUnauthorized: false })
      : connectPlain(to);
    let text = '';
    const finish = () => {
      socket.destroy();
      resolve(/^[23]00/.test(text));
    };
    socket.on(tls ? 'secureConnect' : 'connect', () => socket.write('HAProxyS 2.1\na\nb 1 1\n'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n')) finish();
    });
    socket.on('error', finish).on('close', finish).setTimeout(2000, finish);
  });
}

/** Listens where b would, with a certificate of somebody else, and tells whether a talks to it. */
async function listenAsStranger(material: TlsMaterial) {
  const context = createSecureContext({ cert: material.certificate, key: material.key });
  const met: boolean[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      if (first[0] !== 0x16) {
        met.push(first.toString('latin1').startsWith('HAProxyS'));
        socket.destroy();
        return;
      }
      socket.unshift(first);
      const inner = new TLSSocket(socket, { isServer: true, secureContext: context });
      let talked = false;
      inner.once('data', () => {
        talked = true;
        inner.destroy();
      });
      inner.on('error', () => {}).on('close', () => met.push(talked));
    });
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return { port, met, stop: () => server.close() };
}

describe.each(versions)('what HAProxy %s makes of a section with TLS', (name, binary) => {
  const directory = suiteFolder();
  let stranger: TlsMaterial;
  let parameters: string;
  beforeAll(() => {
    const material = createCa(directory).issue();
    stranger = createCa(directory, 'other').issue();
    const [bundle, ca] = ['bundle.pem', 'ca.pem'].map((file) => join(directory, file));
    writeFileSync(bundle ?? '', material.certificate + material.key);
    writeFileSync(ca ?? '', material.ca);
    parameters = `ssl crt ${bundle} ca-file ${ca} verify required`;
  });

  it.each(sections)(
    'is what is said of it: %s %j',
    { ...unless(missingOf({ [`HAProxy ${name}`]: binary })), timeout: 30_000 },
    async (expected, given) => {
      const sibling = await listenAsStranger(stranger);
      const lines = given.map((line) =>
        line
          .replace('TLS', parameters)
          .replace('THERE', `127.0.0.1:${sibling.port}`)
          .replace('HERE', '127.0.0.1:PORT'),
      );
      const text = `peers ${sectionName}\n${lines.map((line) => `${line}\n`).join('')}`;
      const said = readPeersSection(text, sectionName).encrypted === true;
      const add = [{ name: 'b', address: '127.0.0.1', port: sibling.port }];
      const edited = editPeersSection(text, sectionName, { ...noChanges, add });
      const peers = splitLines(edited)
        .slice(1)
        .map((line) => line.trim());
      const stand = await startHaproxyStand({ haproxy: binary ?? '', peers });

      const strangers = [{ tls: false }, { tls: true }, { tls: true, shows: stranger }];
      const inside = await Promise.all(strangers.map((who) => getsIn(stand.peersPort, who)));
      const all = edited.match(/^ *server [^a]/gm)?.length ?? 0;
      const met = async () => expect(sibling.met.length).toBeGreaterThanOrEqual(all);
      await eventually(met, { timeoutMs: 15_000 });
      await stand.stop();
      sibling.stop();

      expect(said).toBe(expected);
      expect(!inside.includes(true) && !sibling.met.includes(true), 'safe').toBe(expected);
    },
  );
});
