/** Acts on all items, at most `parallel` at the same time. The results are in the order of the items. */
export async function inTurns<T, R>(
  items: readonly T[],
  parallel: number,
  act: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += parallel) {
    results.push(...(await Promise.all(items.slice(at, at + parallel).map(act))));
  }
  return results;
}
