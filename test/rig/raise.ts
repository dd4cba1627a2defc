import { eventually } from '../helpers/eventually.ts';
import type { Replica } from './replica.ts';

/** Throws with the end of the log of each that is not. */
export async function allReady(replicas: readonly Replica[], timeoutMs = 30_000): Promise<void> {
  let waiting: readonly Replica[] = replicas;
  async function probe(): Promise<boolean> {
    const ready = await Promise.all(replicas.map((replica) => replica.ready()));
    waiting = replicas.filter((_, index) => ready[index] !== true);
    return waiting.length === 0;
  }
  await eventually(probe, { timeoutMs, intervalMs: 100 }).catch((cause: unknown) => {
    const ends = waiting.map((replica) => {
      const log = replica.log().split('\n').slice(-30).join('\n');
      return `${replica.name} did not become ready. Its log ends:\n${log}`;
    });
    throw new Error(ends.join('\n'), { cause });
  });
}

/** Each has as many entries. */
export async function allHold(
  replicas: readonly Replica[],
  entries: number,
  timeoutMs = 20_000,
): Promise<void> {
  await eventually(
    async () => {
      const held = await Promise.all(replicas.map((replica) => replica.entries()));
      if (held.some((count) => count !== entries))
        throw new Error(`held: ${held.join(', ')} of ${entries}`);
      return true;
    },
    { timeoutMs },
  );
}

/** As kubelet does: init, then HAProxy, Data Plane API and sidecar, until the sidecar says that it is ready. */
export async function raise(
  replica: Replica,
  timeoutMs?: number,
  onInit: () => Promise<void> | void = () => {},
): Promise<void> {
  await replica.init();
  await onInit();
  await replica.start();
  await allReady([replica], timeoutMs);
}
