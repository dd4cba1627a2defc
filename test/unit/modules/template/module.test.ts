import { describe, expect, it } from 'vitest';
import { RemoteError } from '../../../../src/errors.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { noteOf, setUp } from './world.ts';

describe('the template', () => {
  it('asks for nothing while it is what HAProxy has', async () => {
    const it = setUp(noteOf('a'), 'a');
    await eventually(() => it.lines.length === 0);

    expect(it.request()).toBeNull();
    await it.end();
  });

  it('is in force when it was written and HAProxy was reloaded after it, and not before', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass('written');
    expect(it.request()?.via).toBe('reload');

    await it.pass();

    expect(it.request()).toBeNull();
    expect(it.outcomes).toEqual(['applied']);
    await eventually(() => it.notes.at(-1)?.inForce === 'b', { intervalMs: 1 });
    expect(it.notes.at(-1)).toEqual({ inForce: 'b', written: undefined });
    expect(it.notes[0]).toEqual({ inForce: 'a', written: 'b' });
    await it.end();
  });

  it('that a reload of another kind went past is asked for again', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    it.request();
    await it.module.prepare?.();
    // Its edit was held, and others were made.
    it.module.reloaded?.();

    expect(it.request()?.via).toBe('reload');
    expect(it.outcomes).toEqual([]);
    await it.end();
  });

  it('that changes while another one is being written is not taken for a change by hand', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass('written');
    it.mount('c');
    await eventually(() => it.makes() === 'c', { intervalMs: 1 });
    await it.pass();

    expect(it.file()).toBe('c');
    expect(it.outcomes).not.toContain('refused');
    await it.end();
  });

  it('that is as it was again while another one stands in the file, loaded or not, is loaded again', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass('written');

    it.mount('a');
    await eventually(() => it.makes() === 'a', { intervalMs: 1 });

    await it.pass();
    expect(it.request()).toBeNull();
    expect(it.file()).toBe('a');
    await it.end();
  });

  it.each([
    ['written and not known to be loaded', 'b', 'b'],
    ['written, and the template is as it was', 'b', 'a'],
  ])('is loaded after a crash that left it %s', async (_, inFile, mounted) => {
    const it = setUp(noteOf('a', 'b'), mounted);
    it.writes(inFile);

    await it.asks();
    await it.pass();

    expect(it.request()).toBeNull();
    expect(it.file()).toBe(mounted);
    await it.end();
  });

  it('is loaded after a crash also where HAProxy has its ports and tables already', async () => {
    const it = setUp(noteOf('a table', 'b'), 'b');
    it.writes('b');
    it.portOf('b');
    it.holds(20);
    it.worker(undefined);

    await it.asks();
    await it.pass();

    expect(it.request()).toBeNull();
    expect(it.outcomes).toEqual(['applied']);
    await it.end();
  });

  it('needs no reload after a crash before it was written', async () => {
    const it = setUp(noteOf('a', 'b'), 'a');

    await eventually(() => it.request() === null && it.notes.at(-1)?.inForce === 'a', {
      intervalMs: 1,
    });

    expect(it.notes.at(-1)).toEqual({ inForce: 'a', written: undefined });
    await it.end();
  });

  it('is adopted where nobody noted it and haproxy.cfg is made from it, else refused', async () => {
    const same = setUp(null, 'a');
    await eventually(() => same.request() === null && same.notes.length > 0, { intervalMs: 1 });
    await same.end();

    const other = setUp(null, 'a');
    other.writes('hand');
    await eventually(() => other.request() === null && other.outcomes.length > 0, {
      intervalMs: 1,
    });
    expect(other.outcomes).toEqual(['refused']);
    await other.end();
  });

  it('keeps the static peers of both until it is in force', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass();
    it.request();

    expect(it.kept).toEqual(['peer-of-a peer-of-b false', 'peer-of-a peer-of-b true']);
    await it.end();
  });

  it('is noted by one write at a time, and the last one has the last word', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass();
    it.mount('c');
    await eventually(() => it.lines.length > 0 || it.request() !== null, { intervalMs: 1 });
    await it.asks();
    const error = new RemoteError('RELOAD_FAILED', 'no', { retryable: false, stage: 'commit' });
    it.module.held?.(error, false);
    it.request();
    await it.module.prepare?.();

    expect(it.mostWriting()).toBe(1);
    expect(it.notes.at(-1)).toEqual({ inForce: 'b', written: 'c' });
    await it.end();
  });

  it('says which tables have lost entries by it, as it said that they may', async () => {
    const it = setUp(noteOf('a table'), 'a table');
    it.holds(20);
    it.mount('b permitted');
    await it.asks();
    await it.pass();

    it.request();

    const said = it.lines.filter((line) => JSON.stringify(line).includes('entries are not kept'));
    expect(JSON.stringify(said)).toContain('t is gone');
    await it.end();
  });

  it('says nothing of tables that were empty', async () => {
    const it = setUp(noteOf('a table'), 'b');
    await it.asks();
    await it.pass();

    expect(it.request()).toBeNull();
    expect(JSON.stringify(it.lines)).not.toContain('entries are not kept');
    await it.end();
  });

  it('tells whether what it has written is loaded by who runs', async () => {
    const it = setUp(noteOf('a'), 'b');
    const loaded = () => it.module.owner?.loaded('', AbortSignal.timeout(1000));
    expect(await loaded()).toBe(true);
    await it.asks();
    await it.pass('written');

    expect(await loaded()).toBe(false);
    it.worker(undefined);
    expect(await loaded()).toBeUndefined();
    it.worker(2);
    expect(await loaded()).toBe(true);
    await it.end();
  });
});

describe('followed files', () => {
  it('are those that HAProxy has at first, and a reload without an edit when they change', async () => {
    const it = setUp(noteOf('a'), 'a');
    it.mount('a', { '/maps/x': '1' });
    await eventually(() => it.notes.length > 0, { intervalMs: 1 });
    expect(it.request()).toBeNull();

    it.mount('a', { '/maps/x': '2' });
    await it.asks();

    const [edit] = it.request()?.edits ?? [];
    expect(edit?.remaining({ text: 'a', version: '1', obstacles: [] })).toBeNull();
    await it.pass();
    expect(it.request()).toBeNull();
    expect(it.outcomes).toEqual(['applied']);
    await it.end();
  });
});
