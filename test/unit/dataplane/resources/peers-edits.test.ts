import { describe, expect, it } from 'vitest';
import { editModes } from '../../../../src/dataplane/resources/peers-edits.ts';
import { noChanges } from '../../../../src/model/changes.ts';
import { entry } from '../../../helpers/members.ts';

const some = (count: number) => Array.from({ length: count }, (_, i) => entry(`p${i}`));
const v3 = { fullSections: true, unmodelled: false };

describe('editModes', () => {
  it.each([
    ['three additions', { add: some(3) }, ['lines']],
    ['four additions', { add: some(4) }, ['replace', 'lines']],
    ['two updates, which need one read', { update: some(2) }, ['lines']],
    ['three updates', { update: some(3) }, ['replace', 'lines']],
    ['one of each', { add: some(1), update: some(1), remove: some(1) }, ['replace', 'lines']],
    ['a missing section', { create: true, add: some(9) }, ['create']],
  ] as const)('%s: takes the fewest calls on v3, and knows another way', (_, part, modes) => {
    expect(editModes({ ...noChanges, ...part }, v3)).toEqual(modes);
  });

  it('touches single lines only where v2 listens or the section would come back poorer', () => {
    const changes = { ...noChanges, add: some(50) };

    expect(editModes(changes, { fullSections: false, unmodelled: false })).toEqual(['lines']);
    expect(editModes(changes, { fullSections: true, unmodelled: true })).toEqual(['lines']);
  });
});
