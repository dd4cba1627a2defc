import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { monotonicNow } from '../../src/clock.ts';
import { observePeers } from '../../src/engine/observe.ts';
import { createLessons, type Lessons } from '../../src/modules/lessons/lessons.ts';
import { lessonPlaceOf } from '../../src/modules/peers/lesson-leg.ts';
import { createDesk } from '../../src/modules/relay/difference/desk.ts';
import { teachNothing } from '../../src/modules/relay/legs/teach-nothing.ts';
import { capturedLog, type LogLine } from '../helpers/captured-log.ts';
import { eventually } from '../helpers/eventually.ts';
import { memoryLinks } from '../helpers/memory-link.ts';
import { freePort } from '../helpers/ports.ts';
import { startTcpCut, type TcpCut } from '../helpers/tcp-cut.ts';
import { sectionName, startHaproxyStand } from './haproxy-stand.ts';
import { type WatchedStand, watched } from './relay-stand.ts';

export interface Pupil {
  readonly name: string;
  readonly stand: WatchedStand;
  readonly lines: readonly LogLine[];
  /** A reload waits, or runs, as far as its sidecar is told. */
  busy: boolean;
  lessons(): Lessons;
  /** Keys `prefix0` and so on, each written by this HAProxy. */
  write(prefix: string, count: number, value?: number): Promise<void>;
  held(): Promise<ReadonlyMap<string, string>>;
  /** Its sidecar ends, in whatever it does, and another one starts. */
  restartSidecar(): Promise<void>;
}

function startSidecar(name: string, stand: WatchedStand, isBusy: () => boolean) {
  const { log, lines } = capturedLog();
  const leg = lessonPlaceOf(readFileSync(stand.configFile, 'utf8'), {
    ...{ sectionName, selfName: name, env: {} },
  });
  if (leg.kind !== 'leg') throw new Error(leg.why);
  const ended = new AbortController();
  const lessons = createLessons({
    ...{
      uid: `uid-${name}`,
      leg,
      desk: createDesk(),
      isBusy,
      log,
      now: monotonicNow,
      random: Math.random,
      selfName: name,
      teachNothing,
    },
    observe: (signal) => observePeers(stand.adminSocket, sectionName, signal),
    onLearned() {},
    // Nobody is known to be alone.
    membership: () => ({ synced: false, members: [], notes: [], awaited: 0, observedAtMs: 0 }),
  });
  const watching = lessons.watch(ended.signal);
  const stop = async () => {
    ended.abort();
    await Promise.all([watching, lessons.stop()]);
  };
  return { lessons, lines, stop };
}

/**
 * Replicas of reload mode with a real HAProxy each, which know each other over hops that a test can cut, and whose sidecars have
 * links in memory. Their sections do not change.
 */
export async function createLessonCrew(haproxy: string, ...names: readonly string[]) {
  const links = memoryLinks();
  const ports = new Map(
    await Promise.all(names.map(async (name) => [name, await freePort()] as const)),
  );
  const portOf = (name: string) => ports.get(name) ?? 0;
  const hops = new Map<string, TcpCut>();
  const ends: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all([...hops.values()].map((hop) => hop.close()));
    for (const end of ends) await end();
  });

  async function appear(name: string): Promise<Pupil> {
    const lines = [`peer ${name} 127.0.0.1:${portOf(name)}`];
    for (const other of names.filter((each) => each !== name)) {
      const hop = await startTcpCut(portOf(other));
      hops.set(`${name} ${other}`, hop);
      lines.push(`peer ${other} 127.0.0.1:${hop.port}`);
    }
    lines.push(`peer lesson 127.0.0.1:${portOf(name)}`);
    const stand = watched(
      await startHaproxyStand({
        ...{ haproxy, peers: lines },
        rewrite: (text) =>
          text.replace('localpeer a', `localpeer ${name}`).replace('size 1k', 'size 2m'),
      }),
    );
    let sidecar = startSidecar(name, stand, () => pupil.busy);
    onTestFinished(({ task }) => {
      if (task.result?.state === 'fail')
        console.log(name, pupil.lines.map((line) => JSON.stringify(line)).join('\n'));
    });
    ends.push(async () => {
      await sidecar.stop();
      await stand.stop();
    });
    const pupil: Pupil = {
      ...{ name, stand, busy: false },
      get lines() {
        return sidecar.lines;
      },
      lessons: () => sidecar.lessons,
      async write(prefix, count, value = 1) {
        for (let from = 0; from < count; from += 200) {
          const keys = Array.from({ length: Math.min(200, count - from) }, (_, at) => from + at);
          const set = keys.map((at) => `set table sessions key ${prefix}${at} data.gpc0 ${value}`);
          await stand.ask(set.join(';'));
        }
      },
      async held() {
        const text = await stand.ask('show table sessions');
        const found = text.matchAll(/key=(\S+).* gpc0=(\d+)/g);
        return new Map([...found].map(([, key = '', value = '']) => [key, value]));
      },
      async restartSidecar() {
        links.cut(name);
        await sidecar.stop();
        sidecar = startSidecar(name, stand, () => pupil.busy);
      },
    };
    return pupil;
  }

  const all = await Promise.all(names.map(appear));
  const byName = new Map(all.map((each) => [each.name, each]));

  function link(left: string, right: string): void {
    const [one, other] = [byName.get(left), byName.get(right)];
    if (one === undefined || other === undefined) throw new Error('nobody of that name');
    const [to, from] = links.make(left, right);
    one.lessons().linked(to);
    other.lessons().linked(from);
  }

  function pairsOf(name: string): readonly (readonly [string, string])[] {
    return names.filter((each) => each !== name).map((each) => [name, each]);
  }

  return {
    all,
    link,
    /** All are linked, and have sessions with all others. */
    async join(): Promise<void> {
      await eventually(async () =>
        (await Promise.all(all.map(({ stand }) => stand.finished()))).every(Boolean),
      );
      await eventually(
        async () => {
          for (const { stand } of all) {
            const sessions = (await stand.ask('show peers')).match(/last_status=ESTA/g) ?? [];
            if (sessions.length < names.length - 1) return false;
          }
          return true;
        },
        { timeoutMs: 20_000 },
      );
      for (const [at, name] of names.entries())
        for (const other of names.slice(at + 1)) link(name, other);
    },
    /** The network of that replica: sessions, and links between sidecars unless they `stay`. */
    cut(name: string, stay?: 'links stay'): void {
      for (const [one, other] of pairsOf(name)) {
        hops.get(`${one} ${other}`)?.cut();
        hops.get(`${other} ${one}`)?.cut();
      }
      if (stay === undefined) links.cut(name);
    },
    /** What it sends and is sent to it is lost on the way, and its sessions stay open until that heals. */
    freeze(name: string): void {
      for (const [one, other] of pairsOf(name)) {
        hops.get(`${one} ${other}`)?.freeze();
        hops.get(`${other} ${one}`)?.freeze();
      }
    },
    heal(name: string, stay?: 'links stay'): void {
      for (const [one, other] of pairsOf(name)) {
        hops.get(`${one} ${other}`)?.heal();
        hops.get(`${other} ${one}`)?.heal();
        if (stay === undefined) link(one, other);
      }
    },
  };
}
