import { monotonicNow, wallNow } from '../clock.ts';
import { observePeers } from '../engine/observe.ts';
import { lookAtWorker } from '../engine/watch-worker.ts';
import { UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import { lessonPlaceOf } from '../modules/peers/lesson-leg.ts';
import { type SnapshotNeeds, snapshotsFor } from '../modules/snapshot/create.ts';
import { createReloadSnapshots, type ReloadSnapshots } from '../modules/snapshot/reload/create.ts';
import { readSnapshotKeys } from '../snapshot/file/keys.ts';
import { askStatus } from '../telemetry/ask-status.ts';
import type { Started } from './start.ts';

/**
 * Snapshots in reload mode; null without `--snapshot`. `UserError` CONFIG_INVALID where haproxy.cfg has no line for them: who gives a
 * directory counts on files in it, and a rollout stops at the first replica that has none.
 */
export async function reloadSnapshots(
  started: Started,
  alone: SnapshotNeeds['alone'],
): Promise<ReloadSnapshots | null> {
  const { config, env, source, self, signal } = started;
  const sectionName = config.peersSection;
  if (config.snapshot === undefined) return null;
  const leg = lessonPlaceOf(await readText(config.haproxyConfig), {
    ...{ sectionName, selfName: self.name, env: haproxyEnv(config, env) },
  });
  if (leg.kind === 'none')
    throw new UserError('CONFIG_INVALID', `--snapshot: ${leg.why}`, {
      hint: 'Give --snapshot to init, too: it writes the line for lessons. Or leave it out.',
    });
  if (config.snapshotKeyFile !== undefined) await readSnapshotKeys(config.snapshotKeyFile);
  const snapshots = snapshotsFor({
    ...{ config, self: self.name, version: started.version, tables: leg.tables },
    ...{ metrics: started.metrics, events: started.events, log: started.log },
    ...{ now: monotonicNow, wallNow },
  });
  if (snapshots === undefined) return null;
  return createReloadSnapshots({
    ...{ snapshots, leg, alone, self: self.name, members: () => source.snapshot() },
    observe: (stop) => observePeers(config.adminSocket, sectionName, stop),
    running: () => lookAtWorker(config.adminSocket, signal),
    ask: ({ address, name }, stop) =>
      askStatus(address, config.listen.port, { timeoutMs: 1000, signal: stop, name }),
    wasReady: started.wasReady?.worker ?? null,
    joinTimeoutMs: config.joinTimeout,
    now: monotonicNow,
  });
}
