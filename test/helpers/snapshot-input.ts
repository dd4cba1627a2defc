import type { SnapshotHeader } from '../../src/snapshot/file/about.ts';
import { openSnapshot } from '../../src/snapshot/file/open-snapshot.ts';
import { SnapshotRefused } from '../../src/snapshot/file/refusal.ts';
import { type SnapshotDisk, writeSnapshot } from '../../src/snapshot/file/write-snapshot.ts';

export const takenAtMs = Date.UTC(2026, 0, 31, 23, 59, 59, 500);

export function headerOf(
  change: Partial<Omit<SnapshotHeader, 'seal'>> = {},
): Omit<SnapshotHeader, 'seal'> {
  return {
    ...{
      id: 'idOf-this_one',
      sequence: 42,
      set: 'default/haproxy-peers',
      section: 'haproxy-peers',
    },
    ...{ replica: 'web-0', program: '0.1.0', haproxy: '3.4.0', takenAtMs },
    tables: [{ name: 'sessions', keys: 'string 64' }],
    ...change,
  };
}

/** Writes these messages, one millisecond apart. */
export async function written(
  directory: string,
  messages: readonly Buffer[],
  more: {
    readonly header?: Partial<Omit<SnapshotHeader, 'seal'>>;
    readonly key?: Buffer;
    readonly disk?: SnapshotDisk;
  } = {},
): Promise<string> {
  const { header, ...rest } = more;
  const writer = await writeSnapshot({ directory, header: headerOf(header), ...rest });
  for (const [index, message] of messages.entries()) await writer.add(message, index);
  return (await writer.finish({ entries: messages.length, tookMs: messages.length })).path;
}

/** All that is in it, or the kind of refusal. */
export async function readBack(path: string, keys: readonly Buffer[] = []) {
  try {
    const { header, trailer, chunks, close } = await openSnapshot(path, keys);
    const read = [];
    try {
      for await (const chunk of chunks()) read.push(chunk);
    } finally {
      await close();
    }
    return {
      header,
      trailer,
      chunks: read,
      bytes: Buffer.concat(read.map((each) => each.messages)),
    };
  } catch (error) {
    if (error instanceof SnapshotRefused) return error;
    throw error;
  }
}

/** How it was refused; throws where it was not. */
export async function refusalOf(path: string, keys: readonly Buffer[] = []): Promise<string> {
  const result = await readBack(path, keys);
  if (result instanceof SnapshotRefused) return result.kind;
  throw new Error('it was read');
}
