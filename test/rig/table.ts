import { connect } from 'node:net';
import type { Replica } from './replica.ts';

/** HAProxy reads a command line of up to `tune.bufsize`, 16 KiB. */
const lineLimit = 15_000;

function key(index: number): string {
  return `session-${index.toString(36).padStart(6, '0')}`;
}

/** Fills `count` entries in through one replica: key and counter follow from the index. Of `every`, each one from `from`. */
export async function fillTable(
  replica: Replica,
  count: number,
  onProgress: (done: number) => void = () => {},
  { from, every }: { readonly from: number; readonly every: number } = { from: 0, every: 1 },
): Promise<void> {
  let line = '';
  for (let index = from; index < count; index += every) {
    line += `set table sessions key ${key(index)} data.gpc0 ${index + 1};`;
    if (line.length < lineLimit - 100 && index + every < count) continue;
    await replica.ask(line);
    line = '';
    onProgress(index + 1);
  }
}

/** Every key and its counter, read line by line: a million entries are no string. */
export function heldEntries(
  replica: Pick<Replica, 'adminSocket'>,
  timeoutMs = 300_000,
): Promise<ReadonlyMap<string, number>> {
  return new Promise((resolve, reject) => {
    const held = new Map<string, number>();
    const socket = connect({ path: replica.adminSocket });
    let rest = '';
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer to show table')));
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.end('show table sessions\n'));
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [, name, value] = /key=(\S+) .*gpc0=(\d+)/.exec(line) ?? [];
        if (name !== undefined) held.set(name, Number(value));
      }
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(held));
  });
}

/** How many of the filled entries are held with the value that was filled in: compared, not counted. */
export function countKept(held: ReadonlyMap<string, number>, count: number): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    if (held.get(key(index)) === index + 1) kept += 1;
  }
  return kept;
}

export async function keptEntries(replica: Replica, count: number): Promise<number> {
  return countKept(await heldEntries(replica), count);
}
