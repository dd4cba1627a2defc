import type { Status } from '../telemetry/status-schema.ts';

type Aggregate = NonNullable<Status['aggregate']>;

const countText = (count: number) => count.toLocaleString('en');

/** A line for the sums of all replicas. Why they are not as they should be is among the troubles. */
export function aggregateFacts(
  aggregate: Aggregate | undefined,
): readonly { readonly label: string; readonly text: string; readonly bad: boolean }[] {
  if (aggregate === undefined) return [];
  const { current, origins, links, tables } = aggregate;
  const keys = tables.map((table) => {
    const evicted = table.evicted > 0 ? `, ${countText(table.evicted)} made room` : '';
    return `${table.name} ${countText(table.keys)} keys${evicted}`;
  });
  const what = keys.length === 0 ? 'no table yet' : keys.join('; ');
  const from = `${origins} ${origins === 1 ? 'HAProxy' : 'HAProxys'}, ${links} ${links === 1 ? 'link' : 'links'}`;
  return [
    {
      label: 'sums',
      text: `${current ? '' : 'not told to HAProxy now: '}${what}; of ${from}`,
      bad: !current || tables.some(({ evicted }) => evicted > 0),
    },
  ];
}
