import { entryProblem } from '../config-text/refuse-entry.ts';
import { RemoteError } from '../errors.ts';
import type { PeersChanges } from '../model/changes.ts';
import type { PeersSection } from '../model/peers-section.ts';

/** Throws `SECTION_UNMODELLED` when a write would lose or break what the section holds. */
export function refuseObstacles(section: PeersSection): void {
  if (section.obstacles.length === 0) return;
  const why = section.obstacles.join('; ');
  throw new RemoteError(
    'SECTION_UNMODELLED',
    `The peers section "${section.name}" is left alone: ${why}`,
    { retryable: false, stage: 'read' },
  );
}

/** Throws `PEER_REFUSED` when something would be written that is no peer. */
export function refuseEntries({ add, update }: PeersChanges): void {
  const problem = [...add, ...update].map(entryProblem).find((found) => found !== undefined);
  if (problem === undefined) return;
  throw new RemoteError('PEER_REFUSED', `Not written: ${problem}`, {
    retryable: false,
    stage: 'read',
  });
}

/** Somebody removed the section after the change was planned: plan again, with `create`. */
export function sectionMissing(section: PeersSection): RemoteError {
  return new RemoteError(
    'SECTION_MISSING',
    `There is no peers section "${section.name}" to change, and the change does not create it`,
    { retryable: false, stage: 'read' },
  );
}
