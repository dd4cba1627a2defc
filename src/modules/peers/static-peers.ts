import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { FileAccess } from '../../files/files.ts';
import { createStateFile } from '../../files/state-file.ts';

const schema = z.object({ staticPeers: z.array(z.string()).readonly() });

function fileBeside(configFile: string) {
  return createStateFile(join(dirname(configFile), 'haproxy-peer-sync.json'), schema);
}

/** Tells run which peers of the user's template are not pods, so that it never takes them for pods that are gone. */
export async function writeStaticPeers(
  configFile: string,
  names: readonly string[],
  access: FileAccess,
): Promise<void> {
  await fileBeside(configFile).write({ staticPeers: names }, access);
}

/** The names that init wrote; none when init did not run or wrote something else. */
export async function readStaticPeers(configFile: string): Promise<readonly string[]> {
  return (await fileBeside(configFile).read())?.staticPeers ?? [];
}
