/*
 * Who is dialled, which greeting is accepted, and which connection becomes the link: all that is decided, and nothing
 * that is done. Connections are numbers here, and what is to be done with them are the effects.
 */

import type { Membership } from '../../../model/membership.ts';
import { judgeGreeting } from './admission.ts';
import { type Act, confirmed, ended, greeted, lostMark, type Step, taken } from './agreement.ts';
import { createAgreements } from './agreements.ts';
import { type CloseCode, isDuplicate } from './codes.ts';
import { type Connection, closeTexts, type MeshEffects, waits } from './connection.ts';
import { createConnections } from './connections.ts';
import { createDialling } from './dialling.ts';
import { endingOf, goneSince, outcomeOf } from './ending.ts';
import type { Greeting, HeardControl, HeardHello } from './greeting.ts';
import type { Outcome } from './redial.ts';

export interface MeshOptions {
  readonly own: Omit<Greeting, 'attempt'>;
  readonly selfName: string;
  readonly members: () => Membership;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly effects: MeshEffects;
}

export interface Mesh {
  /** The other side has made a connection, from this address. Its number. */
  accepted(address: string): number;
  /** What was to be dialled is connected. */
  opened(id: number): void;
  control(id: number, control: HeardControl): void;
  /** It is no more, and not by `close`. */
  closed(id: number, outcome: Outcome): void;
  /** Looks at the clock and at the members: dials, accepts, gives up. */
  look(): void;
  /** When to look again, a moment of `now`. */
  nextMs(): number;
}

export function createMesh({ own, selfName, members, effects, ...time }: MeshOptions): Mesh {
  const { now } = time;
  const connections = createConnections(now);
  const agreements = createAgreements(own);
  const dialling = createDialling({ selfName, ...time });

  function forget(connection: Connection, outcome: Outcome): void {
    const { id, upSinceMs, dialled, hello } = connection;
    if (!connections.delete(id)) return;
    const pod = upSinceMs === undefined ? dialled : hello?.pod;
    if (pod !== undefined) dialling.ended(pod, outcomeOf(connection, outcome, now()));
    const agreement = hello && agreements.get(hello.uid);
    if (hello !== undefined && agreement !== undefined) carryOut(hello.uid, ended(agreement, id));
  }

  function close(connection: Connection, code: CloseCode, why = closeTexts[code] ?? code): void {
    if (!connections.has(connection.id)) return;
    effects.close(connection.id, code, why);
    forget(connection, { kind: isDuplicate(code) ? 'duplicate' : 'failed' });
  }

  function act(one: Act): void {
    const connection = connections.get(one.id);
    if (connection === undefined) return;
    if (one.kind === 'close') close(connection, one.reason);
    else if (one.kind === 'up') begin(connection);
    else if (one.kind === 'taken') effects.send(one.id, { taken: one.number });
    else effects.send(one.id, { take: one.number });
  }

  function carryOut(uid: string, { agreement, acts }: Step): void {
    agreements.set(uid, agreement);
    for (const each of acts) act(each);
  }

  function begin(connection: Connection): void {
    const { id, hello, dialled } = connection;
    if (hello === undefined) return;
    connection.phase = 'up';
    connection.deadlineMs = Number.POSITIVE_INFINITY;
    connection.upSinceMs = now();
    const { lost: _, ...other } = hello;
    effects.up(id, { ...other, version: own.version }, dialled !== undefined);
  }

  function greet({ id }: Connection, pod: string, attempt: number): void {
    const lost = lostMark(agreements.ofPod(pod));
    effects.send(id, { greeting: { ...own, attempt, ...(lost && { lost }) } });
  }

  /** It has greeted, or discovery may have learned since. */
  function examine(connection: Connection, hello: HeardHello): void {
    const { id, address, dialled } = connection;
    const others = connections.greeted().map((each) => each.hello);
    const heard = { greeting: hello, address, dialled, others };
    const verdict = judgeGreeting({ own, selfName, membership: members(), ...heard });
    const isFirst = connection.phase !== 'waiting';
    if (verdict.kind !== 'refuse' && isFirst) effects.greeted(id);
    if (verdict.kind === 'accept') accept(connection, hello);
    else if (verdict.kind === 'refuse') close(connection, verdict.code, verdict.why);
    else {
      if (isFirst) connection.deadlineMs = now() + waits.discovery;
      connection.phase = 'waiting';
      connection.refusal = verdict;
    }
  }

  function accept(connection: Connection, hello: HeardHello): void {
    const { id, dialled, offered } = connection;
    const { uid, pod, start, attempt, lost } = hello;
    for (const each of connections.values())
      if (each.hello?.pod === pod && each.hello.uid !== uid) close(each, 'successor');
    connection.phase = 'greeted';
    connection.deadlineMs = now() + waits.decision;
    const agreement = agreements.begin(uid, pod);
    if (dialled === undefined) greet(connection, pod, attempt);
    const candidate = { id, start, attempt, lost, dialled: dialled !== undefined };
    carryOut(uid, greeted(agreement, candidate));
    if (offered !== undefined) answer(connection, uid, { take: offered });
  }

  function answer({ id }: Connection, uid: string, control: HeardControl): void {
    const agreement = agreements.get(uid);
    if (agreement === undefined) return;
    if ('take' in control) carryOut(uid, taken(agreement, id, control.take));
    if ('taken' in control) carryOut(uid, confirmed(agreement, id, control.taken));
  }

  function heard(connection: Connection, control: HeardControl): void {
    const { hello, phase } = connection;
    if ('bye' in control) return;
    if ('greeting' in control !== (hello === undefined)) close(connection, 'garbage');
    else if ('greeting' in control) {
      connection.hello = control.greeting;
      examine(connection, control.greeting);
    } else if (phase !== 'waiting' && hello !== undefined) answer(connection, hello.uid, control);
    else if ('take' in control) connection.offered = control.take;
  }

  function check(connection: Connection): void {
    connection.goneSinceMs = goneSince(connection, members(), now());
    const ending = endingOf(connection, members(), now());
    if (ending !== undefined) close(connection, ending.code, ending.why);
    else if (connection.phase === 'waiting' && connection.hello !== undefined)
      examine(connection, connection.hello);
  }

  return {
    accepted: (address) => connections.open(address).id,
    opened(id) {
      const connection = connections.get(id);
      if (connection?.dialled === undefined) return;
      const { dialled, attempt } = connection;
      const linked = connections
        .greeted()
        .some((each) => each.connection.phase === 'up' && each.hello.pod === dialled);
      connection.phase = 'answering';
      connection.deadlineMs = now() + waits.answer;
      if (linked) close(connection, 'duplicate');
      else greet(connection, dialled, attempt);
    },
    control(id, control) {
      const connection = connections.get(id);
      if (connection !== undefined) heard(connection, control);
    },
    closed(id, outcome) {
      const connection = connections.get(id);
      if (connection !== undefined) forget(connection, outcome);
    },
    look() {
      for (const connection of connections.values()) check(connection);
      const due = dialling.due(members(), connections.busy());
      for (const member of due.slice(0, Math.max(0, connections.free())))
        effects.dial(connections.open(member.address, member).id, member);
      const known = members().members.map(({ name }) => name);
      agreements.keep(new Set([...known, ...connections.busy()]));
    },
    nextMs() {
      const ends = [...connections.values()].map(({ deadlineMs, goneSinceMs }) =>
        goneSinceMs === undefined ? deadlineMs : goneSinceMs + waits.gone,
      );
      if (connections.free() <= 0) return Math.min(...ends);
      return Math.min(dialling.nextMs(members(), connections.busy()), ...ends);
    },
  };
}
