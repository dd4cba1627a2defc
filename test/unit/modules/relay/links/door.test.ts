import { describe, expect, it } from 'vitest';
import { createDoor } from '../../../../../src/modules/relay/links/door.ts';

const limits = { ofOneAddress: 2, ofStrangers: 3, strangersPerSecond: 5 };

function door() {
  const clock = { nowMs: 1000 };
  const enter = createDoor({
    ...{ now: () => clock.nowMs, limits },
    isMember: (address) => address.startsWith('10.'),
  });
  const code = (address: string) => {
    const admission = enter(address);
    return admission.kind === 'in' ? 'in' : admission.code;
  };
  return { clock, enter, code };
}

describe('the port', () => {
  it('lets few connections of one address wait at the same time', () => {
    const { enter, code } = door();
    const first = enter('10.0.0.1');
    expect(code('10.0.0.1')).toBe('in');
    expect(code('10.0.0.1')).toBe('crowded');
    if (first.kind === 'in') first.leave();
    if (first.kind === 'in') first.leave();

    expect(code('10.0.0.1')).toBe('in');
    expect(code('10.0.0.1')).toBe('crowded');
  });

  it('lets members in however many strangers there are', () => {
    const { code, clock } = door();
    expect(['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'].map(code)).toEqual([
      ...['in', 'in', 'in', 'too-many'],
    ]);
    expect(['1.1.1.5', '1.1.1.6'].map(code)).toEqual(['too-many', 'too-often']);
    expect(code('10.0.0.1')).toBe('in');
    clock.nowMs += 1000;
    expect(code('1.1.1.6')).toBe('too-many');
  });

  it('forgets who has left', () => {
    const { enter, clock } = door();
    for (let round = 0; round < 1000; round++) {
      clock.nowMs += 1000;
      const admission = enter(`1.1.${round >> 8}.${round & 255}`);
      expect(admission.kind).toBe('in');
      if (admission.kind === 'in') admission.leave();
    }
  });
});
