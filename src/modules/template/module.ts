import type { Configuration, Edit } from '../../apply/edit.ts';
import { sleep } from '../../clock.ts';
import type { OwnEntries } from '../../config-text/foreign-lines.ts';
import type { Module, ModuleRequest } from '../../engine/module.ts';
import { AppError, errorMessage, type RemoteError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { TemplateNote } from '../peers/join/template-note.ts';
import { templateOwner } from './edit.ts';
import type { Look } from './look.ts';

/** A look, and what it comes to. */
export interface Version extends Look {
  readonly key: string;
  /** haproxy.cfg without the siblings. */
  readonly rendered: string;
  readonly staticPeers: readonly string[];
}

export interface TemplateOptions {
  readonly look: () => Promise<Look>;
  /** Throws what init would say. */
  readonly render: (look: Look) => Promise<Version>;
  /** Throws `AppError` TEMPLATE_REJECTED where `next` listens on a port that somebody else has. */
  readonly checkPorts: (base: Version, next: Version) => Promise<void>;
  /** An edit that makes haproxy.cfg from `next`, when it was made from one of `bases`. */
  readonly edit: (bases: readonly Version[], next: Version) => Edit;
  readonly readNote: () => Promise<TemplateNote | null>;
  /** `written`: the template that haproxy.cfg may have been made from since. */
  readonly writeNote: (inForce: Look, written: Look | null) => Promise<void>;
  /** Remembers who runs. */
  readonly beforeReload: () => Promise<void>;
  /** Whether somebody else runs since; undefined when that cannot be told. */
  readonly isAnother: (signal: AbortSignal) => Promise<boolean | undefined>;
  /** Of haproxy.cfg, where nothing is an entry of its own. */
  readonly own: OwnEntries;
  /** Stick tables that lose entries by it, one sentence each. */
  readonly tableLosses: (base: Version, next: Version) => readonly string[];
  /** `now`: what may come into force, or, `isInForce`, has. */
  readonly onStaticPeers: (
    before: readonly string[],
    now: readonly string[],
    isInForce: boolean,
  ) => void;
  readonly onOutcome: (outcome: TemplateOutcome, message: string) => void;
  readonly onInForce: (inForce: boolean) => void;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Between two looks, in milliseconds. What is the same in two of them is whole. Default: 1 s. */
  readonly lookMs?: number;
}

export type TemplateOutcome = 'applied' | 'refused' | 'unreadable';

export function createTemplate(options: TemplateOptions): Module {
  const { log, now } = options;
  const lookMs = options.lookMs ?? 1000;
  /** What HAProxy runs with; null: nobody has noted it. */
  let inForce: Version | null = null;
  /** What is mounted. */
  let wanted: Version | null = null;
  /** What haproxy.cfg may have been made from since, loaded or not. */
  let written: Version | null = null;
  /** Whether an earlier run of this program has left that open. */
  let isCertain = true;
  let refused: Version | null = null;
  let isPortTaken = false;
  let wantedSinceMs = 0;
  /** In this pass, and in the one that reloads. */
  let asked: Version | null = null;
  let preparing: Version | null = null;
  /** HAProxy was reloaded after it was written, if it was. */
  let loaded: string | null = null;
  let said = '';
  let complaint: { readonly key: string; readonly message: string } | null = null;
  let saidUnreadable = '';
  /** The note as it was written last: two writes at a time would be mixed, or end in the older one. */
  let saved: Promise<void> = Promise.resolve();

  function sayOnce(message: string, say: () => void): void {
    if (message === said) return;
    said = message;
    say();
  }

  function refuse(version: Version, error: unknown): void {
    refused = version;
    complain(version, error);
  }

  function complain(version: Version, error: unknown): void {
    const message = errorMessage(error);
    complaint = { key: version.key, message };
    sayOnce(`${version.key} ${message}`, () => {
      const { code, hint } = error instanceof AppError ? error : { code: 'BUG', hint: undefined };
      log.error({ code, hint, reason: message }, 'template refused: what is in force stays');
      options.onOutcome('refused', `${code}: ${message}`);
    });
  }

  function save(): Promise<void> {
    saved = saved.then(async () => {
      if (inForce === null) return;
      try {
        await options.writeNote(inForce, written);
      } catch (error) {
        // The next run asks for one reload more than it needs.
        log.warn({ error: errorMessage(error) }, 'cannot note which template is in force');
      }
    });
    return saved;
  }

  function nowInForce(version: Version, isNew: boolean): void {
    const losses = inForce === null || !isNew ? [] : options.tableLosses(inForce, version);
    if (inForce !== null) options.onStaticPeers(inForce.staticPeers, version.staticPeers, true);
    inForce = version;
    written = null;
    isCertain = true;
    refused = null;
    void save();
    if (!isNew) return;
    said = '';
    log.info('template in force');
    if (losses.length > 0)
      log.warn({ tables: losses }, 'the template has changed stick tables: entries are not kept');
    const lost = losses.length === 0 ? '' : `; entries are not kept: ${losses.join(', ')}`;
    options.onOutcome('applied', `a changed template is in force${lost}`);
  }

  async function begin(): Promise<void> {
    const note = await options.readNote();
    if (note === null) return;
    inForce = await options.render(note);
    if (note.written === undefined) return;
    written = await options.render(note.written);
    isCertain = false;
  }

  async function accept(look: Look, key: string): Promise<void> {
    wantedSinceMs = now();
    // A sidecar that init knew nothing of these files for: what is there is what HAProxy has read.
    if (inForce !== null && isEmpty(inForce.files) && !isEmpty(look.files)) {
      inForce = { ...inForce, files: look.files, key: keyOf({ ...inForce, files: look.files }) };
      await save();
    }
    try {
      wanted = await options.render(look);
    } catch (error) {
      wanted = { ...look, key, rendered: '', staticPeers: [] };
      return refuse(wanted, error);
    }
    refused = null;
    await lookAtPorts(wanted);
  }

  /** No check of HAProxy binds, and a reload that fails is worse than none. */
  async function lookAtPorts(version: Version): Promise<void> {
    isPortTaken = false;
    if (inForce === null || inForce.key === version.key) return;
    try {
      await options.checkPorts(inForce, version);
      if (refused?.key === version.key) {
        refused = null;
        complaint = null;
      }
    } catch (error) {
      isPortTaken = true;
      refuse(version, error);
    }
  }

  function bases(): readonly Version[] {
    const all = [inForce, written, refused];
    return all.filter((each) => each !== null).filter(({ rendered }) => rendered !== '');
  }

  /** Throws where somebody else's change would be lost. */
  function isWritten(version: Version, configuration: Configuration): boolean {
    return options.edit(bases(), version).remaining(configuration) === null;
  }

  function stands(version: Version, configuration: Configuration): boolean {
    try {
      return isWritten(version, configuration);
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  /** Nobody has noted it, so it is looked whether haproxy.cfg is what is mounted. */
  function adopt(version: Version, configuration: Configuration): void {
    if (isWritten(version, configuration)) nowInForce(version, false);
  }

  function ask(version: Version, configuration: Configuration): ModuleRequest | null {
    const edit = options.edit(bases(), version);
    // Throws where somebody else's change would be lost: then nothing is asked for.
    edit.remaining(configuration);
    asked = version;
    const reasons = ['the template or a followed file has changed'];
    const how = { urgency: 'burst', via: 'reload', sinceMs: wantedSinceMs } as const;
    return { module: templateOwner, ...how, reasons, edits: [edit] };
  }

  /** What was refused, and stands in the file all the same, goes before anybody reloads it. The worker has the other. */
  function takeOut(back: Version, configuration: Configuration): ModuleRequest | null {
    if (refused === null || refused.rendered === '' || stands(back, configuration)) return null;
    if (!stands(refused, configuration)) return null;
    const edits = [options.edit(bases(), back)];
    const how = { urgency: 'now', via: 'persist', sinceMs: now() } as const;
    return { module: templateOwner, ...how, reasons: ['a template was refused'], edits };
  }

  /** The template is as it was: is haproxy.cfg, too? */
  function rest(current: Version, configuration: Configuration): ModuleRequest | null {
    if (written === null) return takeOut(current, configuration);
    if (!stands(current, configuration)) return ask(current, configuration);
    written = null;
    void save();
    return null;
  }

  function wish(mounted: Version, configuration: Configuration): ModuleRequest | null {
    if (written !== null && loaded === written.key && stands(written, configuration))
      nowInForce(written, true);
    if (inForce === null) adopt(mounted, configuration);
    else if (!isCertain && stands(inForce, configuration)) nowInForce(inForce, false);
    if (inForce === null) return null;
    const target = refused?.key === mounted.key ? inForce : mounted;
    const isSame = target.key === inForce.key && isCertain;
    return isSame ? rest(inForce, configuration) : ask(target, configuration);
  }

  return {
    name: templateOwner,
    owner: {
      name: templateOwner,
      own: () => options.own,
      obstacles: () => [],
      // Who asks has lost the answer to a commit, which may have been ours: the peers are loaded in any case.
      loaded: async (_text, signal) => written === null || options.isAnother(signal),
    },
    async watch(poke, signal) {
      let before = '';
      let failures = 0;
      await begin().catch((error: unknown) => {
        log.warn({ error: errorMessage(error) }, 'which template is in force is not known');
      });
      while (!signal.aborted) {
        try {
          const look = await options.look();
          const key = keyOf(look);
          failures = 0;
          saidUnreadable = '';
          if (key === before && key !== wanted?.key) {
            await accept(look, key);
            poke();
          } else if (isPortTaken && wanted !== null && key === wanted.key) {
            await lookAtPorts(wanted);
            if (!isPortTaken) poke();
          }
          before = key;
        } catch (error) {
          before = '';
          failures += 1;
          const message = errorMessage(error);
          // Once is the moment in which a link is swapped.
          if (failures > 1 && message !== saidUnreadable) {
            saidUnreadable = message;
            const code = error instanceof AppError ? error.code : 'BUG';
            log.error({ code, reason: message }, 'template unreadable: what is in force stays');
            options.onOutcome('unreadable', message);
          }
        }
        await sleep(lookMs, signal).catch(() => {});
      }
    },
    request(configuration) {
      asked = null;
      if (wanted === null) return null;
      try {
        return wish(wanted, configuration);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        complain(wanted, error);
        return null;
      } finally {
        options.onInForce(inForce?.key === wanted.key && isCertain);
      }
    },
    async prepare() {
      loaded = null;
      preparing = asked;
      if (asked === null) return;
      await options.beforeReload();
      written = asked;
      if (inForce !== null) options.onStaticPeers(inForce.staticPeers, asked.staticPeers, false);
      await save();
    },
    reloaded() {
      loaded = preparing?.key ?? null;
    },
    trouble() {
      if (saidUnreadable !== '') return `template unreadable: ${saidUnreadable}`;
      const isRefused = wanted !== null && complaint?.key === wanted.key;
      return isRefused && inForce?.key !== wanted?.key
        ? `template refused: ${complaint?.message}`
        : null;
    },
    held(error: RemoteError) {
      if (preparing === null || error.code === 'TEMPLATE_CONFLICT') return;
      // Not tried again, though it may have been the fault of another change beside it: a worker of HAProxy 3.4 that cannot
      // load it may take the admin socket with it.
      refuse(preparing, error);
      written = null;
      void save();
    },
  };
}

function isEmpty(files: Look['files']): boolean {
  return Object.keys(files).length === 0;
}

export function keyOf({ template, files }: Look): string {
  const pairs = Object.entries(files).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([template, pairs]);
}
