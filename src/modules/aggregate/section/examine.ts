import { splitLines, tokenize, type Variables } from '../../../config-text/config-text.ts';
import { epochTable, sumsPeer, sumsSection } from '../../../config-text/sums-section.ts';
import { formatAddress } from '../../relay/section/address.ts';
import { examineTables } from './examine-tables.ts';
import type { Fault } from './fault.ts';
import { readSumsSection, type SumsSection } from './read.ts';
import { isOfSums, sharedTables, type TableText } from './tables.ts';

export interface Examined {
  /** Null: there is no section. */
  readonly section: SumsSection | null;
  /** Tables that are summed, with those that the sums are told in. */
  readonly tables: readonly { readonly name: string; readonly targets: readonly string[] }[];
  readonly faults: readonly Fault[];
}

export interface ExamineOptions {
  /** Of the sums, `.sum` as a rule. */
  readonly suffix: string;
  readonly env?: Variables;
}

/** The key is 24 characters. */
const leastEpochLength = 32;

function examinePeers({ line, at, peers }: SumsSection): readonly Fault[] {
  const own = peers.find(({ name }) => name === sumsPeer);
  if (own === undefined)
    return [
      {
        ...{ line, kind: 'wrong' },
        why: `section ${sumsSection} has no line "peer ${sumsPeer}", by which the sidecar connects`,
      },
    ];
  if (at === null)
    return [
      {
        ...{ line: own.line, kind: 'wrong' },
        why: `peer ${sumsPeer} must lead to this HAProxy itself: a unix socket, or a port of the loopback`,
      },
    ];
  const here = formatAddress(at);
  return peers
    .filter((peer) => peer.hasAddress && (peer.at === null || formatAddress(peer.at) !== here))
    .map(({ line: where, name }) => ({
      ...{ line: where, kind: 'wrong' as const },
      why: `peer ${name} of section ${sumsSection} leads elsewhere: it would overwrite counters with its own, so only this HAProxy and ${sumsPeer} are in it`,
    }));
}

function examineEpochs(tables: readonly TableText[]): readonly Fault[] {
  const epochs = tables.find(({ name }) => name === epochTable);
  if (epochs === undefined)
    return [
      {
        kind: 'wrong',
        why: `there is no table ${epochTable}, by which the life of a HAProxy is told from the next one: init adds "backend ${epochTable}" with "stick-table type string len 64 size 16 store gpt0 peers ${sumsSection}"`,
      },
    ];
  const { line, type, length, expireMs, store } = epochs;
  const wrong = (why: string): Fault => ({ line, kind: 'wrong', why: `${epochTable} ${why}` });
  return [
    ...(isOfSums(epochs) ? [] : [wrong(`is not in section ${sumsSection}`)]),
    ...(type !== 'string' || length < leastEpochLength
      ? [wrong(`must have type string len 64`)]
      : []),
    ...(expireMs === 0
      ? []
      : [wrong('must not have expire: what it holds is for the life of HAProxy')]),
    ...(store.some(({ name }) => name === 'gpt0') ? [] : [wrong('must store gpt0')]),
  ];
}

/** Lines that would write into a table of sums. */
function examineTracking(lines: readonly string[], targets: ReadonlySet<string>): readonly Fault[] {
  return lines.flatMap((text, at): Fault[] => {
    if (!text.includes('track-sc')) return [];
    const words = tokenize(text).map((token) => token.text);
    const table = words[words.indexOf('table') + 1] ?? '';
    if (!words.some((word) => /^track-sc\d/.test(word)) || !targets.has(table)) return [];
    const why = `"track-sc" counts into ${table}, which the next sum overwrites: track the table itself, and read ${table} in the condition`;
    return [{ line: at + 1, kind: 'wrong', why }];
  });
}

/** What haproxy.cfg has of sums, and all that is wrong with it. */
export function examineSums(text: string, { suffix, env = {} }: ExamineOptions): Examined {
  const section = readSumsSection(text, env);
  const lines = splitLines(text);
  const shared = sharedTables(lines, env);
  const { tables, faults } = examineTables(shared, suffix);
  const targets = new Set(tables.flatMap((table) => table.targets));
  const missing: Fault = {
    kind: 'wrong',
    why: `there is no "peers ${sumsSection}", over which HAProxy and sidecar talk of sums: give --aggregate to init, too, or to run with --template, which add it`,
  };
  return {
    ...{ section, tables },
    faults: [
      ...(section === null ? [missing] : examinePeers(section)),
      ...examineEpochs(shared),
      ...faults,
      ...examineTracking(lines, targets),
    ],
  };
}
