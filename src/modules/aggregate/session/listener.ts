import { createHearer, type Heard, type HeardTable } from '../../../aggregate/codec/hear.ts';
import { expiryAt } from '../../../aggregate/codec/ticks.ts';
import { writeConfirmation } from '../../../aggregate/codec/write.ts';
import { Writer } from '../../../aggregate/codec/writer.ts';
import { UnreadableLesson } from '../../../lesson/definition.ts';
import { createTaught, type Taught } from '../../../lesson/taught.ts';
import { createReadTurns } from '../../../read-turns.ts';
import type { Leg } from '../../relay/legs/open-leg.ts';
import { frames, isBroken } from '../../relay/wire/frames.ts';
import { controlTypes, resyncConfirm, resyncRequest } from '../../relay/wire/messages.ts';
import { createNaming, type NamingOptions } from './naming.ts';
import type { Role } from './tables.ts';

export interface ListenerOptions extends NamingOptions {
  readonly leg: Leg;
  readonly now: () => number;
  readonly changed: () => void;
  /** HAProxy has told a part: it still learns itself. */
  readonly askAgain: () => void;
}

type Entry = Extract<Heard, { kind: 'entry' }>;

interface Known {
  readonly role: Role;
  /** The number of the table, and all of its definition. */
  readonly id: number;
  readonly text: string;
  readonly taught: Taught;
  /** The last update, and whether it was confirmed. */
  last: number;
  isNew: boolean;
}

/** What HAProxy says. */
export function createListener(options: ListenerOptions) {
  const { leg, ledger, tables, now, changed, askAgain, close } = options;
  const naming = createNaming(options);
  const hear = createHearer();
  /** By their names: HAProxy defines a table each time it turns to it. */
  const roles = new Map<string, Known>();
  let isLesson = false;
  let isAsked = false;
  let hasHeardAll = false;
  let isPartial = false;
  let bytes: Buffer = Buffer.alloc(0);

  function ask(): void {
    isLesson = true;
    naming.begin();
    ledger.beginLesson();
    leg.write(resyncRequest);
  }

  function ended(): void {
    leg.write(resyncConfirm);
    if (!isLesson) return;
    isLesson = false;
    isPartial = false;
    hasHeardAll = true;
    naming.choose();
    changed();
  }

  function controlled(type: number): void {
    if (type === controlTypes.resyncRequest) {
      isAsked = true;
      changed();
    } else if (type === controlTypes.resyncFinished) ended();
    else if (type === controlTypes.resyncPartial) {
      leg.write(resyncConfirm);
      hasHeardAll = true;
      isPartial = true;
      changed();
      askAgain();
    }
  }

  function take(within: Buffer, { table, entry, leftMs }: Entry, tick: number): void {
    const known = roles.get(table.definition.name);
    if (known === undefined) return;
    const { id, keyAt, keyEnd, expiryAt: timedAt } = entry;
    const { role, taught } = known;
    known.last = id;
    known.isNew = true;
    if (role.kind === 'epochs') naming.heard(table, within.toString('latin1', keyAt, keyEnd));
    if (role.kind !== 'source') return;
    // What a lesson has brought comes once more behind it, without what is left to it.
    if (isLesson && timedAt !== -1) taught.add(id);
    else if (taught.has(id)) return;
    const said = { key: within, keyAt, keyEnd, words: table.words };
    ledger.take(role.table, { ...said, expiry: expiryAt(tick, leftMs) }, tick);
  }

  function define(table: HeardTable, tick: number): void {
    const { id, name, text } = table.definition;
    if (roles.get(name)?.text === text) return;
    const role = tables.heard(table, tick);
    roles.set(name, { role, id, text, taught: createTaught(), last: 0, isNew: false });
  }

  function read(): void {
    const tick = now();
    let end = 0;
    for (const frame of frames(bytes)) {
      end = frame.end;
      const heard = hear(bytes, frame, tick);
      if (heard.kind === 'control') controlled(heard.type);
      else if (heard.kind === 'error') close('HAProxy does not understand this sidecar');
      else if (heard.kind === 'entry') take(bytes, heard, tick);
      else if (heard.kind === 'table' && heard.isNew) define(heard.table, tick);
    }
    bytes = bytes.subarray(end);
    if (isBroken(bytes)) close('HAProxy says what is no message of a peer');
    if (end > 0) changed();
  }

  // What has come by now is of a HAProxy that may be another one than before.
  ask();
  const reads = createReadTurns(leg.pause, leg.resume);
  leg.onData((chunk) => {
    reads(chunk.length);
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    try {
      read();
    } catch (error) {
      if (!(error instanceof UnreadableLesson)) throw error;
      close(`HAProxy says what cannot be read: ${error.message}`);
    }
  });

  return {
    ask,
    end: naming.end,
    /** HAProxy waits to be taught. */
    get isAsked() {
      return isAsked;
    },
    answered() {
      isAsked = false;
    },
    /** All tables have been defined. */
    get hasHeardAll() {
      return hasHeardAll;
    },
    /** HAProxy waits for its old worker, or for who may teach it, and has told what it has meanwhile. */
    get isPartial() {
      return isPartial;
    },
    /** Confirms what has come since the last time. */
    confirmations(): Buffer {
      const writer = new Writer(64);
      for (const known of roles.values()) {
        if (known.isNew) writeConfirmation(writer, known.id, known.last);
        known.isNew = false;
      }
      return writer.take();
    },
  };
}
