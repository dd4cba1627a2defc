import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSnapshotKeys } from '../../../../src/snapshot/file/keys.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

const one = Buffer.from('0123456789abcdef0123456789abcdef');
const two = Buffer.from('fedcba9876543210fedcba9876543210');

function file(text: string): string {
  const path = join(testFolder(), 'key');
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

it('reads one key, or two while they are changed', async () => {
  const [first, second] = [one.toString('base64'), two.toString('base64')];
  expect(await readSnapshotKeys(file(`${first}\n`))).toEqual([one]);
  expect(await readSnapshotKeys(file(`\n${first}\r\n  ${second}`))).toEqual([one, two]);
});

it.each([
  ['', 'it has 0 keys'],
  ['too-short-a-secret', 'key 1 is not 32 bytes'],
  [`${one.toString('hex')}`, 'key 1 is not 32 bytes'],
  [`${one.toString('base64')}\nsecond-secret`, 'key 2 is not 32 bytes'],
  [`${one.toString('base64')}\n`.repeat(3), 'it has 3 keys'],
  ['x'.repeat(5000), 'at most 4096 bytes'],
])('refuses %j and quotes no key', async (text, problem) => {
  const error = await readSnapshotKeys(file(text)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'SNAPSHOT_KEY_INVALID' });
  expect(String(error)).toContain(problem);
  expect(String(error)).not.toMatch(/secret|0123|MDEy/);
});

it('says where there is none', async () => {
  await expect(readSnapshotKeys('/nowhere/key')).rejects.toMatchObject({
    code: 'SNAPSHOT_KEY_INVALID',
  });
});
