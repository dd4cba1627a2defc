import { eventually } from '../helpers/eventually.ts';
import type { Replica } from '../helpers/replica.ts';
import { fillTable, keptEntries } from '../helpers/table.ts';
import type { Stage } from './stage.ts';

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
