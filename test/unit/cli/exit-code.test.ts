import { describe, expect, it } from 'vitest';
import type { Found } from '../../../src/cli/found.ts';
import { asItIs } from '../../../src/cli/look-at-replicas.ts';
import { exitCodeOf } from '../../../src/cli/status.ts';
import { status } from '../../helpers/status.ts';

const pod = { name: 'web-1', addresses: ['10.0.0.1'], terminating: false, finished: false };
const answers: Found = { name: 'web-1', status: status('web-1') };
const silent: Found = { name: 'web-1', status: null, why: 'does not answer: 502' };

const stays = (found: Found) => asItIs(pod, found);
const leaves = (found: Found) => asItIs({ ...pod, terminating: true }, found);
const ended = asItIs({ ...pod, finished: true }, silent);

describe('the exit code of status', () => {
  it.each<[string, readonly Found[], number]>([
    ['all answer', [stays(answers), stays(answers)], 0],
    ['one does not', [stays(answers), stays(silent)], 1],
    ['one that is being deleted does not', [stays(answers), leaves(silent)], 0],
    ['one that is being deleted does, another one does not', [leaves(answers), stays(silent)], 1],
    ['the pod of an eviction is left over', [stays(answers), ended], 0],
    ['nobody answers, and all are being deleted', [leaves(silent), ended], 1],
    ['there is no pod', [], 1],
  ])('when %s: %#', (_, found, code) => {
    expect(exitCodeOf(found)).toBe(code);
  });

  it('goes with a word for it, also where the pod still answers', () => {
    expect(leaves(answers)).toMatchObject({ pod: 'leaving', status: { name: 'web-1' } });
    expect(leaves(silent)).toMatchObject({ why: expect.stringMatching(/being deleted/) });
    // It may be terminating, too, and its address another pod's.
    expect(asItIs({ ...pod, terminating: true, finished: true }, answers)).toMatchObject({
      ...{ pod: 'ended', status: null, why: expect.stringMatching(/has ended/) },
    });
  });
});
