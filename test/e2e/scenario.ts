import { expect } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import type { Replica } from './replica.ts';
import type { Stage } from './stage.ts';
import { missingKeys, type Traffic } from './traffic.ts';

/** Entries that are there before anything changes. */
export const entries = 40_000;

export function figure(name: string, value: string): void {
  console.log(`e2e: ${name}: ${value}`);
}

export function seconds(startedMs: number): string {
  return `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
}

/** A pod that is gone cannot be asked; this is how often one may have reloaded for who replaces it. */
const leaverReloads = 3;

export interface Scenario {
  readonly stage: Stage;
  readonly traffic: Traffic;
  readonly what: string;
  /** Replicas at its end. */
  readonly count: number;
  /** A pod that is killed takes what it has not pushed yet, and its connections, with it. */
  readonly violent?: true;
  /** Most reloads of a replica that was there before and still is. */
  readonly reloads: number;
  /** A pod's name as a peer; the pod's own without it. */
  readonly nameOf?: (pod: string) => string;
  /** Resolves when it is over as far as Kubernetes is concerned. */
  play(): Promise<void>;
}

export interface Outcome {
  readonly replicas: readonly Replica[];
  readonly ms: number;
}

/** Plays a change under traffic, and fails for a lost entry, a reload too many, or an answer 5xx. */
export async function play(scenario: Scenario): Promise<Outcome> {
  const { stage, traffic, what, count } = scenario;
  await stage.settled();
  const present = await stage.present();
  const before = await reloadCounts(present);
  const uids = await uidsOf(present);
  await traffic.account();
  const started = Date.now();

  await scenario.play();

  const ms = Date.now() - started;
  const replicas = await stage.replicas(count);
  await allKeep(replicas);
  await allEstablished(replicas, scenario.nameOf);
  const { acked, statuses, errors, retried } = await traffic.account();
  const missing = await missingKeys(replicas, acked);
  const after = await reloadCounts(replicas);
  const caused = [...after].filter(([pod]) => before.has(pod));
  const old = caused.map(([pod, reloads]) => reloads - (before.get(pod) ?? 0));
  const young = [...after].filter(([pod]) => !before.has(pod)).map(([, reloads]) => reloads);
  figure(
    what,
    [
      `${(ms / 1000).toFixed(1)} s`,
      `${entries} of ${entries} entries on each of ${count}`,
      `reloads of old replicas ${list(old)}, of new ones ${list(young)}`,
      `${acked.length} requests answered, ${errors.length} connection errors, ${retried} sent again`,
      `answered keys missing on some replica ${missing.somewhere}, on all ${missing.everywhere}`,
    ].join('; '),
  );
  for (const detail of missing.details) figure('  missing', detail);
  for (const [what, atMs, address] of errors) {
    figure('  error', `${what} ${address} ${new Date(atMs).toISOString().slice(14, 23)}`);
  }
  expect(Object.keys(statuses).filter((status) => Number(status) >= 500)).toEqual([]);
  expect(acked.length).toBeGreaterThan(0);
  expect(Math.max(0, ...old)).toBeLessThanOrEqual(scenario.reloads);
  if (scenario.violent === undefined) {
    // A connection may be sent to a pod that is long gone, where the node remembers its ports (conntrack, TIME_WAIT).
    expect(errors.filter(([what]) => what !== 'EHOSTUNREACH')).toEqual([]);
  }
  // Updates in flight stay on one replica, at its reload and at its end (docs/measurements.md, what cannot be kept). Nothing else is lost.
  const stays = await uidsOf(replicas);
  for (const [pod, moments] of missing.moments) {
    // Another pod of its name has taken its place: it has left, too.
    const counted = uids.get(pod) === stays.get(pod) ? after.get(pod) : undefined;
    const most = counted === undefined ? leaverReloads + 1 : counted - (before.get(pod) ?? 0);
    expect(moments, `moments of less than a second when ${pod} lost keys`).toBeLessThanOrEqual(
      most,
    );
  }
  return { replicas, ms };
}

function list(numbers: readonly number[]): string {
  return numbers.length === 0 ? '-' : numbers.join(' ');
}

async function uidsOf(replicas: readonly Replica[]): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await Promise.all(replicas.map(async (each) => [each.pod, await each.uid()] as const)),
  );
}

async function reloadCounts(replicas: readonly Replica[]): Promise<ReadonlyMap<string, number>> {
  const counts = await Promise.all(
    replicas.map(async (each) => [each.pod, await each.reloads()] as const),
  );
  return new Map(counts);
}

/** Every filled entry with its value on every replica. */
export async function allKeep(replicas: readonly Replica[], count = entries): Promise<void> {
  for (const replica of replicas) {
    await eventually(
      async () => {
        const kept = await replica.kept();
        if (kept !== count) throw new Error(`${replica.pod} keeps ${kept} of ${count} entries`);
      },
      { timeoutMs: 20_000, intervalMs: 500 },
    );
  }
}

export async function allEstablished(
  replicas: readonly Replica[],
  nameOf: (pod: string) => string = (pod) => pod,
): Promise<void> {
  for (const replica of replicas) {
    const siblings = replicas
      .filter(({ pod }) => pod !== replica.pod)
      .map(({ pod }) => nameOf(pod));
    await eventually(
      async () => {
        const established = await replica.established();
        const missing = siblings.filter((pod) => !established.includes(pod));
        if (missing.length > 0) throw new Error(`${replica.pod} has no session with ${missing}`);
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
  }
}
