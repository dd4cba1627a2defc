import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nextSequence, removePartials, snapshotsIn } from '../../../../src/snapshot/file/folder.ts';
import {
  byHand,
  partialName,
  readSnapshotName,
  snapshotName,
  writerOfPartial,
} from '../../../../src/snapshot/file/names.ts';
import { written } from '../../../helpers/snapshot-input.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

const takenAtMs = Date.UTC(2026, 11, 31, 1, 2, 3);

/** What is on the disk of one that was begun and of which no message has come. */
async function headerAlone(set: string): Promise<Buffer> {
  const path = await written(testFolder(), [], { header: { set } });
  return readFileSync(path).subarray(0, -40);
}

describe('names', () => {
  it.each(['web-0', 'haproxy-7d9c5b5c6d-x2x9z', 'a.b.c', `n${'x'.repeat(252)}`])(
    'of %s are read back',
    (replica) => {
      const name = snapshotName({ sequence: 7, takenAtMs: takenAtMs + 999, replica });
      expect(name.length).toBeLessThan(256);
      expect(readSnapshotName(name)).toEqual({
        ...{ file: name, sequence: 7, takenAtMs, replica: replica.slice(0, 200) },
      });
      expect(writerOfPartial(partialName('V1StGXR8_Z5jdHi6B-myT', replica))).toEqual({
        ...{ replica: replica.slice(0, 200), byHand: false },
      });
      expect(writerOfPartial(partialName(`${byHand}V1StGXR8_Z5jdHi6B-myT`, replica))).toEqual({
        ...{ replica: replica.slice(0, 200), byHand: true },
      });
    },
  );

  it.each([
    ...['', 'x', 'snapshot-1-20261231T010203Z-a.hps', 'snapshot-00000001-20261331T010203Z-a.hps'],
    ...['snapshot-00000001-20261231T010203Z-a/b.hps', 'snapshot-00000001-20261231T010203Z-.hps'],
    ...['.snapshot-a~b.partial', 'snapshot-00000001-20261231T010203Z-a.hps.gz'],
  ])('"%s" is none of a snapshot', (name) => {
    expect(readSnapshotName(name)).toBeNull();
  });
});

describe('a directory', () => {
  it('is listed by number, whatever the dates, and others are passed over', async () => {
    const directory = testFolder();
    const names = [
      snapshotName({ sequence: 9, takenAtMs, replica: 'b' }),
      snapshotName({ sequence: 100_000_000, takenAtMs: takenAtMs - 86_400_000, replica: 'a' }),
      snapshotName({ sequence: 10, takenAtMs: takenAtMs + 86_400_000, replica: 'a' }),
    ];
    for (const name of [...names, 'lost+found', 'notes.txt'])
      writeFileSync(join(directory, name), '');
    const found = await snapshotsIn(directory);
    expect(found.map(({ sequence }) => sequence)).toEqual([100_000_000, 10, 9]);
  });

  it('has a next number above that of every snapshot, and of nothing that is none', async () => {
    const directory = testFolder();
    for (const [sequence, set] of [
      [9, 'other/haproxy-peers'],
      [7, 'default/haproxy-peers'],
    ] as const)
      await written(directory, [], { header: { sequence, set } });
    const foreign = snapshotName({ sequence: 999_999_999_999_999, takenAtMs, replica: 'a' });
    writeFileSync(join(directory, foreign), 'x');
    mkdirSync(join(directory, snapshotName({ sequence: 99, takenAtMs, replica: 'folder' })));
    symlinkSync(
      '/dev/zero',
      join(directory, snapshotName({ sequence: 98, takenAtMs, replica: 'l' })),
    );
    expect(await nextSequence(directory)).toBe(10);
  });

  it('begins with one', async () => {
    expect(await nextSequence(testFolder())).toBe(1);
  });

  it('is freed of what was never finished, but not of what another replica writes now', async () => {
    const directory = testFolder();
    const now = Date.now();
    const own = { replica: 'web-0', set: 'default/b' };
    const put = (name: string, ageMs: number, content: string | Buffer = '') => {
      writeFileSync(join(directory, name), content);
      utimesSync(join(directory, name), (now - ageMs) / 1000, (now - ageMs) / 1000);
    };
    put(partialName('1', 'web-0'), 0, await headerAlone('default/b'));
    put(partialName('4', 'web-0'), 60_000, await headerAlone('other/b'));
    put(partialName('5', 'web-0'), 60_000);
    put(partialName('6', 'web-0'), 2 * 3_600_000);
    put(partialName(`${byHand}1`, 'web-0'), 60_000);
    put(partialName(`${byHand}2`, 'web-0'), 2 * 3_600_000);
    put(partialName('2', 'web-1'), 60_000);
    put(partialName('3', 'web-1'), 2 * 3_600_000);
    put('.other.partial', 2 * 3_600_000);
    expect(await removePartials(directory, own, now)).toBe(4);
    expect(readdirSync(directory).toSorted()).toEqual(
      [
        '.other.partial',
        partialName(`${byHand}1`, 'web-0'),
        partialName('4', 'web-0'),
        partialName('5', 'web-0'),
        partialName('2', 'web-1'),
      ].toSorted(),
    );
  });
});
