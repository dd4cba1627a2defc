import { startTimer } from '../../../clock.ts';
import { isHaproxyName } from '../../../model/names.ts';
import type { HaproxyAddress } from '../section/address.ts';
import { heartbeat, helloText } from '../wire/messages.ts';
import { textOf } from './address.ts';
import type { ByteStream } from './byte-stream.ts';
import { type Connection, connectTo, type Ended } from './connection.ts';
import { readStatus } from './status.ts';

/** A session of HAProxy with the peer that this slot stands for. */
export interface Leg extends ByteStream {
  readonly slot: string;
  /** Nothing more is written, and what HAProxy still sends is read: it closes the session then. */
  finishWriting(): void;
  /** `why`: as `closed` says it. */
  close(why?: string): void;
  /** Why it was closed, whoever closed it. Never rejects. */
  readonly closed: Promise<string>;
  /** The same with the details. */
  readonly ended: Promise<Ended>;
}

export type LegOutcome =
  | { readonly kind: 'up'; readonly leg: Leg }
  /** `refused`: nobody listens, or not yet. `silent`: no answer in time. `answer`: one that is not 200. */
  | { readonly kind: 'refused' | 'silent' | 'answer'; readonly why: string };

export interface LegOptions {
  readonly at: HaproxyAddress;
  /** The `localpeer` of HAProxy. */
  readonly local: string;
  /** The peer line whose place it takes. Whoever has that place loses it. */
  readonly slot: string;
  /** For connection and answer together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

function failure(at: HaproxyAddress, { why, code, connected }: Ended): LegOutcome {
  // A backlog that is full (EAGAIN of a unix socket) belongs to somebody who listens and does not accept.
  if (code === 'EAGAIN') return { kind: 'silent', why: `HAProxy does not accept at ${textOf(at)}` };
  if (!connected) return { kind: 'refused', why: `nobody accepts at ${textOf(at)}: ${why}` };
  return { kind: 'refused', why: `${textOf(at)} was closed before an answer: ${why}` };
}

function legOf(slot: string, connection: Connection): Leg {
  const { write, onDrain, onData, pause, resume, finishWriting, ended, destroy } = connection;
  return {
    ...{ slot, write, onDrain, onData, pause, resume, finishWriting, ended },
    close: (why = 'closed by the sidecar') => destroy(why),
    closed: ended.then(({ why }) => why),
  };
}

/** Connects to HAProxy as the peer `slot`. Never throws. */
export function openLeg({ at, local, slot, timeoutMs, signal }: LegOptions): Promise<LegOutcome> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ kind: 'silent', why: 'stopped' });
    if (![local, slot].every(isHaproxyName))
      return resolve({ kind: 'answer', why: 'a name that is none of a peer was not sent' });
    const connection = connectTo(at, helloText(local, slot));
    let bytes: Buffer = Buffer.alloc(0);
    let over = false;

    function finish(outcome: LegOutcome): void {
      if (over) return;
      over = true;
      stopTimer();
      signal.removeEventListener('abort', aborted);
      if (outcome.kind !== 'up') connection.destroy(outcome.why);
      resolve(outcome);
    }
    function aborted(): void {
      finish({ kind: 'silent', why: 'stopped' });
    }

    const stopTimer = startTimer(
      () => finish({ kind: 'silent', why: `no answer of ${textOf(at)} within ${timeoutMs} ms` }),
      timeoutMs,
    );
    signal.addEventListener('abort', aborted, { once: true });
    connection.onData((chunk) => {
      if (over) return;
      bytes = Buffer.concat([bytes, chunk]);
      const answer = readStatus(bytes);
      if (answer.kind === 'refused') finish({ kind: 'answer', why: answer.why });
      if (answer.kind !== 'accepted') return;
      connection.giveBack(bytes.subarray(answer.rest));
      // A worker that has just started tries each slot itself. Where we come in between, the end of its own attempt marks this
      // session as dead, to be closed within 2 s (peer_session_release, src/peers.c); a message says that it is not.
      connection.write(heartbeat);
      finish({ kind: 'up', leg: legOf(slot, connection) });
    });
    void connection.ended.then((ended) => finish(failure(at, ended)));
  });
}
