import type { Replica } from '../rig/replica.ts';
import { everywhere, type Stage } from '../rig/stage.ts';
import { fillTable, keptEntries } from '../rig/table.ts';

export interface StoryOptions {
  readonly stage: Stage;
  readonly entries: number;
  readonly replicas: number;
  readonly say: (text: string) => void;
  /** Does a step that leaves entries missing stop the story? Not for the naive strategy. */
  readonly strict: boolean;
}

export interface Step {
  readonly what: string;
  readonly ms: number;
}

export interface StoryResult {
  /** Per surviving replica: entries kept, compared by key and value. */
  readonly kept: readonly { readonly name: string; readonly entries: number }[];
  readonly steps: readonly Step[];
}

/** Three start, are filled, a fourth joins, each old one is replaced, one is killed and replaced. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const { stage, entries, replicas, say, strict } = options;
  const steps: Step[] = [];

  async function step<T>(what: string, play: () => Promise<T>): Promise<T> {
    say(what);
    const startedAt = performance.now();
    const value = await play();
    steps.push({ what, ms: performance.now() - startedAt });
    return value;
  }

  const old = await step(`${replicas} replicas start together`, () => stage.bring(replicas));
  const [first] = old;
  if (first === undefined) throw new Error('no replica');
  await step(
    `${entries.toLocaleString('en')} entries are filled in through ${first.name}`,
    async () => {
      await fillTable(first, entries);
      if (strict) return everywhere(stage, entries, 60_000);
      return everywhere(stage, entries, 10_000).catch(() => say('they do not reach every replica'));
    },
  );
  await step('one more joins', () => stage.bring(1));
  for (const replica of old) {
    await step(
      `${replica.name} is replaced: a new one joins, is ready, and the old one goes`,
      async () => {
        await stage.bring(1);
        await stage.retire(replica);
      },
    );
  }
  const [victim] = stage.alive();
  if (victim === undefined) throw new Error('nobody is alive');
  await step(`${victim.name} is killed hard and replaced`, async () => {
    await stage.crash(victim);
    await stage.bring(1);
  });
  const kept = await step('the tables of the survivors are compared, key by key', () =>
    compare(stage.alive(), entries),
  );
  return { kept, steps };
}

async function compare(survivors: readonly Replica[], entries: number) {
  return Promise.all(
    survivors.map(async (replica) => ({
      name: replica.name,
      // A replica that does not answer keeps nothing.
      entries: await keptEntries(replica, entries).catch(() => 0),
    })),
  );
}
