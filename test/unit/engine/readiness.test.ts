import { describe, expect, it } from 'vitest';
import { type Confirm, createReadiness } from '../../../src/engine/readiness.ts';
import type { Running, Worker } from '../../../src/model/worker.ts';
import { state } from '../../helpers/members.ts';

const first: Worker = { pid: 8, startedAtSeconds: 1000 };
const next: Worker = { pid: 21, startedAtSeconds: 1500 };
const fit = { ready: true, reasons: [], hardReload: false };
const signal = new AbortController().signal;
const gone: Running = { kind: 'gone' };
const seen = (worker: Worker, handedOver?: boolean): Running =>
  ({ kind: 'worker', worker, handedOver }) as const;

function judged(options: { wasReady?: Worker; confirm?: () => Confirm } = {}) {
  const said: string[] = [];
  const judge = createReadiness({
    wasReady: options.wasReady ?? null,
    confirm: options.confirm,
    onReady: () => said.push('ready'),
    onUnready: ([reason]) => said.push(`unready: ${reason}`),
    onReadyAgain: () => said.push('again'),
    onReadyMarker: (worker) => said.push(`latch ${worker?.pid ?? 'none'}`),
  });
  const pass = (worker: Worker, handedOver?: boolean) => {
    judge.observing();
    return judge.update(
      {
        judged: { ready: true, reasons: [] },
        members: [],
        observed: {
          kind: 'up',
          state: { ...state({ resync: 'learned' }), handedOver },
          worker,
        },
      },
      signal,
    );
  };
  return { judge, said, pass, ready: () => judge.readiness().ready };
}

describe('a replica that was ready', () => {
  it('stays so through a reload, at every moment of it', async () => {
    const { judge, said, pass, ready } = judged();
    await pass(first, false);
    for (const look of [seen(first, false), seen(next), { kind: 'silent' } as const]) {
      judge.running(look);
      expect(ready()).toBe(true);
    }
    await pass(next);
    expect(ready()).toBe(true);
    judge.running(seen(next, true));
    expect(ready()).toBe(true);
    expect(said).toEqual(['latch 8', 'ready', 'latch 21']);
  });

  it('is not ready while nobody listens, and again with the same worker', () => {
    const { judge, said, ready } = judged({ wasReady: first });
    expect(judge.running(gone)).toBe(true);
    judge.running(gone);
    expect(ready()).toBe(false);
    judge.running(seen(first, false));
    expect(ready()).toBe(true);
    expect(said).toEqual(['unready: HAProxy does not run', 'again']);
  });

  it('is compared from the beginning with a worker that was taught nothing', async () => {
    let begun = 0;
    const confirm = (): Confirm => {
      begun += 1;
      return { look: async () => fit, hardReloaded() {} };
    };
    const { judge, said, pass, ready } = judged({ confirm });
    await pass(first, false);
    judge.running(gone);
    judge.running(seen(next));
    expect(ready()).toBe(false);
    expect(judge.running(seen(next, false))).toBe(true);
    await pass(next, false);
    expect(ready()).toBe(true);
    expect(begun).toBe(2);
    expect(said).toEqual([
      'latch 8',
      'ready',
      'unready: HAProxy does not run',
      'latch none',
      'unready: HAProxy was started anew, and its tables are to be compared again',
      'latch 21',
      'ready',
    ]);
  });

  it.each([
    ['did not run', gone],
    ['was another worker', seen(next, false)],
  ])(
    'becomes ready at once though HAProxy %s when it was looked at last, before',
    async (_, look) => {
      const { judge, pass, ready } = judged({
        confirm: () => ({ look: async () => fit, hardReloaded() {} }),
      });
      judge.running(look);
      await pass(first, false);
      expect(ready()).toBe(true);
    },
  );

  it.each([
    ['has ended', gone],
    ['was replaced by an empty one', seen(next, false)],
  ])('does not become ready with a worker that %s while it was compared', async (_, look) => {
    const { judge, pass, ready } = judged({
      confirm: () => ({
        async look() {
          judge.running(look);
          return fit;
        },
        hardReloaded() {},
      }),
    });
    await pass(first, false);
    expect(ready()).toBe(false);
  });

  it('asks for a hard-reload as long as its last look does, and until that is done', async () => {
    const done: boolean[] = [];
    let missed = true;
    const { judge, pass, ready } = judged({
      confirm: () => ({
        look: async () =>
          missed ? { ready: false, reasons: ['b holds 5'], hardReload: true } : fit,
        hardReloaded: (possible) => done.push(possible),
      }),
    });
    await pass(first, false);
    expect(judge.hardReloadFor()).toBe('b holds 5');
    judge.hardReloaded(true);
    expect(judge.hardReloadFor()).toBeNull();
    await pass(first, false);
    expect(judge.hardReloadFor()).toBe('b holds 5');
    missed = false;
    await pass(first, false);

    expect(judge.hardReloadFor()).toBeNull();
    expect(done).toEqual([true]);
    expect(ready()).toBe(true);
  });
});
