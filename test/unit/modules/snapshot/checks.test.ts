import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/validate.ts';
import type { Check, Facts, SnapshotFact } from '../../../../src/doctor/facts.ts';
import { lookAtSnapshots } from '../../../../src/doctor/gather/look-at-snapshots.ts';
import {
  age,
  directory,
  files,
  key,
  snapshotChecks,
} from '../../../../src/modules/snapshot/checks/checks.ts';
import { written } from '../../../helpers/snapshot-input.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

const nowMs = Date.UTC(2026, 5, 1);
type FileFact = Extract<SnapshotFact['files'], { readonly ok: true }>['value'][number];
const file = (ageSeconds: number, change: Partial<FileFact> = {}): FileFact => ({
  ...{ file: `snapshot-${ageSeconds}`, replica: 'web-0', bytes: 1_000_000, set: 'a/b' },
  ...{ takenAtMs: nowMs - ageSeconds * 1000, refused: null },
  ...change,
});
const well: SnapshotFact = {
  ...{ directory: '/snapshots', intervalMs: 30_000, nowMs, keyFile: '/key' },
  folder: { ok: true, value: { mode: 0o750, isWritable: true, freeBytes: 1e9 } },
  key: { ok: true, value: { count: 1, mode: 0o440 } },
  files: { ok: true, value: [file(10), file(40)] },
};
const admin = {
  ok: true,
  value: { peers: { tables: ['sessions'] }, tables: [{ name: 'sessions', used: 7 }] },
} as unknown as Facts['admin'];

function found(check: Check, change: Partial<SnapshotFact> = {}, more: Partial<Facts> = {}) {
  const facts = { self: { name: 'web-0' }, admin, snapshot: { ...well, ...change }, ...more };
  const findings = check(facts as unknown as Facts);
  for (const { level, mend } of findings)
    if (level === 'warning' || level === 'failure') expect(mend).toBeTruthy();
  return findings.map(({ level, what }) => `${level}: ${what}`);
}
const withFiles = (...value: readonly FileFact[]) => ({ files: { ok: true, value } }) as const;
const folder = (change: object) => ({
  folder: {
    ok: true as const,
    value: { mode: 0o750, isWritable: true, freeBytes: 1e9, ...change },
  },
});

describe('doctor and snapshots', () => {
  it('has nothing to say without --snapshot, and nothing against one that is well', () => {
    const checks = [...(snapshotChecks.files ?? []), ...(snapshotChecks.running ?? [])];
    expect(checks).toHaveLength(4);
    for (const check of checks) {
      expect(check({} as Facts)).toEqual([]);
      expect(found(check).map((each) => each.slice(0, 3))).toEqual(['ok:']);
    }
  });

  it('looks whether the directory is there, writable, has space, and is not open', () => {
    const gone = { folder: { ok: false, why: 'ENOENT' } } as const;
    expect(found(directory, gone)[0]).toMatch(/^failure: .*ENOENT/);
    expect(found(directory, folder({ isWritable: false }))[0]).toMatch(/^failure: this user/);
    expect(found(directory, folder({ freeBytes: 1e6 }))[0]).toMatch(/^warning: 1.0 MB are free/);
    const large = { ...folder({ freeBytes: 1e8 }), ...withFiles(file(1, { bytes: 5e7 })) };
    expect(found(directory, large)[0]).toContain('150.0 MB may be needed');
    expect(found(directory, folder({ mode: 0o777 }))[0]).toMatch(/^warning: every user may write/);
    expect(found(directory, folder({ mode: 0o755 }))[0]).toMatch(/^ok: .*every user may see/);
  });

  it('looks at the key and its mode', () => {
    expect(found(key, { key: null })[0]).toMatch(/^skipped/);
    expect(found(key, { key: { ok: false, why: '/key cannot be used' } })[0]).toMatch(/^failure/);
    const open = { key: { ok: true, value: { count: 1, mode: 0o444 } } } as const;
    expect(found(key, open)[0]).toMatch(/^warning: \/key can be read by everybody/);
  });

  it('leaves files of another set alone, unless there are no others', () => {
    const refused = { kind: 'other set', why: 'it is of the set "b"' };
    expect(found(files, withFiles(file(1, { refused }), file(40)))).toEqual([
      'ok: the newest 1 are whole, and 1 are of another set',
    ]);
    expect(found(files, withFiles(file(1, { refused })))[0]).toMatch(/^warning: .*the set "b"/);
  });

  it.each(['unreadable', 'foreign', 'torn', 'damaged', 'future', 'sealed'])(
    'names a file that would not be restored: %s',
    (kind) => {
      const refused = { kind, why: 'because' };
      expect(found(files, withFiles(file(1, { refused }), file(40)))).toEqual([
        `warning: snapshot-1, the newest, is not restored (${kind}): because`,
      ]);
    },
  );

  it('sees two replicas that take snapshots at the same time, but not one that follows another', () => {
    const both = [10, 40, 70, 100].map((seconds, at) =>
      file(seconds, { replica: at % 2 === 0 ? 'web-0' : 'web-1' }),
    );
    expect(found(files, withFiles(...both))[0]).toMatch(/^warning: web-0 and web-1 take/);
    const one = [10, 3600, 7200].map((seconds, at) =>
      file(seconds, { replica: at === 0 ? 'web-0' : 'web-1' }),
    );
    expect(found(files, withFiles(...one))[0]).toMatch(/^ok/);
  });

  it('sees a file from the future', () => {
    expect(found(files, withFiles(file(-86_400)))[0]).toMatch(/^warning: .*a clock was set back/);
  });

  it('looks at the age of the newest that would be restored', () => {
    const torn = file(1, { refused: { kind: 'torn', why: 'because' } });
    expect(found(age, withFiles(torn, file(3600)))[0]).toMatch(/^warning: the newest is 3600 s/);
    expect(found(age, withFiles(torn))[0]).toMatch(/^warning: no snapshot, and 7 entries/);
    expect(found(age, withFiles(), { admin: { ok: false, why: 'silent' } })[0]).toMatch(/^ok/);
  });
});

