import { describe, expect, it } from 'vitest';
import type { Edit, Step } from '../../../src/apply/edit.ts';
import { remainingSteps, withoutRefused } from '../../../src/apply/held.ts';
import { type ErrorCode, RemoteError } from '../../../src/errors.ts';

const configuration = { text: '', version: '1', obstacles: [] };

function refusal(code: ErrorCode, stage = 'check', retryable = false): RemoteError {
  return new RemoteError(code, code, { retryable, stage });
}

/** An edit that adds its owner's name to the text. */
function edit(owner: string, fault: Error | null = null): Edit {
  const step: Step = {
    what: {},
    own: { keyword: 'backend', section: owner, names: new Set(), env: {} },
    inText: (text) => text + owner,
    ways: () => [],
    lacks: async () => false,
  };
  return {
    owner,
    remaining() {
      if (fault !== null) throw fault;
      return step;
    },
  };
}

/** What is made of `edits` where `refused` owners are refused, together and alone. */
async function made(
  edits: readonly Edit[],
  refused: readonly string[],
  error = refusal('DATAPLANE_REJECTED'),
) {
  const tries: string[] = [];
  const result = await withoutRefused(
    remainingSteps(edits, configuration),
    async (steps) => {
      const owners = steps.map(({ owner }) => owner);
      tries.push(owners.join('+'));
      if (owners.some((owner) => refused.includes(owner))) throw error;
      return owners;
    },
    async ({ owner }) => {
      tries.push(`${owner}?`);
      if (refused.includes(owner)) throw error;
    },
  );
  return { made: result.made, held: result.held.map(({ owner }) => owner), tries };
}

describe('the edits of several owners', () => {
  it('are made at once', async () => {
    expect(await made([edit('a'), edit('b')], [])).toEqual({
      ...{ made: ['a', 'b'], held: [], tries: ['a+b'] },
    });
  });

  it('are made without the one that is refused, which is found by trying each', async () => {
    expect(await made([edit('a'), edit('b'), edit('c')], ['b'])).toEqual({
      ...{ made: ['a', 'c'], held: ['b'], tries: ['a+b+c', 'a?', 'b?', 'c?', 'a+c'] },
    });
  });

  it('are made without the one that must not be done', async () => {
    const fault = refusal('SECTION_UNMODELLED', 'read');

    expect(await made([edit('a', fault), edit('b')], [])).toMatchObject({
      made: ['b'],
      held: ['a'],
    });
  });

  it('fail together when all are refused, or nobody alone', async () => {
    await expect(made([edit('a'), edit('b')], ['a', 'b'])).rejects.toThrow('DATAPLANE_REJECTED');
    await expect(made([edit('a')], ['a'])).rejects.toThrow('DATAPLANE_REJECTED');
    const fault = refusal('PEER_REFUSED', 'read');
    expect(() => remainingSteps([edit('a', fault)], configuration)).toThrow('PEER_REFUSED');
    const all = () => Promise.reject(refusal('DATAPLANE_REJECTED'));
    const steps = remainingSteps([edit('a'), edit('b')], configuration);
    await expect(withoutRefused(steps, all, async () => {})).rejects.toThrow('DATAPLANE_REJECTED');
  });

  it.each([
    ['may succeed the next time', refusal('DATAPLANE_CONFLICT', 'commit', true)],
    ['HAProxy could not load, which no check finds', refusal('RELOAD_FAILED', 'commit')],
    ['is no refusal', new Error('a defect') as RemoteError],
  ])('are not tried one by one for what %s', async (_title, error) => {
    const steps = remainingSteps([edit('a'), edit('b')], configuration);
    const alone = async () => {
      throw new Error('tried alone');
    };

    await expect(withoutRefused(steps, () => Promise.reject(error), alone)).rejects.toBe(error);
  });

  it('say what went wrong while they were tried one by one', async () => {
    const away = refusal('DATAPLANE_UNREACHABLE', 'begin', true);
    const steps = remainingSteps([edit('a'), edit('b')], configuration);
    const all = () => Promise.reject(refusal('DATAPLANE_REJECTED'));

    await expect(withoutRefused(steps, all, () => Promise.reject(away))).rejects.toBe(away);
  });
});
