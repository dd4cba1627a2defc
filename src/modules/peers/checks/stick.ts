import {
  findSections,
  type Section,
  splitLines,
  tokenize,
} from '../../../config-text/config-text.ts';
import { type Check, failure, ok } from '../../../doctor/facts.ts';

type Words = readonly string[];

interface Proxy {
  readonly name: string;
  readonly lines: readonly Words[];
}

interface Table {
  readonly shared: boolean;
  /** Servers are remembered by their address, not by their name. */
  readonly byAddress: boolean;
}

function wordsOf(lines: readonly string[], { start, end }: Section): readonly Words[] {
  return lines.slice(start + 1, end).map((line) => tokenize(line).map(({ text }) => text));
}

function tableOf(words: Words, shared: boolean): Table {
  return { shared, byAddress: words[words.indexOf('srvkey') + 1] === 'addr' };
}

/** Stick tables by the name that a `stick` rule calls them: of a proxy, or `SECTION/NAME` of a peers section. */
function tablesOf(lines: readonly string[], peersSection: string): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>();
  for (const section of findSections(lines)) {
    for (const words of wordsOf(lines, section)) {
      const at = words.indexOf('peers');
      if (words[0] === 'stick-table')
        tables.set(section.name ?? '', tableOf(words, at >= 0 && words[at + 1] === peersSection));
      if (section.keyword === 'peers' && words[0] === 'table')
        tables.set(`${section.name}/${words[1]}`, tableOf(words, section.name === peersSection));
    }
  }
  return tables;
}

/** Slots whose servers DNS gives, each replica in an order of its own. One slot has no order. */
function slotsOf({ lines }: Proxy): readonly string[] {
  return lines
    .filter(([keyword, , number]) => keyword === 'server-template' && number !== '1')
    .map(([, prefix = '']) => prefix);
}

/** The tables in which the `stick` rules of a proxy remember servers. */
function remembersIn({ name, lines }: Proxy): readonly string[] {
  const rules = lines.filter(([keyword]) => keyword === 'stick');
  return rules.map((words) => {
    const at = words.indexOf('table');
    return at < 0 ? name : (words[at + 1] ?? name);
  });
}

/**
 * A stick table remembers a server by its name (`srvkey name`, the default). Slots of `server-template` have the same names
 * on all replicas, and not the same servers: haproxy#814, tried with 2.6, 3.0 and 3.4 in
 * test/integration/haproxy/stick-servers.test.ts. Servers with lines of their own are found by their names in whatever order.
 */
export const stick: Check = ({ configText, options }) => {
  if (!configText.ok) return [];
  const name = 'stick-servers';
  const lines = splitLines(configText.value);
  const tables = tablesOf(lines, options.peersSection);
  const proxies = findSections(lines)
    .filter(({ keyword }) => keyword === 'backend' || keyword === 'listen')
    .map((section) => ({ name: section.name ?? '', lines: wordsOf(lines, section) }));
  const wrong = proxies.flatMap((proxy) => {
    const slots = slotsOf(proxy);
    const names = new Set(remembersIn(proxy));
    const found = [...names].filter((table) => {
      const known = tables.get(table);
      return known?.shared === true && !known.byAddress;
    });
    return slots.length === 0 ? [] : found.map((table) => ({ proxy, table, slots }));
  });
  if (wrong.length > 0)
    return wrong.map(({ proxy, table, slots }) =>
      failure(
        name,
        `${proxy.name} sticks to servers of server-template ${slots.join(', ')} by their slots: each replica has other servers in them, so clients are sent to the wrong one`,
        `stick-table of ${table}: add srvkey addr, then servers are remembered by address and port`,
      ),
    );
  const sticks = proxies.flatMap(remembersIn).filter((table) => tables.get(table)?.shared === true);
  return sticks.length === 0 ? [] : [ok(name, 'stick rules mean the same server on all replicas')];
};
