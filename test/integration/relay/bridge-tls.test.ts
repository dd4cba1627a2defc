import {
  connect as connectTcp,
  createServer,
  type Server,
  type TcpSocketConnectOpts,
} from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createServer as createTls,
  type TLSSocket,
} from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { HelloTls } from '../../../src/haproxy/connect-tls.ts';
import { callBridge, testBridge, watched } from '../../helpers/bridge.ts';
import { createCa, type TestCa } from '../../helpers/certificates.ts';
import { eventually } from '../../helpers/eventually.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';

const net = ownNetwork();
const [own, b] = [`${net}.1`, `${net}.2`];
const folder = suiteFolder();
let ca: TestCa;
let otherCa: TestCa;
let ours: HelloTls;
beforeAll(() => {
  [ca, otherCa] = [createCa(folder, 'ca-of-peers'), createCa(folder, 'another-ca')];
  ours = ca.issue();
});
const hello = 'HAProxyS 2.1\na\nb 10 1\n';

const bridge = (tls = async () => ours) => testBridge(net, { tls });

/** As HAProxy of a pod in reload mode connects. */
function callTls(port: number, options: ConnectionOptions, says = hello) {
  const to: ConnectionOptions & TcpSocketConnectOpts = { port, host: own, localAddress: b };
  const socket = connect({ ...options, ...to, rejectUnauthorized: false });
  const caller = watched(socket);
  socket.write(says);
  return caller;
}

const shown = ({ certificate: cert, key }: HelloTls) => ({ cert, key });

/** HAProxy of `b`, as far as TLS and the greeting go. */
async function listening(server: Server, port: number): Promise<void> {
  server.on('connection', (socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(port, b, resolve));
  onTestFinished(() => void server.close());
}

function ofPeer(material: HelloTls): Server {
  const demands = { requestCert: true, rejectUnauthorized: true };
  return createTls({ ...shown(material), ca: ca.certificate, ...demands }, (socket: TLSSocket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write('200\n'));
  });
}

const refusals = (lines: Awaited<ReturnType<typeof bridge>>['lines']) =>
  lines.filter(({ msg }) => msg === 'a session with a pod in reload mode was refused');

describe('the port of a pod in relay mode among pods that have --peers-tls', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'takes a member with a certificate of the CA, %s',
    async (maxVersion) => {
      const { port, links, lines } = await bridge();
      callTls(port, { ...shown(ca.issue({ dnsName: 'of-another-name' })), maxVersion });
      await eventually(() => links.length === 1);
      expect(links[0]?.other.pod).toBe('b');
      expect(refusals(lines)).toEqual([]);
    },
  );

  it('answers a sidecar that only asks', async () => {
    const { port } = await bridge();
    const caller = callTls(port, shown(ours), 'HAProxyS 2.1\na\nb 1 1\n');
    await eventually(caller.isClosed);
    expect(caller.got()).toBe('200\n');
  });

  it.each([
    ['no certificate', () => ({})],
    ['a certificate of another CA', () => shown(otherCa.issue())],
    ['one for servers only', () => shown(ca.issue({ usage: 'serverAuth' }))],
  ])('refuses who shows %s', async (_, options) => {
    const { port, links, lines } = await bridge();
    const caller = callTls(port, options());
    await eventually(caller.isClosed);
    await eventually(() => refusals(lines).length === 1);
    expect(caller.got()).toBe('');
    expect(links).toEqual([]);
  });

  it('refuses plain text, and a handshake that does not end', async () => {
    const { port, links, lines } = await bridge();
    const plain = callBridge({ own, port }, hello, b);
    await eventually(plain.isClosed);
    expect(plain.got()).not.toMatch(/^\d{3}/);
    const slow = watched(connectTcp({ port, host: own, localAddress: `${net}.9` }));
    await eventually(slow.isClosed);
    expect(links).toEqual([]);
    expect(refusals(lines).map(({ why }) => why)).toContain('no connection in 3000 ms');
  });

  it('connects itself, with the certificate that is there by now', async () => {
    let material: HelloTls = otherCa.issue();
    const { port, links, lines } = await bridge(async () => material);
    await listening(ofPeer(ours), port);
    const apart = () => lines.filter(({ msg }) => String(msg).startsWith('no session yet'));
    await eventually(() => apart().length > 0);
    expect(links).toEqual([]);
    material = ours;
    await eventually(() => links.length === 1, { timeoutMs: 10_000 });
  });

  it.each([
    ['a name that is asked for', 'haproxy-peers', 1],
    ['no name that is asked for', 'other', 0],
  ])('connects to who has %s', async (_, verifyHost, sessions) => {
    const { port, links, lines } = await bridge(async () => ({ ...ours, verifyHost }));
    await listening(ofPeer(ca.issue({ dnsName: 'haproxy-peers' })), port);
    await eventually(() => links.length + lines.length > 0);
    expect(links).toHaveLength(sessions);
  });

  it('says why where a pod has no TLS, and where nothing can be read', async () => {
    const { port, lines } = await bridge();
    await listening(
      createServer((socket) => void socket.end('501\n')),
      port,
    );
    await eventually(() => lines.some(({ pod, why }) => pod === 'b' && why !== undefined));
    const without = await bridge(() => Promise.reject(new Error('tls.crt is not there')));
    await eventually(() => without.lines.some(({ why }) => why === 'tls.crt is not there'));
    const caller = callTls(without.port, shown(ours));
    await eventually(caller.isClosed);
    expect(without.links).toEqual([]);
  });
});
