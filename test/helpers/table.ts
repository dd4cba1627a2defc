import type { Replica } from './replica.ts';

/** HAProxy reads a command line of up to `tune.bufsize`, 16 KiB. */
const lineLimit = 15_000;

function key(index: number): string {
  return `session-${index.toString(36).padStart(6, '0')}`;
}

/** Fills `count` entries in through one replica: key and counter follow from the index. */
export async function fillTable(
  replica: Replica,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  let line = '';
  for (let index = 0; index < count; index++) {
    line += `set table sessions key ${key(index)} data.gpc0 ${index + 1};`;
    if (line.length < lineLimit - 100 && index + 1 < count) continue;
    await replica.ask(line);
    line = '';
    onProgress(index + 1);
  }
}

/** How many of the filled entries a replica holds with the value that was filled in: compared, not counted. */
export async function keptEntries(replica: Replica, count: number): Promise<number> {
  const text = await replica.ask('show table sessions');
  const held = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/key=(\S+) .*gpc0=(\d+)/g)) {
    held.set(name, Number(value));
  }
  let kept = 0;
  for (let index = 0; index < count; index++) {
    if (held.get(key(index)) === index + 1) kept += 1;
  }
  return kept;
}
