import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinksOptions } from '../../../src/modules/relay/links/links.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkFleet, linkFleet, type Sidecar } from '../../helpers/links.ts';

let fleet: LinkFleet;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await fleet.close();
});

async function alone(options: Partial<LinksOptions> = {}, size = 1): Promise<Sidecar> {
  fleet = await linkFleet(size);
  return fleet.start('s0', options);
}

interface Stranger {
  readonly socket: Socket;
  /** All that it was sent. */
  readonly got: () => number;
  readonly isClosed: () => boolean;
}

/** From an address that is no member's, or from the one that is given. */
function stranger(to: Sidecar, bytes: Buffer | string = '', from = '127.0.0.77'): Stranger {
  const socket = connect({ port: fleet.port, host: to.address, localAddress: from });
  sockets.push(socket);
  let got = 0;
  let closed = false;
  socket.on('data', (chunk) => {
    got += chunk.length;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  socket.write(bytes);
  return { socket, got: () => got, isClosed: () => closed };
}

const greeting = { version: 1, section: 'peers', pod: 's1', uid: 'u', start: 'x', attempt: 1 };

function control(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(2 ** 24 + text.length);
  return Buffer.concat([header, text]);
}

/** Of TLS: it says that 512 bytes will come. */
const halfClientHello = Buffer.from('1603010200010001fc0303000102030405', 'hex');

describe.each([true, false])('who is a stranger, with plain text: %s,', (plaintext) => {
  it.each([
    ['garbage', Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a greeting of 16 MiB', Buffer.from([1, ...Array(40).fill(255)])],
    ['a greeting that is none', control({ greeting: { version: 1 } })],
    ['data', Buffer.concat([Buffer.from([3, 0, 0, 4]), Buffer.from('abcd')])],
  ])('and sends %s, is thrown out at once and gets no answer', async (_, bytes) => {
    const sidecar = await alone({ plaintext });
    const { isClosed, got } = stranger(sidecar, bytes);
    await eventually(isClosed, { timeoutMs: 1500 });

    // TLS says why it ends in an alert of 7 bytes.
    expect(got()).toBeLessThanOrEqual(plaintext ? 0 : 7);
    await eventually(() =>
      expect(sidecar.links.counters.strangers).toEqual({ [plaintext ? 'garbage' : 'key']: 1 }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a greeting', plaintext ? control({ greeting }).subarray(0, 30) : halfClientHello],
  ])('and sends %s, is thrown out after 3 s and gets no answer', async (_, bytes) => {
    const sidecar = await alone({ plaintext });
    const began = performance.now();
    const { isClosed, got } = stranger(sidecar, bytes);
    await eventually(isClosed, { timeoutMs: 5000 });

    expect(performance.now() - began).toBeGreaterThan(2500);
    expect(got()).toBeLessThanOrEqual(plaintext ? 0 : 7);
  });

  it('cannot keep members out, nor fill the log, however many connections it makes', async () => {
    const a = await alone({ plaintext }, 2);
    const many = Array.from({ length: 300 }, (_, index) =>
      stranger(a, '', `127.0.${index % 40}.77`),
    );
    await eventually(() => expect(a.links.counters.accepted).toBe(300));
    expect(many.filter(({ isClosed }) => !isClosed()).length).toBeLessThanOrEqual(40);
    const b = await fleet.start('s1', { plaintext });
    await eventually(() => expect(a.linked()).toEqual(['s1']), { timeoutMs: 2000 });
    await eventually(() => many.every(({ isClosed }) => isClosed()), { timeoutMs: 6000 });

    const lines = a.log.filter(({ msg }) => /without a greeting/.test(msg));
    expect(lines).toHaveLength(1);
    expect(b.linked()).toEqual(['s0']);
    const turnedAway = Object.values(a.links.counters.strangers);
    expect(turnedAway.reduce((sum, count) => sum + count, 0)).toBe(300);
  });

  it('and floods with bytes costs no memory', async () => {
    const sidecar = await alone({ plaintext });
    const before = process.memoryUsage.rss();
    const flood = Buffer.alloc(1024 * 1024, plaintext ? 1 : 22);
    for (let count = 0; count < 20; count++) {
      const { isClosed } = stranger(sidecar, flood);
      await eventually(isClosed, { intervalMs: 5 });
    }

    // What the test itself has buffered to send counts here as well.
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * 1024 * 1024);
  });
});

it('who shows a certificate in place of the key gets nowhere, nor who shows nothing', async () => {
  const sidecar = await alone();
  const socket = connectTls({ port: fleet.port, host: sidecar.address, rejectUnauthorized: false });
  sockets.push(socket);
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve));

  expect(error.message).toMatch(/handshake failure/);
  await eventually(() => expect(sidecar.links.counters.strangers).toEqual({ key: 1 }));
});

describe('who greets and is not as discovery knows it', () => {
  it.each([
    ['nobody knows', { pod: 's9' }, 'unknown', /s9 is no member/],
    ['has another uid', {}, 'uid', /its uid is u, and the member has uid-/],
    ['comes from elsewhere', { uid: 'same' }, 'address', /s1 comes from 127.0.0.77/],
  ])('%s: is waited for, then refused with the reason', async (_, part, code, why) => {
    const a = await alone({ plaintext: true }, 2);
    const uid = fleet.members()[1]?.uid;
    const hello = { ...greeting, ...part, ...('uid' in part ? { uid } : {}) };
    const other = stranger(a, control({ greeting: hello }));
    let said = '';
    other.socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    const pings = setInterval(() => other.socket.write(Buffer.from([4, 0, 0, 0])), 500);
    await eventually(other.isClosed, { timeoutMs: 8000 });
    clearInterval(pings);

    expect(said).toMatch(why);
    expect(a.links.counters.refused).toEqual({ [code]: 1 });
    expect(a.all).toEqual([]);
  });

  it.each([
    [{ section: 'other' }, 'section', /its peers section is other, and ours peers/],
    [{ version: 2 }, 'version', /speaks version 2, and we 1/],
    [{ pod: 's0' }, 'own-name', /another pod \(uid u\) has our own name s0/],
  ])('%o is refused at once', async (part, code, why) => {
    const a = await alone({ plaintext: true }, 2);
    const other = stranger(a, control({ greeting: { ...greeting, ...part } }));
    let said = '';
    other.socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    await eventually(other.isClosed, { timeoutMs: 1500 });

    expect(said).toMatch(why);
    expect(a.links.counters.refused).toEqual({ [code]: 1 });
  });

  it('and is only early is linked as soon as discovery knows it', async () => {
    fleet = await linkFleet(2);
    const [first, second] = fleet.members();
    if (!first || !second) throw new Error('no members');
    fleet.setMembers([first]);
    const a = await fleet.start('s0');
    const b = await fleet.start('s1', {
      members: () => ({
        synced: true,
        members: [first, second],
        notes: [],
        awaited: 0,
        observedAtMs: 0,
      }),
    });
    await eventually(() => expect(a.links.counters.accepted).toBe(1));
    fleet.setMembers([first, second]);
    await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]), {
      timeoutMs: 1000,
    });

    expect(a.links.counters.refused).toEqual({});
  });
});

