import { sleep, wallNow } from '../clock.ts';
import { escapeJson } from '../visible.ts';
import type { CommandOf, Context } from './command.ts';
import type { Found } from './found.ts';
import { lookHere, lookOverApi } from './look-at-replicas.ts';
import { type Seen, see } from './see.ts';
import { renderTable } from './status-table.ts';
import { renderStatus } from './status-view.ts';
import { worstOf } from './table-differences.ts';

const watchMs = 2000;

/** For programs: without the samples, which say nothing by themselves, and with what they came to. */
function asJson({ found, differences }: Seen): string {
  const told = found.map((each) => {
    const behind = differences
      .filter(({ replica }) => replica === each.name)
      .map(({ table, holder, entries, compared, missing }) => {
        return { table, holder, entries, compared, missing: missing.length };
      });
    if (each.status === null) return each;
    const tables = each.status.tables.map(({ sample: _, ...table }) => table);
    return {
      ...each,
      status: { ...each.status, tables },
      ...(behind.length > 0 ? { behind } : {}),
    };
  });
  return `${escapeJson(JSON.stringify(told))}\n`;
}

function render({ found, differences }: Seen, { config, terminal, columns }: Context<'status'>) {
  const nowMs = wallNow();
  const blocks = () => renderStatus(found, { colors: terminal, nowMs });
  if (!config.all) return blocks();
  const table = renderTable(found, { colors: terminal, columns, differences, nowMs });
  return config.verbose ? `${table}\n${blocks()}` : table;
}

/** 0: every replica that should answer does, and there is one. A pod that is being deleted or has ended need not. */
export function exitCodeOf(found: readonly Found[]): number {
  const answered = found.some(({ status }) => status !== null);
  return answered && found.every(({ status, pod }) => status !== null || pod !== undefined) ? 0 : 1;
}

async function status(context: Context<'status'>): Promise<number> {
  const { config, out, terminal, signal } = context;
  const { port } = config.listen;
  const look = config.pod.length > 0 || config.all ? lookOverApi(context, port) : lookHere(context);
  let seen: Seen | null = null;
  for (;;) {
    seen = await see(look, seen, { watch: config.watch, signal });
    const { found, differences } = seen;
    const now = { ...seen, differences: worstOf(differences) };
    if (config.json || config.output === 'json') out(asJson(now));
    // Home, the text, and nothing of the look before below it.
    else out(`${config.watch && terminal ? '\u001b[H\u001b[2J' : ''}${render(now, context)}`);
    if (!config.watch) return exitCodeOf(found);
    try {
      await sleep(watchMs, signal);
    } catch {
      return 0;
    }
  }
}

export const statusCommand: CommandOf<'status'> = {
  name: 'status',
  summary: 'Show the peers and tables of this pod, of others (--pod) or of all (--all).',
  run: status,
};
