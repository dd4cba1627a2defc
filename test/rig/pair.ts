import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { writeConfig } from './naive.ts';
import { choosePorts } from './ports.ts';
import { createReplica, type Replica } from './replica.ts';

export interface Pair {
  readonly writer: Replica;
  readonly reader: Replica;
  /** Known to both from the start, and not started. */
  readonly fresh: Replica;
  close(): Promise<void>;
}

/** HAProxy alone, twice, connected; no sidecar, because it is HAProxy's own handover that is measured. */
export async function createPair(haproxy: string, network: string): Promise<Pair> {
  const directory = makeFolder('handover-');
  const ports = await choosePorts(network, 3);
  const setting = { haproxy, dataplane: null, directory, sourceFlags: [], ports };
  const [writer, reader, fresh] = ['writer', 'reader', 'fresh'].map((name, index) =>
    createReplica(setting, name, `${network}.${index + 1}`),
  ) as [Replica, Replica, Replica];
  const all = [writer, reader, fresh];
  async function close(): Promise<void> {
    await Promise.all(all.map((replica) => replica.kill()));
    removeFolder(directory);
  }
  try {
    for (const replica of all) writeConfig(replica, all);
    await Promise.all([writer.startHaproxy(), reader.startHaproxy()]);
    await Promise.all([connected(writer, reader.name), connected(reader, writer.name)]);
  } catch (error) {
    await close();
    throw error;
  }
  return { writer, reader, fresh, close };
}

/** Established, and its own resync is over. */
export async function connected(replica: Replica, name: string): Promise<void> {
  await eventually(
    async () => {
      const state = await replica.peers();
      const there = state?.peers.some((peer) => peer.name === name && peer.established);
      return there === true && (state?.resync === 'learned' || state?.resync === 'alone');
    },
    { timeoutMs: 60_000 },
  );
}

export interface Worker {
  readonly pid: number;
  readonly used: number;
}

/** Who answers on the admin socket, and how many entries that process holds: one answer, so one process. */
export async function worker(replica: Replica): Promise<Worker> {
  const text = await replica.ask('show info;show table');
  return {
    pid: Number(/^Pid: (\d+)/m.exec(text)?.[1]),
    used: Number(/^# table: sessions,.* used:\s*(\d+)/m.exec(text)?.[1] ?? 0),
  };
}

/** Polls until `done`; the milliseconds it took, and what was seen first. */
export async function watchTable(
  replica: Replica,
  done: (seen: Worker) => boolean,
  counts: (seen: Worker) => boolean = () => true,
): Promise<{ readonly firstMs: number; readonly first: Worker; readonly doneMs: number }> {
  const startedAt = performance.now();
  let firstMs: number | null = null;
  let first: Worker = { pid: 0, used: 0 };
  for (;;) {
    const seen = await worker(replica).catch(() => null);
    const ms = performance.now() - startedAt;
    if (ms > 120_000) throw new Error(`${replica.name} did not get its entries within 120 s`);
    if (seen !== null && counts(seen)) {
      if (firstMs === null) [firstMs, first] = [ms, seen];
      if (done(seen)) return { firstMs, first, doneMs: ms };
    }
    await sleep(5);
  }
}
