import { describe, expect, it } from 'vitest';
import { createRequests } from '../../../src/engine/requests.ts';
import { RemoteError } from '../../../src/errors.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { wants } from '../../helpers/requests.ts';

describe('a module that is left out', () => {
  const configuration = { text: '', version: '1', obstacles: [] };
  const error = new RemoteError('DATAPLANE_REJECTED', 'no', { retryable: false, stage: 'check' });
  const refused = { owner: 'wish', error };
  const needs = { missed: null, leaving: false, unknown: [] };

  function leftOut() {
    let nowMs = 0;
    const module = { name: 'wish', request: () => wants('reload', 'a wish') };
    const requests = createRequests([module], () => nowMs, capturedLog().log);
    requests.hold([refused]);
    return {
      requests,
      at(ms: number) {
        nowMs = ms;
      },
    };
  }

  it('has a pass to come also when its time ends while a pass runs that has not asked it', () => {
    const { requests, at } = leftOut();
    at(999);
    const { all } = requests.ask(configuration, needs);
    at(1001);

    expect(all).toEqual([]);
    expect(requests.nextAtMs()).toBe(1000);
  });

  it('has none to come once it was asked, or the pod is about to go', () => {
    const { requests, at } = leftOut();
    at(1000);
    const { all } = requests.ask(configuration, { ...needs, leaving: true });

    expect(all).toEqual([]);
    expect(requests.nextAtMs()).toBe(Number.POSITIVE_INFINITY);
    expect(requests.ask(configuration, needs).all).toHaveLength(1);
  });

  it('is left out longer the next time', () => {
    const { requests, at } = leftOut();
    at(1000);
    requests.ask(configuration, needs);
    requests.hold([refused]);

    expect(requests.nextAtMs()).toBe(3000);
  });
});
