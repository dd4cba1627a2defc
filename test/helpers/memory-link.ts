import type { LinkTo } from '../../src/modules/relay/sibling-link.ts';
import { heartbeat } from '../../src/modules/relay/wire/messages.ts';

/** Called before a message is handed on: it waits for what is returned, and so does all that comes after it. */
export type Hold = (from: string, to: string, message: unknown) => Promise<void> | undefined;

type Item = { readonly chunk: Buffer } | { readonly message: unknown };

/** So many bytes are under way before `write` says that it is enough. */
const enough = 1024 * 1024;

/** One end of a link in memory: what the other end sends comes in its order, some time later. */
function end(
  pod: string,
  close: (why: string) => void,
  closed: Promise<string>,
  hold: (message: unknown) => Promise<void> | undefined,
  passed: (chunk: Buffer) => void,
) {
  const queue: Item[] = [];
  let bytes = 0;
  let paused = false;
  let take: (chunk: Buffer) => void = () => {};
  let hear: ((message: unknown) => void) | null = null;
  let drained: () => void = () => {};
  let isClosed = false;
  let due = false;
  let held = false;

  function deliver(): void {
    due = false;
    while (!paused && !isClosed && !held) {
      const item = queue[0];
      if (item === undefined) break;
      if ('message' in item && hear === null) return;
      queue.shift();
      if ('message' in item) {
        const waits = hold(item.message);
        if (waits === undefined) hear?.(item.message);
        else {
          held = true;
          void waits.then(() => {
            held = false;
            if (!isClosed) hear?.(item.message);
            later();
          });
        }
      } else {
        bytes -= item.chunk.length;
        take(item.chunk);
      }
    }
    if (queue.length === 0) other?.drained();
  }
  function later(): void {
    if (due) return;
    due = true;
    setImmediate(deliver);
  }
  function receive(item: Item): boolean {
    if (isClosed) return false;
    queue.push(item);
    if ('chunk' in item) bytes += item.chunk.length;
    later();
    return bytes < enough;
  }

  let other: { receive(item: Item): boolean; drained(): void } | null = null;
  void closed.then(() => {
    isClosed = true;
  });
  const link: LinkTo = {
    other: { pod, uid: `uid-${pod}` },
    address: '127.0.0.1',
    closed,
    close,
    send: (message) => void other?.receive({ message: structuredClone(message) }),
    onMessage(act) {
      hear = act;
      later();
    },
    write(chunk) {
      passed(chunk);
      return other?.receive({ chunk }) ?? false;
    },
    onDrain(act) {
      drained = act;
    },
    onData(act) {
      take = act;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      later();
    },
  };
  return {
    link,
    receive,
    drained: () => drained(),
    join(peer: { receive(item: Item): boolean; drained(): void }) {
      other = peer;
    },
  };
}

/** Links between sidecars of one process, which a test can cut. */
export function memoryLinks(hold: Hold = () => undefined) {
  const made: { readonly names: readonly string[]; readonly close: (why: string) => void }[] = [];
  let heartbeats = 0;
  const passed = (chunk: Buffer) => {
    if (chunk.equals(heartbeat)) heartbeats += 1;
  };
  return {
    /** Of a HAProxy, over all links so far. */
    heartbeats: () => heartbeats,
    /** The ends of `left` and of `right`. */
    make(left: string, right: string): readonly [LinkTo, LinkTo] {
      let close: (why: string) => void = () => {};
      const closed = new Promise<string>((resolve) => {
        close = resolve;
      });
      const one = end(right, close, closed, (message) => hold(right, left, message), passed);
      const two = end(left, close, closed, (message) => hold(left, right, message), passed);
      one.join(two);
      two.join(one);
      made.push({ names: [left, right], close });
      return [one.link, two.link];
    },
    /** All links of that replica, or the one with another. */
    cut(name: string, other?: string): void {
      for (const { names, close } of made)
        if (names.includes(name) && (other === undefined || names.includes(other)))
          close('cut by the test');
    },
  };
}
