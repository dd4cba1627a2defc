import type { Greeting } from './greeting.ts';
import { type SumsStream, sumsStream } from './sums-stream.ts';
import type { Wire, WireEnd } from './wire.ts';

/** What a splice needs of a link. */
export interface DataLink {
  /** False: wait for `onDrain`. A link that is closed says false for ever. */
  write(chunk: Buffer): boolean;
  onDrain(callback: () => void): void;
  /** One listener: a later one takes its place. Until there is one, nothing is read beyond what has come. */
  onData(callback: (chunk: Buffer) => void): void;
  /** No data and no message until `resume`. */
  pause(): void;
  resume(): void;
}

/** The one connection with another sidecar. */
export interface Link extends DataLink {
  readonly other: Greeting;
  /** By us. */
  readonly dialled: boolean;
  /** The other's, as `Member.address`. */
  readonly address: string;
  /** A control message: JSON of at most 4 kB, else RangeError. They and data arrive in the order they were sent in. */
  send(message: unknown): void;
  /** As `onData`. */
  onMessage(callback: (message: unknown) => void): void;
  /** Where sidecars say what they have counted; null: the other one or this one does not, or in another version. */
  readonly sums: SumsStream | null;
  /** The other side is told why. */
  close(why: string): void;
  /** Why it ended; never rejects. */
  readonly closed: Promise<string>;
}

/** A link, and how to say that it has ended. */
export interface OpenLink {
  readonly link: Link;
  ended(end: WireEnd): void;
}

export interface LinkOptions {
  readonly wire: Wire;
  /** `Greeting.sums` of this side. */
  readonly sums: number | undefined;
  readonly other: Greeting;
  readonly dialled: boolean;
  readonly address: string;
  readonly close: (why: string) => void;
}

export function linkOf({ wire, sums, other, dialled, address, close }: LinkOptions): OpenLink {
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  const speaksOfSums = sums !== undefined && sums === other.sums;
  // Who says something all the same must not stop the rest.
  if (!speaksOfSums) wire.onSums(() => {});
  return {
    link: {
      other,
      dialled,
      address,
      closed,
      close,
      sums: speaksOfSums ? sumsStream(wire) : null,
      send: (message) => wire.sendMessage(message),
      write: (chunk) => wire.write(chunk),
      onDrain: (callback) => wire.onDrain(callback),
      onData: (callback) => wire.onData(callback),
      onMessage: (callback) => wire.onMessage(callback),
      pause: () => wire.pause(),
      resume: () => wire.resume(),
    },
    ended: ({ why }) => resolve(why),
  };
}
