import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { FileAccess } from '../../files/files.ts';
import { createStateFile } from '../../files/state-file.ts';

const schema = z.object({ staticPeers: z.array(z.string()).readonly() });

function fileBeside(configFile: string) {
  return createStateFile(join(dirname(configFile), 'haproxy-peer-sync.json'), schema);
}

/** The static peers of the template in force. */
export interface StaticPeers {
  names(): readonly string[];
  /**
   * A new template may come into force, or has (`isInForce`). From now on its additional peers are kept, and those
   * that it no longer has are not.
   */
  readonly changed: (before: readonly string[], now: readonly string[], isInForce: boolean) => void;
}

export function createStaticPeers(
  found: readonly string[],
  keep: (names: readonly string[]) => void,
): StaticPeers {
  let names = found;
  return {
    names: () => names,
    changed(before, now, isInForce) {
      const added = now.filter((name) => !before.includes(name));
      const left = names.filter(
        (name) => !isInForce || !before.includes(name) || now.includes(name),
      );
      names = [...new Set([...left, ...added])];
      if (isInForce) keep(names);
    },
  };
}

/** Tells run which peers of the user's template are not pods, so that it does not treat them as deleted pods. */
export async function writeStaticPeers(
  configFile: string,
  names: readonly string[],
  access?: FileAccess,
): Promise<void> {
  await fileBeside(configFile).write({ staticPeers: names }, access);
}

/** The names that init wrote; none when init did not run or wrote something else. */
export async function readStaticPeers(configFile: string): Promise<readonly string[]> {
  return (await fileBeside(configFile).read())?.staticPeers ?? [];
}
