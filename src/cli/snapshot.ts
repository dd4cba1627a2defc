import { UserError } from '../errors.ts';
import type { CommandOf, Context } from './command.ts';
import { sidecarFlags } from './sidecar-flags.ts';
import { listCommand } from './snapshot-list.ts';
import { restoreCommand } from './snapshot-restore.ts';
import { showCommand } from './snapshot-show.ts';
import { takeCommand } from './snapshot-take.ts';

/** How many words each has. */
const actions: Readonly<
  Record<string, { readonly words: number; run(context: Context<'snapshot'>): Promise<number> }>
> = {
  take: { words: 1, run: takeCommand },
  list: { words: 1, run: listCommand },
  show: { words: 2, run: showCommand },
  restore: { words: 2, run: restoreCommand },
};

async function snapshot(context: Context<'snapshot'>): Promise<number> {
  const { words } = context;
  const action = Object.hasOwn(actions, words[0] ?? '') ? actions[words[0] ?? ''] : undefined;
  if (action === undefined || words.length > action.words)
    throw new UserError(
      'CONFIG_INVALID',
      'snapshot is followed by take, list, show FILE or restore FILE, and then by options.',
      {
        hint: 'See haproxy-peer-sync snapshot --help.',
      },
    );
  return await action.run(context);
}

export const snapshotCommand: CommandOf<'snapshot'> = {
  name: 'snapshot',
  summary:
    'Take a snapshot of the tables, list those that are there, show one, or restore it into HAProxy.',
  words: 'take|list|show FILE|restore FILE ',
  flags: sidecarFlags,
  run: snapshot,
};
