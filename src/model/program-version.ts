export type Version = readonly [number, number, number];

/** The first version number such as 3.4 or 3.4.2 in a text. */
export function versionOf(text: string): Version | null {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

export function atLeast(version: Version, major: number, minor: number, patch = 0): boolean {
  const [a, b, c] = version;
  if (a !== major) return a > major;
  return b !== minor ? b > minor : c >= patch;
}
