import { UnreadableLesson } from '../../lesson/definition.ts';
import type { ByteStream } from '../../modules/relay/legs/byte-stream.ts';
import type { Ledger } from '../store/ledger.ts';
import { createInbox } from './inbox.ts';
import { haveMessage, helloMessage, type Mark, type Message, version } from './messages.ts';
import { takeParts } from './read-parts.ts';
import { lackedOf, marksOf } from './scan.ts';
import { createSkew } from './skew.ts';
import { createTelling, type Telling } from './telling.ts';

/** Bytes from and to another sidecar. */
export type SumsStream = Pick<ByteStream, 'write' | 'onDrain' | 'onData'>;

export interface ConversationOptions {
  readonly ledger: Ledger;
  readonly now: () => number;
  /** Runs of which others are told. Missing: all, also of HAProxys that have gone. */
  readonly wants?: (run: number) => boolean;
  /** Something of another replica has come, or it takes more again. */
  readonly changed: () => void;
  /** The other side says what its HAProxy is called. */
  readonly speaks: (origin: string) => void;
  /** What has come is none of ours: the link is of no use. */
  readonly broken: (why: string) => void;
}

/** What is said to one sidecar, and what it says. */
export interface Conversation extends Pick<Telling, 'flushed' | 'step'> {
  /** Asks for all that is newer. */
  ask(): void;
  /** Says what is held, so that the other side can see whether something is missing for long. */
  remind(): void;
  /** The other side has said all that was asked for. */
  readonly isComplete: boolean;
  /** When it has said something last, or was asked. */
  readonly heardAt: number;
}

export function converse(stream: SumsStream, options: ConversationOptions): Conversation {
  const { ledger, now, changed, broken, speaks, wants } = options;
  const skew = createSkew();
  const telling = createTelling({
    ...{ ledger, now, wants },
    write: (message) => stream.write(message),
  });
  let isOver = false;
  let isComplete = false;
  let heardAt = now();
  /** What the other side lacked when it said so last. */
  let lacked: readonly Mark[] = [];

  function have(isAsking: boolean): Buffer {
    return haveMessage({ isAsking, own: ledger.own?.origin ?? '', marks: marksOf(ledger) });
  }

  function reminded(marks: readonly Mark[]): void {
    // What is under way is no lack: only what was lacking the last time, too, and still is.
    if (lackedOf(marks, lacked).length > 0) telling.lacks(marks);
    const others = marksOf(ledger).filter(({ origin }) => origin !== ledger.own?.origin);
    lacked = lackedOf(marks, others);
  }

  function completed(marks: readonly Mark[]): void {
    isComplete = true;
    for (const { origin, generation, sequence } of marks) {
      const run = ledger.runs.add(origin, generation);
      if (origin === ledger.own?.origin) ledger.hearOfOwn(generation, sequence);
      else if (run !== undefined) {
        const known = ledger.runs.get(run);
        known.complete = Math.max(known.complete, sequence);
      }
    }
  }

  function heard(message: Message): void {
    if (message.kind === 'parts') takeParts(message, { ledger, skew, now: now() });
    else if (message.kind === 'complete') completed(message.marks);
    else if (message.kind === 'have') {
      speaks(message.own);
      if (message.isAsking) telling.asked(message.marks);
      else reminded(message.marks);
    } else if (message.version !== version)
      throw new UnreadableLesson(`version ${message.version} of what sidecars say`);
  }

  const inbox = createInbox(heard);
  stream.onData((chunk) => {
    if (isOver) return;
    heardAt = now();
    try {
      inbox.take(chunk);
    } catch (error) {
      if (!(error instanceof UnreadableLesson)) throw error;
      isOver = true;
      broken(error.message);
    }
    changed();
  });
  stream.onDrain(() => {
    telling.drained();
    changed();
  });
  stream.write(helloMessage());

  return {
    flushed(parts, mark) {
      if (!isOver) telling.flushed(parts, mark);
    },
    step: () => !isOver && telling.step(),
    ask() {
      if (isOver) return;
      isComplete = false;
      heardAt = now();
      stream.write(have(true));
    },
    remind() {
      if (!isOver) stream.write(have(false));
    },
    get isComplete() {
      return isComplete;
    },
    get heardAt() {
      return heardAt;
    },
  };
}
