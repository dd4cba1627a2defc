/** Of a whole file: `snapshot-00000042-20260131T235959Z-web-0.hps`. */
const whole =
  /^snapshot-(?<sequence>\d{8,15})-(?<date>\d{8}T\d{6}Z)-(?<replica>[A-Za-z0-9_.:-]{1,200})\.hps$/;

const partial = /^\.snapshot-(?<replica>[A-Za-z0-9_.:-]{1,200})~(?<id>[\w-]{1,40})\.partial$/;

export interface SnapshotName {
  readonly file: string;
  /** Grows within a directory, whatever the clock does. */
  readonly sequence: number;
  /** When it was taken, in whole seconds: milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly replica: string;
}

export interface NameParts {
  readonly sequence: number;
  readonly takenAtMs: number;
  readonly replica: string;
}

/** Longer names are cut: the header has the whole one. */
const shortReplica = (replica: string): string => replica.slice(0, 200);

export function snapshotName({ sequence, takenAtMs, replica }: NameParts): string {
  const date = new Date(takenAtMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return `snapshot-${String(sequence).padStart(8, '0')}-${date}-${shortReplica(replica)}.hps`;
}

/** How the `id` of a snapshot begins that somebody has asked for. */
export const byHand = 'hand-';

/** What it is called until it is whole. No other file has the `id`, whoever writes in the same directory. */
export function partialName(id: string, replica: string): string {
  return `.snapshot-${shortReplica(replica)}~${id}.partial`;
}

/** Null: it is none of ours. */
export function readSnapshotName(file: string): SnapshotName | null {
  const { sequence, date = '', replica = '' } = whole.exec(file)?.groups ?? {};
  if (sequence === undefined) return null;
  const [, y, m, d, h, min, s] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(date) ?? [];
  const takenAtMs = Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
  return Number.isNaN(takenAtMs) ? null : { file, sequence: Number(sequence), takenAtMs, replica };
}

/** Who began this file and has not finished it; null: it is no such file. `byHand`: a command beside the sidecar. */
export function writerOfPartial(
  file: string,
): { readonly replica: string; readonly byHand: boolean } | null {
  const { replica, id = '' } = partial.exec(file)?.groups ?? {};
  return replica === undefined ? null : { replica, byHand: id.startsWith(byHand) };
}
