import type { Held } from '../apply/applier.ts';
import type { Configuration } from '../apply/edit.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../model/backoff.ts';
import type { Request } from '../model/request.ts';
import type { Module, ModuleRequest } from './module.ts';

/** How long a module whose edit was refused is left out, the first time and at most, in milliseconds. */
const holdMs = { baseMs: 1000, capMs: 60_000 } as const;
const cutOff = 'a change was written, and the reload for it was cut off';
const never = Number.POSITIVE_INFINITY;

/** What is asked for in one pass, by lane. */
export interface Asked {
  readonly all: readonly ModuleRequest[];
  /** What waits for the gate. */
  readonly gated: readonly Request[];
  /** What the worker has already. */
  readonly written: readonly ModuleRequest[];
}

/** What this replica needs itself. */
export interface OwnNeeds {
  /** Why the worker is to be replaced without its tables; null: it is not. */
  readonly missed: string | null;
  /** This pod is about to go, and asks for nothing more. */
  readonly leaving: boolean;
  /** Members that are written, and wait for the worker to know them: also who is about to go lets them in. */
  readonly unknown: readonly string[];
}

export interface Requests {
  ask(configuration: Configuration, needs: OwnNeeds): Asked;
  /** These edits were refused: their modules are told, and left out, longer each time, so that they keep nobody else. */
  hold(held: readonly Held[]): void;
  /** Edits of these modules were made. */
  release(names: readonly string[]): void;
  /** When somebody who is left out may ask again; infinite: nobody is. */
  nextAtMs(): number;
}

export function createRequests(modules: readonly Module[], now: () => number, log: Log): Requests {
  const timesHeld = new Map<string, number>();
  /** Until when; who has been asked again since is none of them. */
  const leftOut = new Map<string, number>();

  return {
    ask(configuration, { missed, leaving, unknown }) {
      for (const [name, untilMs] of leftOut) if (now() >= untilMs) leftOut.delete(name);
      const asking = leaving ? [] : modules.filter(({ name }) => !leftOut.has(name));
      const all = asking.flatMap((module) => module.request(configuration) ?? []);
      const own = { module: 'peers', urgency: 'now', sinceMs: now(), edits: [] } as const;
      const isDue = configuration.reloadDue === true && (!leaving || unknown.length > 0);
      if (isDue) all.push({ ...own, via: 'reload', reasons: [cutOff] });
      // The joiner's own: it is not ready before.
      if (missed !== null && !leaving) all.push({ ...own, via: 'hard-reload', reasons: [missed] });
      return { all, ...lanesOf(all) };
    },
    hold(held) {
      for (const { owner, error } of held) {
        const times = (timesHeld.get(owner) ?? 0) + 1;
        timesHeld.set(owner, times);
        leftOut.set(owner, now() + backoffMs(times, holdMs));
        log.error(
          { module: owner, code: error.code },
          `held, for others to go on: ${error.message}`,
        );
        modules.find(({ name }) => name === owner)?.held?.(error);
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
