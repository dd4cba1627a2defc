import { commandWord } from '../../../haproxy/ask-all.ts';
import type { RunningServer } from '../../../haproxy/servers-state.ts';
import { freeId, isOwnId } from '../endpoints/server-id.ts';
import type { WantedServer } from '../server.ts';
import { type Gates, roundrobinLimit } from './gates.ts';
import type { Step, StepKind } from './step.ts';

export interface PlanInput {
  readonly backend: string;
  readonly wanted: readonly WantedServer[];
  /** All servers of the backend in the worker. */
  readonly running: readonly RunningServer[];
  /** What `add server` is given beside address, id and weight: it takes nothing from default-server. */
  readonly params: readonly string[];
  /** Of the backend; null: not known. */
  readonly balance: string | null;
  readonly gates: Gates;
  /** `keep`: where no endpoint is left, servers stay as they are. */
  readonly onEmpty: 'maint' | 'keep';
  /** A server that is gone is deleted after this time. */
  readonly deleteAfterMs: number;
  /** Connections to it are closed after this time; 0: never. */
  readonly drainLimitMs: number;
}

export interface Plan {
  /** In this order: what gives capacity comes first. */
  readonly steps: readonly Step[];
  /** What is not done, and why. */
  readonly holds: readonly string[];
  /** Nobody serves, and servers stay as they are for that. */
  readonly keeps: boolean;
  /** When there is something to do although nothing changes; null: never. */
  readonly wakeMs: number | null;
}

/** Which of them this program has made: its ids say so, in the worker as in haproxy.cfg. All others are never touched. */
export function isOurs({ name, id }: Pick<RunningServer, 'name' | 'id'>): boolean {
  return isOwnId(name, id);
}

function hostPort({ address, port }: Pick<WantedServer, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Several spellings of an IPv6 address are one, and the worker has its own. */
function sameAddress(wanted: string, running: string | null): boolean {
  if (wanted === running) return true;
  if (running === null || !wanted.includes(':') || !running.includes(':')) return false;
  const plain = (text: string) => new URL(`http://[${text}]`).hostname;
  return plain(wanted) === plain(running);
}

/** The commands that bring the servers of a backend from what they are to what they should be. Without a difference there are none. */
export function planServers(input: PlanInput): Plan {
  const { backend, wanted, running, gates, onEmpty } = input;
  const given: Step[] = [];
  const taken: Step[] = [];
  const deleted: Step[] = [];
  const holds = new Set<string>();
  const ids = new Set(running.map(({ id }) => id));
  let wakeMs: number | null = null;
  let active = running.filter(({ inMaintenance }) => !inMaintenance).length;
  let leftOut = 0;

  const placeOf = (server: string) => `${backend}/${server}`;

  function step(
    to: Step[],
    kind: StepKind,
    server: string,
    words: readonly string[],
    why: string,
  ): void {
    const line = words.map(commandWord).join(' ');
    to.push({ kind, server, line, why });
  }

  function add({ name, id, weight, ...rest }: WantedServer): void {
    const why = gates.add ?? gates.toggle;
    if (why !== null) return void holds.add(why);
    if (input.balance === 'roundrobin' && active >= roundrobinLimit) {
      leftOut += 1;
      return;
    }
    active += 1;
    const place = placeOf(name);
    // HAProxy refuses one that a server has which came before, or is gone and not yet deleted. Clients that stick to it are found
    // by name or address, and only then by id (src/stream.c, sticking_rule_find_target).
    const free = freeId(id, ids);
    ids.add(free);
    const own = ['id', String(free), 'weight', String(weight)];
    const words = ['add', 'server', place, hostPort(rest), ...own, ...input.params];
    step(given, 'add', name, words, 'it is an endpoint');
    if (input.params.includes('check'))
      step(given, 'check', name, ['enable', 'health', place], 'a new server has its check off');
    step(given, 'enable', name, ['enable', 'server', place], 'a new server is in maintenance');
  }

  function change(server: WantedServer, now: RunningServer): void {
    const { name, address, port, weight } = server;
    const place = placeOf(name);
    if (!sameAddress(address, now.address) || port !== now.port) {
      const words = ['set', 'server', place, 'addr', address, 'port', String(port)];
      step(given, 'address', name, words, `it was ${now.address ?? 'nowhere'}:${now.port}`);
    }
    if (weight !== now.weight) {
      const why = server.state === 'drain' ? 'it drains' : `it was ${now.weight}`;
      const words = ['set', 'server', place, 'weight', String(weight)];
      step(weight === 0 ? taken : given, 'weight', name, words, why);
    }
    if (now.checkIsOff) step(given, 'check', name, ['enable', 'health', place], 'its check is off');
    if (!now.inMaintenance) return;
    if (gates.toggle !== null) return void holds.add(gates.toggle);
    step(given, 'enable', name, ['enable', 'server', place], 'it serves');
  }

  function maintain(name: string, why: string): void {
    if (gates.toggle !== null) return void holds.add(gates.toggle);
    step(taken, 'maintain', name, ['set', 'server', placeOf(name), 'state', 'maint'], why);
  }

  /** It is in maintenance, so that what it still does is to end. */
  function remove({ name, forSeconds }: RunningServer): void {
    if (gates.delete !== null) return;
    const forMs = forSeconds * 1000;
    if (forMs < input.deleteAfterMs) {
      wakeMs = Math.min(wakeMs ?? Number.POSITIVE_INFINITY, input.deleteAfterMs - forMs);
      return;
    }
    const { drainLimitMs } = input;
    const place = placeOf(name);
    if (drainLimitMs > 0 && forMs >= drainLimitMs)
      step(
        deleted,
        'close',
        name,
        ['shutdown', 'sessions', 'server', place],
        `its connections have had ${drainLimitMs / 1000} s`,
      );
    step(deleted, 'delete', name, ['del', 'server', place], `gone for ${forSeconds} s`);
  }

  const keeps = onEmpty === 'keep' && wanted.every(({ state }) => state === 'maint');
  const byName = new Map(running.map((each) => [each.name, each]));
  for (const server of wanted) {
    const now = byName.get(server.name);
    if (now !== undefined && !isOurs(now))
      holds.add(
        `${backend} has a server ${server.name} of its own, so the pod of that name is left out`,
      );
    else if (server.state !== 'maint') now === undefined ? add(server) : change(server, now);
    else if (now !== undefined && !now.inMaintenance && !keeps)
      maintain(server.name, 'it does not serve');
  }
  const names = new Set(wanted.map(({ name }) => name));
  for (const server of running) {
    if (names.has(server.name) || !isOurs(server) || keeps) continue;
    if (server.inMaintenance) remove(server);
    else maintain(server.name, 'it is no endpoint any more');
  }
  if (leftOut > 0)
    holds.add(
      `${leftOut} endpoints are left out: "balance roundrobin" has room for ${roundrobinLimit} servers; leastconn has no limit`,
    );
  return { steps: [...given, ...taken, ...deleted], holds: [...holds], keeps, wakeMs };
}
