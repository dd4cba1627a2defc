import { epochTable, sumsSection } from '../../../config-text/sums-section.ts';
import type { Fault } from './fault.ts';
import { isOfSums, type StoredData, type TableText } from './tables.ts';

export const othersSuffix = '.others';
export const maxSuffix = '.max';

interface Pair {
  readonly source: TableText;
  readonly target: TableText;
}

function doubt({ line }: TableText, why: string): Fault {
  return { line, kind: 'doubt', why };
}

function wrong({ line }: TableText, why: string): Fault {
  return { line, kind: 'wrong', why };
}

/** Rates of the period before count for a part of this one: an entry that goes earlier takes them with it. */
function examineExpiry(table: TableText): readonly Fault[] {
  const longest = Math.max(0, ...table.store.map(({ periodMs }) => periodMs || 0));
  const { name, expireMs } = table;
  if (expireMs === 0 || !(expireMs < 2 * longest)) return [];
  return [
    doubt(
      table,
      `${name} expires after ${expireMs} ms, which is less than twice its period of ${longest} ms: rates are too low`,
    ),
  ];
}

function examineData({ source, target }: Pair, data: StoredData): readonly Fault[] {
  const own = source.store.find(({ name }) => name === data.name);
  const where = `${target.name} stores ${data.name}`;
  if (data.name === 'conn_cur' && !target.recvOnly)
    return [
      doubt(
        target,
        `${where}, which HAProxy takes from nobody unless the table has recv-only (HAProxy 3.2 or later): it stays as it is`,
      ),
    ];
  if (own === undefined)
    return [doubt(target, `${where}, and ${source.name} does not: it stays 0`)];
  if (own.periodMs !== data.periodMs)
    return [
      wrong(
        target,
        `${where} with a period of ${data.periodMs} ms, and ${source.name} with ${own.periodMs} ms: rates of other periods cannot be added`,
      ),
    ];
  if (data.count > own.count)
    return [
      doubt(target, `${where}(${data.count}), and ${source.name} (${own.count}): the rest stays 0`),
    ];
  return [];
}

function examinePair(pair: Pair): readonly Fault[] {
  const { source, target } = pair;
  const faults: Fault[] = [];
  if (source.type !== target.type || source.length !== target.length) {
    const keys = ({ type, length }: TableText) => `${type}${length > 0 ? ` len ${length}` : ''}`;
    faults.push(
      wrong(
        target,
        `${target.name} has keys of ${keys(target)}, and ${source.name} of ${keys(source)}`,
      ),
    );
  }
  if (target.size < source.size)
    faults.push(
      doubt(
        target,
        `${target.name} has room for ${target.size} entries, and ${source.name} for ${source.size} on each replica: HAProxy drops what is over`,
      ),
    );
  return [
    ...faults,
    ...target.store.flatMap((data) => examineData(pair, data)),
    ...examineExpiry(target),
  ];
}

/** From HAProxy 3.0 on `dont_stop` of src/peers.c is one for all sections, and the first whose table is in the file has it. */
function examineOrder(all: readonly TableText[]): readonly Fault[] {
  const [first] = all;
  const other = all.find((table) => !isOfSums(table));
  if (first === undefined || other === undefined || !isOfSums(first)) return [];
  return [
    doubt(
      first,
      `${first.name} comes before ${other.name} of section ${other.peers}: in a reload HAProxy 3.0 and later hand over the section of the first table in the file only, so put those of ${other.peers} first. Sums lose nothing by that`,
    ),
  ];
}

/** The tables of sums, each with the table that it is of. */
export function examineTables(all: readonly TableText[], suffix: string) {
  const byName = new Map(all.map((table) => [table.name, table]));
  const ends = (name: string) =>
    [suffix, othersSuffix, maxSuffix].find((each) => name.endsWith(each));
  const faults: Fault[] = [...examineOrder(all)];
  const sums = all.filter((table) => isOfSums(table) && ends(table.name) !== undefined);
  const targets = new Map<string, string[]>();
  for (const target of sums) {
    const name = target.name.slice(0, -(ends(target.name) ?? '').length);
    const source = byName.get(name);
    if (source === undefined) {
      faults.push(
        wrong(
          target,
          `${target.name} is for the sums of ${name}, which is no table with "peers ${sumsSection}"`,
        ),
      );
    } else if (!isOfSums(source)) {
      faults.push(
        wrong(
          source,
          `${name} is shared over section ${source.peers}, where replicas overwrite each other's counters: write "peers ${sumsSection}"`,
        ),
      );
    } else {
      targets.set(name, [...(targets.get(name) ?? []), target.name]);
      faults.push(...examinePair({ source, target }));
    }
  }
  const sources = all.filter(
    (table) => isOfSums(table) && !sums.includes(table) && table.name !== epochTable,
  );
  for (const source of sources) {
    faults.push(...examineExpiry(source));
    if (!targets.has(source.name))
      faults.push(
        doubt(
          source,
          `${source.name} is summed nowhere: there is no table ${source.name}${suffix} in the section`,
        ),
      );
  }
  return {
    faults,
    tables: sources.map(({ name }) => ({ name, targets: targets.get(name) ?? [] })),
  };
}
