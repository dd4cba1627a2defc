import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/errors.ts';
import { snapshotsIn } from '../../../../src/snapshot/file/folder.ts';
import {
  disk,
  type SnapshotDisk,
  writeSnapshot,
} from '../../../../src/snapshot/file/write-snapshot.ts';
import { headerOf, readBack, written } from '../../../helpers/snapshot-input.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

const mounts: string[] = [];
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', ['-l', mount]);
});

/** A small file system of our own; null where this user may not mount one. */
function mounted(options: string): string | null {
  const path = join(testFolder(), 'mount');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return null;
  }
  mounts.push(path);
  return path;
}

const failed = async (promise: Promise<unknown>): Promise<AppError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'SNAPSHOT_FAILED' });
  return error as AppError;
};

/** What cannot be compressed. */
const noise = (count: number) => Array.from({ length: count }, () => randomBytes(64 * 1024));

describe('a snapshot that cannot be written', () => {
  it('leaves the earlier one and nothing else when the disk is full', async (context) => {
    const directory = mounted('size=1m,mode=700');
    if (directory === null) return context.skip();
    const earlier = await written(directory, noise(4), { header: { sequence: 1 } });
    const error = await failed(written(directory, noise(64), { header: { sequence: 2 } }));
    expect(error.message).toContain('ENOSPC');
    expect(readdirSync(directory)).toHaveLength(1);
    expect(await readBack(earlier)).toMatchObject({ trailer: { entries: 4 } });
  });

  it('says so where the file system is read-only', async (context) => {
    const directory = mounted('size=1m,mode=700');
    if (directory === null) return context.skip();
    execFileSync('mount', ['-o', 'remount,ro', directory]);
    expect((await failed(written(directory, noise(1)))).message).toContain('EROFS');
  });

  it('says so where the directory is gone, before and meanwhile', async () => {
    const directory = join(testFolder(), 'gone');
    expect((await failed(written(directory, noise(1)))).message).toContain('ENOENT');
    mkdirSync(directory);
    const writer = await writeSnapshot({ directory, header: headerOf() });
    rmSync(directory, { recursive: true });
    await failed(writer.finish({ entries: 0, tookMs: 0 }));
  });

  it('does not follow a link that stands in its place', async () => {
    const directory = testFolder();
    const victim = join(testFolder(), 'victim');
    writeFileSync(victim, 'mine');
    chmodSync(victim, 0o600);
    symlinkSync(victim, join(directory, '.snapshot-web-0~idOf-this_one.partial'));
    await written(directory, noise(1));
    execFileSync('grep', ['-q', 'mine', victim]);
  });
});

/** Real file systems do not fail at a step of our choice: each call in turn fails here. */
function failingAt(step: number): { readonly fs: SnapshotDisk; readonly calls: () => number } {
  let calls = 0;
  const turn = <A extends readonly unknown[], T>(act: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      calls += 1;
      if (calls === step) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      return await act(...args);
    };
  };
  const fs: SnapshotDisk = {
    open: turn(async (...args: Parameters<SnapshotDisk['open']>) => {
      const file = await disk.open(...args);
      const write = turn(file.writeFile.bind(file));
      const sync = turn(file.sync.bind(file));
      return Object.assign(file, { writeFile: write, sync });
    }),
    rename: turn(disk.rename),
    remove: disk.remove,
  };
  return { fs, calls: () => calls };
}

it('fails with one error at whatever step the disk fails, and what has its name is whole', async () => {
  const messages = noise(20);
  const { fs, calls } = failingAt(0);
  await written(testFolder(), messages, { disk: fs });
  const steps = calls();
  expect(steps).toBeGreaterThan(10);
  for (let step = 1; step <= steps; step += 1) {
    const directory = testFolder();
    await failed(written(directory, messages, { disk: failingAt(step).fs }));
    // The last steps are about the directory: it has its name by then.
    for (const { file } of await snapshotsIn(directory))
      expect(await readBack(join(directory, file))).toMatchObject({ trailer: { entries: 20 } });
    expect(readdirSync(directory).filter((file) => file.endsWith('.partial'))).toEqual([]);
  }
});

it('fails where it would write a header that it does not read', async () => {
  const directory = testFolder();
  const tables = (count: number, length: number) =>
    Array.from({ length: count }, (_, at) => ({
      name: `t${at}`.padEnd(length, 'x'),
      keys: 'string 64',
    }));
  const most = await written(directory, noise(1), { header: { tables: tables(100, 2000) } });
  expect(await readBack(most)).toMatchObject({ trailer: { entries: 1 } });
  for (const each of [tables(5001, 10), tables(1, 3000), tables(4000, 400)])
    await failed(written(directory, noise(1), { header: { tables: each } }));
  expect(readdirSync(directory)).toHaveLength(1);
});

describe('two writers in one directory', () => {
  it('with the same name and number leave whole files', async () => {
    const directory = testFolder();
    const both = ['one', 'two'].map((id) => written(directory, noise(20), { header: { id } }));
    await Promise.all(both);
    const found = readdirSync(directory);
    // Two that end in the same instant may have one name.
    expect([1, 2]).toContain(found.length);
    for (const file of found)
      expect(await readBack(join(directory, file))).toMatchObject({ trailer: { entries: 20 } });
  });

  it('replace no file that has come to lie there meanwhile', async () => {
    const directory = testFolder();
    const header = headerOf();
    const name = 'mine.hps';
    const [automatic, byHand] = await Promise.all([
      writeSnapshot({ directory, header }),
      writeSnapshot({ directory, header: { ...header, id: 'hand-1' }, name }),
    ]);
    const first = await written(directory, noise(1), { header: { id: 'first' } });
    writeFileSync(join(directory, name), 'precious');
    const { path } = await automatic.finish({ entries: 0, tookMs: 0 });
    expect(path).not.toBe(first);
    expect((await snapshotsIn(directory)).map(({ file }) => join(directory, file))).toEqual([
      path,
      first,
    ]);
    expect(await readBack(first)).toMatchObject({ header: { id: 'first' } });
    await failed(byHand.finish({ entries: 0, tookMs: 0 }));
    expect(readFileSync(join(directory, name), 'utf8')).toBe('precious');
    expect(readdirSync(directory)).toHaveLength(3);
  });
});

describe('a program that is killed while it writes', () => {
  const child = join(import.meta.dirname, 'killed-child.ts');

  it.each(['opened', 'chunk', 'synced', 'renamed'])(
    '(%s) leaves no snapshot that is not whole',
    async (step) => {
      const directory = testFolder();
      await written(directory, noise(2), { header: { sequence: 1 } });
      const { promise, resolve } = Promise.withResolvers<string | null>();
      spawn(process.execPath, [child, directory, step], { stdio: 'inherit' }).on(
        'exit',
        (_, signal) => resolve(signal),
      );
      expect(await promise).toBe('SIGKILL');
      const found = await snapshotsIn(directory);
      expect(found).toHaveLength(step === 'renamed' ? 2 : 1);
      for (const { file } of found)
        expect(await readBack(join(directory, file))).toMatchObject({
          header: { set: 'default/haproxy-peers' },
        });
    },
  );
});
