import { nanoid } from 'nanoid';
import type { SidecarConfig } from '../../config/values.ts';
import { sharedTables } from '../../config-text/stick-tables.ts';
import { readText } from '../../files/files.ts';
import { command } from '../../haproxy/socket.ts';
import { parseWorker } from '../../haproxy/worker.ts';
import type { Written } from '../../lesson/choice.ts';
import { playLesson } from '../../lesson/play.ts';
import { recordLesson } from '../../lesson/record.ts';
import type { Log } from '../../log.ts';
import type { Worker } from '../../model/worker.ts';
import type { SnapshotHeader, SnapshotTable } from '../../snapshot/file/about.ts';
import { readSnapshotKeys } from '../../snapshot/file/keys.ts';
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { MetricsOf } from '../../telemetry/metrics.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import { findSnapshot } from './find.ts';
import type { LegPlace } from './leg-place.ts';
import type { snapshotMetrics } from './metrics.ts';
import { playSnapshot } from './play.ts';
import { createRecording, type Recording, type Standing } from './recording.ts';
import { createRestoring, type Restoring } from './restoring.ts';
import { type Taken, takeSnapshot } from './take.ts';
import { createTold } from './told.ts';
import type { Outcome } from './turn/messages.ts';

export interface SnapshotsOptions {
  readonly config: SidecarConfig;
  /** How many tables HAProxy shares, or more. */
  readonly tables: number;
  readonly self: string;
  readonly version: string;
  readonly metrics: MetricsOf<typeof snapshotMetrics>;
  readonly events: Recorder;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
}

/** What only the mode knows. */
export interface SnapshotNeeds {
  /** The slot of HAProxy on which lessons are recorded and played. */
  readonly leg: LegPlace;
  readonly standing: () => Standing;
  /** Whether this replica is ready with that worker, so that its tables are all there is. */
  readonly isReadyWith: (worker: Worker | null) => boolean;
  /** Does it while nothing else is recorded or played on that slot, or when the signal aborts. */
  readonly alone: <T>(act: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

export interface Snapshots {
  readonly recording: Recording;
  readonly restoring: Restoring;
  /** For `/status`. */
  readonly shown: () => NonNullable<Status['snapshot']>;
  /** A command has taken or restored one beside this. */
  readonly byHand: (outcome: Outcome) => void;
}

/** HAProxy is on the same machine: how long it may take to accept, and to go on. */
const acceptMs = 1000;
const silentMs = 5000;

/** The set whose tables these are. */
export function setOf({
  snapshotSet,
  namespace,
  peersSection,
}: Pick<SidecarConfig, 'snapshotSet' | 'namespace' | 'peersSection'>): string {
  return snapshotSet ?? `${namespace ?? ''}/${peersSection}`;
}

/** What `--snapshot` asks for; undefined without it. */
export function snapshotsFor(
  options: SnapshotsOptions,
): ((needs: SnapshotNeeds) => Snapshots) | undefined {
  const { snapshot } = options.config;
  return snapshot === undefined ? undefined : (needs) => create(options, snapshot, needs);
}

/** Records the tables of the own HAProxy, and restores them. */
function create(
  options: SnapshotsOptions,
  directory: string,
  { leg, standing, isReadyWith, alone }: SnapshotNeeds,
): Snapshots {
  const { config, self, metrics, events, log, now, wallNow } = options;
  const { snapshotKeyFile: keyFile, peersSection: section } = config;
  const ours = { set: setOf(config), section };
  const keys = async () => (keyFile === undefined ? [] : readSnapshotKeys(keyFile));

  async function shared(): Promise<readonly SnapshotTable[]> {
    return sharedTables(await readText(config.haproxyConfig));
  }

  const told = createTold(wallNow);
  metrics.snapshotInterval.set(config.snapshotInterval / 1000);

  function onTaken(taken: Taken): void {
    told.taken(taken);
    metrics.snapshots.inc({ outcome: taken.kind });
    if (taken.kind !== 'taken') return;
    metrics.snapshotTaken.set(taken.takenAtMs / 1000);
    metrics.snapshotEntries.set(taken.entries);
    metrics.snapshotBytes.set(taken.bytes);
    metrics.snapshotSeconds.observe(taken.ms / 1000);
  }

  function onRestored(
    path: string,
    { replica, takenAtMs }: Pick<SnapshotHeader, 'replica' | 'takenAtMs'>,
    entries: number,
    expired: number,
  ): void {
    told.restored({ replica, takenAtMs, entries, expired });
    metrics.snapshotRestores.inc({ outcome: 'restored' });
    const when = new Date(takenAtMs).toISOString();
    const message = `${entries} entries of ${path}, recorded by ${replica} at ${when}; ${expired} had expired`;
    events.record({ reason: 'SnapshotRestored', message });
  }

  let written: Written | null = null;
  const recording = createRecording({
    ...{ self, log, now, standing, intervalMs: config.snapshotInterval },
    take: (signal) =>
      takeSnapshot(
        {
          ...{ directory, keep: config.snapshotKeep, now, wallNow },
          origin: { ...ours, replica: self, program: options.version },
          async about() {
            const info = await command(config.adminSocket, 'show info', { signal });
            // A HAProxy that was started anew a moment ago has few entries, and they would pass for all there are.
            if (!isReadyWith(parseWorker(info))) throw new Error('HAProxy was started anew');
            const haproxy = /^Version: (\S+)/m.exec(info)?.[1] ?? null;
            return { haproxy, tables: [...(await shared())] };
          },
          key: async () => (await keys())[0],
          record: (take, signal) =>
            alone(async () => {
              const times = { timeoutMs: acceptMs, silentMs, now };
              const tables = options.tables;
              const recorded = await recordLesson(
                { ...leg, signal, ...times, tables, ...(written && { written }) },
                take,
              );
              written = recorded.kind === 'whole' ? recorded.written : null;
              return recorded;
            }, signal),
          newId: nanoid,
        },
        signal,
      ),
    on: onTaken,
  });

  const restoring = createRestoring({
    ...{ self, log, now, wallNow, tables: shared, limitMs: config.joinTimeout },
    find: async (skip) => findSnapshot(directory, ours, await keys(), skip),
    play: async (found, asked, signal) =>
      playSnapshot(found.path, await keys(), (chunks) =>
        playLesson({ ...leg, signal, timeoutMs: acceptMs, asked, silentMs, now: wallNow }, chunks),
      ),
    on: {
      restored({ path, header }, entries, expired) {
        onRestored(path, header, entries, expired);
      },
      failed(why) {
        metrics.snapshotRestores.inc({ outcome: 'failed' });
        events.record({ reason: 'SnapshotNotRestored', message: why });
      },
      refused({ path, kind, why }) {
        metrics.snapshotRefused.inc({ why: kind });
        events.record({ reason: 'SnapshotRefused', message: `${path}: ${why}` });
      },
    },
  });
  return {
    ...{ recording, restoring },
    shown: () => told.shown(recording.records()),
    byHand(outcome) {
      if (outcome.step === 'restored')
        return onRestored(outcome.path, outcome, outcome.entries, outcome.expired);
      // A copy that lies elsewhere is restored by nobody.
      if (outcome.kept) onTaken({ kind: 'taken', path: '', ...outcome });
    },
  };
}
