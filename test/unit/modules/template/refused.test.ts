import { describe, expect, it } from 'vitest';
import { eventually } from '../../../helpers/eventually.ts';
import { noteOf, setUp } from './world.ts';

describe('a template that is not put in force', () => {
  it('is not asked for again once it was refused, but for another one', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();

    expect(it.trouble()).toBeNull();
    await it.pass('refused');

    expect(it.request()).toBeNull();
    expect(it.outcomes).toEqual(['refused']);
    expect(it.trouble()).toMatch(/^template refused: ./);
    it.mount('c');
    await it.asks();
    await it.pass();
    expect(it.request()).toBeNull();
    expect(it.trouble()).toBeNull();
    expect(it.file()).toBe('c');
    await it.end();
  });

  it.each([
    ['HAProxy was reloaded without it', (it: ReturnType<typeof setUp>) => it.module.reloaded?.()],
    ['a minute has gone by', (it: ReturnType<typeof setUp>) => it.at(60_000)],
  ])(
    'that failed with others is left out until %s, and refused when it fails alone',
    async (_, then) => {
      const it = setUp(noteOf('a'), 'b');
      await it.asks();
      await it.pass('refused with others');
      it.at(59_999);
      expect(it.request()).toBeNull();
      it.writes('b');
      expect(it.request()?.via).toBe('persist');
      it.writes('a');
      expect(it.outcomes).toEqual([]);

      // Others go first.
      await it.pass('written');
      then(it);

      expect(it.request()?.via).toBe('reload');
      await it.pass('refused');
      it.module.reloaded?.();
      it.at(600_000);
      expect(it.request()).toBeNull();
      expect(it.outcomes).toEqual(['refused']);
      await it.end();
    },
  );

  it('that was refused and stands in the file is taken out without a reload', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass('refused');
    it.writes('b');

    const back = it.request();

    expect(back?.via).toBe('persist');
    expect(back?.edits[0]?.remaining({ text: 'b', version: '1', obstacles: [] })?.inText('b')).toBe(
      'a',
    );
    await it.end();
  });

  it('waits for a port that somebody else has', async () => {
    const it = setUp(noteOf('a'), 'a');
    await it.rests();
    it.portOf('b');
    it.mount('b');
    await eventually(() => it.outcomes.length === 1, { intervalMs: 1 });
    expect(it.request()).toBeNull();
    expect(it.trouble()).toBe('template refused: taken');

    it.portOf(null);

    await it.asks();
    expect(it.trouble()).toBeNull();
    expect(it.outcomes).toEqual(['refused']);
    await it.end();
  });

  it('is not asked for while it is not known whether its ports are taken', async () => {
    const it = setUp(noteOf('a'), 'a');
    await it.rests();
    it.portOf('b');
    const tell = it.holdPorts();
    it.mount('b');
    const asked: unknown[] = [];
    const passes = setInterval(() => asked.push(it.request()), 1);
    await eventually(() => asked.length > 20, { intervalMs: 1 });

    tell();
    await eventually(() => it.outcomes.length === 1, { intervalMs: 1 });
    clearInterval(passes);

    expect(asked.filter((each) => each !== null)).toEqual([]);
    await it.end();
  });

  it('says once that it cannot be read, and again when that comes back', async () => {
    const it = setUp(noteOf('a'), 'a');
    it.mount('');
    await eventually(() => it.outcomes.length === 1, { intervalMs: 1 });
    expect(it.trouble()).toBe('template unreadable: it is empty');
    it.mount('b');
    await it.asks();
    expect(it.trouble()).toBeNull();
    it.mount('');

    await eventually(() => it.outcomes.length === 2, { intervalMs: 1 });
    expect(it.outcomes).toEqual(['unreadable', 'unreadable']);
    await it.end();
  });

  it.each([
    ['the new one', 'b'],
    ['the one in force', 'a'],
  ])('is applied once the password that %s needs can be read', async (_, lacking) => {
    const it = setUp(noteOf('a'), 'a');
    it.lacksPassword(lacking);
    it.mount('b');
    await eventually(() => it.outcomes.length === 1, { intervalMs: 1 });
    expect(it.outcomes).toEqual(['unreadable']);
    expect(it.trouble()).toBe('template unreadable: the password cannot be read');
    expect(it.request()).toBeNull();

    it.lacksPassword(null);

    await it.asks();
    await it.pass();
    expect(it.request()).toBeNull();
    expect(it.trouble()).toBeNull();
    expect(it.file()).toBe('b');
    expect(it.outcomes).toEqual(['unreadable', 'applied']);
    await it.end();
  });

  it('waits while HAProxy holds entries that it would lose', async () => {
    const it = setUp(noteOf('a table'), 'a table');
    it.holds(20);
    it.mount('b');
    await eventually(() => it.outcomes.length === 1, { intervalMs: 1 });
    expect(it.request()).toBeNull();
    expect(it.trouble()).toBe('template refused: t is gone');

    it.holds(0);

    await it.asks();
    expect(it.trouble()).toBeNull();
    await it.end();
  });

  it('waits again when a table that was empty holds entries before it is loaded', async () => {
    const it = setUp(noteOf('a table'), 'b');
    await it.asks();
    it.holds(1);

    await it.pass();

    expect(it.file()).toBe('a table');
    expect(it.outcomes).toEqual(['refused']);
    it.holds(0);
    await it.asks();
    await it.pass();
    expect(it.request()).toBeNull();
    expect(it.file()).toBe('b');
    await it.end();
  });

  it('is not taken back for entries of a worker that runs with it', async () => {
    const it = setUp(noteOf('a table'), 'b');
    await it.asks();
    // The answer to the commit is lost.
    await it.pass('written');
    it.worker(2);
    it.holds(1);

    await it.pass();

    expect(it.request()).toBeNull();
    expect(it.outcomes).toEqual(['applied']);
    await it.end();
  });
});
