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

export interface StoryResult {
  /** Per surviving replica: entries kept, compared by key and value. */
  readonly kept: readonly { readonly name: string; readonly entries: number }[];
}

async function everywhere(stage: Stage, count: number): Promise<void> {
  await eventually(
    async () => {
      const counts = await Promise.all(stage.alive().map((replica) => replica.entries()));
      return counts.every((entries) => entries >= count);
    },
    { timeoutMs: 60_000, intervalMs: 100 },
  );
}

/** Three start, are filled, a fourth joins, each old one is replaced, one is killed and replaced. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const { stage, entries, replicas, say, strict } = options;
  const text = entries.toLocaleString('en');
  say(`${replicas} replicas start together`);
  const old = await stage.bring(replicas);
  say(`${text} entries are filled in through ${old[0]?.name}`);
  if (old[0] === undefined) throw new Error('no replica');
  await fillTable(old[0], entries);
  const filled = everywhere(stage, entries);
  if (strict) await filled;
  else await filled.catch(() => say('they did not reach every replica'));

  say('one more joins');
  await stage.bring(1);
  for (const replica of old) {
    say(`${replica.name} is replaced: a new one joins, is ready, and the old one goes`);
    await stage.bring(1);
    await stage.retire(replica);
  }
  const victim = stage.alive()[0];
  if (victim === undefined) throw new Error('nobody is alive');
  say(`${victim.name} is killed hard and replaced`);
  await stage.crash(victim);
  await stage.bring(1);

  say('the tables of the survivors are compared, key by key');
  return { kept: await compare(stage.alive(), entries) };
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
