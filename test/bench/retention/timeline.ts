import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, Stage } from '../../rig/stage.ts';
import type { Track } from './result.ts';

const intervalMs = 100;

/** Looks at the table of every replica ten times a second, from before it is ready until it is gone. */
export function startTimeline(stage: Pick<Stage, 'actors'>): {
  tracks(): readonly Track[];
  stop(): Promise<void>;
} {
  const beganAtMs = Date.now();
  const samples = new Map<Actor, Track['samples'][number][]>();
  const before = new Set(stage.actors);
  const ending = new AbortController();

  async function look(actor: Actor): Promise<void> {
    const entries = await actor.replica.entries().catch(() => null);
    const seen = samples.get(actor) ?? [];
    samples.set(actor, seen);
    seen.push({ atMs: Date.now() - beganAtMs, entries });
  }

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) {
      const there = stage.actors.filter(({ phase }) => phase !== 'gone' && phase !== 'killed');
      await Promise.all([...there.map(look), sleep(intervalMs)]);
    }
  }

  const running = loop();
  return {
    tracks: () =>
      [...samples].map(([actor, seen]) => ({
        name: actor.replica.name,
        samples: seen,
        readyAtMs:
          before.has(actor) || actor.readyAfterMs === null
            ? null
            : actor.startedAtMs + actor.readyAfterMs - beganAtMs,
      })),
    async stop() {
      ending.abort();
      await running;
    },
  };
}
