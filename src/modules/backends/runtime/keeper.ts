import type { RunningServer } from '../../../haproxy/servers-state.ts';
import type { Version } from '../../../model/program-version.ts';
import { type Dynamic, gatesOf } from '../plan/gates.ts';
import { isOurs, type Plan, planServers } from '../plan/plan.ts';
import { outcomeOf, type StepKind } from '../plan/step.ts';
import type { WantedServer } from '../server.ts';
import { createRefusals } from './refusals.ts';

/** What haproxy.cfg says of a backend, as far as it matters to who adds servers. */
export interface BackendFacts {
  /** Words for `add server` beside address, id and weight. */
  readonly params: readonly string[];
  /** Null: not known. */
  readonly balance: string | null;
  /** Why it is given no server while HAProxy runs; null: it is. */
  readonly refuses: string | null;
}

export interface KeeperSettings {
  readonly dynamic: Dynamic;
  readonly onEmpty: 'maint' | 'keep';
  readonly deleteAfterMs: number;
  readonly drainLimitMs: number;
}

export interface KeeperOptions {
  readonly backend: string;
  readonly settings: KeeperSettings;
  /** Null: the worker has no such backend. Rejects where it is not known. */
  readonly read: (backend: string, signal: AbortSignal) => Promise<readonly RunningServer[] | null>;
  /** Carries out commands, with a reply for each. */
  readonly tell: (
    lines: readonly string[],
    signal: AbortSignal,
  ) => Promise<readonly (string | undefined)[]>;
  readonly onStep: (kind: StepKind, outcome: 'done' | 'later' | 'refused') => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** How a backend stands after a pass. */
export interface Kept {
  /** It has somebody in use, or nobody that it could have. */
  readonly serves: boolean;
  /** What is not done, and why. */
  readonly holds: readonly string[];
  readonly servers: { readonly up: number; readonly drain: number; readonly maint: number };
  /** What the worker has of what is wanted, for haproxy.cfg; null: servers stay as they are, so haproxy.cfg does. */
  readonly has: readonly WantedServer[] | null;
  /** How many commands were carried out. */
  readonly changes: number;
  /** When it is to be looked at again although nothing has changed, in milliseconds from now; null: never. */
  readonly wakeMs: number | null;
}

export interface Keeper {
  pass(
    wanted: readonly WantedServer[],
    facts: BackendFacts,
    version: Version,
    signal: AbortSignal,
  ): Promise<Kept>;
}

/** What was told is read back, and what still differs told again, before the rest waits. */
const rounds = 3;

function earliest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((each) => each !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function countOf(running: readonly RunningServer[]): Kept['servers'] {
  const ours = running.filter(isOurs);
  const used = ours.filter(({ inMaintenance }) => !inMaintenance);
  const up = used.filter(({ weight }) => weight > 0).length;
  return { up, drain: used.length - up, maint: ours.length - used.length };
}

/** The servers of one backend. What HAProxy has is read in each pass, so that it does not matter who has changed or reloaded it. */
export function createKeeper(options: KeeperOptions): Keeper {
  const { backend, read, tell, onStep, now } = options;
  const refusals = createRefusals(now);
  return {
    async pass(wanted, { params, balance, refuses }, version, signal) {
      const known = gatesOf(version, balance, options.settings.dynamic);
      const gates = { ...known, add: known.add ?? refuses };
      let changes = 0;
      let running: readonly RunningServer[] | null = null;
      let plan: Plan | null = null;
      for (let round = 0; round < rounds; round += 1) {
        running = await read(backend, signal);
        if (running === null) break;
        const input = { backend, wanted, running, params, balance, gates };
        plan = planServers({ ...input, ...options.settings });
        refusals.keepOnly(plan.steps);
        const steps = refusals.allowed(plan.steps);
        if (steps.length === 0) break;
        const replies = await tell(
          steps.map(({ line }) => line),
          signal,
        );
        /** What follows the first command of a server that was not carried out fails because of that one. */
        const broken = new Set<string>();
        for (const [index, step] of steps.entries()) {
          const outcome = outcomeOf(step, replies[index]);
          if (outcome.kind === 'done') changes += 1;
          else if (broken.has(step.server)) continue;
          else broken.add(step.server);
          refusals.note(step, outcome);
          onStep(step.kind, outcome.kind);
        }
      }
      if (running === null || plan === null) {
        const why = `HAProxy has no backend ${backend}: is that its name, and is it in the haproxy.cfg that HAProxy runs with?`;
        const servers = { up: 0, drain: 0, maint: 0 };
        return { serves: false, holds: [why], servers, has: null, changes, wakeMs: null };
      }
      const servers = countOf(running);
      const names = new Set(running.filter(isOurs).map(({ name }) => name));
      const isWanted = wanted.some(({ state }) => state === 'up');
      return {
        ...{ serves: servers.up > 0 || !isWanted, servers, changes },
        has: plan.keeps ? null : wanted.filter(({ name }) => names.has(name)),
        holds: [...plan.holds, ...refusals.reasons()],
        wakeMs: earliest(plan.wakeMs, refusals.wakeMs()),
      };
    },
  };
}
