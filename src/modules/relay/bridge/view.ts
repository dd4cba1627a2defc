import type { Status } from '../../../telemetry/status-schema.ts';
import type { View } from '../pairing/view.ts';

/** What is known of HAProxy of a pod in reload mode, from its `/status`; the worker is told by its hello. */
export type PlainView = Omit<View, 'worker'>;

/**
 * Without an answer it may hold everything, and is taken for one that can teach: to wait for it costs seconds, and to tell
 * our HAProxy that there is nothing to learn would cost the tables.
 */
export const unknownView: PlainView = { learned: true, fresh: false, entries: 0 };

/** Null: its HAProxy does not run. */
export function viewOf({ resync, tables }: Status): PlainView | null {
  if (resync === null) return null;
  const shared = tables.filter((table) => table.shared);
  return {
    learned: resync !== 'pending',
    fresh: false,
    entries: shared.reduce((sum, { used }) => sum + used, 0),
  };
}
