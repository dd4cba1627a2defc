import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callBridge, testBridge, watched } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ownNetwork } from '../../rig/network.ts';

const net = ownNetwork();
const [own, b, stranger] = [`${net}.1`, `${net}.2`, `${net}.77`];
const bridge = (options: Parameters<typeof testBridge>[1] = {}) => testBridge(net, options);
const call = (port: number, says: string | Buffer, from = b) =>
  callBridge({ own, port }, says, from);

describe('the plain port of a pod in relay mode', () => {
  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', b, '501\n'],
    ['another version', 'HAProxyS 2.0\na\nb 10 1\n', b, '502\n'],
    ['who means another pod', 'HAProxyS 2.1\nc\nb 10 1\n', b, '503\n'],
    ['a name that no member has', 'HAProxyS 2.1\na\nx 10 1\n', b, '504\n'],
    ['our own name', 'HAProxyS 2.1\na\na 10 1\n', b, '504\n'],
    ['the name of a member from another address', 'HAProxyS 2.1\na\nb 10 1\n', stranger, '504\n'],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex'), b, ''],
  ])('refuses %s, and closes', async (_, says, from, answer) => {
    const { port, links, lines } = await bridge();
    const caller = call(port, says, from);
    await eventually(caller.isClosed);
    expect(caller.got()).toBe(answer);
    expect(links).toEqual([]);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('takes a member, who gets no answer before there is a session', async () => {
    const { port, links } = await bridge();
    const caller = call(port, 'HAProxyS 2.1\na\nb 10 1\n');
    await eventually(() => links.length === 1);
    expect(links[0]?.other).toEqual({ pod: 'b', uid: `b@${b}` });
    // Nobody makes one here, so it is given up, as HAProxy gives up.
    await eventually(caller.isClosed);
    expect(caller.got()).toBe('');
  });

  it('answers a sidecar that only asks, and makes no session of it', async () => {
    const { port, links } = await bridge();
    const callers = [
      call(port, 'HAProxyS 2.1\na\nb 1 1\n', stranger),
      call(port, 'HAProxyS 2.1\na\nx 1 1\n'),
    ];
    await eventually(() => callers.every(({ isClosed }) => isClosed()));
    expect(callers.map(({ got }) => got())).toEqual(['200\n', '504\n']);
    expect(links).toEqual([]);
  });

  it('is as closed as the port of a HAProxy that does not run', async () => {
    const { port } = await bridge({ view: null });
    const caller = call(port, 'HAProxyS 2.1\na\nb 10 1\n');
    await eventually(caller.isClosed);
    expect(caller.got()).toBe('');
  });

  it('refuses who has a link: that pod is in relay mode', async () => {
    const { port } = await bridge({ linked: ['b'] });
    const caller = call(port, 'HAProxyS 2.1\na\nb 10 1\n');
    await eventually(caller.isClosed);
    expect(caller.got()).toBe('504\n');
  });

  it('waits 3 s for a hello, and lets members in however many strangers wait', async () => {
    const { port, links } = await bridge();
    const waiting = Array.from({ length: 60 }, (_, index) =>
      call(port, 'HAProxyS', `${net}.${100 + (index % 60)}`),
    );
    const caller = call(port, 'HAProxyS 2.1\na\nb 10 1\n');
    await eventually(() => links.length === 1);
    expect(caller.got()).toBe('');
    await eventually(() => waiting.every(({ isClosed }) => isClosed()));
  });

  it('connects itself where the other does not, and takes its refusals', async () => {
    const { port, links } = await bridge();
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard.push(chunk.toString('latin1'));
        socket.write(heard.length === 1 ? '504\n' : '200\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(port, b, resolve));
    onTestFinished(() => void server.close());
    await eventually(() => links.length === 1);
    expect(heard.slice(0, 2)).toEqual(Array(2).fill('HAProxyS 2.1\nb\na 1 1\n'));
  });

  it('ends with the sidecar, although who has a session never closes', async () => {
    const { port, links, close } = await bridge();
    const socket = connect({ port, host: own, localAddress: b, allowHalfOpen: true });
    watched(socket);
    socket.write('HAProxyS 2.1\na\nb 10 1\n');
    await eventually(() => links.length === 1);
    await close();
    expect(await links[0]?.closed).toBe('the sidecar stops');
  });

  it('is closed with the sidecar', async () => {
    const { port, close } = await bridge();
    const caller = call(port, 'HAProxyS');
    await eventually(() => caller.socket.bytesWritten > 0);
    await close();
    await eventually(caller.isClosed);
    const late = call(port, '');
    await eventually(late.isClosed);
  });
});
