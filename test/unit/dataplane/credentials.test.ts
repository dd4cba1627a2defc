import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCredentials } from '../../../src/dataplane/credentials.ts';
import { testFolder } from '../../helpers/test-folder.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = testFolder();
  file = join(directory, 'password');
});

function basic(password: string): string {
  return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
}

describe('credentials', () => {
  it('reads the password without the line end', async () => {
    writeFileSync(file, 'päss word \r\n');

    expect(await createCredentials('admin', file).header()).toBe(basic('päss word '));
  });

  it('follows a file that is replaced by a rename, as a mounted secret is', async () => {
    writeFileSync(file, 'one');
    const credentials = createCredentials('admin', file);
    await credentials.header();
    writeFileSync(`${file}.new`, 'two');
    renameSync(`${file}.new`, file);

    expect(await credentials.header()).toBe(basic('two'));
  });

  it('finds another password on refresh even when inode, time and size are the same', async () => {
    writeFileSync(file, 'one');
    utimesSync(file, 1, 1);
    const credentials = createCredentials('admin', file);
    await credentials.header();
    writeFileSync(file, 'two');
    utimesSync(file, 1, 1);

    expect([await credentials.refresh(), await credentials.refresh()]).toEqual([true, false]);
    expect(await credentials.header()).toBe(basic('two'));
  });

  it('says that the file is missing, retryable, and works once it is there', async () => {
    const credentials = createCredentials('admin', file);

    await expect(credentials.header()).rejects.toMatchObject({
      code: 'DATAPLANE_UNAUTHORIZED',
      retryable: true,
      message: expect.stringContaining(file),
    });
    writeFileSync(file, 'late');
    expect(await credentials.header()).toBe(basic('late'));
  });

  it('does not take an empty file for a password', async () => {
    writeFileSync(file, '\n');

    await expect(createCredentials('admin', file).header()).rejects.toMatchObject({
      code: 'DATAPLANE_UNAUTHORIZED',
    });
  });
});
