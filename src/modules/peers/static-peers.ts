import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../../files/files.ts';

const schema = z.object({ staticPeers: z.array(z.string()) });

function fileBeside(configFile: string): string {
  return join(dirname(configFile), 'haproxy-peer-sync.json');
}

/** Tells run which peers of the user's template are not pods, so that it never takes them for pods that are gone. */
export async function writeStaticPeers(
  configFile: string,
  names: readonly string[],
  access: { readonly mode: number; readonly gid?: number },
): Promise<void> {
  const text = `${JSON.stringify({ staticPeers: names })}\n`;
  await writeFileAtomic(fileBeside(configFile), text, access);
}

/** The names that init wrote; none when init did not run or wrote something else. */
export async function readStaticPeers(configFile: string): Promise<readonly string[]> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(fileBeside(configFile), 'utf8')));
    return parsed.success ? parsed.data.staticPeers : [];
  } catch {
    return [];
  }
}
