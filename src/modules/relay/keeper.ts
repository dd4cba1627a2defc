import { createReadiness, type ReadinessKeeper } from '../../engine/readiness.ts';
import { createStatusBoard, type StatusBoard } from '../../telemetry/status-board.ts';
import { confirmWith } from '../peers/missed/confirm.ts';
import type { Snapshots } from '../snapshot/create.ts';
import { trustKindOf } from './links/trust-files.ts';
import { peersByName } from './named.ts';
import type { Partner } from './ready.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Restore } from './restore.ts';
import type { Sibling } from './sessions.ts';

export interface KeeperOptions {
  readonly relay: RelayOptions;
  readonly restore: Pick<Restore, 'readyWith'>;
  readonly snapshots: Snapshots | undefined;
  readonly partners: () => readonly Partner[];
  readonly siblings: () => readonly Sibling[];
}

/** Readiness of this replica, latched to the worker, and what it tells of itself: each needs what the other knows. */
export function createKeeper(options: KeeperOptions): {
  readonly keeper: ReadinessKeeper;
  readonly board: StatusBoard;
} {
  const { relay, restore, snapshots, partners, siblings } = options;
  const { config, section, source, self, log, now, events, metrics, modules = [] } = relay;
  const { adminSocket, masterSocket, peersSection, mode } = config;
  let incomplete = relay.wasReady?.incomplete ?? false;

  const board = createStatusBoard({
    ...{ self, version: relay.version, section: peersSection, adminSocket, masterSocket, mode },
    trust: trustKindOf(config),
    members: () => source.snapshot(),
    readiness: () => keeper.readiness(),
    incomplete: () => incomplete,
    fixedSection: { name: peersSection, entries: section.slots.length },
    peers: (peers) => peersByName(peers, self.name, partners()),
    snapshot: snapshots?.shown,
    troubles: () => modules.flatMap((each) => each.trouble?.() ?? []),
    ...{ now, wallNow: relay.wallNow },
  });

  const keeper = createReadiness({
    confirm: confirmWith({
      ...{ config, self, board, log, now, events, metrics, cure: 'lesson' },
      onRepairing() {},
      onIncomplete(isIncomplete) {
        incomplete = isIncomplete;
      },
    }),
    wasReady: relay.wasReady?.worker ?? null,
    onReady() {
      metrics.ready.set(1);
      const paired = siblings().filter((each) => each.paired);
      log.info({ paired: paired.map(({ name }) => name) }, 'ready');
    },
    onUnready: (reasons) => {
      metrics.ready.set(0);
      log.warn({ reasons }, 'not ready any more');
    },
    onReadyAgain: () => metrics.ready.set(1),
    onReadyMarker(worker) {
      restore.readyWith(worker);
      relay.onReadyMarker(worker === null ? null : { worker, incomplete });
    },
  });
  return { keeper, board };
}
