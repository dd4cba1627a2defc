/** What is taken of some bytes, put together at the end: a view of each message of a large lesson is much to clear away. */
export interface Pieces {
  /** This part of the bytes, behind all that was taken before. */
  keep(start: number, end: number): void;
  /** Something in place of a part of them. */
  put(bytes: Buffer): void;
  /** All of it; the bytes themselves where all of them were kept. */
  joined(): Buffer;
}

export function createPieces(bytes: Buffer): Pieces {
  const parts: Buffer[] = [];
  let from = 0;
  let to = 0;
  function close(): void {
    if (to > from) parts.push(bytes.subarray(from, to));
    from = to;
  }
  return {
    keep(start, end) {
      if (start !== to) {
        close();
        from = start;
      }
      to = end;
    },
    put(part) {
      close();
      parts.push(part);
    },
    joined() {
      close();
      const [first] = parts;
      return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
    },
  };
}
