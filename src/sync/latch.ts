import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { errorMessage } from '../errors.ts';
import { writeFileAtomic } from '../haproxy/files.ts';
import { showProc } from '../haproxy/master.ts';
import type { Log } from '../log.ts';

/**
 * Remembers that this replica was ready, for as long as the same HAProxy master runs: a sidecar that restarts while
 * the API server is away must not take a serving replica out.
 */
export interface Latch {
  /** Whether the HAProxy that runs now was ready before. False when nobody can tell. */
  read(): Promise<boolean>;
  write(): Promise<void>;
}

export interface LatchOptions {
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly log: Log;
  readonly now: () => number;
}

const schema = z.object({ pid: z.number(), startedAtMs: z.number() });
type Identity = z.infer<typeof schema>;

/** HAProxy prints its uptime in whole seconds, and clocks are corrected. */
const toleranceMs = 5000;

export function createLatch({ adminSocket, masterSocket, log, now }: LatchOptions): Latch {
  const path = join(dirname(adminSocket), 'haproxy-peer-sync.ready');

  async function identity(): Promise<Identity | null> {
    const processes = await showProc(masterSocket, { timeoutMs: 2000 }).catch(() => []);
    const master = processes.find(({ kind }) => kind === 'master');
    if (master === undefined) return null;
    return { pid: master.pid, startedAtMs: now() - master.uptimeSeconds * 1000 };
  }

  return {
    async read() {
      const running = await identity();
      const text = await readFile(path, 'utf8').catch(() => '{}');
      const { data } = schema.safeParse(parse(text));
      if (running === null || data === undefined) return false;
      return (
        data.pid === running.pid && Math.abs(data.startedAtMs - running.startedAtMs) <= toleranceMs
      );
    },
    async write() {
      const running = await identity();
      if (running === null) return;
      try {
        await writeFileAtomic(path, JSON.stringify(running), { mode: 0o600 });
      } catch (error) {
        log.warn({ reason: errorMessage(error) }, 'readiness cannot be remembered');
      }
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
