import { describe, expect, it } from 'vitest';
import { lessonsSection, readView, writeView } from '../../../../src/modules/lessons/messages.ts';
import { readStep, writeStep } from '../../../../src/modules/relay/difference/messages.ts';

const view = { worker: '12-1700000000', learned: true, fresh: false, entries: 7 };

describe('what two sidecars tell each other of their HAProxy', () => {
  it('comes back as it was written', () => {
    for (const each of [view, null])
      expect(readView(JSON.parse(JSON.stringify(writeView(each))))).toEqual(each);
  });

  it.each([
    ['a step of a lesson', writeStep({ step: 'ask', id: 'x' })],
    ['a view that is none', { type: 'haproxy', view: { ...view, entries: -1 } }],
    ['nothing', undefined],
    ['text', 'haproxy'],
  ])('is not taken for it: %s', (_, message) => {
    expect(readView(message)).toBeUndefined();
  });

  it('is no step of a lesson', () => {
    expect(readStep(writeView(view))).toBeNull();
  });

  it('goes on under another section than that of relay mode', () => {
    expect(lessonsSection('haproxy-peers')).not.toBe('haproxy-peers');
  });
});
