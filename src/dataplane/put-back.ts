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
  /** What is known beforehand that any write of the API would damage. */
  readonly obstacles: readonly string[];
  /** Entries whose lines may differ. */
  readonly own: readonly OwnEntries[];
  /** What `text` was made from, where it is one that the API knows; missing: `text` itself. */
  readonly known?: string;
  /** What the API would write, of `text` or of something that was made from it, or that it was made from. */
  readonly rehearse: () => Promise<string>;
}

/**
 * Makes a text the configuration in the API's memory and on disk: the only way to `POST raw`, which is no copy. The API
 * parses what it is given and writes it anew, so a file that it has never written may come out poorer. Throws
 * `WouldDamage`, and posts nothing, unless the API has written the text itself or would keep every line of it.
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
