import type { Variables } from '../../../config-text/config-text.ts';
import { errorMessage } from '../../../errors.ts';
import type { Version } from '../../../model/program-version.ts';
import { addWords, refusesServers } from './add-words.ts';
import { readBackend } from './read-backend.ts';

/** What haproxy.cfg says of a backend to who gives it servers while HAProxy runs. */
export interface FactsOfFile {
  /** Words for `add server` beside address, id and weight. */
  readonly params: readonly string[];
  /** Null: none is written, or there is no such backend here. */
  readonly balance: string | null;
  /** Why it is given no server; null: it is. */
  readonly refuses: string | null;
}

interface FactsOptions {
  readonly env: Variables;
  readonly params: readonly string[];
  readonly version: Version;
}

/**
 * `params`: those of --server-params, which come last, so that they count. A server that would be another one after a reload than before is
 * not given at all. Where haproxy.cfg has no such backend, the worker says so.
 */
export function factsOf(
  text: string,
  backend: string,
  { env, params, version }: FactsOptions,
): FactsOfFile {
  const read = readBackend(text, backend, env);
  if (read.kind === 'none') return { params, balance: null, refuses: null };
  const { words, refused } = addWords(read.defaultServer, version);
  const reasons = [refusesServers(read) ?? [], refused, read.problems].flat();
  return {
    params: [...words, ...params],
    balance: read.balance,
    refuses: reasons.length === 0 ? null : `haproxy.cfg, backend ${backend}: ${reasons.join('; ')}`,
  };
}

/**
 * The same of the file as `read` has it. Never rejects: a file that cannot be read is not one without `default-server`, and a server
 * that lacks its words, a check or TLS, would be another one.
 */
export async function readFacts(
  read: () => Promise<string>,
  backend: string,
  options: FactsOptions,
): Promise<FactsOfFile> {
  try {
    return factsOf(await read(), backend, options);
  } catch (error) {
    const why = `haproxy.cfg cannot be read, so what default-server says is not known: ${errorMessage(error)}`;
    return { params: [], balance: null, refuses: why };
  }
}
