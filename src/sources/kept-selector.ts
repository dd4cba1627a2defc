import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { FileAccess } from '../files/files.ts';
import { createStateFile } from '../files/state-file.ts';
import { selectorProblem } from '../model/selector.ts';
import type { FoundSelector } from './kubernetes/scope-finder.ts';

const selector = z.string().refine((text) => selectorProblem(text) === undefined);

const schema = z.object({
  /** Whose it is: the volume may outlive the pod. */
  pod: z.string(),
  selector,
  origin: z.enum(['owner', 'application', 'workload']),
  base: selector.optional(),
});

function fileBeside(configFile: string) {
  return createStateFile(join(dirname(configFile), 'haproxy-peer-sync.selector.json'), schema);
}

/**
 * Keeps the selector that init has found for run, and for each restart of it: whatever becomes of labels and rights
 * meanwhile, the siblings are found by the same.
 */
export async function keepSelector(
  configFile: string,
  pod: string,
  found: FoundSelector | null,
  access: FileAccess,
): Promise<void> {
  if (found === null || found.origin === 'given') return;
  const { selector, origin, base } = found;
  const kept = { pod, selector, origin, ...(base === undefined ? {} : { base }) };
  await fileBeside(configFile).write(kept, access);
}

/** The selector that init has kept for this pod; undefined when it did not, or the file is something else. */
export async function readKeptSelector(
  configFile: string,
  pod: string | undefined,
): Promise<FoundSelector | undefined> {
  const kept = await fileBeside(configFile).read();
  return kept === undefined || (pod !== undefined && kept.pod !== pod) ? undefined : kept;
}
