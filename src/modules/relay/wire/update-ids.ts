import type { Frame } from './frames.ts';
import { stickTable, stickTypes } from './messages.ts';
import { decodeVarint, varintLength } from './varint.ts';

/** The last update of a table that HAProxy has sent in a session. */
export interface LastUpdate {
  /** The number that its messages call the table by: the same for all peers of the section. */
  readonly id: number;
  /** Of 32 bits; it grows with each update that this HAProxy writes itself. */
  readonly last: number;
}

/** A number at `at`, and where what follows it begins; null: it is none. */
function numberAt(bytes: Buffer, at: number, end: number) {
  const length = varintLength(bytes, at);
  if (length <= 0 || at + length > end) return null;
  return { value: decodeVarint(bytes, at, length), next: at + length };
}

/** Follows the numbers of the updates in a session, from its first message on; of the bodies nothing else is read. */
export function createUpdateIds() {
  const names = new Map<number, string>();
  const lasts = new Map<number, number>();
  let current = 0;
  let last = 0;

  function define(bytes: Buffer, { body, end }: Frame): void {
    const id = numberAt(bytes, body, end);
    if (id === null) return;
    current = id.value;
    const length = numberAt(bytes, id.next, end);
    if (length === null || length.next + length.value > end) return;
    names.set(current, bytes.toString('latin1', length.next, length.next + length.value));
  }

  return {
    take(bytes: Buffer, frame: Frame): void {
      if (frame.class !== stickTable) return;
      const { type, body, end } = frame;
      switch (type) {
        case stickTypes.define:
          define(bytes, frame);
          return;
        case stickTypes.switch:
          current = numberAt(bytes, body, end)?.value ?? 0;
          return;
        case stickTypes.update:
        case stickTypes.timedUpdate:
          if (body + 4 > end) return;
          last = bytes.readUInt32BE(body);
          break;
        // HAProxy says the number with the first update behind each switch (peer_prepare_updatemsg, src/peers.c).
        case stickTypes.incrementalUpdate:
        case stickTypes.timedIncrementalUpdate:
          last = (last + 1) % 2 ** 32;
          break;
        default:
          return;
      }
      lasts.set(current, last);
    },
    /** By the name of the table; those that nothing came of are missing. */
    found(): ReadonlyMap<string, LastUpdate> {
      return new Map(
        [...lasts].flatMap(([id, number]) => {
          const name = names.get(id);
          return name === undefined ? [] : [[name, { id, last: number }]];
        }),
      );
    },
  };
}
