import { Agent, createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/kubernetes/connection.ts';
import { podSchema } from '../../../src/sources/kubernetes/pod-schema.ts';
import { createScope, type ScopeOptions } from '../../../src/sources/kubernetes/scope.ts';
import { silentRecorder } from '../../../src/telemetry/event-recorder.ts';
import { leftOutNotices } from '../../../src/telemetry/notice-recorder.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { membership } from '../../helpers/members.ts';

/** No TLS is spoken here: it is Node's. */
class PlainAgent extends Agent {
  readonly protocol = 'https:';
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'edge', controller: true };
const labels = { app: 'haproxy', release: 'edge' };

function pod(name: string, part: object = {}): object {
  return { metadata: { name, labels, ownerReferences: [{ ...owner, uid: 'x' }], ...part } };
}

function list<Item>(items: readonly Item[], next = '') {
  return { status: 200, body: { metadata: { resourceVersion: '1', continue: next }, items } };
}

const failing: Answer = { status: 500, body: { message: 'etcd is away' } };
const selector = { spec: { selector: { matchLabels: { release: 'edge' } } } };

// A fake, because a real API server neither fails on request nor has thousands of pods in a moment.
describe('the selector, where the API server fails or has very much', () => {
  let server: Server;
  let port = 0;
  let asked: string[] = [];
  let accepts: (string | undefined)[] = [];
  let answer: (url: URL, times: number) => Answer = () => failing;

  beforeAll(async () => {
    server = createServer((request: IncomingMessage, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const kind = `${url.pathname} ${url.searchParams.get('fieldSelector') ?? ''}`;
      asked.push(kind);
      accepts.push(request.headers.accept);
      const { status, body } = answer(url, asked.filter((each) => each === kind).length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
    accepts = [];
  });

  async function connect(): Promise<Connection> {
    const agent = new PlainAgent();
    return {
      server: `https://127.0.0.1:${port}`,
      options: async () => ({ agent }),
      close: () => agent.destroy(),
    };
  }

  function scopeWith(part: Partial<ScopeOptions> = {}) {
    const { log, lines } = capturedLog();
    const scope = createScope({
      ...{ namespace: 'n', podName: 'own', labels: async () => labels, connect, log },
      relistMs: 300_000,
      ...part,
    });
    return { scope, lines, signal: new AbortController().signal };
  }

  /** Answers for this pod, its owner, and whoever is around. */
  function world(parts: {
    readonly owner?: (times: number) => Answer;
    readonly around?: (url: URL, times: number) => Answer;
  }): void {
    answer = (url, times) => {
      if (url.pathname.endsWith('/statefulsets/edge'))
        return parts.owner?.(times) ?? { status: 200, body: selector };
      const isOwn = url.searchParams.get('fieldSelector') === 'metadata.name=own';
      return isOwn ? list([pod('own')]) : (parts.around?.(url, times) ?? list([pod('own')]));
    };
  }

  it('asks the owner again after a failure, and takes its selector', async () => {
    world({ owner: (times) => (times < 3 ? failing : { status: 200, body: selector }) });
    const { scope, signal } = scopeWith();

    await expect(scope.selector(signal)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
    await expect(scope.selector(signal)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });

    expect(await scope.selector(signal)).toBe('release=edge');
    expect(scope.found()?.origin).toBe('owner');
  });

  it('does without the owner that fails three times, and never asks again', async () => {
    world({ owner: () => failing });
    const { scope, signal } = scopeWith();
    await expect(scope.selector(signal)).rejects.toThrow();
    await expect(scope.selector(signal)).rejects.toThrow();

    expect(await scope.selector(signal)).toBe('app=haproxy');
    world({});
    await scope.look(signal);
    expect(await scope.selector(signal)).toBe('app=haproxy');
    expect(asked.filter((kind) => kind.includes('statefulsets'))).toHaveLength(3);
  });

  it('goes on when it cannot see who is left out, and says so once', async () => {
    world({ around: () => failing });
    const { scope, lines, signal } = scopeWith({ given: 'app=haproxy' });
    await expect(scope.selector(signal)).rejects.toThrow();
    expect(scope.found()).toBeNull();
    await expect(scope.selector(signal)).rejects.toThrow();

    expect(await scope.selector(signal)).toBe('app=haproxy');
    expect(await scope.look(signal)).toBe('same');
    const warned = lines.filter(({ level }) => level === 'warn');
    expect(warned.map(({ msg }) => msg)).toEqual([
      'it is not known which pods the selector leaves out',
    ]);
  });

  it('reads no more than 2,000 pods, and only metadata; then those of the application', async () => {
    world({
      around: (url, times) =>
        url.searchParams.has('labelSelector')
          ? list([pod('own'), pod('other', { labels: { app: 'haproxy' } })])
          : list(
              Array.from({ length: 100 }, (_, index) => pod(`p-${times}-${index}`, { labels: {} })),
              `more-${times}`,
            ),
    });
    const { scope, lines, signal } = scopeWith({ given: 'release=edge' });

    await scope.selector(signal);
    await scope.look(signal);

    const pages = asked.filter((kind) => kind.includes('status.phase'));
    expect(pages).toHaveLength(42);
    expect(accepts.every((accept) => accept?.includes('PartialObjectMetadataList'))).toBe(true);
    const said = lines.filter(({ msg }) => msg.startsWith('too many pods'));
    expect(said).toMatchObject([{ seen: '2 pods with app=haproxy' }]);
    expect(scope.leftOut([])?.replicas).toEqual(['other']);
  });

  it('takes no stranger for a sibling because init had to follow a wider selector', async () => {
    const replica = { labels: { app: 'old' } };
    const stranger = { labels: { app: 'old' }, ownerReferences: [] };
    const around = () => list([pod('own'), pod('replica', replica), pod('stranger', stranger)]);
    world({ owner: () => ({ status: 403, body: {} }), around });
    const init = scopeWith();
    await init.scope.selector(init.signal);
    const kept = init.scope.found() ?? undefined;

    const run = scopeWith({ kept });

    expect(await run.scope.selector(run.signal)).toBe('app in (haproxy,old)');
    for (const { scope } of [init, run]) {
      const facts = around().body.items.map((each) => podSchema.parse(each));
      expect(scope.siblings(facts).map(({ name }) => name)).toEqual(['own', 'replica']);
    }
  });

  it.each([
    [3, 15_000],
    [500, 20_000],
    [1500, 40_000],
  ])('with %i pods around and nothing but looks, looks about every %i ms', async (pods, ms) => {
    const items = Array.from({ length: pods }, (_, index) => pod(`p-${index}`));
    world({ owner: () => ({ status: 403, body: {} }), around: () => list(items) });
    const pauses: number[] = [];
    for (const random of [0, 0.5, 0.999]) {
      const { scope, signal } = scopeWith({ random: () => random });
      await scope.selector(signal);
      pauses.push(Math.round(scope.pauseMs() / 100) * 100);
    }

    expect(pauses).toEqual([0.9 * ms, ms, 1.1 * ms]);
  });

  it('names some of very many who are left out', async () => {
    const items = Array.from({ length: 1500 }, (_, index) =>
      pod(`p-${index}`, { ownerReferences: [] }),
    );
    world({ around: () => list(items) });
    const { scope, lines, signal } = scopeWith({ given: 'release=other' });

    await scope.selector(signal);

    const said = lines.find(({ code }) => code === 'LOOKALIKES_LEFT_OUT');
    expect(said).toMatchObject({ count: 1500, pods: expect.toSatisfy((all) => all.length === 20) });
    const events: { reason: string; message: string }[] = [];
    const recorder = { ...silentRecorder, record: (one: (typeof events)[0]) => events.push(one) };
    const leftOut = scope.leftOut([]);
    leftOutNotices(() => ({ ...membership('own'), ...(leftOut && { leftOut }) }), recorder)();
    expect(events).toHaveLength(1);
    expect(events[0]?.message.length).toBeLessThan(200);
  });

  it('looks less often in time for somebody who waits for the operator', async () => {
    const old = pod('old', { labels: { team: 'x' } });
    world({ around: () => list([pod('own'), old]) });
    const { scope, signal } = scopeWith({ given: 'app=haproxy' });
    await scope.selector(signal);
    scope.leftOut([]);
    const first = scope.pauseMs();
    for (let look = 0; look < 60; look += 1) await scope.look(signal);

    expect([first, scope.pauseMs()]).toEqual([5000, 30_000]);
  });

  it('goes on without pods of others whose annotations are too large to be read', async () => {
    const large = { annotations: { note: 'x'.repeat(100 * 1024) } };
    const items = Array.from({ length: 100 }, (_, index) => pod(`p-${index}`, large));
    world({ around: () => list(items) });
    const { scope, lines, signal } = scopeWith({ given: 'app=haproxy' });

    await expect(scope.selector(signal)).rejects.toMatchObject({ code: 'KUBERNETES_BAD_ANSWER' });
    await expect(scope.selector(signal)).rejects.toThrow('longer than');

    expect(await scope.selector(signal)).toBe('app=haproxy');
    expect(lines.map(({ msg }) => msg)).toContain(
      'it is not known which pods the selector leaves out',
    );
  });

  it('takes over what init has found, whatever the labels are by now', async () => {
    world({});
    const kept = { selector: 'app in (a,b)', origin: 'application' } as const;
    const { scope, signal } = scopeWith({ kept });

    // The own pod has another label by now: it is a replica all the same.
    expect(await scope.selector(signal)).toBe('app in (a,b,haproxy)');
    expect(asked.filter((kind) => kind.includes('statefulsets'))).toEqual([]);
  });
});
