import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testFolder } from '../../helpers/test-folder.ts';
// @ts-expect-error It is JavaScript, because it runs before any package is there.
import { cachedPrograms } from '../../tools/programs.mjs';

const variables = ['DATAPLANEAPI_BIN', 'PROMETHEUS_BIN', 'PROMTOOL_BIN', 'HELM_BIN'];

let cache: string;
beforeEach(() => {
  const folder = testFolder();
  cache = join(folder, 'haproxy-peer-sync');
  mkdirSync(join(cache, 'prometheus'), { recursive: true });
  vi.stubEnv('XDG_CACHE_HOME', folder);
  for (const variable of ['PATH', ...variables]) vi.stubEnv(variable, '');
});
afterEach(() => vi.unstubAllEnvs());

function cached(name: string): string {
  writeFileSync(join(cache, name), '', { mode: 0o755 });
  return join(cache, name);
}

/** What helm.mjs would bring. */
function helmName(): string {
  const [, version] = /^const version = '(.*)';$/m.exec(
    readFileSync(new URL('../../tools/helm.mjs', import.meta.url), 'utf8'),
  ) ?? [''];
  return `helm-${version}`;
}

describe('programs of an earlier run', () => {
  it('are named to every run that asks for none', () => {
    const helm = cached(helmName());
    const promtool = cached('prometheus/promtool');

    expect(cachedPrograms()).toEqual({ HELM_BIN: helm, PROMTOOL_BIN: promtool });
  });

  it('are not where there are none, or others are named', () => {
    expect(cachedPrograms()).toEqual({});
    cached(helmName());
    vi.stubEnv('HELM_BIN', '/somewhere/helm');
    expect(cachedPrograms()).toEqual({});
  });
});
