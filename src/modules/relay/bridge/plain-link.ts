import { nanoid } from 'nanoid';
import { readMessage } from '../pairing/messages.ts';
import type { LinkTo } from '../sibling-link.ts';
import { resyncRequest } from '../wire/messages.ts';
import type { PlainStream } from './stream.ts';
import { type PlainView, unknownView } from './view.ts';

/** A connection with HAProxy of the other pod, on which both know who the other is. */
export interface PlainConnection {
  readonly stream: PlainStream;
  /** Of its worker; null: we have connected, and it has not told. */
  readonly pid: number | null;
  /** It has had its 200, or has given us ours. */
  readonly answered: boolean;
}

/**
 * A link as to another sidecar, played for a pod that has none which links: what that one would say on its side is said
 * here, and a session of HAProxy is what passes as data. Connections come and go under it.
 */
export interface PlainLink {
  readonly link: LinkTo;
  /** In place of the connection that there was. */
  attach(connection: PlainConnection): void;
  /** What its sidecar says; null: nothing. */
  see(view: PlainView | null): void;
  /** There is a session, or a connection that becomes one. */
  connected(): boolean;
  /** What is sent here reaches its HAProxy. */
  spliced(): boolean;
}

interface Round {
  readonly number: number;
  readonly first: 'lead' | 'other';
}

const accepted = Buffer.from('200\n');

export function createPlainLink(options: {
  readonly pod: string;
  readonly uid: string;
  readonly address: string;
  /** The first session begins with a lesson of all that its HAProxy holds. */
  readonly lesson: boolean;
  /** Its connection has ended. */
  readonly onApart: () => void;
}): PlainLink {
  const { pod, uid, address, onApart } = options;
  let hear: (message: unknown) => void = () => {};
  let take: ((chunk: Buffer) => void) | null = null;
  let drained = () => {};
  let paused = false;
  let view: PlainView = unknownView;
  let current: (PlainConnection & { readonly worker: string }) | null = null;
  /** What our side sends goes to it, and what comes goes there. */
  let spliced = false;
  let round: Round | null = null;
  let { lesson } = options;
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let isClosed = false;

  /** As from a network: never within what was called. */
  function say(message: object): void {
    queueMicrotask(() => !isClosed && hear(message));
  }
  function state(): void {
    say({ type: 'state', view: current && { ...view, worker: current.worker } });
  }

  /** Who cannot be told apart counts as another one than all before, over other links, too: its slot is reset, and it gets everything. */
  function workerOf(pid: number | null): string {
    return pid === null ? `unnamed-${nanoid()}` : `pid-${pid}`;
  }

  function part(why: string): void {
    if (current === null) return;
    current.stream.end();
    current = null;
    spliced = false;
    if (round !== null) say({ type: 'down', round: round.number, why });
    round = null;
    state();
    onApart();
  }

  function splice(connection: PlainConnection, { first, number }: Round): void {
    spliced = true;
    const { stream } = connection;
    stream.onDrain(() => drained());
    if (!connection.answered) stream.write(accepted);
    if (lesson) stream.write(resyncRequest);
    lesson = false;
    if (first === 'lead') say({ type: 'up', round: number });
  }

  function begun(number: number, first: 'lead' | 'other'): void {
    if (current === null) say({ type: 'down', round: number, why: 'no connection' });
    else {
      round = { number, first };
      // It gets its 200 when our leg is open, whoever is to be first: until then it sends nothing.
      if (first === 'other') say({ type: 'up', round: number });
    }
  }

  function told(text: unknown): void {
    const message = readMessage(text);
    if (message === null || isClosed) return;
    if (message.type === 'begin') begun(message.round, message.first);
    else if (message.type === 'lesson') {
      lesson = true;
      part(message.why);
    } else if (message.type === 'state' || message.round !== round?.number) return;
    else if (message.type === 'up' && current !== null) splice(current, round);
    else if (message.type === 'down' && spliced) part(message.why);
    else round = null;
  }

  return {
    attach(connection) {
      part('another connection');
      current = { ...connection, worker: workerOf(connection.pid) };
      paused = false;
      const { stream } = connection;
      void stream.closed.then((why) => {
        if (current?.stream === stream) part(why);
      });
      state();
    },
    see(next) {
      view = next ?? unknownView;
      if (current !== null) state();
    },
    connected: () => current !== null,
    spliced: () => spliced,
    link: {
      ...{ other: { pod, uid }, address, lead: true, closed },
      send: told,
      onMessage(act) {
        hear = act;
        state();
      },
      close(why) {
        if (isClosed) return;
        part(why);
        isClosed = true;
        resolve(why);
      },
      write: (chunk) => (spliced && current !== null ? current.stream.write(chunk) : true),
      onDrain(act) {
        drained = act;
      },
      onData(act) {
        take = act;
        // What came before a session belongs to it: its HAProxy may begin at once.
        const stream = current?.stream;
        if (spliced) stream?.onData((chunk) => current?.stream === stream && take?.(chunk));
      },
      pause() {
        paused = true;
        current?.stream.pause();
      },
      resume() {
        if (!paused) return;
        paused = false;
        current?.stream.resume();
      },
    },
  };
}
