const unitsMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  '': 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time as haproxy.cfg writes it, in milliseconds (configuration manual §2.5); NaN: it is none. */
export function readDuration(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(us|ms|s|m|h|d|)$/.exec(text.trim()) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (unitsMs[unit] ?? Number.NaN);
}
