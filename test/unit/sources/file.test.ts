import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileSource } from '../../../src/sources/file.ts';
import type { Source } from '../../../src/sources/source.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const one = '- {name: own, address: 10.0.0.1}\n';
const two = `${one}- {name: other, address: 10.0.0.2}\n`;

describe('file source', () => {
  let directory = '';
  let controller: AbortController;
  let source: Source | undefined;

  beforeEach(async () => {
    directory = testFolder();
    controller = new AbortController();
  });
  afterEach(async () => {
    controller.abort();
    await source?.stopped();
  });

  function start(path: string, pollMs = 60_000) {
    const { log, lines } = capturedLog();
    const self = { name: 'own', address: '10.0.0.1' };
    const started = createFileSource({ path, self, log, pollMs });
    started.start(controller.signal);
    source = started;
    return { lines, started };
  }

  /** In one step: a reader between truncation and writing would see a third, empty text. */
  async function replace(path: string, text: string): Promise<void> {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  async function has(of: Source, ...names: readonly string[]): Promise<void> {
    await eventually(() => expect(of.snapshot().members.map(({ name }) => name)).toEqual(names));
  }

  it('keeps the last good list while the file is bad, and logs it once', async () => {
    const path = join(directory, 'members.yaml');
    await writeFile(path, two);
    const { started, lines } = start(path, 20);
    await has(started, 'other', 'own');

    await replace(path, '- {name: own');
    await eventually(() =>
      expect(started.snapshot().notes.join()).toContain('members file is wrong'),
    );
    const during = started.snapshot();
    await replace(path, one);
    await has(started, 'own');

    expect(during.synced).toBe(true);
    expect(during.members).toHaveLength(2);
    expect(started.snapshot().notes).toEqual([]);
    expect(lines.filter(({ code }) => code === 'MEMBERS_FILE_INVALID')).toHaveLength(1);
  });

  it('follows a ConfigMap, whose files are links into a folder that is swapped', async () => {
    await mkdir(join(directory, '..v1'));
    await mkdir(join(directory, '..v2'));
    await writeFile(join(directory, '..v1/members.yaml'), one);
    await writeFile(join(directory, '..v2/members.yaml'), two);
    await symlink('..v1', join(directory, '..data'));
    await symlink('..data/members.yaml', join(directory, 'members.yaml'));
    const { started } = start(join(directory, 'members.yaml'));
    await has(started, 'own');

    await symlink('..v2', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));

    await has(started, 'other', 'own');
  });

  it('finds by polling a file whose directory comes later', async () => {
    const folder = join(directory, 'late');
    const { started } = start(join(folder, 'members.yaml'), 20);
    await eventually(() => expect(started.snapshot().notes.join()).toContain('ENOENT'));

    const before = started.snapshot();
    await mkdir(folder);
    await writeFile(join(folder, 'members.yaml'), two);

    expect(before.synced).toBe(false);
    await has(started, 'other', 'own');
  });

  it('finds by polling what no event tells of, each time it is written to', async () => {
    const elsewhere = join(directory, 'elsewhere');
    await mkdir(elsewhere);
    await mkdir(join(directory, 'watched'));
    const target = join(elsewhere, 'members.yaml');
    const path = join(directory, 'watched', 'members.yaml');
    await writeFile(target, one);
    await symlink(target, path);
    const { started } = start(path, 20);
    await has(started, 'own');

    for (let round = 0; round < 3; round += 1) {
      await replace(target, two);
      await has(started, 'other', 'own');
      await replace(target, one);
      await has(started, 'own');
    }
    // As long, and in its place.
    await replace(target, two);
    await has(started, 'other', 'own');
    await writeFile(target, two.replace('other', 'third'));
    await has(started, 'own', 'third');
  });

  it('is heard of while nothing changes', async () => {
    const path = join(directory, 'members.yaml');
    await writeFile(path, one);
    const { started } = start(path, 20);
    await has(started, 'own');
    const first = started.snapshot().observedAtMs ?? 0;
    await eventually(() => expect(started.snapshot().observedAtMs).toBeGreaterThan(first));
  });

  it('is not synced by a bad file', async () => {
    const path = join(directory, 'members.yaml');
    await writeFile(path, 'nonsense');
    const { started } = start(path);

    await eventually(() =>
      expect(started.snapshot().notes.join()).toContain('members file is wrong'),
    );

    expect(started.snapshot().synced).toBe(false);
  });
});
