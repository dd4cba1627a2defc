import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../helpers/eventually.ts';
import type { TcpCut } from '../../helpers/tcp-cut.ts';
import { removeFolder } from '../../helpers/temporary-folder.ts';
import { createNaiveWay } from '../../rig/naive.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { ownMain, type Replica, type ReplicaPorts } from '../../rig/replica.ts';
import type { Roll } from '../../rig/roll.ts';
import { type Actor, createStage, everywhere, raiseWithin, type Stage } from '../../rig/stage.ts';
import { countKept, fillTable, heldEntries } from '../../rig/table.ts';
import { type Ack, startWriter } from '../../rig/writer.ts';
import type { Result, Survivor, Way } from './result.ts';
import type { Scenario, Scene } from './scenarios.ts';
import { startTimeline } from './timeline.ts';

export interface Members {
  readonly roll: Roll;
  /** Between the replicas and the API server. */
  readonly hop: TcpCut | null;
  /** Flags that lead past the hop. */
  readonly directFlags?: readonly string[];
}

export interface PlayOptions {
  readonly scenario: Scenario;
  readonly way: Way;
  readonly entries: number;
  readonly writes: number;
  readonly burst: number;
  readonly cutSeconds: number;
  readonly haproxy: string;
  readonly dataplane: string | null;
  /** What is played: the built program of this checkout, or of another one. */
  readonly main?: string | undefined;
  /** The program of another checkout, for scenarios that mix both. */
  readonly otherMain?: string | undefined;
  /** The entries of each replica are sampled all the while. */
  readonly sampled?: boolean;
  readonly network: string;
  readonly ports: ReplicaPorts;
  /** Made for this run, and removed at its end unless `keep`. */
  readonly directory: string;
  readonly keep: boolean;
  /** Every replica is connected with every other before the change. */
  readonly calm: boolean;
  readonly makeRoll: (directory: string) => Promise<Members>;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const readyLimitMs = 300_000;
/** Writes begin this long before the change and go on as long after it. */
const aroundMs = 1000;

/** One scenario, one way, on replicas of its own. */
export async function play(options: PlayOptions): Promise<Result> {
  const { scenario, way, directory, signal } = options;
  mkdirSync(directory, { recursive: true });
  const members = await options.makeRoll(directory);
  const { roll, hop } = members;
  let { sourceFlags } = roll;
  let main = scenario.mixed ? options.otherMain : options.main;
  const stage = createStage({
    roll,
    network: options.network,
    setting: {
      haproxy: options.haproxy,
      dataplane: way === 'naive' || way === 'relay' ? null : options.dataplane,
      directory,
      ...(way === 'relay' ? { relayKey: writeRelayKey(directory) } : {}),
      /** Of whoever is brought from now on. */
      get main() {
        return main ?? ownMain;
      },
      get sourceFlags() {
        return sourceFlags;
      },
      ports: options.ports,
      signal,
    },
    ...(way === 'naive' ? createNaiveWay() : { raise: raiseWithin(readyLimitMs) }),
  });
  const close = () => void stage.close();
  signal.addEventListener('abort', close, { once: true });
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    return await run(options, stage, {
      hop,
      bypass: () => {
        sourceFlags = members.directFlags ?? sourceFlags;
      },
      bringWith: (which) => {
        main = which === 'ours' ? options.main : options.otherMain;
      },
    });
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return failed(scenario, options, failure, seconds());
  } finally {
    signal.removeEventListener('abort', close);
    await stage.close();
    await Promise.allSettled([roll.close(), hop?.close()]);
    if (!options.keep) removeFolder(directory);
  }
}

function failed({ name, joins }: Scenario, options: PlayOptions, failure: string, seconds: number) {
  const { way, entries } = options;
  const nothing = { survivors: [], acked: 0, writesFailed: 0, missingAny: 0, missingAll: 0 };
  const unknown = { missingBy: {}, reloadsOld: null, reloadsNew: null, readySeconds: null };
  const end = { seconds, settled: false, failure };
  return { scenario: name, way, joins, entries, kept: 0, ...nothing, ...unknown, ...end };
}

