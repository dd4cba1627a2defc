import { nanoid } from 'nanoid';
import { monotonicNow } from '../../src/clock.ts';
import type { Member } from '../../src/model/member.ts';
import type { Membership } from '../../src/model/membership.ts';
import type { Link } from '../../src/modules/relay/links/link.ts';
import { createLinks, type Links, type LinksOptions } from '../../src/modules/relay/links/links.ts';
import { capturedLog, type LogLine } from './captured-log.ts';
import { membership } from './members.ts';
import { freePort } from './ports.ts';

export const key = Buffer.from('a key of thirty-two bytes, or so!');

/** One that runs: a sidecar as far as links go. */
export interface Sidecar {
  readonly name: string;
  readonly address: string;
  readonly links: Links;
  readonly log: readonly LogLine[];
  /** Every link that was handed out, ended ones as well. */
  readonly all: readonly Link[];
  /** With whom it is linked, sorted. */
  linked(): readonly string[];
  link(name: string): Link | undefined;
  close(): Promise<void>;
}

/** Writes all of it, as fast as the link takes it; ends where the link ends. */
export async function pour(link: Link, chunks: Iterable<Buffer>): Promise<void> {
  let ended = false;
  const end = link.closed.then(() => {
    ended = true;
  });
  for (const chunk of chunks) {
    if (ended) return;
    if (link.write(chunk)) continue;
    await Promise.race([end, new Promise<void>((resolve) => link.onDrain(resolve))]);
  }
}

export interface LinkFleet {
  readonly port: number;
  /** What discovery knows, for all of them; they are told. */
  setMembers(members: readonly Member[]): void;
  readonly members: () => readonly Member[];
  start(name: string, options?: Partial<LinksOptions>): Promise<Sidecar>;
  close(): Promise<void>;
}

let fleets = 0;

/** `s0`, `s1`, … at 127.x addresses of their own, and one port for all, as pods have it. */
export async function linkFleet(size: number): Promise<LinkFleet> {
  fleets += 1;
  const net = `127.${20 + (process.pid % 200)}.${fleets}`;
  const port = await freePort(`${net}.1`);
  const stop = new AbortController();
  const running = new Set<Sidecar>();
  let known: Membership = membership(
    ...Array.from({ length: size }, (_, index) => memberOf(index)),
  );

  function memberOf(index: number): Member {
    const uid = `uid-${String((index * 7) % 31).padStart(2, '0')}-${index}`;
    return { name: `s${index}`, address: `${net}.${index + 1}`, terminating: false, uid };
  }

  return {
    port,
    members: () => known.members,
    setMembers(members) {
      known = membership(...members);
      for (const each of running) each.links.membersChanged();
    },
    async start(name, options = {}) {
      const index = Number(name.slice(1));
      const { address, uid = '' } = memberOf(index);
      const { log, lines } = capturedLog();
      const all: Link[] = [];
      const links = createLinks({
        own: { version: 1, section: 'peers', pod: name, uid, start: nanoid() },
        ...{ port, host: address, selfName: name, log, now: monotonicNow },
        members: () => known,
        keys: () => Promise.resolve([key]),
        plaintext: false,
        ...options,
        onLink(link) {
          all.push(link);
          options.onLink?.(link);
        },
      });
      const sidecar: Sidecar = {
        ...{ name, address, links, log: lines, all },
        linked: () =>
          links
            .links()
            .map(({ other }) => other.pod)
            .toSorted(),
        link: (other) => links.links().find((each) => each.other.pod === other),
        async close() {
          running.delete(sidecar);
          await links.close();
        },
      };
      await links.start(stop.signal);
      running.add(sidecar);
      return sidecar;
    },
    async close() {
      await Promise.all([...running].map((each) => each.close()));
    },
  };
}
