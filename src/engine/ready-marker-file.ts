import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { sinceBootNow, sleep, wallNow } from '../clock.ts';
import { errorMessage } from '../errors.ts';
import { createStateFile } from '../files/state-file.ts';
import { showProc } from '../haproxy/master.ts';
import type { Log } from '../log.ts';
import type { Worker } from '../model/worker.ts';
import { observePeers } from './observe.ts';
import { type Master, type Moment, type Remembered, resume, runningOf } from './ready-marker.ts';

/**
 * Remembers which worker was ready, for a sidecar that restarts while the API server is unreachable. It must keep a
 * serving replica ready, but not one that has lost its tables meanwhile.
 */
export interface ReadyMarker {
  /** The readiness that continues: its worker still runs, or hands over its tables. Null if this is not known. */
  read(): Promise<Ready | null>;
  /** Null: no worker is ready any more. */
  write(ready: Ready | null): Promise<void>;
}

export interface Ready {
  readonly worker: Worker;
  /** It became ready without entries that siblings hold, or may hold. */
  readonly incomplete: boolean;
}

export interface ReadyMarkerOptions {
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly section: string;
  readonly log: Log;
  /** Null: this machine does not report which boot it is. */
  readonly moment?: () => Promise<Moment | null>;
}

const schema = z.object({
  worker: z.object({ pid: z.number(), startedAtSeconds: z.number() }),
  master: z
    .object({
      pid: z.number(),
      uptimeSeconds: z.number(),
      at: z.object({ boot: z.string().min(1), sinceBootMs: z.number(), dateMs: z.number() }),
    })
    .nullable(),
  incomplete: z.boolean().default(false),
});

type Kept = Remembered & Pick<Ready, 'incomplete'>;

const answerMs = 3000;
/** During a reload the master restarts itself, and does not answer. */
const tries = 5;
const triesApartMs = 200;

async function thisMoment(): Promise<Moment | null> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  if (boot === '') return null;
  return { boot: boot.trim(), sinceBootMs: sinceBootNow(), dateMs: wallNow() };
}

export function createReadyMarker(options: ReadyMarkerOptions): ReadyMarker {
  const { adminSocket, masterSocket, section, log, moment = thisMoment } = options;
  const path = join(dirname(adminSocket), 'haproxy-peer-sync.ready');
  const file = createStateFile(path, schema);
  let writing: Promise<void> = Promise.resolve();

  async function master(): Promise<Master | null> {
    for (let turn = 0; turn < tries; turn++) {
      if (turn > 0) await sleep(triesApartMs);
      const processes = await showProc(masterSocket, { timeoutMs: 2000 }).catch(() => []);
      const found = processes.find(({ kind }) => kind === 'master');
      const at = await moment();
      if (found !== undefined && at !== null) {
        return { pid: found.pid, uptimeSeconds: found.uptimeSeconds, at };
      }
    }
    return null;
  }

  async function write(ready: Ready | null): Promise<void> {
    try {
      if (ready === null) return await file.remove();
      const remembered: Kept = { ...ready, master: await master() };
      await file.write(remembered, { mode: 0o600 });
    } catch (error) {
      log.warn({ reason: errorMessage(error) }, 'readiness cannot be remembered');
    }
  }

  return {
    async read() {
      const kept = await file.read();
      if (kept === undefined) return null;
      const stop = AbortSignal.timeout(answerMs);
      const running = runningOf(await observePeers(adminSocket, section, stop));
      const direct = resume(kept, running, null);
      const worker = direct ?? resume(kept, running, await master());
      return worker === null ? null : { worker, incomplete: kept.incomplete };
    },
    write(ready) {
      writing = writing.then(() => write(ready));
      return writing;
    },
  };
}