async function run(
  options: PlayOptions,
  stage: Stage,
  scene: Pick<Scene, 'hop' | 'bypass' | 'bringWith'>,
): Promise<Result> {
  const { scenario, way, entries, say } = options;
  const base = scenario.begin === 0 ? 0 : entries;
  if (scenario.begin > 0) {
    say(`${scenario.begin} replicas start`);
    await stage.bring(scenario.begin);
    say(`${base.toLocaleString('en')} entries are filled in`);
    await fill(stage, base, way);
  }
  if (options.calm) {
    say('all connect with all');
    await eventually(() => meshed(stage), { timeoutMs: 60_000 });
  }
  await stage.countReloads();
  const before = new Map(stage.actors.map((actor) => [actor, actor.reloads ?? 0]));

  say(scenario.what);
  const targets = scenario.early ? () => listening(stage) : () => stage.alive();
  const startedAtMs = Date.now();
  const timeline = options.sampled ? startTimeline(stage) : null;
  const writer = startWriter({ targets, perSecond: options.writes });
  const early = scenario.begin === 0;
  let seconds = 0;
  try {
    if (!early) await sleep(aroundMs);
    const startedAt = performance.now();
    const { burst, cutSeconds } = options;
    await scenario.play({ ...scene, stage, say, burst, cutSeconds });
    seconds = (performance.now() - startedAt) / 1000;
    await sleep(aroundMs);
  } finally {
    await writer.stop();
    await timeline?.stop();
  }

  say('the tables settle');
  const settled = await settle(stage, way === 'naive' ? 10_000 : 60_000);
  await stage.countReloads();
  say('the tables are compared');
  const { acks } = writer;
  const missing = new Map<Ack, number>();
  const survivors: Survivor[] = [];
  for (const replica of stage.alive()) survivors.push(await compare(replica, base, acks, missing));
  const [all, any] = [
    [...missing.values()].filter((count) => count === survivors.length).length,
    missing.size,
  ];
  const keptOf = (survivor: Survivor) =>
    early ? acks.length - survivor.missingLive : survivor.kept;
  const isOld = (actor: Actor) => before.has(actor);
  const reloads = (actor: Actor) =>
    actor.reloads === null ? null : actor.reloads - (before.get(actor) ?? 0);
  return {
    scenario: scenario.name,
    way,
    joins: scenario.joins,
    entries: early ? acks.length : base,
    kept: Math.min(...survivors.map(keptOf)),
    survivors,
    acked: acks.length,
    writesFailed: writer.failures(),
    missingAny: any,
    missingAll: all,
    missingBy: summarize(missing, startedAtMs),
    reloadsOld: most(stage.actors.filter(isOld).map(reloads)),
    reloadsNew: most(stage.actors.filter((actor) => !isOld(actor)).map(reloads)),
    readySeconds: most(
      stage.actors
        .filter((actor) => !isOld(actor))
        .map(({ readyAfterMs }) => (readyAfterMs === null ? null : readyAfterMs / 1000)),
    ),
    seconds,
    settled,
    failure: null,
    ...(timeline === null ? {} : { timeline: timeline.tracks() }),
  };
}

async function meshed(stage: Stage): Promise<boolean> {
  const replicas = stage.alive();
  const states = await Promise.all(replicas.map((replica) => replica.peers()));
  return states.every(
    (state) => state?.peers.filter((peer) => peer.established).length === replicas.length - 1,
  );
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Ready or not: their web port refuses until HAProxy is there, and then the write is nobody's. */
function listening(stage: Stage): readonly Replica[] {
  return stage.actors
    .filter(({ phase }) => phase === 'joining' || phase === 'ready')
    .map(({ replica }) => replica);
}

async function fill(stage: Stage, entries: number, way: Way): Promise<void> {
  // Through all of them, as behind a Service: what a replica has written itself it pushes again to whoever reloads.
  const replicas = stage.alive();
  const every = replicas.length;
  await Promise.all(
    replicas.map((replica, from) => fillTable(replica, entries, undefined, { from, every })),
  );
  if (way !== 'naive') return everywhere(stage, entries, 120_000);
  // The naive way gets its full tables even where its peers do not talk to each other.
  await everywhere(stage, entries, 15_000).catch(async () => {
    for (const replica of replicas) await fillTable(replica, entries);
  });
}

/** The tables count the same and have not changed for a while; false when the limit comes first. */
async function settle(stage: Stage, limitMs: number): Promise<boolean> {
  const quietMs = 2000;
  const deadline = Date.now() + limitMs;
  let seen = '';
  let sinceMs = Date.now();
  for (;;) {
    const counts = await Promise.all(
      stage.alive().map((replica) => replica.entries().catch(() => -1)),
    );
    if (counts.join() !== seen) {
      seen = counts.join();
      sinceMs = Date.now();
    }
    const equal = new Set(counts).size <= 1;
    const quiet = Date.now() - sinceMs;
    if (equal && quiet >= quietMs) return true;
    // Different counts that do not move any more stay different.
    if (quiet >= 5 * quietMs || Date.now() >= deadline) return false;
    await sleep(100);
  }
}

async function compare(
  replica: Replica,
  base: number,
  acks: readonly Ack[],
  missing: Map<Ack, number>,
): Promise<Survivor> {
  // A replica that does not answer keeps nothing.
  const held = await heldEntries(replica).catch(() => new Map<string, number>());
  const lost = acks.filter(({ key }) => !held.has(key));
  for (const ack of lost) missing.set(ack, (missing.get(ack) ?? 0) + 1);
  return { name: replica.name, kept: countKept(held, base), missingLive: lost.length };
}

/** By the replica that acknowledged them: how many, and when, in milliseconds of the change. */
function summarize(missing: ReadonlyMap<Ack, number>, startedAtMs: number): Result['missingBy'] {
  const by: Record<string, { keys: number; fromMs: number; toMs: number }> = {};
  for (const { replica, atMs } of missing.keys()) {
    const at = atMs - startedAtMs;
    const { keys, fromMs, toMs } = by[replica] ?? { keys: 0, fromMs: at, toMs: at };
    by[replica] = { keys: keys + 1, fromMs: Math.min(fromMs, at), toMs: Math.max(toMs, at) };
  }
  return by;
}
