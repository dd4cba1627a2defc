import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../../src/apply/edit.ts';
import { RemoteError } from '../../../../src/errors.ts';
import type { TemplateNote } from '../../../../src/modules/peers/join/template-note.ts';
import { templateOwner } from '../../../../src/modules/template/edit.ts';
import type { Look } from '../../../../src/modules/template/look.ts';
import { createTemplate, keyOf, type Version } from '../../../../src/modules/template/module.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';

const look = (template: string, files = {}): Look => ({ template, files });

/** A template is its own rendering, haproxy.cfg is a word, and `hand:` is what somebody else has written. */
function setUp(note: TemplateNote | null, mounted: string) {
  const { log, lines } = capturedLog();
  const stop = new AbortController();
  const notes: { readonly inForce: string; readonly written: string | undefined }[] = [];
  const outcomes: string[] = [];
  const kept: string[] = [];
  let now = look(mounted);
  let file = note?.template ?? mounted;
  let taken: string | null = null;
  let pid: number | undefined = 1;
  let pidBefore = 0;
  let writing = 0;
  let mostWriting = 0;

  function edit(bases: readonly Version[], next: Version): Edit {
    return {
      owner: templateOwner,
      remaining({ text }) {
        if (text === next.rendered) return null;
        if (!bases.some(({ rendered }) => rendered === text))
          throw new RemoteError('TEMPLATE_CONFLICT', 'by hand', {
            retryable: false,
            stage: 'read',
          });
        return {
          ...{ what: {}, whole: true, ways: () => [], lacks: async () => false },
          own: { keyword: 'peers', section: 'p', names: new Set<string>(), env: {} },
          inText: () => next.rendered,
        };
      },
    };
  }

  const module = createTemplate({
    ...{ edit, log, now: () => 0, lookMs: 1 },
    async look() {
      if (now.template === '') throw new Error('it is empty');
      return now;
    },
    render: async (each) => ({
      ...{ template: each.template, files: each.files, key: keyOf(each) },
      ...{ rendered: each.template, staticPeers: [`peer-of-${each.template}`] },
    }),
    async checkPorts(_base, next) {
      if (next.rendered === taken)
        throw new RemoteError('TEMPLATE_REJECTED', 'taken', { retryable: false, stage: 'check' });
    },
    readNote: async () => note,
    async writeNote(inForce, written) {
      writing += 1;
      mostWriting = Math.max(mostWriting, writing);
      await new Promise(setImmediate);
      writing -= 1;
      notes.push({ inForce: inForce.template, written: written?.template });
    },
    async beforeReload() {
      pidBefore = pid ?? 0;
    },
    isAnother: async () => (pid === undefined ? undefined : pid !== pidBefore),
    own: { keyword: 'peers', section: 'p', names: new Set(), env: {} },
    onStaticPeers: (before, after, isInForce) => kept.push(`${before} ${after} ${isInForce}`),
    tableLosses: (base, next) =>
      base.rendered.includes('table') && !next.rendered.includes('table') ? ['t is gone'] : [],
    onOutcome: (outcome) => outcomes.push(outcome),
    onInForce() {},
  });
  const watching = module.watch?.(() => {}, stop.signal);
  const request = () => module.request({ text: file, version: '1', obstacles: [] });
  return {
    ...{ module, lines, notes, outcomes, kept, request },
    mount(template: string, files = {}) {
      now = look(template, files);
    },
    writes(text: string) {
      file = text;
    },
    portOf(template: string | null) {
      taken = template;
    },
    worker(next: number | undefined) {
      pid = next;
    },
    file: () => file,
    mostWriting: () => mostWriting,
    /** What its edit would make of the file. */
    makes: () =>
      request()?.edits[0]?.remaining({ text: file, version: '1', obstacles: [] })?.inText(file),
    asks: (via: 'reload' | 'persist' = 'reload') =>
      eventually(() => request()?.via === via, { intervalMs: 1 }),
    trouble: () => module.trouble?.(),
    rests: () => eventually(() => request() === null, { intervalMs: 1 }),
    /** As a pass does: one that the gate lets through. */
    async pass(outcome: 'made' | 'written' | 'refused' = 'made') {
      const asked = request();
      await module.prepare?.();
      const [wanted] = asked?.edits ?? [];
      const step = wanted?.remaining({ text: file, version: '1', obstacles: [] });
      if (outcome === 'refused')
        return module.held?.(
          new RemoteError('RELOAD_FAILED', 'no', { retryable: false, stage: 'commit' }),
        );
      file = step?.inText(file) ?? file;
      if (outcome === 'made') module.reloaded?.();
    },
    async end() {
      stop.abort();
      await watching;
    },
  };
}

const noteOf = (template: string, written?: string): TemplateNote => ({
  ...look(template),
  ...(written === undefined ? {} : { written: look(written) }),
});

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

  it('keeps the static peers of both until it is in force', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass();
    it.request();

    expect(it.kept).toEqual(['peer-of-a peer-of-b false', 'peer-of-a peer-of-b true']);
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

  it('is noted by one write at a time, and the last one has the last word', async () => {
    const it = setUp(noteOf('a'), 'b');
    await it.asks();
    await it.pass();
    it.mount('c');
    await eventually(() => it.lines.length > 0 || it.request() !== null, { intervalMs: 1 });
    await it.asks();
    it.module.held?.(new RemoteError('RELOAD_FAILED', 'no', { retryable: false, stage: 'commit' }));
    it.request();
    await it.module.prepare?.();

    expect(it.mostWriting()).toBe(1);
    expect(it.notes.at(-1)).toEqual({ inForce: 'b', written: 'c' });
    await it.end();
  });

  it('says which tables have lost entries by it', async () => {
    const it = setUp(noteOf('a table'), 'b');
    await it.asks();
    await it.pass();

    it.request();

    const said = it.lines.filter((line) => JSON.stringify(line).includes('entries are not kept'));
    expect(JSON.stringify(said)).toContain('t is gone');
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
