import type { Log } from '../log.ts';
import { changedEntries, hasChanges, remainingChanges } from '../model/changes.ts';
import type { PeersSection } from '../model/peers-section.ts';
import type { Applier } from './applier.ts';
import { refuseEntries, refuseObstacles, sectionMissing } from './refuse.ts';

/** A section that lives in this process: for tests. */
export function createMemoryApplier(options: { readonly section: PeersSection }): Applier {
  let section = options.section;
  let version = 1;
  return {
    name: 'memory',
    async read() {
      return section;
    },
    async apply(_base, changes, signal) {
      signal.throwIfAborted();
      refuseObstacles(section);
      refuseEntries(changes);
      const remaining = remainingChanges(section, changes);
      if (!hasChanges(remaining)) {
        return { reloaded: false, version: section.version, attempts: 1 };
      }
      if (!section.exists && !remaining.create) throw sectionMissing(section);
      version += 1;
      const entries = changedEntries(section, remaining);
      section = { ...section, exists: true, entries, version: `memory-${version}` };
      return { reloaded: true, version: section.version, attempts: 1 };
    },
    async reload() {},
    async hardReload() {
      return false;
    },
    async close() {},
  };
}

/**
 * Reads the real section and writes nothing: says once what it would do, and goes on as if it had, until the real
 * section changes.
 */
export function createDryRunApplier(reader: Applier, log: Log): Applier {
  let pretended: { readonly realVersion: string; readonly section: PeersSection } | undefined;

  async function read(signal: AbortSignal): Promise<PeersSection> {
    const real = await reader.read(signal);
    if (pretended?.realVersion === real.version) return pretended.section;
    pretended = undefined;
    return real;
  }

  return {
    name: `dry-run of ${reader.name}`,
    read,
    async apply(_base, changes, signal) {
      const section = await read(signal);
      refuseObstacles(section);
      refuseEntries(changes);
      const remaining = remainingChanges(section, changes);
      if (hasChanges(remaining)) {
        if (!section.exists && !remaining.create) throw sectionMissing(section);
        const names = (entries: readonly { readonly name: string }[]) =>
          entries.map(({ name }) => name);
        log.info(
          {
            section: section.name,
            create: remaining.create,
            add: names(remaining.add),
            update: names(remaining.update),
            remove: names(remaining.remove),
          },
          'dry run: would change the peers section and reload HAProxy',
        );
        pretended = {
          realVersion: section.version,
          section: { ...section, exists: true, entries: changedEntries(section, remaining) },
        };
      }
      return { reloaded: false, version: section.version, attempts: 1 };
    },
    async reload() {
      log.info('dry run: HAProxy would be reloaded');
    },
    async hardReload() {
      log.info('dry run: HAProxy would be reloaded hard');
      return false;
    },
    close: () => reader.close(),
  };
}
