import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepSelector, readKeptSelector } from '../../../src/sources/kept-selector.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

describe('the selector that init keeps for run', () => {
  const directory = suiteFolder();
  const file = (name: string) => join(directory, name, 'haproxy.cfg');
  const access = { mode: 0o600 };

  it('is read as it was written, by the same pod only', async () => {
    const path = join(directory, 'haproxy.cfg');
    const found = { selector: 'app in (a,b)', origin: 'application', base: 'app=a' } as const;
    await keepSelector(path, 'a', found, access);

    expect(await readKeptSelector(path, 'a')).toMatchObject(found);
    // A volume that outlives its pod.
    expect(await readKeptSelector(path, 'b')).toBeUndefined();
  });

  it('is none where --selector says it, or nothing was found', async () => {
    await keepSelector(file('given'), 'a', { selector: 'app=a', origin: 'given' }, access);
    await keepSelector(file('unknown'), 'a', null, access);

    expect(await readKeptSelector(file('given'), 'a')).toBeUndefined();
    expect(await readKeptSelector(file('unknown'), 'a')).toBeUndefined();
  });

  it.each([
    'no JSON',
    '{"pod":"a","selector":"","origin":"owner"}',
    '{"pod":"a","selector":"a b","origin":"owner"}',
    '{"pod":"a","selector":"app=a","origin":"else"}',
  ])('is none for a file that holds %s', async (text) => {
    writeFileSync(join(directory, 'haproxy-peer-sync.selector.json'), text);

    expect(await readKeptSelector(join(directory, 'haproxy.cfg'), 'a')).toBeUndefined();
  });
});
