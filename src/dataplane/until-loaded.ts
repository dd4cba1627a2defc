import { sleep } from '../clock.ts';

/** How long to wait until a worker shows a reload, and how often to check. */
const settleMs = 3_000;
const settleStepMs = 250;

/** Asks until the worker has it. Returns the last answer, `undefined` if it could not be asked. */
export async function untilLoaded(
  ask: (signal: AbortSignal) => Promise<boolean | undefined>,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  for (let waited = 0; ; waited += settleStepMs) {
    const loaded = await ask(signal);
    if (loaded === true || waited >= settleMs) return loaded;
    await sleep(settleStepMs, signal);
  }
}
