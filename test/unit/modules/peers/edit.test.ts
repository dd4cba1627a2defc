import { describe, expect, it } from 'vitest';
import { noChanges } from '../../../../src/model/changes.ts';
import { peersEdit } from '../../../../src/modules/peers/edit.ts';
import type { RunningPeers } from '../../../../src/modules/peers/running.ts';
import { entry, peer, section } from '../../../helpers/members.ts';
import { optionsOf, textOf } from '../../../helpers/peers-applier.ts';

const never = new AbortController().signal;
const began = section(['a']);

/** Adds b to a section with a. */
async function lacks(
  running: RunningPeers | undefined,
  signal = never,
): Promise<boolean | undefined> {
  const edit = peersEdit({ ...noChanges, add: [entry('b')] }, { ...optionsOf(began), running });
  const step = edit.remaining({ text: textOf(began), version: '1', obstacles: [] });
  return step?.lacks(signal);
}

describe('whether a worker goes on without a change', () => {
  it.each([
    ['nobody can be asked', undefined],
    ['it does not answer', async () => undefined],
    ['it has the names', async () => [peer('b')]],
  ])('is not said where %s', async (_title, ask) => {
    expect(await lacks(ask)).toBe(false);
  });

  it('is looked at again while the old worker may still answer', async () => {
    const answers = [[peer('a')], [peer('a'), peer('b')]];

    expect(await lacks(async () => answers.shift())).toBe(false);
    expect(answers).toEqual([]);
  });

  it('is in doubt when the program ends meanwhile', async () => {
    const stop = new AbortController();
    const ask = async () => {
      setImmediate(() => stop.abort(new Error('stopped')));
      return [peer('a')];
    };

    await expect(lacks(ask, stop.signal)).rejects.toThrow();
  });
});
