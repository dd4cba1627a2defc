import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createStateFile } from '../../../src/files/state-file.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const schema = z.object({ names: z.array(z.string()) });
let directory: string;
let path: string;
beforeEach(() => {
  directory = testFolder();
  path = join(directory, 'state.json');
});

const access = { mode: 0o600, durable: false };
const given = () => createStateFile(path, schema);

describe('a state file', () => {
  it('gives back what was written, to nobody else', async () => {
    await given().write({ names: ['a'] }, access);

    expect(await given().read()).toEqual({ names: ['a'] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('{"names":["a"]}\n');
  });

  it('is unknown once it is removed, and may be removed again', async () => {
    await given().write({ names: [] }, access);
    await given().remove();
    await given().remove();

    expect(await given().read()).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"names":["a'],
    ['something else', '{"names":"a"}'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe])],
    ['more than it may be', `{"names":["${'a'.repeat(1024 * 1024)}"]}`],
  ])('is unknown where it holds %s', async (_, text) => {
    writeFileSync(path, text);

    expect(await given().read()).toBeUndefined();
  });

  it('is unknown where it is none, and says what it cannot write', async () => {
    mkdirSync(path);

    expect(await given().read()).toBeUndefined();
    await expect(given().write({ names: [] }, access)).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
    });
  });
});
