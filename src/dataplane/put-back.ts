import { impliedDefaults, writtenByApi } from '../config-text/api-model.ts';
import type { OwnEntries } from '../config-text/foreign-lines.ts';
import type { Caller } from './caller.ts';
import { refuseDamage, WouldDamage } from './damage.ts';

export interface PutBack {
  readonly text: string;
  /** The version in the API's memory: a commit that comes between makes the call fail with 409. */
  readonly version: string;
  /** `memory`: without a reload. `load`: with a checked one. */
  readonly how: 'memory' | 'load';
  /** Damage by any write of the API that is known in advance. */
  readonly obstacles: readonly string[];
  /** Entries whose lines may differ. */
  readonly own: readonly OwnEntries[];
  /** The text, known to the API, from which `text` was made. Missing: `text` itself. */
  readonly known?: string;
  /** What the API would write for `text`, for its origin, or for a text made from it. */
  readonly rehearse: () => Promise<string>;
}

/**
 * Makes a text the configuration in the API's memory and on disk. This is the only place that uses `POST raw`, which
 * does not copy the text: the API parses and rewrites it, so a file that the API has never written may lose lines.
 * Throws `WouldDamage`, and posts nothing, unless the API has written the text itself or would keep every line.
 */
export type PutsBack = (request: PutBack) => Promise<void>;

export function createPutBack({ call }: Caller): PutsBack {
  return async (request) => {
    await refuse(request);
    const { text, version, how } = request;
    const reload = how === 'load' ? { force_reload: 'true' } : { skip_reload: 'true' };
    await call(
      {
        stage: 'repair',
        method: 'POST',
        path: '/configuration/raw',
        text,
        query: { version, ...reload },
        expect: [201, 202],
      },
      'slow',
    );
  };
}

async function refuse(request: PutBack): Promise<void> {
  const { text, obstacles, own, rehearse, known = text } = request;
  if (obstacles.length > 0) throw new WouldDamage(obstacles.join('; '));
  if (writtenByApi(known)) return;
  const [implied] = impliedDefaults(text);
  if (implied !== undefined) throw new WouldDamage(implied);
  refuseDamage(known, await rehearse(), own);
}
