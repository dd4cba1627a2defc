import { errorMessage } from '../errors.ts';
import { showProc } from '../haproxy/master.ts';
import { command } from '../haproxy/socket.ts';
import type { Status } from '../telemetry/status-schema.ts';

export interface BackendsStatusOptions {
  /** Of this machine. */
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly readiness: () => { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly trouble: () => string | null;
  readonly backends: () => NonNullable<Status['backends']>;
}

/** HAProxy's own time to answer is milliseconds. */
const timeoutMs = 2000;

/** The version, and why HAProxy cannot be asked for it. */
async function askVersion(adminSocket: string): Promise<[version: string | null, why: string[]]> {
  try {
    const text = await command(adminSocket, 'show info', { timeoutMs });
    return [/^Version: (.*)/m.exec(text)?.[1] ?? null, []];
  } catch (error) {
    return [null, [`HAProxy does not answer: ${errorMessage(error)}`]];
  }
}

/** Null: without `-S` HAProxy does not tell. */
async function askReloads(masterSocket: string): Promise<number | null> {
  const all = await showProc(masterSocket, { timeoutMs }).catch(() => []);
  return all.find(({ kind }) => kind === 'master')?.reloads ?? null;
}

/** What the command `backends` answers at `/status`: of peers it knows nothing. Never rejects. */
export async function backendsStatus(options: BackendsStatusOptions): Promise<Status> {
  const { name, version, startedAtMs, adminSocket, masterSocket } = options;
  const [[running, why], reloads] = await Promise.all([
    askVersion(adminSocket),
    askReloads(masterSocket),
  ]);
  const { ready, reasons } = options.readiness();
  const troubles = [...why, ...(options.trouble() ?? '').split('; ').filter((each) => each !== '')];
  return {
    ...{ name, address: '', version, startedAtMs, mode: 'backends' },
    ...{ ready, reasons: [...reasons] },
    members: { synced: true, names: [], notes: [] },
    ...{ section: null, resync: null, peers: [], tables: [] },
    haproxy: { version: running, reloads },
    ...(troubles.length === 0 ? {} : { troubles }),
    backends: options.backends(),
    ...{ pending: null, lastChange: null, lastFailure: null },
  };
}
