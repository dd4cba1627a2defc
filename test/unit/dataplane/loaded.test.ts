import { describe, expect, it } from 'vitest';
import { createLoaded } from '../../../src/dataplane/loaded.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { entry, peer } from '../../helpers/members.ts';

const never = new AbortController().signal;
const adds = { ...noChanges, add: [entry('b')] };

describe('whether a worker goes on without a change', () => {
  it.each([
    ['nobody can be asked', undefined],
    ['it does not answer', async () => undefined],
    ['it has the names', async () => [peer('b')]],
  ])('is not said where %s', async (_title, ask) => {
    expect(await createLoaded(ask).lacks(adds, never)).toBe(false);
  });

  it('is looked at again while the old worker may still answer', async () => {
    const answers = [[peer('a')], [peer('a'), peer('b')]];

    expect(await createLoaded(async () => answers.shift()).lacks(adds, never)).toBe(false);
    expect(answers).toEqual([]);
  });

  it('is in doubt when the program ends meanwhile', async () => {
    const stop = new AbortController();
    const ask = async () => {
      setImmediate(() => stop.abort(new Error('stopped')));
      return [peer('a')];
    };

    await expect(createLoaded(ask).lacks(adds, stop.signal)).rejects.toThrow();
  });
});
