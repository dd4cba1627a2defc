import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { frames } from '../../../src/modules/relay/wire/frames.ts';
import { heartbeat } from '../../../src/modules/relay/wire/messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { startRelayStand } from '../../rig/relay-stand.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';
import type { SideOptions } from './side.ts';
import { startSide } from './sides.ts';

export interface DelayOptions {
  readonly haproxy: string;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly relay: SideOptions;
  /** Of each HAProxy. */
  readonly threads: number;
}

/** Puts down when each key came first. */
function listen(into: Map<string, number>): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const now = performance.now();
    rest = Buffer.concat([rest, chunk]);
    let used = 0;
    for (const frame of frames(rest)) {
      used = frame.end;
      const key = /at\d+-\d+/.exec(rest.toString('latin1', frame.body, frame.end))?.[0];
      if (key !== undefined && !into.has(key)) into.set(key, now);
    }
    rest = rest.subarray(used);
  };
}

function spread(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (part: number) =>
    (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(2).padStart(6);
  return `${name} p50${at(0.5)}, p99${at(0.99)}, worst${at(0.999999)} ms of ${sorted.length}`;
}

/**
 * When an update arrives at a peer: straight from HAProxy, and through two relays, and how much later that is for the same key.
 * The peer is this process, in place of a HAProxy: a fake, which can tell the time.
 */
export async function delay({ haproxy, rates, seconds, relay, threads }: DelayOptions) {
  const stand = await startRelayStand(haproxy, { threads });
  const through = new Map<string, number>();
  const straight = new Map<string, number>();
  const path = join(stand.directory, 'fake.sock');
  const server = createServer((socket: Socket) => {
    const hear = listen(through);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('200\n');
      socket.on('data', hear);
      const beat = setInterval(() => socket.write(heartbeat), 2000);
      socket.on('close', () => clearInterval(beat));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const port = await freePort();
  const sides = [
    startSide([{ path: stand.at.path, slot: 's1', port, dials: false }], relay),
    startSide([{ path, slot: 's1', port, dials: true }], relay),
  ];
  try {
    await Promise.all(sides.map(({ up }) => up));
    const leg = await stand.leg('s2');
    leg.onData(listen(straight));
    const alive = setInterval(() => leg.write(heartbeat), 2000);
    for (const rate of rates) {
      const writtenAt: number[] = [];
      const writer = writeSteadily(stand.adminSocket, rate, (at) => {
        writtenAt[at] = performance.now();
        return `at${rate}-${at}`;
      });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await writer.stop();
      await eventually(() => through.size === writer.written && straight.size === writer.written);
      const keys = writtenAt.map((time, at) => ({ time, key: `at${rate}-${at}` }));
      const since = (into: Map<string, number>) =>
        keys.map(({ time, key }) => (into.get(key) ?? Number.NaN) - time);
      const added = keys.map(({ key }) => (through.get(key) ?? 0) - (straight.get(key) ?? 0));
      console.log(`${String(rate).padStart(6)}/s: ${spread('straight', since(straight))}`);
      console.log(`          ${spread('relayed ', since(through))}`);
      console.log(`          ${spread('added   ', added)}`);
      straight.clear();
      through.clear();
    }
    clearInterval(alive);
    leg.close();
  } finally {
    server.close();
    await Promise.all(sides.map((side) => side.stop()));
    await stand.stop();
  }
}
