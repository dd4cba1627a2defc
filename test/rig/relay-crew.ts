import { onTestFinished } from 'vitest';
import { wallNow as dateNow, monotonicNow } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/validate.ts';
import type { Notice } from '../../src/model/notice.ts';
import { createMetrics } from '../../src/modules/metrics.ts';
import { createRelay, type Relay } from '../../src/modules/relay/module.ts';
import { slotNames } from '../../src/modules/relay/section/slots.ts';
import { snapshotsFor } from '../../src/modules/snapshot/create.ts';
import { silentRecorder } from '../../src/telemetry/event-recorder.ts';
import { capturedLog, type LogLine } from '../helpers/captured-log.ts';
import { type Hold, memoryLinks } from '../helpers/memory-link.ts';
import { type SettableSource, settableSource } from '../helpers/source.ts';
import { type RelayStand, startRelayStand } from './relay-stand.ts';

export interface CrewMember {
  readonly name: string;
  readonly stand: RelayStand;
  readonly relay: Relay;
  readonly lines: readonly LogLine[];
  readonly source: SettableSource;
  /** What an operator is told. */
  readonly notices: readonly Notice[];
}

export interface CrewOptions {
  readonly slots?: number;
  /** As many as HAProxy has loaded, where that is another number: it answers 504 for the rest. */
  readonly loadedSlots?: number;
  /** The directory of `--snapshot` of that replica. */
  readonly snapshot?: (name: string) => string;
  /** More sections of haproxy.cfg. */
  readonly sections?: (name: string) => string;
  readonly flags?: readonly string[];
  /** The date that sidecars have, in milliseconds since the epoch. */
  readonly wallNow?: () => number;
  /** Of messages between sidecars. */
  readonly hold?: Hold;
}

function startRelay(name: string, stand: RelayStand, options: CrewOptions) {
  const { slots = 8, snapshot, flags = [], wallNow = dateNow } = options;
  const notices: Notice[] = [];
  const { log, lines } = capturedLog();
  const source = settableSource();
  const ended = new AbortController();
  const { config } = loadConfig(
    'run',
    [
      ...[
        '--mode',
        'relay',
        '--pod-name',
        name,
        '--pod-ip',
        '127.0.0.1',
        '--pod-uid',
        `uid-${name}`,
      ],
      ...['--source', 'file', '--members-file', '/nowhere', '--no-repair'],
      ...['--admin-socket', stand.adminSocket, '--master-socket', stand.masterSocket],
      ...['--peers-section', 'haproxy-peers', '--haproxy-config', stand.configFile],
      ...(snapshot === undefined
        ? []
        : ['--snapshot', snapshot(name), '--snapshot-interval', '1s']),
      ...flags,
    ],
    {},
  );
  const metrics = createMetrics({ version: 'test', node: '24' });
  const events = { ...silentRecorder, record: (notice: Notice) => void notices.push(notice) };
  const relay = createRelay({
    ...{ config, source, log, metrics, version: 'test', now: monotonicNow, wallNow },
    section: { at: stand.at, slots: slotNames(slots), hasLesson: true, tables: 1 },
    self: { name, address: '127.0.0.1' },
    uid: `uid-${name}`,
    signal: ended.signal,
    wasReady: null,
    onReadyMarker() {},
    events,
    snapshots: snapshotsFor({
      ...{ config, metrics, events, log, now: monotonicNow, wallNow, self: name },
      version: 'test',
      tables: 16,
    }),
  });
  const running = Promise.all([
    relay.scheduler.run(ended.signal),
    relay.watch(ended.signal),
    relay.record(ended.signal),
  ]);
  const stop = async () => {
    ended.abort();
    await running;
    await relay.stop();
  };
  return { relay, lines, source, notices, stop };
}

/** Replicas with a real HAProxy each, whose sidecars have links in memory. */
export function createCrew(haproxy: string, options: CrewOptions = {}) {
  const { slots = 8, loadedSlots = slots, sections = () => '' } = options;
  const crew = new Map<string, CrewMember & { stop(): Promise<void> }>();
  const links = memoryLinks(options.hold);
  let isKnown = true;
  onTestFinished(async ({ task }) => {
    for (const { name, lines, stop, stand } of crew.values()) {
      if (task.result?.state === 'fail')
        console.log(name, lines.map((line) => JSON.stringify(line)).join('\n'));
      await stop();
      await stand.stop();
    }
  });

  function tell(...without: readonly string[]): void {
    if (!isKnown) return;
    const here = [...crew.keys()].filter((name) => !without.includes(name));
    const members = here.map((name) => ({
      ...{ name, uid: `uid-${name}`, address: '127.0.0.1', terminating: false },
    }));
    for (const { source } of crew.values())
      source.set({ synced: true, members, notes: [], awaited: 0, observedAtMs: 1 });
  }

  function connect(left: CrewMember, right: CrewMember): void {
    const [one, other] = links.make(left.name, right.name);
    left.relay.linked(one);
    right.relay.linked(other);
  }

  return {
    links,
    /** Their HAProxy starts, all at the same time, and each is linked with all others. */
    async join(...names: readonly string[]): Promise<readonly CrewMember[]> {
      const joined = await this.appear(...names);
      for (const one of joined)
        for (const other of crew.values())
          if (other !== one && (!joined.includes(other) || other.name > one.name))
            connect(one, other);
      return joined;
    },
    /** The same, and none is linked. */
    async appear(...names: readonly string[]): Promise<readonly CrewMember[]> {
      const joined = await Promise.all(
        names.map(async (name) => {
          const stand = await startRelayStand(haproxy, {
            ...{ slots: loadedSlots, fresh: true, sections: sections(name) },
          });
          return { name, stand, ...startRelay(name, stand, options) };
        }),
      );
      for (const one of joined) crew.set(one.name, one);
      tell();
      return joined;
    },
    /** The pod is gone: its HAProxy with what it holds, and its links. */
    async leave(name: string): Promise<void> {
      const one = crew.get(name);
      crew.delete(name);
      links.cut(name);
      await one?.stop();
      await one?.stand.stop();
      tell();
    },
    /** The sidecar of that replica is gone, and another one has started: no link is there. HAProxy has not noticed more than that. */
    async restartSidecar(name: string): Promise<CrewMember> {
      const one = crew.get(name);
      if (one === undefined) throw new Error(`no ${name}`);
      links.cut(name);
      await one.stop();
      const next = { name, stand: one.stand, ...startRelay(name, one.stand, options) };
      crew.set(name, next);
      tell();
      return next;
    },
    /** Those that run now: another sidecar is another member. */
    members: (...names: readonly string[]): readonly CrewMember[] =>
      names.flatMap((name) => crew.get(name) ?? []),
    /** What discovery says from now on: all but these. */
    tell,
    /** Discovery is away: who has known members keeps them, and who comes knows none. */
    discovery(isThere: boolean) {
      isKnown = isThere;
      tell();
    },
    cut: links.cut,
    heal(...names: readonly string[]) {
      const all = names.flatMap((name) => crew.get(name) ?? []);
      for (const [index, one] of all.entries())
        for (const other of all.slice(index + 1)) connect(one, other);
    },
  };
}
