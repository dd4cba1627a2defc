import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { badAnswer } from './failures.ts';
import type { Named, Resource } from './kind.ts';
import { getObjects, readJson } from './request.ts';
import { pageSchema } from './schema.ts';

export interface ListOptions {
  readonly namespace: string;
  readonly selector: string;
  readonly signal: AbortSignal;
  /** Time for one page, in milliseconds. */
  readonly answerMs: number;
  /** Objects a page. */
  readonly pageSize?: number;
}

export interface Listing<Facts> {
  readonly objects: Map<string, Facts>;
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/**
 * All objects of the selector at one moment: the newest state (no resourceVersion asked for), in pages, which the API
 * server keeps at the version of the first. Only the facts of a page outlive it. Rejects with a RemoteError.
 */
export async function listAll<Facts extends Named>(
  connection: Connection,
  kind: Resource<Facts>,
  options: ListOptions,
): Promise<Listing<Facts>> {
  const { namespace, selector, signal, answerMs, pageSize = 250 } = options;
  const objects = new Map<string, Facts>();
  const context = { namespace, verb: 'list', kind } as const;
  let token: string | undefined;
  for (;;) {
    const deadline = startDeadline(signal, answerMs, `list ${kind.plural}`);
    try {
      const query = {
        labelSelector: selector,
        limit: String(pageSize),
        ...(token === undefined ? {} : { continue: token }),
      };
      const response = await getObjects(connection, {
        ...context,
        query,
        signal: deadline.signal,
      });
      const page = pageSchema.safeParse(await readJson(response, deadline.signal, context));
      const items = kind.schema.array().safeParse(page.data?.items ?? []);
      const problem = page.error ?? items.error;
      if (!page.success || !items.success) {
        throw badAnswer(`is not a list of ${kind.plural}`, context, problem);
      }
      for (const facts of items.data) objects.set(facts.name, facts);
      const { resourceVersion, continue: next } = page.data.metadata;
      if (!next) return { objects, resourceVersion };
      token = next;
    } finally {
      deadline.clear();
    }
  }
}
