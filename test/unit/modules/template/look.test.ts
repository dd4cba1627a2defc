import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLook } from '../../../../src/modules/template/look.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

function setUp() {
  const folder = testFolder();
  const template = join(folder, 'haproxy.cfg');
  writeFileSync(template, 'global\n');
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  return { folder, template, pipe };
}

describe('a look', () => {
  it('waits for no pipe and reads no device, which have no end', async () => {
    const { template, pipe } = setUp();

    for (const path of [pipe, '/dev/zero']) {
      await expect(createLook(template, [path])()).rejects.toThrow(`${path} is no file`);
      await expect(createLook(path, [])()).rejects.toThrow('is no file');
    }
  });

  it('ends where links lead back to their own directory', async () => {
    const { folder, template } = setUp();
    const certs = join(folder, 'certs');
    mkdirSync(certs);
    for (const name of ['a', 'b', 'c']) symlinkSync('.', join(certs, name));
    writeFileSync(join(certs, 'tls.pem'), 'x');

    const { files } = await createLook(template, [certs])();

    expect(Object.keys(files)).toEqual([join(certs, 'tls.pem')]);
  });

  it('holds no template in memory that is larger than one can be, and follows larger files', async () => {
    const { folder, template } = setUp();
    const large = join(folder, 'large.map');
    writeFileSync(large, '');
    truncateSync(large, 50 * 1024 * 1024);

    const { files } = await createLook(template, [large])();

    expect(files[large]).toMatch(/^[0-9a-f]{64}$/);
    await expect(createLook(large, [])()).rejects.toThrow('it is larger than 4 MiB');
  });

  it('tells a directory in place of the template', async () => {
    const { folder } = setUp();

    await expect(createLook(folder, [])()).rejects.toThrow('is no file');
  });
});
