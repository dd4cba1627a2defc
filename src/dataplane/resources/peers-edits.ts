import type { PeersChanges } from '../../model/changes.ts';
import type { PeerEntry, PeersSection } from '../../model/peers-section.ts';
import type { Line } from '../schema.ts';
import type { Sections, Where } from './peers-section.ts';

/**
 * `create`: the section with its entries in one call; `lines`: entry by entry; `replace`: the whole section is deleted
 * and created again in the transaction, in a fixed number of calls.
 */
export type EditMode = 'create' | 'lines' | 'replace';

/**
 * Up to this many lines, editing needs no more calls than replacing. With begin, check and commit: at most six calls,
 * and four for one peer that joins.
 */
const maxLineCalls = 3;

/**
 * The ways to make `changes`, with the fewest calls first. The next one is used if a way would lose a line.
 * `fullSections` (v3) allows whole sections. `unmodelled`: a section that is deleted and created again would lose
 * lines, so only single lines may be edited.
 */
export function editModes(
  changes: PeersChanges,
  { fullSections, unmodelled }: { readonly fullSections: boolean; readonly unmodelled: boolean },
): readonly EditMode[] {
  if (changes.create) return ['create'];
  const reads = changes.update.length > 0 ? 1 : 0;
  const calls = reads + changes.add.length + changes.update.length + changes.remove.length;
  return calls > maxLineCalls && fullSections && !unmodelled ? ['replace', 'lines'] : ['lines'];
}

/** Makes `changes` inside the transaction of `where`. */
export async function edit(
  api: Sections,
  where: Where,
  section: PeersSection,
  changes: PeersChanges,
  { mode, fullSections }: { readonly mode: EditMode; readonly fullSections: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (mode === 'create' && fullSections) {
    const entries = Object.fromEntries(changes.add.map((entry) => [entry.name, lineOf(entry)]));
    await api.addSection(where, { name: section.name, peer_entries: entries }, true, signal);
  } else if (mode === 'replace') {
    await replace(api, where, section, changes, signal);
  } else {
    if (mode === 'create') await api.addSection(where, { name: section.name }, false, signal);
    await editLines(api, where, section, changes, signal);
  }
}

async function replace(
  api: Sections,
  where: Where,
  section: PeersSection,
  changes: PeersChanges,
  signal: AbortSignal,
) {
  const full = await api.fullSection(where, signal);
  const key = where.style === 'peer' ? 'peer_entries' : 'servers';
  const lines = new Map(Object.entries(full[key] ?? {}));
  for (const entry of changes.remove) lines.delete(writtenName(section, entry));
  for (const entry of changes.update) {
    const name = writtenName(section, entry);
    lines.set(name, { ...lines.get(name), ...lineOf(entry, name) });
  }
  for (const entry of changes.add) lines.set(entry.name, lineOf(entry));
  await api.removeSection(where, signal);
  await api.addSection(where, { ...full, [key]: Object.fromEntries(lines) }, true, signal);
}

/** Removals first, so that a moved name never occurs twice. */
async function editLines(
  api: Sections,
  where: Where,
  section: PeersSection,
  changes: PeersChanges,
  signal: AbortSignal,
) {
  for (const entry of changes.remove) {
    await api.removeLine(where, writtenName(section, entry), signal);
  }
  if (changes.update.length > 0) {
    // PUT replaces the whole line: keep its other parameters (shard, ssl, metadata).
    const known = new Map((await api.lines(where, signal)).map((line) => [line.name, line]));
    for (const entry of changes.update) {
      const name = writtenName(section, entry);
      await api.putLine(where, { ...known.get(name), ...lineOf(entry, name) }, signal);
    }
  }
  for (const entry of changes.add) await api.addLine(where, lineOf(entry), signal);
}

/** The API does not expand names: it uses `"$HOSTNAME"` as written. */
function writtenName(section: PeersSection, { name, writtenName }: PeerEntry): string {
  const known = section.entries.find((entry) => entry.name === name);
  return writtenName ?? known?.writtenName ?? name;
}

function lineOf({ name, address, port }: PeerEntry, written = name): Line {
  return { name: written, address, port };
}
