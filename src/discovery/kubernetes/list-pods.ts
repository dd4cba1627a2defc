import type { PodFacts } from '../pods.ts';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { badAnswer } from './failures.ts';
import { getPods, readJson } from './request.ts';
import { podListSchema } from './schema.ts';

export interface ListOptions {
  readonly namespace: string;
  readonly selector: string;
  readonly signal: AbortSignal;
  /** Time for one page, in milliseconds. */
  readonly answerMs: number;
  /** Pods a page. */
  readonly pageSize?: number;
}

export interface PodListing {
  readonly pods: Map<string, PodFacts>;
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/**
 * All pods of the selector at one moment: the newest state (no resourceVersion asked for), in pages, which the API
 * server keeps at the version of the first. Only the facts of a page outlive it. Rejects with a RemoteError.
 */
export async function listPods(connection: Connection, options: ListOptions): Promise<PodListing> {
  const { namespace, selector, signal, answerMs, pageSize = 250 } = options;
  const pods = new Map<string, PodFacts>();
  const verb = 'list';
  let token: string | undefined;
  for (;;) {
    const deadline = startDeadline(signal, answerMs, verb);
    try {
      const query = {
        labelSelector: selector,
        limit: String(pageSize),
        ...(token === undefined ? {} : { continue: token }),
      };
      const response = await getPods(connection, {
        namespace,
        verb,
        query,
        signal: deadline.signal,
      });
      const page = podListSchema.safeParse(await readJson(response, deadline.signal, verb));
      if (!page.success) throw badAnswer('is not a list of pods', verb, page.error);
      for (const pod of page.data.items ?? []) pods.set(pod.name, pod);
      const { resourceVersion, continue: next } = page.data.metadata;
      if (!next) return { pods, resourceVersion };
      token = next;
    } finally {
      deadline.clear();
    }
  }
}
