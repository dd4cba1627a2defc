import { describe, expect, it } from 'vitest';
import { membership, peer, section, up } from '../../helpers/members.ts';
import { bench } from '../../helpers/reconciler.ts';

describe('a change whose first try fails', () => {
  const connected = (...names: readonly string[]) => up({ peers: names.map((name) => peer(name)) });

  /** b is known and connected, c joins, and the gate is open. */
  async function joining(between: (loop: ReturnType<typeof bench>) => void) {
    const loop = bench(section(['a', 'b']));
    loop.observe(connected('b'));
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.takesTwoTries(() => between(loop));
    loop.source.set(membership('a', 'b', 'c'));
    await loop.pass();
    loop.at(300);
    return { loop, result: await loop.pass() };
  }

  it('is tried again while its siblings are as they were', async () => {
    const { loop } = await joining(() => {});

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['is away', () => connected()],
    ['has a backlog', () => up({ peers: [peer('b', { behind: 400 })] })],
    ['cannot be asked about', () => ({ kind: 'down', why: 'no answer' }) as const],
  ])('goes back to the gate when a sibling %s by then', async (_, meanwhile) => {
    const { loop, result } = await joining((running) => running.observe(meanwhile()));

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(result.nextAtMs).toBe(1_000_300);
    expect(loop.lines.map(({ msg }) => msg)).toContain('change postponed: peers have disconnected');
    expect(loop.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('is made once they are back', async () => {
    const { loop } = await joining((running) => running.observe(connected()));
    loop.observe(connected('b'));
    loop.takesTwoTries(() => {});
    await loop.pass();
    loop.at(600);
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
  });

  it('does not wait for a sibling that has left for good', async () => {
    const { loop } = await joining((running) => {
      running.observe(connected());
      running.source.set(membership('a', 'c'));
    });

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
  });
});

describe('a reload without a change whose first try fails', () => {
  it('goes back to the gate when a sibling is away by then', async () => {
    const loop = bench(section(['a', 'b']));
    loop.source.set(membership('a', 'b'));
    loop.observe(up({ peers: [peer('b')] }));
    loop.takesTwoTries(() => loop.observe(up({ peers: [peer('b', { established: false })] })));
    loop.wasCutOff();
    for (let count = 0; count < 20 && !loop.calls.includes('reload'); count++) {
      const { nextAtMs } = await loop.pass(count === 0);
      loop.at(nextAtMs - 1_000_000);
    }

    const said = loop.lines.map(({ msg }) => msg);
    expect(loop.calls).toContain('reload');
    expect(said).toContain('change postponed: peers have disconnected');
    expect(said).not.toContain('HAProxy reloaded');
  });
});
