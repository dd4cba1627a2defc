import { eventually } from '../helpers/eventually.ts';
import { raise } from './raise.ts';
import { createReplica, type Replica, type ReplicaSetting } from './replica.ts';
import type { Roll } from './roll.ts';

export type Phase = 'joining' | 'ready' | 'leaving' | 'killed' | 'gone';

export interface Actor {
  readonly replica: Replica;
  phase: Phase;
  readonly startedAtMs: number;
  readyAfterMs: number | null;
  /** Last count seen, kept when the replica is gone; null: never seen. */
  reloads: number | null;
}

/** The replicas of one run and how they come and go; the strategies differ in `bring` only. */
export interface Stage {
  readonly actors: readonly Actor[];
  /** New replicas, all at once; resolves when they are ready. */
  bring(count: number): Promise<readonly Replica[]>;
  /** Its init has ended. */
  runs(replica: Replica): Promise<void>;
  /** The way a rolling update takes one out. */
  retire(replica: Replica): Promise<void>;
  /** No farewell: SIGKILL to everything of it. */
  crash(replica: Replica): Promise<void>;
  alive(): readonly Replica[];
  /** Looks at the masters of those alive again. */
  countReloads(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly setting: ReplicaSetting;
  readonly roll: Roll;
  /** First three numbers of the loopback addresses, e.g. `127.0.1`. */
  readonly network: string;
  readonly raise: (replica: Replica, stage: Stage) => Promise<void>;
  /** The members changed: for the strategy that reacts to every event. */
  readonly onEvent?: (stage: Stage) => void;
}

export function createStage({ setting, roll, network, raise, onEvent }: StageOptions): Stage {
  const actors: Actor[] = [];

  function actorOf(replica: Replica): Actor {
    const actor = actors.find((candidate) => candidate.replica === replica);
    if (actor === undefined) throw new Error(`${replica.name} is not on stage`);
    return actor;
  }

  /** A master that is in the middle of a reload does not answer: ask until it does. */
  async function count(actor: Actor): Promise<void> {
    const counting = eventually(() => actor.replica.reloads(), { timeoutMs: 5000 });
    actor.reloads = await counting.catch(() => actor.reloads);
  }

  async function end(replica: Replica, phase: Phase, how: () => Promise<void>): Promise<void> {
    const actor = actorOf(replica);
    actor.phase = phase;
    await count(actor);
    if (phase === 'leaving') await roll.leaving(replica.name);
    await how();
    actor.phase = phase === 'killed' ? 'killed' : 'gone';
    await roll.leave(replica.name);
    onEvent?.(stage);
  }

  const stage: Stage = {
    actors,
    async bring(count) {
      const joining = Array.from({ length: count }, (_, index) => {
        const number = actors.length + index + 1;
        const podUid = (name: string) => roll.uidOf(name);
        return createReplica({ ...setting, podUid }, `web-${number}`, `${network}.${number}`);
      });
      const startedAtMs = Date.now();
      for (const replica of joining) {
        actors.push({ replica, phase: 'joining', startedAtMs, readyAfterMs: null, reloads: null });
      }
      // Kubernetes shows the addresses while the init containers still run.
      await roll.join(...joining);
      onEvent?.(stage);
      await Promise.all(
        joining.map(async (replica) => {
          await raise(replica, stage);
          const actor = actorOf(replica);
          actor.phase = 'ready';
          actor.readyAfterMs = Date.now() - startedAtMs;
        }),
      );
      return joining;
    },
    runs: ({ name }) => roll.runs(name),
    retire: (replica) => end(replica, 'leaving', () => replica.stop()),
    crash: (replica) => end(replica, 'killed', () => replica.kill()),
    alive: () => actors.filter(({ phase }) => phase === 'ready').map(({ replica }) => replica),
    async countReloads() {
      await Promise.all(actors.filter(({ phase }) => phase === 'ready').map(count));
    },
    async close() {
      await Promise.all(actors.map(({ replica }) => replica.kill()));
    },
  };
  return stage;
}

/** Waits until every replica counts as many entries; throws with the counts when they do not come. */
export async function everywhere(
  stage: Pick<Stage, 'alive'>,
  count: number,
  timeoutMs: number,
): Promise<void> {
  let seen: readonly string[] = [];
  const probe = async () => {
    const replicas = stage.alive();
    const counts = await Promise.all(replicas.map((replica) => replica.entries()));
    seen = replicas.map(({ name }, index) => `${name} ${counts[index]}`);
    return counts.every((entries) => entries >= count);
  };
  await eventually(probe, { timeoutMs, intervalMs: 100 }).catch((cause: unknown) => {
    throw new Error(`${count} entries did not reach every replica: ${seen.join(', ')}`, { cause });
  });
}

/** Our way. */
export function raiseWithin(
  timeoutMs: number,
): (replica: Replica, stage: Pick<Stage, 'runs'>) => Promise<void> {
  return (replica, stage) => raise(replica, timeoutMs, () => stage.runs(replica));
}

export const raiseSafely = raiseWithin(60_000);
