import { describe, expect, it } from 'vitest';
import { settledMembers } from '../../../../../src/modules/peers/join/settle.ts';
import { membership } from '../../../../helpers/members.ts';
import { settableSource } from '../../../../helpers/source.ts';
import { virtualClock } from '../../../../helpers/virtual-clock.ts';

async function settle(script: (nowMs: number, source: ReturnType<typeof settableSource>) => void) {
  const source = settableSource();
  const clock = virtualClock((nowMs) => script(nowMs, source));
  const said: string[] = [];
  const members = await settledMembers({
    source,
    selfName: 'a',
    windowMs: 1000,
    limitMs: 5000,
    now: clock.now,
    sleep: clock.sleep,
    onWait: (notes) => said.push(notes.join()),
    signal: AbortSignal.timeout(5000),
  });
  return { names: members.members.map(({ name }) => name), atMs: clock.now(), said };
}

describe('settledMembers', () => {
  it('waits until the members are known, saying why about once a second', async () => {
    const result = await settle((nowMs, source) => {
      if (nowMs === 5000) source.set(membership('a', 'b'));
    });

    expect(result.names).toEqual(['a', 'b']);
    expect(result.atMs).toBe(6000);
    expect(result.said).toHaveLength(4);
  });

  it('waits until this pod is among them', async () => {
    const result = await settle((nowMs, source) => {
      if (nowMs === 100) source.set(membership('b'));
      if (nowMs === 2000) source.set(membership('a', 'b'));
    });

    expect(result.atMs).toBe(3000);
    expect(result.said.at(-1)).toContain('do not include this pod (a)');
  });

  it('waits as long as running replicas are left out and nobody else could teach this pod, without a limit', async () => {
    const leftOut = { replicas: ['old'], alike: [], alone: true };
    const result = await settle((nowMs, source) => {
      if (nowMs === 100) source.set({ ...membership('a'), leftOut });
      if (nowMs === 600_000) source.set(membership('a'));
    });

    expect(result.atMs).toBe(601_000);
    expect(result.said.at(-1)).toContain('leaves out old, which run');
  });

  it('takes in a burst, and no longer than five windows', async () => {
    const result = await settle((nowMs, source) => {
      const names = Array.from({ length: Math.floor(nowMs / 500) }, (_, index) => `b${index}`);
      source.set(membership('a', ...names));
    });

    expect(result.atMs).toBe(5050);
    expect(result.names.length).toBeGreaterThan(9);
  });
});
