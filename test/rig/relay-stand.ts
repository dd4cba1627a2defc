import { join } from 'node:path';
import { openLeg } from '../../src/modules/relay/legs/open-leg.ts';
import { teachNothing } from '../../src/modules/relay/legs/teach-nothing.ts';
import { eventually } from '../helpers/eventually.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { type HaproxyStand, startHaproxyStand } from './haproxy-stand.ts';

/** The `localpeer` of every HAProxy in relay mode. */
export const local = 'self';

export interface WatchedStand extends HaproxyStand {
  /** Entries of the table. */
  entries(): Promise<number>;
  /** Its resync is over, whoever taught it. */
  finished(): Promise<boolean>;
  worker(): Promise<number>;
}

/** With what its admin socket tells. */
export function watched(stand: HaproxyStand): WatchedStand {
  return {
    ...stand,
    async entries() {
      return Number(/used:(\d+)/.exec(await stand.ask('show table'))?.[1]);
    },
    async finished() {
      const flags = /flags=(0x[0-9a-f]+)/.exec(await stand.ask('show peers'))?.[1];
      return (Number(flags) & 3) === 3;
    },
    async worker() {
      return Number(/^Pid: (\d+)/m.exec(await stand.ask('show info'))?.[1]);
    },
  };
}

export interface RelayStand extends WatchedStand {
  /** Where it listens for peers. */
  readonly at: { readonly path: string };
  /** A session in this slot, which must come up. */
  leg(slot: string): ReturnType<typeof openUp>;
  /** Keys `prefix0` and so on, each written by HAProxy of its own accord. */
  write(prefix: string, count: number): Promise<void>;
}

async function openUp(at: { readonly path: string }, slot: string) {
  const signal = new AbortController().signal;
  const outcome = await openLeg({ at, local, slot, timeoutMs: 5000, signal });
  if (outcome.kind !== 'up') throw new Error(`${slot}: ${outcome.why}`);
  return outcome.leg;
}

export interface RelayStandOptions {
  readonly slots?: number;
  /** Of its stick table. */
  readonly size?: string;
  /** Its resync is not finished yet: it waits 5 s for somebody to learn from. */
  readonly fresh?: boolean;
  /** Where it listens for peers; missing: in a folder of its own. */
  readonly path?: string;
  /** Of HAProxy; missing: one for each core. */
  readonly threads?: number | undefined;
  /** More lines of the peers section. */
  readonly extra?: readonly string[];
  /** More sections of haproxy.cfg. */
  readonly sections?: string;
}

/** A real HAProxy whose peer lines all point at its own socket: `s1` and so on, and `lesson`. */
export async function startRelayStand(
  haproxy: string,
  {
    slots = 8,
    size = '2m',
    fresh = false,
    extra = [],
    sections = '',
    threads,
    ...where
  }: RelayStandOptions = {},
): Promise<RelayStand> {
  const folder = makeFolder('hps-relay-');
  const path = where.path ?? join(folder, 'peers.sock');
  const names = [local, ...Array.from({ length: slots }, (_, index) => `s${index + 1}`), 'lesson'];
  const global = `localpeer ${local}${threads === undefined ? '' : `\n  nbthread ${threads}`}`;
  let stand: HaproxyStand;
  try {
    stand = await startHaproxyStand({
      haproxy,
      peers: [...names.map((name) => `peer ${name} unix@${path}`), ...extra],
      rewrite: (text) =>
        `${text.replace('localpeer a', global).replace('size 1k', `size ${size}`)}${sections}`,
    });
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const self: RelayStand = {
    ...watched(stand),
    at: { path },
    leg: (slot) => openUp({ path }, slot),
    async write(prefix, count) {
      for (let from = 0; from < count; from += 200) {
        const keys = Array.from({ length: Math.min(200, count - from) }, (_, at) => from + at);
        const line = keys.map((at) => `set table sessions key ${prefix}${at} data.gpc0 1`);
        await stand.ask(line.join(';'));
      }
    },
    async stop() {
      await stand.stop();
      removeFolder(folder);
    },
  };
  try {
    const signal = new AbortController().signal;
    const options = { at: { path }, local, slot: 'lesson', timeoutMs: 5000, signal };
    if (!fresh) await eventually(async () => (await teachNothing(options)) === 'taught');
  } catch (error) {
    await self.stop();
    throw error;
  }
  return self;
}
