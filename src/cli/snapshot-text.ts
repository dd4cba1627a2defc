import type { Status } from '../telemetry/status-schema.ts';
import { bytesText, spanText } from './amounts.ts';
import { count } from './columns.ts';
import type { Found } from './found.ts';

type Snapshot = NonNullable<Status['snapshot']>;

const ago = (atMs: number, nowMs: number) => `${spanText(Math.max(0, nowMs - atMs))} ago`;

function lastText({ last, records }: Snapshot, nowMs: number): string {
  const who = records ? 'taken here' : 'taken by another replica';
  if (last === null) return `${who}; none by this sidecar yet`;
  const { atMs, entries, bytes, ms } = last;
  return `${who}; the last one of this sidecar ${ago(atMs, nowMs)}: ${count(entries)} entries, ${bytesText(bytes)}, in ${ms} ms`;
}

/** What a replica tells of snapshots: label, text, and whether it is bad. */
export function snapshotFacts(
  snapshot: Snapshot,
  nowMs: number,
): readonly { readonly label: string; readonly text: string; readonly bad: boolean }[] {
  const { failure, restored } = snapshot;
  const facts = [{ label: 'snapshots', text: lastText(snapshot, nowMs), bad: false }];
  if (failure !== null)
    facts.push({
      ...{ label: 'snapshots', bad: true },
      text: `failed ${ago(failure.atMs, nowMs)}: ${failure.why}`,
    });
  if (restored !== null) {
    const { atMs, entries, expired, replica, takenAtMs } = restored;
    const more = expired === 0 ? '' : `, ${count(expired)} had expired`;
    facts.push({
      ...{ label: 'restored', bad: false },
      text: `${ago(atMs, nowMs)}: ${count(entries)} entries that ${replica} had recorded ${ago(takenAtMs, atMs).replace(' ago', ' before')}${more}`,
    });
  }
  return facts;
}

/** One line for all replicas: the newest snapshot, or what keeps it. Null: no replica takes part in them. */
export function newestSnapshot(
  found: readonly Found[],
  nowMs: number,
): { readonly text: string; readonly bad: boolean } | null {
  const all = found.flatMap(({ name, status }) =>
    status?.snapshot === undefined ? [] : [{ name, snapshot: status.snapshot }],
  );
  if (all.length === 0) return null;
  const failing = all.find(({ snapshot }) => snapshot.records && snapshot.failure !== null);
  const taken = all.flatMap(({ name, snapshot: { last } }) =>
    last === null ? [] : [{ name, last }],
  );
  const newest = taken.toSorted((left, right) => right.last.atMs - left.last.atMs)[0];
  const text =
    newest === undefined
      ? 'no snapshot since the sidecars started'
      : `newest snapshot ${ago(newest.last.atMs, nowMs)} by ${newest.name}: ${count(newest.last.entries)} entries, ${bytesText(newest.last.bytes)}`;
  const why =
    failing === undefined ? '' : `; ${failing.name} fails: ${failing.snapshot.failure?.why}`;
  const nobody = all.some(({ snapshot }) => snapshot.records) ? '' : '; no replica takes them now';
  return { text: `${text}${why}${nobody}`, bad: why !== '' || nobody !== '' };
}
