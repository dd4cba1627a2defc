import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createFrameReader,
  type TextKind,
  textFrame,
} from '../../../src/modules/relay/links/frames.ts';
import { connectSecure, keyOf } from '../../../src/modules/relay/links/secure.ts';
import { eventually } from '../../helpers/eventually.ts';
import { key, type LinkFleet, linkFleet, type Sidecar } from '../../helpers/links.ts';
import { membership } from '../../helpers/members.ts';

let fleet: LinkFleet;
afterEach(() => fleet.close());

interface Other {
  say(kind: TextKind, value: unknown): void;
  write(bytes: Buffer): void;
  readonly heard: readonly unknown[];
  readonly isClosed: () => boolean;
}

/** A sidecar of another version at the address of `s1`, as far as its frames go, and `s0`, which is real. */
async function beside(): Promise<{ readonly sidecar: Sidecar; readonly other: Other }> {
  fleet = await linkFleet(2);
  const sidecar = await fleet.start('s0');
  const localAddress = fleet.members()[1]?.address ?? '';
  const socket: Socket = await connectSecure(
    { host: sidecar.address, port: fleet.port, localAddress },
    keyOf(key),
    new AbortController().signal,
  );
  onTestFinished(() => void socket.destroy());
  const heard: unknown[] = [];
  let closed = false;
  const reader = createFrameReader({
    text: (_, value) => heard.push(value),
    data: () => {},
    sums: () => {},
    garbage: (why) => heard.push({ garbage: why }),
  });
  reader.trust();
  socket.on('data', reader.push);
  socket.on('close', () => {
    closed = true;
  });
  const other: Other = {
    say: (kind, value) => void socket.write(textFrame(kind, value)),
    write: (bytes) => void socket.write(bytes),
    ...{ heard, isClosed: () => closed },
  };
  return { sidecar, other };
}

const greeting = (version: number, more: object = {}) => ({
  greeting: {
    ...{ version, section: 'peers', pod: 's1', uid: fleet.members()[1]?.uid ?? '' },
    ...{ start: 'V1StGXR8_Z5jdHi6B-myT', attempt: 1, ...more },
  },
});

/** Until it is the link. */
async function link(sidecar: Sidecar, other: Other, more?: object): Promise<void> {
  other.say('control', greeting(1, more));
  await eventually(() => expect(other.heard).toContainEqual({ take: 1 }));
  other.say('control', { taken: 1 });
  await eventually(() => expect(sidecar.linked()).toEqual(['s1']));
}

const codes = ({ log }: Sidecar) => log.flatMap(({ code }) => (code === undefined ? [] : [code]));

describe('a sidecar of another version', () => {
  it('is linked, and what it says besides what we know is left alone', async () => {
    const { sidecar, other } = await beside();
    await link(sidecar, other, { laterField: { of: 'version 1' } });
    const messages: unknown[] = [];
    sidecar.link('s1')?.onMessage((message) => messages.push(message));
    other.say('control', { laterKind: { number: 1 } });
    other.write(Buffer.from([9, 0, 0, 3, 1, 2, 3]));
    other.say('message', { type: 'laterKind' });
    await eventually(() => expect(messages).toEqual([{ type: 'laterKind' }]));
    expect(sidecar.linked()).toEqual(['s1']);
    expect(codes(sidecar)).not.toContain('garbage');
  });

  it.each([
    ['as a whole', () => greeting(2)],
    ['of which only the number is known', () => ({ greeting: { version: 7, node: 'n' } })],
  ])('is refused with the code version where its greeting is another one, %s', async (_, said) => {
    const { sidecar, other } = await beside();
    other.say('control', said());
    await eventually(other.isClosed);
    expect(other.heard).toEqual([{ bye: { code: 'version', why: expect.any(String) } }]);
    expect(codes(sidecar)).toContain('version');
    expect(sidecar.all).toEqual([]);
  });

  it('is told of to people while it goes on, by its version', async () => {
    let nowMs = 0;
    fleet = await linkFleet(2);
    const sidecar = await fleet.start('s0', { now: () => nowMs });
    async function refused(): Promise<void> {
      const localAddress = fleet.members()[1]?.address ?? '';
      const { signal } = new AbortController();
      const to = { host: sidecar.address, port: fleet.port, localAddress };
      const socket: Socket = await connectSecure(to, keyOf(key), signal);
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.on('data', () => {});
      socket.write(textFrame('control', greeting(2)));
      await closed;
    }
    await refused();
    expect(sidecar.links.troubles()).toEqual([]);
    nowMs += 15_000;
    await refused();
    expect(sidecar.links.troubles()).toEqual([
      `no link with ${fleet.members()[1]?.address}: it speaks version 2, and we 1 (version)`,
    ]);
  });

  it.each([
    ['a wrong one of our kinds', { take: 'all' }],
    ['no object', 'hello'],
  ])('ends the link by %s', async (_, value) => {
    const { sidecar, other } = await beside();
    await link(sidecar, other);
    other.say('control', value);
    await eventually(() => expect(codes(sidecar)).toContain('garbage'));
    await eventually(other.isClosed);
  });

  it('is a stranger where it says something of a later kind before its greeting', async () => {
    const { sidecar, other } = await beside();
    other.say('control', { laterKind: 1 });
    await eventually(other.isClosed);
    expect(other.heard).toEqual([]);
    expect(codes(sidecar)).toContain('garbage');
  });
});

describe('a sidecar that names the same pods otherwise', () => {
  it('is refused, and told of to who waits for entries, until it has the same names', async () => {
    fleet = await linkFleet(2);
    const asNodes = () =>
      membership(...fleet.members().map((each, at) => ({ ...each, name: `node-${at}` })));
    const uid = fleet.members()[1]?.uid ?? '';
    const own = { version: 1, section: 'peers', pod: 'node-1', uid, start: 'of-node-1' } as const;
    const before = await fleet.start('s0');
    const other = await fleet.start('s1', { own, selfName: 'node-1', members: asNodes });

    await eventually(() => expect(before.links.otherNames()).toEqual(['s1']), {
      timeoutMs: 10_000,
    });
    await eventually(() => expect(other.links.otherNames()).toEqual(['node-0']), {
      timeoutMs: 10_000,
    });
    await other.close();
    const same = await fleet.start('s1');
    await eventually(() => expect(same.linked()).toEqual(['s0']), { timeoutMs: 10_000 });
    expect([before.links.otherNames(), same.links.otherNames()]).toEqual([[], []]);
  });
});
