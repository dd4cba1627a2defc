import { sleep } from '../clock.ts';
import type { Found } from './found.ts';
import type { Look } from './look-at-replicas.ts';
import {
  confirmed,
  type Difference,
  differencesIn,
  sampledAtMs,
  type Told,
} from './table-differences.ts';

/** How often, and after what time, samples are looked at again until each is another one than before. */
const again = { times: 5, pauseMs: 2500 } as const;

const toldBy = (found: readonly Found[]): readonly Told[] =>
  found.flatMap(({ name, status }) => (status === null ? [] : [{ name, status }]));

/** Every replica that has told a sample in both looks has taken it anew. */
function allAnew(before: readonly Found[], found: readonly Found[]): boolean {
  const atMs = new Map(toldBy(before).map((each) => [each.name, sampledAtMs(each)]));
  return toldBy(found).every((each) => {
    const now = sampledAtMs(each);
    return now === null || atMs.get(each.name) !== now;
  });
}

export interface Seen {
  readonly found: readonly Found[];
  /** What this look alone has found; the next one confirms it. */
  readonly suspected: readonly Difference[];
  readonly differences: readonly Difference[];
}

/**
 * One look, compared with the one before. Where that is the first, and finds a difference, a second one follows at once:
 * `--watch` looks again anyway.
 */
export async function see(
  look: Look,
  before: Seen | null,
  { watch, signal }: { readonly watch: boolean; readonly signal: AbortSignal },
): Promise<Seen> {
  let found = await look();
  let suspected = differencesIn(toldBy(found));
  let earlier = before;
  if (earlier === null && suspected.length > 0 && !watch) {
    earlier = { found, suspected, differences: [] };
    for (let time = 0; time < again.times && !allAnew(earlier.found, found); time++) {
      await sleep(again.pauseMs, signal);
      found = await look();
    }
    suspected = allAnew(earlier.found, found) ? differencesIn(toldBy(found)) : [];
  }
  if (earlier === null) return { found, suspected, differences: [] };
  // The same samples again confirm nothing, and leave what is known.
  if (!allAnew(earlier.found, found))
    return { found, suspected: earlier.suspected, differences: earlier.differences };
  return { found, suspected, differences: confirmed(earlier.suspected, suspected) };
}