describe('what is looked at', () => {
  const look = (...flags: readonly string[]) => {
    const own = ['--pod-name=a', '--pod-ip=127.0.0.1', '--pod-uid=u', '--mode=relay'];
    const source = ['--source=file', '--members-file=/nowhere', '--namespace=default'];
    const { config } = loadConfig('doctor', [...own, ...source, ...flags], {});
    return lookAtSnapshots(config);
  };

  it('is nothing without --snapshot, and why where there is no such directory', async () => {
    expect(await look()).toBeUndefined();
    expect(await look('--snapshot=/nowhere')).toMatchObject({
      folder: { ok: false, why: expect.stringContaining('ENOENT') },
      files: { ok: false },
      key: null,
    });
  });

  it('is the newest of these tables behind any number of newer files of others', async () => {
    const where = testFolder();
    for (const sequence of [1, 2])
      await written(where, [Buffer.from('x')], { header: { sequence } });
    for (let sequence = 10; sequence < 40; sequence += 1) {
      await written(where, [], { header: { sequence, set: `another/${sequence}` } });
      writeFileSync(join(where, `snapshot-000001${sequence}-20260101T000000Z-a.hps`), 'x');
    }
    const { files: seen } = (await look(`--snapshot=${where}`)) ?? {};
    const values = seen?.ok === true ? seen.value : [];
    expect(values.filter(({ refused }) => refused === null)).toHaveLength(2);
    expect(values).toHaveLength(12);
  });

  it('is no more than ten of these tables', async () => {
    const where = testFolder();
    for (let sequence = 1; sequence <= 12; sequence += 1)
      await written(where, [Buffer.from('x')], { header: { sequence } });
    const { files: seen } = (await look(`--snapshot=${where}`)) ?? {};
    expect(seen?.ok === true && seen.value.map(({ file: name }) => name.slice(0, 17))).toEqual(
      Array.from({ length: 10 }, (_, at) => `snapshot-${String(12 - at).padStart(8, '0')}`),
    );
  });

  it('is the directory, the key, and each of the newest files', async () => {
    const where = join(testFolder(), 'snapshots');
    mkdirSync(where);
    chmodSync(where, 0o700);
    const bytes = Buffer.from('0123456789abcdef0123456789abcdef');
    const keyFile = join(testFolder(), 'key');
    writeFileSync(keyFile, `${bytes.toString('base64')}\n`, { mode: 0o644 });
    await written(where, [Buffer.from('x')], { header: { sequence: 1 }, key: bytes });
    await written(where, [], { header: { sequence: 2, set: 'another/set' } });
    const torn = await written(where, [], { header: { sequence: 3 } });
    writeFileSync(torn, 'torn');
    const fact = await look(`--snapshot=${where}`, `--snapshot-key-file=${keyFile}`);
    expect(fact).toMatchObject({
      directory: where,
      folder: { ok: true, value: { mode: 0o700, isWritable: true } },
      key: { ok: true, value: { count: 1, mode: 0o644 } },
      files: {
        ok: true,
        value: [
          { refused: { kind: 'foreign' }, set: null },
          { refused: { kind: 'other set' }, set: 'another/set' },
          { refused: null, set: 'default/haproxy-peers', replica: 'web-0' },
        ],
      },
    });
    const { folder: seen } = fact ?? {};
    expect(seen?.ok && seen.value.freeBytes).toBeGreaterThan(0);
  });
});
