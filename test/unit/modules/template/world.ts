import type { Edit } from '../../../../src/apply/edit.ts';
import { AppError, RemoteError } from '../../../../src/errors.ts';
import type { TemplateNote } from '../../../../src/modules/peers/join/template-note.ts';
import { templateOwner } from '../../../../src/modules/template/edit.ts';
import type { Look } from '../../../../src/modules/template/look.ts';
import { createTemplate } from '../../../../src/modules/template/module.ts';
import { keyOf, type Version } from '../../../../src/modules/template/version.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';

export const look = (template: string, files = {}): Look => ({ template, files });

/** A template is its own rendering, haproxy.cfg is a word, and `hand:` is what somebody else has written. */
export function setUp(note: TemplateNote | null, mounted: string) {
  const { log, lines } = capturedLog();
  const stop = new AbortController();
  const notes: { readonly inForce: string; readonly written: string | undefined }[] = [];
  const outcomes: string[] = [];
  const kept: string[] = [];
  let now = look(mounted);
  let file = note?.template ?? mounted;
  let taken: string | null = null;
  let nowMs = 0;
  let entries = 0;
  const losses = (base: Version, next: Version) =>
    base.rendered.includes('table') && !next.rendered.includes('table') ? ['t is gone'] : [];
  let unreadable: string | null = null;
  let portsKnown: Promise<void> = Promise.resolve();
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
    ...{ edit, log, now: () => nowMs, lookMs: 1 },
    async look() {
      if (now.template === '') throw new Error('it is empty');
      return now;
    },
    async render(each) {
      if (each.template === unreadable)
        throw new AppError('FILE_READ_FAILED', 'the password cannot be read');
      return {
        ...{ template: each.template, files: each.files, key: keyOf(each) },
        ...{ rendered: each.template, staticPeers: [`peer-of-${each.template}`] },
      };
    },
    async checkPorts(_base, next) {
      await portsKnown;
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
    async checkTables(base, next) {
      if (losses(base, next).length > 0 && entries > 0 && !next.rendered.includes('permitted'))
        throw new AppError('TEMPLATE_LOSES_ENTRIES', 't is gone');
    },
    permittedLosses: (base, next) =>
      next.rendered.includes('permitted') ? losses(base, next) : [],
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
    /** What the template is rendered with cannot be read. */
    lacksPassword(template: string | null) {
      unreadable = template;
    },
    holds(next: number) {
      entries = next;
    },
    at(ms: number) {
      nowMs = ms;
    },
    /** Until the answer is called, it is not known which ports are taken. */
    holdPorts(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      portsKnown = promise;
      return resolve;
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
    async pass(outcome: 'made' | 'written' | 'refused' | 'refused with others' = 'made') {
      await module.runtime?.(false, stop.signal);
      const asked = request();
      await module.prepare?.();
      const [wanted] = asked?.edits ?? [];
      const step = wanted?.remaining({ text: file, version: '1', obstacles: [] });
      if (outcome === 'refused' || outcome === 'refused with others') {
        const error = new RemoteError('RELOAD_FAILED', 'no', { retryable: false, stage: 'commit' });
        module.held?.(error, outcome === 'refused with others');
        return;
      }
      file = step?.inText(file) ?? file;
      if (outcome === 'made') module.reloaded?.();
    },
    async end() {
      stop.abort();
      await watching;
    },
  };
}

export const noteOf = (template: string, written?: string): TemplateNote => ({
  ...look(template),
  ...(written === undefined ? {} : { written: look(written) }),
});
