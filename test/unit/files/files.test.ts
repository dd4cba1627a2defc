import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { readText, replaceText, writeFileAtomic } from '../../../src/files/files.ts';
import { testFolder } from '../../helpers/test-folder.ts';

let directory: string;
const mounts: string[] = [];

beforeEach(() => {
  directory = testFolder();
});
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
});

/** A file system of our own, where this user may mount one. */
function mounted(options: string): string | null {
  const path = join(directory, 'mount');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  mounts.push(path);
  return path;
}

function mode(path: string): number {
  return statSync(path).mode & 0o7777;
}

describe('writeFileAtomic', () => {
  it('writes with the given mode and group whatever the umask, and leaves nothing beside it', async () => {
    const path = join(directory, 'secret');
    const gid = process.getgid?.() ?? 0;

    await writeFileAtomic(path, 'text', { mode: 0o640, gid });

    expect(readFileSync(path, 'utf8')).toBe('text');
    expect(mode(path)).toBe(0o640);
    expect(statSync(path).gid).toBe(gid);
    expect(readdirSync(directory)).toEqual(['secret']);
  });

  it('keeps mode and owner of the file it replaces when none is given', async () => {
    const path = join(directory, 'haproxy.cfg');
    writeFileSync(path, 'old');
    chmodSync(path, 0o604);

    await writeFileAtomic(path, 'new');

    expect(mode(path)).toBe(0o604);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('is private when it makes a file and nothing is said', async () => {
    await writeFileAtomic(join(directory, 'x'), 'new');

    expect(mode(join(directory, 'x'))).toBe(0o600);
  });

  it('says which file and why when the directory is missing', async () => {
    const failure = writeFileAtomic(join(directory, 'no', 'x'), 'new');

    await expect(failure).rejects.toThrow(AppError);
    await expect(failure).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    await expect(failure).rejects.toThrow(/no\/x cannot be written: ENOENT/);
  });

  it('leaves the old file alone on a full disk', async (context) => {
    const path = mounted('size=64k');
    if (path === null) return context.skip('mounting a tmpfs needs root');
    const file = join(path, 'haproxy.cfg');
    writeFileSync(file, 'old');

    const failure = writeFileAtomic(file, 'x'.repeat(200_000));

    await expect(failure).rejects.toThrow(/ENOSPC/);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(path)).toEqual(['haproxy.cfg']);
  });

  it('leaves the old file alone on a read-only volume', async (context) => {
    const path = mounted('size=64k');
    if (path === null) return context.skip('mounting a tmpfs needs root');
    const file = join(path, 'haproxy.cfg');
    writeFileSync(file, 'old');
    execFileSync('mount', ['-o', 'remount,ro', path]);

    await expect(writeFileAtomic(file, 'new')).rejects.toThrow(/EROFS/);
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
});

describe('readText', () => {
  it('refuses what is no UTF-8, which a rewrite would damage', async () => {
    const path = join(directory, 'haproxy.cfg');
    writeFileSync(path, Buffer.from('# f\xfcr\nglobal\n', 'latin1'));

    await expect(readText(path)).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringMatching(/haproxy.cfg cannot be read: .*utf-8/i),
    });
  });

  it('keeps a byte order mark and line ends', async () => {
    const path = join(directory, 'haproxy.cfg');
    writeFileSync(path, '\uFEFF# für\r\n');

    expect(await readText(path)).toBe('\uFEFF# für\r\n');
  });

  it('says which file and why', async () => {
    await expect(readText(join(directory, 'nothing'))).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringMatching(/nothing cannot be read: ENOENT/),
    });
  });
});

describe('replaceText', () => {
  it('writes where the file is what it was, with its mode', async () => {
    const path = join(directory, 'a');
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);

    expect(await replaceText(path, 'old', 'new')).toBe(true);

    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(mode(path)).toBe(0o640);
  });

  it('leaves what somebody else has written, and nothing beside it', async () => {
    const path = join(directory, 'a');
    writeFileSync(path, 'theirs');

    expect(await replaceText(path, 'old', 'new')).toBe(false);

    expect(readFileSync(path, 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['a']);
  });

  it('is an error where the file is gone, and makes none', async () => {
    await expect(replaceText(join(directory, 'a'), 'old', 'new')).rejects.toBeInstanceOf(AppError);
    expect(readdirSync(directory)).toEqual([]);
  });
});
