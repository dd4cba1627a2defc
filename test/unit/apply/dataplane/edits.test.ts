import { describe, expect, it } from 'vitest';
import { editMode } from '../../../../src/apply/dataplane/edits.ts';
import { noChanges } from '../../../../src/model/changes.ts';
import { entry } from '../../../helpers/members.ts';

const some = (count: number) => Array.from({ length: count }, (_, i) => entry(`p${i}`));
const v3 = { fullSections: true, unmodelled: false };

describe('editMode', () => {
  it.each([
    ['three additions', { add: some(3) }, 'lines'],
    ['four additions', { add: some(4) }, 'replace'],
    ['two updates, which need one read', { update: some(2) }, 'lines'],
    ['three updates', { update: some(3) }, 'replace'],
    ['one of each', { add: some(1), update: some(1), remove: some(1) }, 'replace'],
    ['a missing section', { create: true, add: some(9) }, 'create'],
  ] as const)('%s: stays within five calls on v3', (_, part, mode) => {
    expect(editMode({ ...noChanges, ...part }, v3)).toBe(mode);
  });

  it('touches single lines only where v2 listens or the section would come back poorer', () => {
    const changes = { ...noChanges, add: some(50) };

    expect(editMode(changes, { fullSections: false, unmodelled: false })).toBe('lines');
    expect(editMode(changes, { fullSections: true, unmodelled: true })).toBe('lines');
  });
});
