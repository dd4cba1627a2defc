/** Bytes both ways, with back-pressure both ways: a leg, and the link to another replica. */
export interface ByteStream {
  /** False: it is taken, and no more should follow until `onDrain` calls. */
  write(chunk: Buffer): boolean;
  onDrain(act: () => void): void;
  /** What was read before comes first. Each chunk belongs to who gets it. */
  onData(take: (chunk: Buffer) => void): void;
  /** From now on nothing is read; what the other side sends waits there. */
  pause(): void;
  resume(): void;
}
