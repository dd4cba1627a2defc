import { sleep } from '../clock.ts';
import { errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Caller } from './caller.ts';
import { badAnswer } from './failure.ts';
import { parseJson } from './http.ts';
import { reloadsSchema } from './schema.ts';

/** The API's default `reload-delay` is 5 s, and its new worker is up a second later. Three times as long. */
const limitMs = 15_000;
const stepMs = 50;

/** Whether the API still has a reload to do. It does not answer during a reload (dataplaneapi reload_agent.go). */
async function pending({ call }: Caller, signal: AbortSignal): Promise<boolean> {
  const path = '/reloads';
  const answer = await call(
    { stage: 'settle', method: 'GET', path, expect: [200], signal },
    'slow',
  );
  const parsed = reloadsSchema.safeParse(parseJson(answer.text));
  if (!parsed.success) throw badAnswer('settle', `GET ${path}`, 'not a list of reloads');
  return (parsed.data ?? []).some(({ status }) => status === 'in_progress');
}

/**
 * Resolves when the API has no reload left to do. If our reload over the master socket met one of the API, the API
 * would take its own for failed and revert its change. The wait is bounded, and ends if the API does not answer the
 * question.
 */
export async function reloadsSettled(caller: Caller, log: Log, signal: AbortSignal): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  try {
    while (await pending(caller, bounded)) await sleep(stepMs, bounded);
  } catch (error) {
    signal.throwIfAborted();
    const fields = { limitMs, error: errorMessage(error) };
    log.warn(fields, 'gave up waiting for reloads that the Data Plane API still has to do');
  }
}
