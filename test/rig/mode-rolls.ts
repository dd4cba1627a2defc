import { eventually } from '../helpers/eventually.ts';
import { allReady } from './raise.ts';
import type { Replica } from './replica.ts';
import { heldEntries, keptEntries } from './table.ts';
import { type Ack, startWriter } from './writer.ts';

export type Mode = 'reload' | 'relay';
export type Steps = readonly (readonly [Mode, string])[];

/** The old worker ends so long after the master has counted the reload, on a machine with much else to do. */
const oldWorkerMs = 1500;
/** Most keys that one reload may cost. */
const perReload = 5;

interface Reload {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** When HAProxy of each is reloaded, as its master counts it, with a moment for the end of the old worker. */
function watchReloads(all: () => readonly Replica[]) {
  const reloads: Reload[] = [];
  const seen = new Map<Replica, { readonly count: number; readonly atMs: number }>();
  const look = async (each: Replica) => {
    const count = await each.reloads().catch(() => null);
    if (count === null) return;
    const before = seen.get(each);
    const atMs = Date.now();
    if (before !== undefined && count > before.count)
      reloads.push({ name: each.name, fromMs: before.atMs, toMs: atMs + oldWorkerMs });
    seen.set(each, { count, atMs });
  };
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await Promise.all(all().map(look));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    reloads,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** init, start, and ready: all of them at once. */
export async function raise(...all: readonly Replica[]): Promise<void> {
  await Promise.all(all.map((each) => each.init()));
  await Promise.all(all.map((each) => each.start()));
  await allReady(all, 40_000);
}

/** Waits until each holds all of what `fillTable` has filled in. */
export function allKept(now: readonly Replica[], filled: number): Promise<unknown> {
  return eventually(async () => {
    const kept = await Promise.all(now.map((each) => keptEntries(each, filled)));
    if (kept.some((count) => count !== filled)) throw new Error(`kept: ${kept.join(', ')}`);
    return true;
  });
}

/** Rolling updates of a set whose replicas have either mode, as a Deployment makes them. */
export function createModeRolls(options: {
  readonly replica: (mode: Mode, name: string) => Replica;
  readonly setMembers: (...all: readonly Replica[]) => void;
}) {
  const { replica, setMembers } = options;
  let reloads: readonly Reload[] = [];

  /** One after the other: each new one is ready, and no client writes to the old one any more, before that goes. */
  async function roll(now: Replica[], acks: readonly Ack[], ...steps: Steps) {
    for (const [mode, name] of steps) {
      const next = replica(mode, name);
      setMembers(...now, next);
      await raise(next);
      const old = now.shift();
      now.push(next);
      await lost(
        now,
        acks.filter((ack) => ack.replica === old?.name),
      );
      await old?.stop();
      setMembers(...now);
    }
  }

  /** New keys on all of `now` over HTTP meanwhile: those that were answered. */
  async function rollUnderWrites(now: Replica[], ...rolls: readonly (() => Steps)[]) {
    const writer = startWriter({ targets: () => now, perSecond: 200 });
    const watcher = watchReloads(() => now);
    ({ reloads } = watcher);
    try {
      for (const steps of rolls) await roll(now, writer.acks, ...steps());
    } finally {
      await Promise.all([writer.stop(), watcher.stop()]);
    }
    return writer.acks;
  }

  /**
   * Keys that somebody lacks after the time that updates need, but for those that a replica in reload mode wrote during a
   * reload of its own: what the old worker writes last stays with it, in reload mode as well.
   */
  async function lost(now: readonly Replica[], acks: readonly Ack[]) {
    const own = ({ replica: name, atMs }: Ack) =>
      reloads.some((one) => one.name === name && atMs >= one.fromMs && atMs <= one.toMs);
    let missing: readonly string[] = [];
    const look = async () => {
      const held = await Promise.all(now.map((each) => heldEntries(each)));
      const lines = acks.flatMap((ack) => {
        const lacking = now.filter((_, index) => !held[index]?.has(ack.key));
        if (lacking.length === 0) return [];
        const who = lacking.map(({ name }) => name).join(', ');
        const at = new Date(ack.atMs).toISOString();
        return [{ ack, text: `${ack.key} of ${ack.replica} at ${at}: ${who}` }];
      });
      const others = lines.filter(({ ack }) => !own(ack));
      const tooMany = lines.length - others.length > perReload * reloads.length;
      missing = (tooMany ? lines : others).map(({ text }) => text);
      return missing.length === 0;
    };
    await eventually(look, { timeoutMs: 5000, intervalMs: 500 }).catch(() => {});
    return missing;
  }

  return { rollUnderWrites, lost };
}
