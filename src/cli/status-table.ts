import { styleText } from 'node:util';
import type { Status } from '../telemetry/status-schema.ts';
import { visibleIn } from '../visible.ts';
import { columns, count } from './columns.ts';
import { type Found, fullest, pendingText } from './status-view.ts';
import type { Difference } from './table-differences.ts';

export interface TableOptions {
  readonly colors: boolean;
  /** Longer lines are cut; undefined: none is. */
  readonly columns?: number | undefined;
  /** The largest of each table of each replica. */
  readonly differences: readonly Difference[];
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

/** Sessions that are there, of all that there should be. */
function peersText({ peers }: Status): string {
  const remote = peers.filter(({ local }) => !local);
  return `${remote.filter(({ established }) => established).length}/${remote.length}`;
}

/** Why it is not ready, and what is to be changed and is not yet. */
function waitsFor(status: Status): string {
  const { ready, reasons, resync, pending, lastFailure, troubles = [] } = status;
  if (resync === null) return 'HAProxy does not answer';
  const unready = ready ? [] : reasons.filter((reason) => !pending?.reasons.includes(reason));
  const waits = pending === null ? [] : [pendingText(pending)];
  const failed = pending !== null && lastFailure !== null ? [`last: ${lastFailure.code}`] : [];
  return [...new Set([...troubles, ...unready, ...waits, ...failed])].join('; ');
}

function markOf({ ready, resync, peers, pending, troubles = [] }: Status, behind: boolean): Mark {
  if (resync === null) return 'red';
  if (troubles.length > 0) return 'yellow';
  const apart = peers.some(({ local, established }) => !local && !established);
  return ready && !apart && !behind && pending === null ? 'green' : 'yellow';
}

/** What `status --all` prints first: a line for each replica, and in words what differs between their tables. */
export function renderTable(told: readonly Found[], options: TableOptions): string {
  const found = visibleIn(told);
  const differences = visibleIn(options.differences);
  const most = fullest(found);
  const names = [...most.keys()].toSorted();
  const shown = names.slice(0, tableColumns);
  const others = names.slice(tableColumns);

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

  function line({ name, status, why }: Found): Line {
    const rest = [...shown, ...(others.length > 0 ? ['others'] : [])].map(() => '');
    if (status === null)
      return { cells: [name, '?', '', ...rest, '', '', why ?? 'no answer'], mark: 'red' };
    const own = shown.map((table) => {
      const used = entries(status, table);
      return used === null ? '-' : count(used);
    });
    const sum = others.reduce((all, table) => all + (entries(status, table) ?? 0), 0);
    const behind = behindOf(name, status);
    return {
      cells: [
        status.name,
        status.ready ? 'yes' : 'no',
        peersText(status),
        ...own,
        ...(others.length > 0 ? [count(sum)] : []),
        behind,
        String(status.haproxy.reloads ?? '?'),
        waitsFor(status) || '-',
      ],
      mark: markOf(status, behind !== '-'),
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
  const sum = [summary(found, differences), ...differenceTexts(differences)];
  return `${[...rows, '', ...sum].join('\n')}\n`;
}

function summary(found: readonly Found[], differences: readonly Difference[]): string {
  const ready = found.filter(({ status }) => status?.ready === true).length;
  const silent = found.filter(({ status }) => status === null).length;
  const replicas = `${found.length} ${found.length === 1 ? 'replica' : 'replicas'}, ${ready} ready`;
  const sampled = found.filter(({ status }) =>
    status?.tables.some(({ shared, sample }) => shared && sample !== undefined),
  );
  const compared = sampled.length > 1 && differences.length === 0;
  const texts = [
    replicas,
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
