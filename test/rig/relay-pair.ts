import type { ByteStream } from '../../src/modules/relay/legs/byte-stream.ts';
import { type Splice, splice } from '../../src/modules/relay/splice/splice.ts';
import type { RelayStand } from './relay-stand.ts';

/** A link without a network between: what is written at one end is had at the other in the same moment. */
export function linkInMemory(): readonly [ByteStream, ByteStream] {
  const ends = [endInMemory(), endInMemory()] as const;
  ends[0].connect(ends[1]);
  ends[1].connect(ends[0]);
  return [ends[0].stream, ends[1].stream];
}

interface End {
  readonly stream: ByteStream;
  connect(other: End): void;
  /** False: it is kept, because nothing is read here. */
  deliver(chunk: Buffer): boolean;
  drained(): void;
}

function endInMemory(): End {
  let other: End | null = null;
  let take: ((chunk: Buffer) => void) | null = null;
  let drained: () => void = () => {};
  const kept: Buffer[] = [];
  let paused = false;
  function give(): void {
    const had = kept.length > 0;
    while (take !== null && !paused && kept.length > 0) take(kept.shift() as Buffer);
    if (had && kept.length === 0) other?.drained();
  }
  return {
    connect(end) {
      other = end;
    },
    deliver(chunk) {
      kept.push(chunk);
      give();
      return kept.length === 0;
    },
    drained: () => drained(),
    stream: {
      write: (chunk) => other?.deliver(chunk) ?? true,
      onDrain(act) {
        drained = act;
      },
      onData(receiver) {
        take = receiver;
        give();
      },
      pause() {
        paused = true;
      },
      resume() {
        paused = false;
        give();
      },
    },
  };
}

export interface Pair {
  readonly left: Splice;
  readonly right: Splice;
  stop(): Promise<void>;
}

/** Two HAProxies, each in this slot of the other, the leg of the second one first. */
export async function pairInMemory(
  [one, oneSlot]: readonly [RelayStand, string],
  [other, otherSlot]: readonly [RelayStand, string],
  link = linkInMemory(),
): Promise<Pair> {
  const otherLeg = await other.leg(otherSlot);
  const oneLeg = await one.leg(oneSlot);
  const left = splice(oneLeg, link[0]);
  const right = splice(otherLeg, link[1]);
  return {
    left,
    right,
    async stop() {
      left.stop();
      right.stop();
      await Promise.all([left.ended, right.ended]);
    },
  };
}
