import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { watchFile } from '../../../../../src/modules/backends/file/watch-file.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

it('tells once of each write, however it is made, and of no file as little as of the same one', async () => {
  const folder = testFolder();
  const path = join(folder, 'haproxy.cfg');
  const { outdated, watch } = watchFile(path, 5);
  const stop = new AbortController();
  let pokes = 0;
  const waiting: (() => void)[] = [];
  const ended = watch(() => {
    pokes += 1;
    waiting.shift()?.();
  }, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  async function after(write: () => void): Promise<void> {
    const poked = new Promise<void>((resolve) => waiting.push(resolve));
    write();
    await poked;
  }

  expect(outdated()).toBe(true);
  expect(outdated()).toBe(false);
  await after(() => writeFileSync(path, 'one'));
  expect(outdated()).toBe(true);
  await after(() => {
    writeFileSync(`${path}.new`, 'two');
    renameSync(`${path}.new`, path);
  });
  expect([outdated(), outdated()]).toEqual([true, false]);
  const before = pokes;
  rmSync(path);
  await after(() => writeFileSync(path, 'three'));

  // Writing is not one step: a file may be seen empty first.
  expect(pokes - before).toBeLessThanOrEqual(2);
});
