import { tablesOf } from '../../config-text/stick-tables.ts';
import { AppError } from '../../errors.ts';

export interface TableLoss {
  readonly table: string;
  readonly why: string;
  /** Entries that it has room for afterwards; of more than these some are lost. */
  readonly keeps: number;
}

/**
 * Stick tables of which a reload from `before` to `after` keeps no entry or not all of them: a new worker learns from the
 * old one over the peers section, what both have as the same table.
 */
export function tableLosses(before: string, after: string): readonly TableLoss[] {
  const there = tablesOf(after);
  return [...tablesOf(before)].flatMap(([table, { keys, size, peers }]) => {
    if (peers === undefined) return [];
    const now = there.get(table);
    if (now === undefined) return [{ table, why: 'is gone', keeps: 0 }];
    if (now.peers !== peers)
      return [{ table, why: `is no longer shared over peers ${peers}`, keeps: 0 }];
    if (now.keys !== keys) return [{ table, why: 'has keys of another type or length', keeps: 0 }];
    return now.size < size ? [{ table, why: 'holds fewer entries', keeps: now.size }] : [];
  });
}

const permission = 'haproxy-peer-sync:allow-table-loss';

/** Tables that a template names in a comment of its own line: their entries may be lost. */
function permitted(template: string): ReadonlySet<string> {
  const lines = template.matchAll(
    new RegExp(String.raw`^[ \t]*#[ \t]*${permission}[ \t]+(?<tables>.*)$`, 'gm'),
  );
  return new Set([...lines].flatMap(({ groups }) => groups?.tables?.trim().split(/[\s,]+/) ?? []));
}

const sentenceOf = ({ table, why }: TableLoss): string => `${table} ${why}`;

/** Those that `template` permits, one sentence each. */
export function permittedLosses(losses: readonly TableLoss[], template: string): readonly string[] {
  const names = permitted(template);
  return losses.filter(({ table }) => names.has(table)).map(sentenceOf);
}

/** Throws `AppError` TEMPLATE_LOSES_ENTRIES where entries would be lost that `template` does not permit; `used`: entries by table. */
export function refuseLosses(
  losses: readonly TableLoss[],
  template: string,
  used: ReadonlyMap<string, number>,
): void {
  const names = permitted(template);
  const refused = losses.filter(
    ({ table, keeps }) => !names.has(table) && (used.get(table) ?? 0) > keeps,
  );
  if (refused.length === 0) return;
  const tables = refused.map(({ table }) => table).join(' ');
  throw new AppError(
    'TEMPLATE_LOSES_ENTRIES',
    `HAProxy would lose entries of stick tables: ${refused.map(sentenceOf).join(', ')}`,
    {
      hint: `Leave them as they are. If their entries may be lost, say so in the template, in a line of its own: # ${permission} ${tables}`,
    },
  );
}
