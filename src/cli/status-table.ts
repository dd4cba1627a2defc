import { styleText } from 'node:util';
import type { Status } from '../telemetry/status-schema.ts';
import { visibleIn } from '../visible.ts';
import { columns, count } from './columns.ts';
import type { Found } from './found.ts';
import { hasFailed, leavingOf, peersText, removesLater, standingOf } from './peer-standing.ts';
import { newestSnapshot } from './snapshot-text.ts';
import { fullest, pendingText } from './status-view.ts';
import type { Difference } from './table-differences.ts';

export interface TableOptions {
  readonly colors: boolean;
  /** Longer lines are cut; undefined: none is. */
  readonly columns?: number | undefined;
  /** The largest of each table of each replica. */
  readonly differences: readonly Difference[];
  /** The date, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** So many tables have a column of their own. */
const tableColumns = 4;

/** So many differences are told in words. */
const toldDifferences = 5;

type Mark = 'green' | 'yellow' | 'red';

interface Line {
  readonly cells: readonly string[];
  readonly mark: Mark;
}

/** Why it is not ready, and what is to be changed and is not yet. */
function waitsFor(status: Status): string {
  const { ready, reasons, resync, pending, lastFailure, troubles = [] } = status;
  const code = hasFailed(status) ? lastFailure?.code : undefined;
  if (resync === null) return 'HAProxy does not answer';
  const unready = ready ? [] : reasons.filter((reason) => !pending?.reasons.includes(reason));
  const waits = pending === null ? [] : [waitText(status, pending)];
  const failed = pending !== null && code !== undefined ? [`last: ${code}`] : [];
  return [...new Set([...troubles, ...unready, ...waits, ...failed])].join('; ');
}

function waitText(status: Status, pending: NonNullable<Status['pending']>): string {
  return removesLater(status)
    ? `later: remove ${pending.remove.join(', ')} (gone, no harm)`
    : pendingText(pending);
}

function markOf(status: Status, leaving: ReadonlySet<string>, behind: boolean): Mark {
  const { ready, resync, peers, pending, troubles = [] } = status;
  if (resync === null) return 'red';
  if (troubles.length > 0) return 'yellow';
  const apart = peers.some((peer) => !peer.local && standingOf(peer, status, leaving) === 'away');
  const settled = pending === null || removesLater(status);
  return ready && !apart && !behind && settled ? 'green' : 'yellow';
}

/** What `status --all` prints first: a line for each replica, and in words what differs between their tables. */
export function renderTable(told: readonly Found[], options: TableOptions): string {
  const found = visibleIn(told);
  const differences = visibleIn(options.differences);
  const most = fullest(found);
  const names = [...most.keys()].toSorted();
  const shown = names.slice(0, tableColumns);
  const others = names.slice(tableColumns);
  const leaving = leavingOf(found);

  function entries({ tables }: Status, name: string): number | null {
    return tables.find((table) => table.shared && table.name === name)?.used ?? null;
  }

  /** By table: as many entries as another replica holds more, by their number or, with a `~`, by a sample of the keys. */
  function behindOf(name: string, status: Status): string {
    const texts = names.flatMap((table) => {
      const used = entries(status, table);
      if (used === null) return [];
      const byNumber = (most.get(table) ?? used) - used;
      const sampled = differences.find((each) => each.replica === name && each.table === table);
      const byKeys = sampled?.entries ?? 0;
      if (byNumber === 0 && byKeys === 0) return [];
      const text = byKeys > byNumber ? `~${count(byKeys)}` : count(byNumber);
      return names.length > 1 ? [`${table} ${text}`] : [text];
    });
    return texts.length === 0 ? '-' : texts.join(' ');
  }

  function line({ name, status, why, pod }: Found): Line {
    const rest = [...shown, ...(others.length > 0 ? ['others'] : [])].map(() => '');
    if (status === null) {
      const cells = [name, pod ?? '?', '', ...rest, '', '', why ?? 'no answer'];
      return { cells, mark: pod === undefined ? 'red' : 'green' };
    }
    const own = shown.map((table) => {
      const used = entries(status, table);
      return used === null ? '-' : count(used);
    });
    const sum = others.reduce((all, table) => all + (entries(status, table) ?? 0), 0);
    const behind = behindOf(name, status);
    return {
      cells: [
        status.name,
        pod ?? (status.ready ? 'yes' : 'no'),
        peersText(status, leaving),
        ...own,
        ...(others.length > 0 ? [count(sum)] : []),
        behind,
        String(status.haproxy.reloads ?? '?'),
        waitsFor(status) || '-',
      ],
      mark: markOf(status, leaving, behind !== '-'),
    };
  }

  const head = [
    ...['REPLICA', 'READY', 'PEERS'],
    ...shown,
    ...(others.length > 0 ? [`+${others.length} TABLES`] : []),
    ...['BEHIND', 'RELOADS', 'WAITS FOR'],
  ];
  const lines = found.map(line);
  const texts = columns([head, ...lines.map(({ cells }) => cells)]);
  const cut = (text: string) =>
    options.columns !== undefined && text.length > options.columns
      ? `${text.slice(0, Math.max(0, options.columns - 1))}…`
      : text;
  const paint = (colour: Mark | 'bold', text: string): string =>
    options.colors ? styleText(colour, text, { validateStream: false }) : text;
  const rows = texts.map((text, index) => {
    const mark = index === 0 ? 'bold' : lines[index - 1]?.mark;
    return mark === undefined || mark === 'green' ? cut(text) : paint(mark, cut(text));
  });
  const snapshot = newestSnapshot(found, options.nowMs);
  const snapshots =
    snapshot === null ? [] : [snapshot.bad ? paint('yellow', snapshot.text) : snapshot.text];
  const sum = [summary(found, differences), ...differenceTexts(differences), ...snapshots];
  return `${[...rows, '', ...sum].join('\n')}\n`;
}

function summary(found: readonly Found[], differences: readonly Difference[]): string {
  const staying = found.filter(({ pod }) => pod === undefined);
  const ready = staying.filter(({ status }) => status?.ready === true).length;
  const silent = staying.filter(({ status }) => status === null).length;
  const leaving = found.filter(({ pod }) => pod === 'leaving').length;
  const replicas = `${staying.length} ${staying.length === 1 ? 'replica' : 'replicas'}, ${ready} ready`;
  const sampled = found.filter(({ status }) =>
    status?.tables.some(({ shared, sample }) => shared && sample !== undefined),
  );
  const compared = sampled.length > 1 && differences.length === 0;
  const texts = [
    replicas,
    ...(leaving === 0 ? [] : [`${leaving} leaving`]),
    ...(silent === 0 ? [] : [`${silent} without an answer`]),
    ...(compared ? ['no difference in a sample of the keys'] : []),
  ];
  return texts.join(', ');
}

function differenceTexts(differences: readonly Difference[]): readonly string[] {
  const texts = differences
    .toSorted((a, b) => b.entries - a.entries)
    .map(
      ({ table, replica, holder, missing, compared, entries }) =>
        `${replica} lacks about ${count(entries)} entries of ${table} that ${holder} holds (${missing.length} of ${compared} keys compared, seen twice)`,
    );
  const more = texts.length - toldDifferences;
  return [...texts.slice(0, toldDifferences), ...(more > 0 ? [`and ${more} more`] : [])];
}
