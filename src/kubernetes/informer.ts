import { monotonicNow, sleep } from '../clock.ts';
import type { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type BackoffOptions, backoffMs } from '../model/backoff.ts';
import { type Connect, type Connection, connectWith } from './connection.ts';
import { ApiServerError, asAppError } from './failures.ts';
import type { Named, Resource } from './kind.ts';
import { listAll } from './list.ts';
import { createStore } from './store.ts';
import { createTroubleLog } from './trouble-log.ts';
import { type WatchEvent, watchAll } from './watch.ts';

/** Options of everything that follows the API server. */
export interface InformerOptions {
  readonly namespace: string;
  /** A label selector, or a function that returns it before each list and watch, because it may have become wider. */
  readonly selector: string | ((signal: AbortSignal) => Promise<string>);
  /** As kubectl's --field-selector. */
  readonly fieldSelector?: string | undefined;
  readonly log: Log;
  /** Path of a kubeconfig; the pod's service account without it. */
  readonly kubeConfig?: string | undefined;
  readonly connect?: Connect;
  /** A full list after this time, ± 10 %, even when nothing seems wrong. */
  readonly relistMs?: number;
  /** Length of one watch. With `answerMs` the longest time a dead connection goes unnoticed. */
  readonly watchMs?: number;
  /** Time the API server has for the first byte of an answer. */
  readonly answerMs?: number;
  readonly backoff?: BackoffOptions;
  readonly health?: WatchHealth | undefined;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Callbacks about the connection to the API server, for metrics. */
export interface WatchHealth {
  opened(): void;
  listed(): void;
  failed(code: string): void;
}

/**
 * A pod cannot start before its first list. Until then, and for at most this long, in milliseconds, the API server is
 * retried at least every `startCapMs`, because it may become available at any moment.
 */
const startMs = 5 * 60_000;
const startCapMs = 2000;

/** A watch that ends sooner than this is a failure, however orderly: else a broken proxy would have us spin. */
const shortWatchMs = 500;

const reselected = new Error('another selector');

/** Callbacks for changes of the objects, and for an API server that is not heard. */
export interface InformerListener {
  /** The API server answered or sent something, be it that nothing changed. */
  heard(): void;
  /** The objects are others, or all of them are known for the first time. */
  changed(): void;
  /** Why the API server is not heard at present; undefined when it is again. */
  trouble(why: string | undefined): void;
}

/** The objects of one kind and selector, as last heard of. Once synced it stays synced. */
export interface Informer<Facts extends Named> {
  start(signal: AbortSignal): void;
  stopped(): Promise<void>;
  synced(): boolean;
  objects(): Iterable<Facts>;
  /** The selector has become another one: it is asked for at once. */
  reselect(): void;
}

/**
 * Follows the objects of a selector by list and watch with a loop of our own. The default times keep a dead connection from
 * going unnoticed for longer than 40 s: less than a joining pod waits for us (`--join-timeout`, 60 s).
 */
export function createInformer<Facts extends Named>(
  resource: Resource<Facts>,
  options: InformerOptions,
  listener: InformerListener,
): Informer<Facts> {
  const {
    namespace,
    log,
    fieldSelector,
    relistMs = 300_000,
    watchMs = 30_000,
    answerMs = 10_000,
  } = options;
  const {
    backoff = { baseMs: 250, capMs: 10_000 },
    now = monotonicNow,
    random = Math.random,
  } = options;
  const connect = options.connect ?? connectWith(options.kubeConfig);
  const store = createStore(resource);
  let synced = false;
  const troubles = createTroubleLog(log, now, resource.plural);
  let connection: Connection | undefined;
  let selector: string | undefined;
  /** Where to watch on; undefined means list first. */
  let resourceVersion: string | undefined;
  let relistAt = 0;
  let failures = 0;
  let openedAt: number | undefined;
  const startedAtMs = now();
  let reselect: (() => void) | undefined;

  function note(error: AppError, retryInMs: number): void {
    options.health?.failed(error.code);
    troubles.failed(error, retryInMs);
    listener.trouble(`${error.message} (${error.code})`);
  }

  function tellChanged(): void {
    synced = true;
    listener.changed();
  }

  async function readSelector(signal: AbortSignal): Promise<string> {
    const { selector: given } = options;
    const wanted = typeof given === 'string' ? given : await given(signal);
    if (wanted === selector) return wanted;
    if (selector !== undefined)
      log.info({ selector: wanted, before: selector }, 'selector changed');
    selector = wanted;
    resourceVersion = undefined;
    return wanted;
  }

  async function list(to: Connection, wanted: string, signal: AbortSignal): Promise<string> {
    const where = { namespace, selector: wanted, fieldSelector };
    const found = await listAll(to, resource, { ...where, signal, answerMs });
    const changed = store.replace(found.objects);
    relistAt = now() + relistMs * (0.9 + random() * 0.2);
    listener.heard();
    options.health?.listed();
    if (changed || !synced) tellChanged();
    log.debug({ objects: store.size, selector: wanted }, `listed ${resource.plural}`);
    return found.resourceVersion;
  }

  // Only a watch that opens ends a trouble: where list is allowed and watch is not, the trouble stays.
  function onOpen(): void {
    openedAt = now();
    listener.heard();
    listener.trouble(undefined);
    options.health?.opened();
    troubles.well();
  }

  function onEvent(event: WatchEvent<Facts>): void {
    resourceVersion = event.resourceVersion;
    listener.heard();
    if (event.kind === 'bookmark') return;
    const { facts } = event;
    if (event.kind === 'put' ? store.put(facts) : store.remove(facts.name)) tellChanged();
  }

  async function listAndWatch(signal: AbortSignal): Promise<void> {
    openedAt = undefined;
    const wanted = await readSelector(signal);
    connection ??= await connect();
    if (resourceVersion === undefined || now() >= relistAt) {
      resourceVersion = await list(connection, wanted, signal);
    }
    const length = Math.min(watchMs, Math.max(relistAt - now(), 0));
    const common = { namespace, selector: wanted, fieldSelector, signal, answerMs };
    await watchAll(connection, resource, {
      ...common,
      resourceVersion,
      watchMs: length,
      onOpen,
      onEvent,
    });
  }

  function pace(): BackoffOptions {
    const starts = !synced && now() - startedAtMs < startMs;
    return starts ? { ...backoff, capMs: Math.min(backoff.capMs, startCapMs) } : backoff;
  }

  /** What one pass came to, as the time until the next. */
  function afterPass(thrown: unknown): number {
    const steady = openedAt !== undefined && now() - openedAt >= shortWatchMs;
    if (steady) failures = 0;
    if (steady && thrown === undefined) return 0;
    failures += 1;
    const delayMs = backoffMs(failures, pace(), random());
    return thrown === undefined ? delayMs : failed(thrown, delayMs);
  }

  function failed(thrown: unknown, ownDelayMs: number): number {
    const error = asAppError(thrown, {
      namespace,
      verb: resourceVersion ? 'watch' : 'list',
      kind: resource,
    });
    const status = error instanceof ApiServerError ? error.status : undefined;
    const asked = error instanceof ApiServerError ? error.retryAfterMs : 0;
    const delayMs = Math.max(asked, ownDelayMs);
    // After several failed watches only a list shows the current state.
    if (status === 410 || failures % 3 === 0) resourceVersion = undefined;
    // A version that is too old is no trouble: it is what a restarted API server answers.
    if (status === 410) {
      log.debug({ reason: error.message }, 'the watch is too old: listing again');
      return delayMs;
    }
    // The token, the CA or the kubeconfig may have been replaced; KubeConfig would keep its copies.
    if (status === undefined || status === 401) {
      connection?.close();
      connection = undefined;
    }
    note(error, delayMs);
    return delayMs;
  }

  /** One list and watch, which `reselect` may cut short: that is no failure. */
  async function attempt(signal: AbortSignal): Promise<unknown> {
    const controller = new AbortController();
    const stop = () => controller.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    reselect = () => controller.abort(reselected);
    try {
      await listAndWatch(controller.signal);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      reselect = undefined;
      signal.removeEventListener('abort', stop);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const thrown = await attempt(signal);
      if (signal.aborted) break;
      if (thrown === reselected) continue;
      const delayMs = afterPass(thrown);
      if (delayMs > 0) await sleep(delayMs, signal).catch(() => undefined);
    }
    connection?.close();
  }

  let running: Promise<void> | undefined;
  return {
    start(signal) {
      running ??= run(signal);
    },
    stopped: () => running ?? Promise.resolve(),
    synced: () => synced,
    objects: () => store.all(),
    reselect: () => reselect?.(),
  };
}
