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
  /** How many objects the API server is asked for in one answer (`limit`). */
  readonly pageSize?: number;
  /** Longest page that is read. */
  readonly pageChars?: number;
  readonly limits?: Partial<ListLimits>;
  /** As kubectl's --field-selector. */
  readonly fieldSelector?: string | undefined;
  /** Only `metadata` of each object is asked for. */
  readonly metadataOnly?: boolean;
  /** More are not read: a namespace may hold tens of thousands. */
  readonly atMost?: number;
}

/** Limits that no list of siblings reaches. Beyond them, a server would make this program read without end. */
export interface ListLimits {
  /** Time for all pages, in milliseconds. */
  readonly totalMs: number;
  /** Objects with different names. */
  readonly objects: number;
  /** Pages without an object that is new, one after another. A real server may give one that is short, or empty. */
  readonly idlePages: number;
}

const defaultLimits: ListLimits = { totalMs: 60_000, objects: 50_000, idlePages: 10 };

export interface Listing<Facts> {
  readonly objects: Map<string, Facts>;
  /** The version from which a watch continues. */
  readonly resourceVersion: string;
  /** False: there are more than `atMost`. */
  readonly complete: boolean;
}

/**
 * All objects of the selector at one moment: the newest state (no resourceVersion asked for), in pages, which the API
 * server keeps at the version of the first. Only the facts of a page outlive it. Rejects with a RemoteError, be it that
 * the pages do not end: then nothing is known, because a part of a list is no list.
 */
export async function listAll<Facts extends Named>(
  connection: Connection,
  kind: Resource<Facts>,
  options: ListOptions,
): Promise<Listing<Facts>> {
  const { namespace, selector, signal, answerMs, pageSize = 250, fieldSelector } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const objects = new Map<string, Facts>();
  const tokens = new Set<string>();
  const context = { namespace, verb: 'list', kind } as const;
  const what = `list ${kind.plural}`;
  const whole = startDeadline(signal, limits.totalMs, what);
  let idlePages = 0;
  let token: string | undefined;
  try {
    for (;;) {
      const query = {
        ...(selector === '' ? {} : { labelSelector: selector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        limit: String(pageSize),
        ...(token === undefined ? {} : { continue: token }),
      };
      const page = await readPage(query);
      const before = objects.size;
      for (const facts of page.facts) objects.set(facts.name, facts);
      const { resourceVersion } = page;
      if (!page.next) return { objects, resourceVersion, complete: true };
      if (objects.size >= (options.atMost ?? Number.POSITIVE_INFINITY))
        return { objects, resourceVersion, complete: false };
      idlePages = objects.size > before ? 0 : idlePages + 1;
      if (tokens.has(page.next))
        throw badAnswer('repeats a continue token: it has no end', context);
      if (objects.size > limits.objects) {
        throw badAnswer(`has more than ${limits.objects} objects: is the selector right?`, context);
      }
      if (idlePages >= limits.idlePages) {
        throw badAnswer(`has ${idlePages} pages on end with nothing new: it has no end`, context);
      }
      tokens.add(page.next);
      token = page.next;
    }
  } finally {
    whole.clear();
  }

  async function readPage(query: Readonly<Record<string, string>>) {
    const deadline = startDeadline(whole.signal, answerMs, what);
    try {
      const response = await getObjects(connection, {
        ...context,
        query,
        signal: deadline.signal,
        metadataOnly: options.metadataOnly,
      });
      const body = await readJson(response, deadline.signal, context, options.pageChars);
      const page = pageSchema.safeParse(body);
      const items = kind.schema.array().safeParse(page.data?.items ?? []);
      const problem = page.error ?? items.error;
      if (!page.success || !items.success) {
        throw badAnswer(`is not a list of ${kind.plural}`, context, problem);
      }
      const { resourceVersion, continue: next } = page.data.metadata;
      return { facts: items.data, resourceVersion, next };
    } finally {
      deadline.clear();
    }
  }
}
