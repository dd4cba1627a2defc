import type { Configuration, Edit, Step } from '../../apply/edit.ts';
import { refuseObstacles } from '../../apply/refuse.ts';
import { apiUnmodelled } from '../../config-text/api-model.ts';
import type { Variables } from '../../config-text/config-text.ts';
import { editPeersSection, readPeersSection } from '../../config-text/peers-text.ts';
import { entryProblem } from '../../config-text/refuse-entry.ts';
import { edit, editModes } from '../../dataplane/resources/peers-edits.ts';
import { createSections } from '../../dataplane/resources/peers-section.ts';
import { untilLoaded } from '../../dataplane/until-loaded.ts';
import { RemoteError } from '../../errors.ts';
import {
  changedNames,
  hasChanges,
  type PeersChanges,
  remainingChanges,
} from '../../model/changes.ts';
import type { PeersSection } from '../../model/peers-section.ts';
import { provesUnloaded, type RunningPeers } from './running.ts';

/** The name of the module in edits, requests and the log. */
export const peersOwner = 'peers';

export interface SectionOptions {
  readonly sectionName: string;
  /** For names written as variables, e.g. `"$HOSTNAME"`. */
  readonly env: Variables;
  /**
   * The peers of the running worker (`show peers`); missing: HAProxy is not asked, and the result of the applier
   * counts.
   */
  readonly running?: RunningPeers | undefined;
}

/** The peers section of a configuration. */
export function parseSection(
  { text, version, obstacles }: Configuration,
  { sectionName, env }: SectionOptions,
): PeersSection {
  return { ...readPeersSection(text, sectionName, env, version), obstacles };
}

/**
 * The same with a cache, for repeated reads of the same configuration: at rest, parsing 1,000 lines would be most of
 * the work.
 */
export function createSectionReader(options: SectionOptions) {
  let last: { readonly of: Configuration; readonly section: PeersSection } | null = null;
  return (configuration: Configuration): PeersSection => {
    if (last?.of !== configuration) {
      last = { of: configuration, section: parseSection(configuration, options) };
    }
    return last.section;
  };
}

/** `changes` of the peers section, for an applier. */
export function peersEdit(changes: PeersChanges, options: SectionOptions): Edit {
  const { sectionName, env } = options;

  function remaining(configuration: Configuration): Step | null {
    const section = parseSection(configuration, options);
    refuseObstacles(`The peers section "${sectionName}"`, section);
    refuseEntries(changes);
    const left = remainingChanges(section, changes);
    if (!hasChanges(left)) return null;
    if (!section.exists && !left.create) throw sectionMissing(section);
    return {
      what: said(section, left),
      own: { keyword: 'peers', section: sectionName, names: changedNames(left), env },
      inText: (text) => editPeersSection(text, sectionName, left, env),
      ways: (api) => {
        const fullSections = api === 'v3';
        const unmodelled = apiUnmodelled(configuration.text, sectionName).length > 0;
        return editModes(left, { fullSections, unmodelled }).map((mode) => ({
          name: mode,
          make(caller, transaction, signal) {
            const where = { section: sectionName, style: section.style, transaction };
            const how = { mode, fullSections };
            return edit(createSections(caller), where, section, left, how, signal);
          },
        }));
      },
      async lacks(signal) {
        const loaded = async (stop: AbortSignal) => {
          const running = await options.running?.(stop);
          return running === undefined || !provesUnloaded(left, running);
        };
        return (await untilLoaded(loaded, signal)) === false;
      },
    };
  }

  return { owner: peersOwner, remaining };
}

function said({ name }: PeersSection, { create, add, update, remove }: PeersChanges) {
  const names = (entries: readonly { readonly name: string }[]) => entries.map((each) => each.name);
  const changed = { add: names(add), update: names(update), remove: names(remove) };
  return { section: name, create, ...changed };
}

/** Throws `PEER_REFUSED` if an entry is not a valid peer. */
function refuseEntries({ add, update }: PeersChanges): void {
  const problem = [...add, ...update].map(entryProblem).find((found) => found !== undefined);
  if (problem === undefined) return;
  throw new RemoteError('PEER_REFUSED', `Not written: ${problem}`, {
    retryable: false,
    stage: 'read',
  });
}

/** The section was removed after the change was planned: plan again, with `create`. */
function sectionMissing({ name }: PeersSection): RemoteError {
  return new RemoteError(
    'SECTION_MISSING',
    `There is no peers section "${name}" to change, and the change does not create it`,
    { retryable: false, stage: 'read' },
  );
}
