import type { Applied, Applier } from '../../src/apply/applier.ts';
import { createMemoryApplier } from '../../src/apply/memory.ts';
import { editPeersSection } from '../../src/config-text/peers-text.ts';
import { noChanges, type PeersChanges } from '../../src/model/changes.ts';
import type { PeersSection } from '../../src/model/peers-section.ts';
import { parseSection, peersEdit, type SectionOptions } from '../../src/modules/peers/edit.ts';

/** An applier as a test of the peers section wants to see it: sections out, changes in. */
export interface PeersApplier extends Pick<Applier, 'name' | 'reload' | 'hardReload' | 'close'> {
  readonly read: (signal: AbortSignal) => Promise<PeersSection>;
  /** Whether a reload is left to do, of a change that was cut off. */
  readonly reloadDue: (signal: AbortSignal) => Promise<boolean>;
  readonly apply: (
    base: Pick<PeersSection, 'version'>,
    changes: PeersChanges,
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ) => Promise<Applied>;
}

export function peersApplier(applier: Applier, options: SectionOptions): PeersApplier {
  return {
    name: applier.name,
    async read(signal) {
      return parseSection(await applier.read(signal), options);
    },
    async reloadDue(signal) {
      return (await applier.read(signal)).reloadDue === true;
    },
    apply({ version }, changes, signal, mayRetry) {
      const edits = [peersEdit(changes, options)];
      return applier.commit({ text: '', version, obstacles: [] }, edits, signal, mayRetry);
    },
    reload: (signal, mayRetry) => applier.reload(signal, mayRetry),
    hardReload: (signal) => applier.hardReload(signal),
    close: () => applier.close(),
  };
}

/** The options for `section`, where nobody is asked what runs. */
export function optionsOf({ name }: Pick<PeersSection, 'name'>): SectionOptions {
  return { sectionName: name, env: {} };
}

/** A configuration that is this section and nothing else. */
export function textOf({ name, exists, entries, lesson }: PeersSection): string {
  const add = [...entries, ...(lesson === undefined ? [] : [lesson])];
  return exists ? editPeersSection('', name, { ...noChanges, create: true, add }) : '';
}

/** The applier for tests, which begins with `section`. */
export function memoryOf(section: PeersSection): Applier {
  return createMemoryApplier({ text: textOf(section), obstacles: section.obstacles });
}
