import { firstId } from '../../src/modules/backends/endpoints/server-id.ts';

/** Two names of one number, found by trying: `app-` and a number, as pods are called, in their order. */
export function twins(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let index = 0; ; index += 1) {
    const name = `app-${index}`;
    const other = seen.get(firstId(name));
    if (other !== undefined) return other < name ? [other, name] : [name, other];
    seen.set(firstId(name), name);
  }
}
