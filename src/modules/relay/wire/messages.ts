import { encodeVarint } from './varint.ts';

/** Classes of messages (haproxy src/peers.c, PEER_MSG_CLASS_*). */
export const control = 0;
/** What was said was not understood: the session ends. */
export const error = 1;
export const stickTable = 10;

/** Types of class `control`, two bytes each. The names are those of HAProxy (PEER_MSG_CTRL_*). */
export const controlTypes = {
  resyncRequest: 0,
  resyncFinished: 1,
  resyncPartial: 2,
  resyncConfirm: 3,
  heartbeat: 4,
} as const;

/** Types of class `stickTable` (PEER_MSG_STKT_*). */
export const stickTypes = {
  update: 128,
  incrementalUpdate: 129,
  define: 130,
  switch: 131,
  ack: 132,
  timedUpdate: 133,
  timedIncrementalUpdate: 134,
} as const;

/** "Teach me everything": the first thing a worker says that is to learn from this peer. */
export const resyncRequest = Buffer.from([control, controlTypes.resyncRequest]);
/** "That was all." */
export const resyncFinished = Buffer.from([control, controlTypes.resyncFinished]);
/** "That was what I have, which is not all." */
export const resyncPartial = Buffer.from([control, controlTypes.resyncPartial]);
/** The answer to either, once it has been dealt with. */
export const resyncConfirm = Buffer.from([control, controlTypes.resyncConfirm]);
/** Every three seconds where nothing else is to be said. */
export const heartbeat = Buffer.from([control, controlTypes.heartbeat]);

/** The first lines of who connects, as the peer `slot` of a HAProxy that is called `local`. */
export function helloText(local: string, slot: string): string {
  return `HAProxyS 2.1\n${local}\n${slot} 1 1\n`;
}

/**
 * "I have what you have written up to this update", by the number of the table: the next session of this slot begins behind it. HAProxy
 * passes over the number of a table that it does not have (`peer_treat_ackmsg`).
 */
export function acks(updates: ReadonlyMap<number, number>): Buffer {
  const messages = [...updates].map(([id, update]) => {
    const number = encodeVarint(id);
    const head = Buffer.from([stickTable, stickTypes.ack, number.length + 4, ...number]);
    const last = Buffer.alloc(4);
    last.writeUInt32BE(update);
    return Buffer.concat([head, last]);
  });
  return Buffer.concat(messages);
}

/** "I have nothing of your tables 1 to `tables`": the next session of this slot begins with everything. */
export function ackReset(tables: number): Buffer {
  return acks(new Map(Array.from({ length: tables }, (_, index) => [index + 1, 0])));
}
