import type { OwnEntries } from '../../config-text/foreign-lines.ts';
import type { Log } from '../../log.ts';
import type { TemplateNote } from '../peers/join/template-note.ts';
import type { MakeEdit } from './decision.ts';
import type { Look } from './look.ts';
import type { Version } from './version.ts';

/** What the module is made of. */
export interface TemplateOptions {
  readonly look: () => Promise<Look>;
  /** Throws what init would say. */
  readonly render: (look: Look) => Promise<Version>;
  /** Throws `AppError` TEMPLATE_REJECTED where `next` listens on a port that somebody else has. */
  readonly checkPorts: (base: Version, next: Version) => Promise<void>;
  /** An edit that makes haproxy.cfg from `next`, when it was made from one of `bases`. */
  readonly edit: MakeEdit;
  readonly readNote: () => Promise<TemplateNote | null>;
  /** `written`: the template that haproxy.cfg may have been made from since. */
  readonly writeNote: (inForce: Look, written: Look | null) => Promise<void>;
  /** Remembers who runs. */
  readonly beforeReload: () => Promise<void>;
  /** Whether somebody else runs since; undefined when that cannot be told. */
  readonly isAnother: (signal?: AbortSignal) => Promise<boolean | undefined>;
  /** Of haproxy.cfg, where nothing is an entry of its own. */
  readonly own: OwnEntries;
  /** Throws `AppError` TEMPLATE_LOSES_ENTRIES where tables of HAProxy hold entries that it would lose by `next`. */
  readonly checkTables: (base: Version, next: Version, signal?: AbortSignal) => Promise<void>;
  /** Stick tables that may lose entries by it, as it says itself, one sentence each. */
  readonly permittedLosses: (base: Version, next: Version) => readonly string[];
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
