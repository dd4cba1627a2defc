import { lookup, Resolver } from 'node:dns/promises';
import { sleep, wallNow } from '../clock.ts';
import { AppError, errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';
import { familyOf } from './address.ts';
import { membersFromAddresses } from './addresses.ts';
import { createObservation } from './observation.ts';
import type { Source } from './source.ts';

/** All addresses of a name in one IP family; none when the name, or the family, does not exist. Throws when it cannot be known. */
export type Resolve = (name: string, family: 4 | 6) => Promise<readonly string[]>;

export interface DnsSourceOptions {
  readonly name: string;
  readonly self: Self;
  readonly log: Log;
  readonly intervalMs?: number;
  /** `ADDR` or `ADDR:PORT`; without one the system's resolver is asked, search domains and all. */
  readonly servers?: readonly string[];
  readonly resolve?: Resolve;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow?: () => number;
  readonly random?: () => number;
}

/** Answers that say that there is nothing (c-ares and getaddrinfo); every other failure says nothing at all. */
const empty: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The system's resolver, or the servers given. */
export function resolveWith(servers: readonly string[]): Resolve {
  async function ask(name: string, family: 4 | 6): Promise<readonly string[]> {
    if (servers.length === 0) {
      return (await lookup(name, { all: true, family })).map(({ address }) => address);
    }
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers(servers);
    return family === 4 ? await resolver.resolve4(name) : await resolver.resolve6(name);
  }
  return async (name, family) => {
    try {
      return await ask(name, family);
    } catch (error) {
      if (empty.has(codeOf(error))) return [];
      throw error;
    }
  };
}

/** Resolves with the work or when the signal aborts, and leaves nothing behind on a signal that lives for months. */
async function orStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const onAbort = () => stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The addresses of a DNS name, asked for again and again: no API server, no right, no watch. A name that has no address
 * lacks ourselves, and a server that does not answer says nothing: in both cases nothing is changed.
 */
export function createDnsSource(options: DnsSourceOptions): Source {
  const {
    name,
    self,
    log,
    intervalMs = 2000,
    wallNow: date = wallNow,
    random = Math.random,
  } = options;
  const resolve = options.resolve ?? resolveWith(options.servers ?? []);
  const family = familyOf(self.address) === 6 ? 6 : 4;
  let addresses: readonly string[] = [];
  let lastTrouble = '';
  const observation = createObservation({
    compute: () => membersFromAddresses(addresses, self, name),
    unheard: 'DNS has not answered yet',
    wallNow: date,
  });

  async function ask(): Promise<void> {
    try {
      const found = [...new Set(await resolve(name, family))].sort();
      const changed = found.join() !== addresses.join();
      addresses = found;
      observation.heard();
      observation.trouble(undefined);
      if (lastTrouble !== '') log.info({ name }, 'DNS answers again');
      lastTrouble = '';
      if (changed || !observation.synced()) observation.changed();
    } catch (thrown) {
      const error = new AppError(
        'DNS_UNREACHABLE',
        `DNS does not tell the addresses of ${name}: ${errorMessage(thrown)}`,
        { cause: thrown },
      );
      observation.trouble(`${error.message} (${error.code})`);
      if (error.message === lastTrouble) return;
      lastTrouble = error.message;
      log.warn({ code: error.code, reason: error.message, hint: error.hint }, 'members unknown');
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await orStopped(ask(), signal);
      // Replicas that started together do not ask together for ever.
      const pauseMs = intervalMs * (0.9 + random() * 0.2);
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  let running: Promise<void> | undefined;
  return {
    name: 'dns',
    start(signal) {
      running ??= follow(signal);
    },
    snapshot: observation.snapshot,
    onChange: observation.onChange,
    stopped: () => running ?? Promise.resolve(),
  };
}
