/** How much HAProxy may have ready that nobody has read yet: in the buffers of a socket. */
const bufferedBytes = { path: 512 * 1024, tcp: 8 * 1024 * 1024 } as const;

/**
 * How old what is read can be. HAProxy writes on while a chunk is dealt with, until the buffers are full, so what is read next may have been
 * ready for as long as that took.
 */
export function createStalls(kind: keyof typeof bufferedBytes) {
  const kept: { bytes: number; ms: number }[] = [];
  let bytes = 0;
  let ms = 0;
  return {
    /** A chunk of so many bytes took so long. */
    add(chunkBytes: number, tookMs: number): void {
      kept.push({ bytes: chunkBytes, ms: tookMs });
      bytes += chunkBytes;
      ms += tookMs;
      for (;;) {
        const [oldest] = kept;
        if (oldest === undefined || bytes - oldest.bytes < bufferedBytes[kind]) return;
        kept.shift();
        bytes -= oldest.bytes;
        ms -= oldest.ms;
      }
    },
    get ms() {
      return Math.max(0, ms);
    },
  };
}
