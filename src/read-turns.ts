/** What is read in one go: about 3 ms of work, where each 40 bytes are an update of a counter. */
export const turnBytes = 64 * 1024;

/**
 * Node reads up to 2 MiB of a socket before anything else gets its turn (libuv, uv__stream_io). Call what this returns with the bytes of each chunk: it calls `stop` after
 * `turnBytes`, and `go` in the next turn. Each chunk that is there is taken, so that at most one more than that comes in one go.
 */
export function createReadTurns(stop: () => void, go: () => void): (bytes: number) => void {
  let used = 0;
  let isStopped = false;

  function next(): void {
    used = 0;
    if (!isStopped) return;
    isStopped = false;
    go();
  }
  return (bytes) => {
    if (bytes === 0) return;
    if (used === 0) setImmediate(next);
    used += bytes;
    if (isStopped || used < turnBytes) return;
    isStopped = true;
    stop();
  };
}
