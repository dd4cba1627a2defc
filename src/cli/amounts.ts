const spans = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `2h 5m` for a person: the two largest units, whole. */
export function spanText(ms: number): string {
  const at = spans.findIndex(([, length]) => ms >= length);
  if (at === -1) return '0s';
  const [unit, length] = spans[at] ?? ['s', 1000];
  const [lesser, lesserLength] = spans[at + 1] ?? ['', 1];
  const rest = Math.floor((ms % length) / lesserLength);
  const more = lesser === '' || rest === 0 ? '' : ` ${rest}${lesser}`;
  return `${Math.floor(ms / length)}${unit}${more}`;
}

/** `1.2 MB`, in powers of ten as `df -H` has them. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${bytes} B`;
}
