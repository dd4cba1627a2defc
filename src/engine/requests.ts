import type { Held } from '../apply/applier.ts';
import type { Configuration } from '../apply/edit.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../model/backoff.ts';
import type { Request } from '../model/request.ts';
import type { Module, ModuleRequest } from './module.ts';

/** How long a module is left out after its edit was refused: the first time, and at most, in milliseconds. */
const holdMs = { baseMs: 1000, capMs: 60_000 } as const;
const cutOff = 'a change was written, and the reload for it was cut off';
const never = Number.POSITIVE_INFINITY;

/** The requests of one pass, by lane. */
export interface Asked {
  readonly all: readonly ModuleRequest[];
  /** Requests that wait for the gate. */
  readonly gated: readonly Request[];
  /** Changes that the worker already has. */
  readonly written: readonly ModuleRequest[];
}

/** Requests of this replica itself. */
export interface OwnNeeds {
  /** Why the worker must be replaced without its tables; null: it need not. */
  readonly missed: string | null;
  /** This pod is being deleted and makes no more requests. */
  readonly leaving: boolean;
  /** Members that are written, but not yet known to the worker. A pod that is being deleted loads these, too. */
  readonly unknown: readonly string[];
}

export interface Requests {
  ask(configuration: Configuration, needs: OwnNeeds): Asked;
  /**
   * These edits were refused. Their modules are told, and left out for longer each time, so that they do not block the
   * others.
   */
  hold(held: readonly Held[]): void;
  /** Edits of these modules were made. */
  release(names: readonly string[]): void;
  /** When the next module that is left out may try again; infinite: none is left out. */
  nextAtMs(): number;
}

export function createRequests(modules: readonly Module[], now: () => number, log: Log): Requests {
  const timesHeld = new Map<string, number>();
  /** Until when each module is left out. A module that was asked since is not among them. */
  const leftOut = new Map<string, number>();

  return {
    ask(configuration, { missed, leaving, unknown }) {
      for (const [name, untilMs] of leftOut) if (now() >= untilMs) leftOut.delete(name);
      const asking = leaving ? [] : modules.filter(({ name }) => !leftOut.has(name));
      const all = asking.flatMap((module) => module.request(configuration) ?? []);
      const own = { module: 'peers', urgency: 'now', sinceMs: now(), edits: [] } as const;
      const isDue = configuration.reloadDue === true && (!leaving || unknown.length > 0);
      if (isDue) all.push({ ...own, via: 'reload', reasons: [cutOff] });
      // Only for a joining replica, which is not ready before.
      if (missed !== null && !leaving) all.push({ ...own, via: 'hard-reload', reasons: [missed] });
      return { all, ...lanesOf(all) };
    },
    hold(held) {
      for (const { owner, error, shared = false } of held) {
        const times = (timesHeld.get(owner) ?? 0) + 1;
        timesHeld.set(owner, times);
        leftOut.set(owner, now() + backoffMs(times, holdMs));
        log.error(
          { module: owner, code: error.code },
          `left out, so that other changes can be made: ${error.message}`,
        );
        modules.find(({ name }) => name === owner)?.held?.(error, shared);
      }
    },
    release(names) {
      for (const name of names) timesHeld.delete(name);
    },
    nextAtMs: () => Math.min(never, ...leftOut.values()),
  };
}

function lanesOf(requests: readonly ModuleRequest[]): Pick<Asked, 'gated' | 'written'> {
  const gated: Request[] = [];
  const written: ModuleRequest[] = [];
  for (const request of requests) {
    if (request.via === 'persist') written.push(request);
    else gated.push({ ...request, via: request.via });
  }
  return { gated, written };
}
