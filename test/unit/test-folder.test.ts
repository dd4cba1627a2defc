import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder, testFolder } from '../helpers/test-folder.ts';

let earlier = '';

describe('the folder of a test', () => {
  let there = false;
  afterEach(() => {
    there = existsSync(earlier);
  });

  it('is new and empty, and another one for each call', () => {
    earlier = testFolder();
    writeFileSync(join(earlier, 'file'), '');

    expect(readdirSync(testFolder())).toEqual([]);
  });

  it('is removed after what the test itself has to do at its end', () => {
    expect(there).toBe(true);
    expect(existsSync(earlier)).toBe(false);
  });
});

describe('the folder of a suite', () => {
  const seen: boolean[] = [];
  let path = '';
  describe('that runs', () => {
    path = suiteFolder();
    beforeAll(() => void seen.push(existsSync(path)));
    afterAll(() => void seen.push(existsSync(path)));

    it('is the same for all of its tests', () => writeFileSync(join(path, 'file'), ''));
    it('keeps what they put there', () => expect(readdirSync(path)).toEqual(['file']));
  });

  it('is there from before the first until after the last', () => {
    expect(seen).toEqual([true, true]);
    expect(existsSync(path)).toBe(false);
  });
});
