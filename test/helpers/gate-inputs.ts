import { hasChanges, type PeersChanges } from '../../src/model/changes.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { PeerState, ResyncState } from '../../src/model/peers-state.ts';
import type { History, PeersGateInput } from '../../src/modules/peers/gate/facts.ts';
import { entry, peer, up } from './members.ts';
import { gate } from './reconciler.ts';
import { wants } from './requests.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

/** One question to the gate: everything that may bear on it, near the limits where it turns. */
export interface GateCase {
  readonly input: PeersGateInput;
  readonly settings: typeof gate;
  readonly nowMs: number;
}

/** The same for the same numbers of `random`. */
export function gateCase(random: () => number): GateCase {
  const nowMs = 1_000_000 + Math.floor(random() * 1_000_000);
  const chance = (share: number) => random() < share;
  const one = <T>(...choices: readonly T[]): T =>
    choices[Math.floor(random() * choices.length)] as T;
  const some = (share: number) => names.slice(1).filter(() => chance(share));
  /** Some time ago, often just about a limit. */
  const ago = (limitMs: number) =>
    nowMs - Math.max(0, Math.floor(limitMs * one(0, 0.5, 0.99, 1, 1.01, 3, random() * 2)));

  const changes: PeersChanges = {
    create: chance(0.03),
    add: chance(0.5) ? some(0.25).map((name) => entry(name)) : [],
    update: chance(0.3) ? some(0.3).map((name) => entry(name)) : [],
    remove: chance(0.4) ? some(0.3).map((name) => entry(name)) : [],
  };

  function session(name: string): PeerState {
    const established = chance(0.8);
    return peer(name, {
      established,
      ...(established
        ? {
            sessionSeconds: one(0, 0, 1, 2, 5, 60),
            behind: one(0, 0, 0, 0, 400),
            unconfirmed: one(0, 0, 0, 400),
            updates: one(0, 1000, 1_000_000),
          }
        : {}),
    });
  }

  function observed(): Observed {
    if (chance(0.03)) return { kind: 'down', why: 'no answer' };
    if (chance(0.03)) return { kind: 'up', state: null };
    const resync: ResyncState = chance(0.06) ? one('pending', 'unknown') : one('learned', 'alone');
    const localName = chance(0.03) ? one('z', null) : 'c';
    const entries = one(0, 0, 40_000, 200_000, 1_000_000);
    const peers = [
      peer('c', { local: true, established: false }),
      ...names.filter((name) => name !== 'c' && chance(0.8)).map(session),
    ];
    return up({ resync, localName, peers, entries });
  }

  const settings = {
    ...gate,
    ...(chance(0.1) ? { staggerMs: 0 } : {}),
    ...(chance(0.05) ? { staggerLimitMs: 0 } : {}),
    ...(chance(0.1) ? { minReloadIntervalMs: 0 } : {}),
  };
  const failures = chance(0.15) ? one(1, 2, 5, 12) : 0;
  const history: History = {
    joinSinceMs: ago(settings.burstLimitMs),
    changedAtMs: ago(settings.burstWindowMs),
    lazySinceMs: ago(settings.removalDelayMs),
    notLoadedSinceMs: ago(settings.unloadedLimitMs),
    lastReloadAtMs: chance(0.4) ? ago(one(settings.minReloadIntervalMs, 12_000, 15_000)) : null,
    lastSessionAtMs: Number.NEGATIVE_INFINITY,
    establishedBefore: some(0.6),
    met: new Set(chance(0.85) ? names.filter((name) => name !== 'c' && chance(0.7)) : []),
    siblingWaitMs: chance(0.3) ? ago(settings.staggerLimitMs) : null,
    failures,
    lastFailureAtMs: failures === 0 ? null : ago(settings.backoffMinMs * 2 ** failures),
    dueMs: chance(0.7) ? ago(one(300, 1000, 3000, 6000)) : null,
    blockedUntilMs: chance(0.2)
      ? Number.POSITIVE_INFINITY
      : nowMs - Math.floor((random() - 0.2) * 3000),
    missedTurns: one(0, 0, 1, 3, 4),
  };
  const hard = chance(0.05);
  const lastSessionAtMs = chance(0.5)
    ? Number.NEGATIVE_INFINITY
    : history.changedAtMs - one(0, 1000, 2699, 2700, 60_000);
  const input: PeersGateInput = {
    changes,
    reasons: hasChanges(changes) ? ['something differs'] : [],
    observed: observed(),
    selfName: 'c',
    memberNames: new Set(['c', ...names.filter(() => chance(0.85))]),
    awaited: chance(0.1) ? 2 : 0,
    history: { ...history, lastSessionAtMs },
    requests: [
      ...(chance(0.15) ? [wants('reload', 'a renewed certificate')] : []),
      ...(hard ? [wants('hard-reload', 'b holds 500 entries', { urgency: 'now' })] : []),
    ],
    wallAheadMs: one(0, 0, 1_700_000_000_123, -500),
    notLoaded: chance(0.12) ? some(0.3) : [],
  };
  return { input, settings, nowMs };
}