describe('members that change', () => {
  it('two that say one uid: only the first is linked, where discovery tells no uids', async () => {
    fleet = await linkFleet(3);
    fleet.setMembers(fleet.members().map(({ uid: _, ...member }) => member));
    const a = await fleet.start('s0');
    const own = { version: 1, section: 'peers', uid: 'same', start: 'x1' } as const;
    await fleet.start('s1', { own: { ...own, pod: 's1' } });
    await eventually(() => expect(a.linked()).toEqual(['s1']));
    await fleet.start('s2', { own: { ...own, pod: 's2', start: 'x2' } });
    await eventually(() => expect(a.links.counters.refused.claimed).toBeGreaterThan(0));

    expect(a.linked()).toEqual(['s1']);
    expect(a.all).toHaveLength(1);
  });

  it('the same name with a new uid ends the old link, and the new pod is linked', async () => {
    fleet = await linkFleet(2);
    const a = await fleet.start('s0');
    const old = await fleet.start('s1');
    await eventually(() => expect(a.linked()).toEqual(['s1']));
    const [first, second] = fleet.members();
    if (!first || !second) throw new Error('no members');
    fleet.setMembers([first, { ...second, uid: 'new' }]);
    await eventually(() => expect(a.linked()).toEqual([]));
    await old.close();
    const own = { version: 1, section: 'peers', pod: 's1', uid: 'new', start: 'y' } as const;
    await fleet.start('s1', { own });
    await eventually(() => expect(a.link('s1')?.other.uid).toBe('new'));

    expect(a.links.counters.ended).toMatchObject({ moved: 1 });
  });

  it('an address that another pod has now: only the pod that discovery names is linked', async () => {
    fleet = await linkFleet(2);
    const [first, second] = fleet.members();
    if (!first || !second) throw new Error('no members');
    const a = await fleet.start('s0');
    const own = { version: 1, section: 'peers', pod: 's7', uid: 'uid-7', start: 'y' } as const;
    await fleet.start('s1', { own, selfName: 's7' });
    await eventually(() => expect(a.links.counters.failedDials.pod).toBeGreaterThan(0));
    expect(a.linked()).toEqual([]);
    fleet.setMembers([first, { ...second, name: 's7', uid: 'uid-7' }]);

    await eventually(() => expect(a.linked()).toEqual(['s7']));
  });

  it('two names at our own address: nobody is linked with itself', async () => {
    fleet = await linkFleet(2);
    const [first, second] = fleet.members();
    if (!first || !second) throw new Error('no members');
    fleet.setMembers([first, { ...second, address: first.address }]);
    const a = await fleet.start('s0');
    await eventually(() => expect(a.links.counters.refused.self).toBeGreaterThan(1));

    expect(a.links.counters.failedDials.self).toBeGreaterThan(0);
    expect(a.all).toEqual([]);
  });
});
