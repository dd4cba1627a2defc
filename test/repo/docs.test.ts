import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { version } from '../../src/version.ts';
import { generatedDocs } from '../tools/generated-docs.ts';

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

describe('documentation', () => {
  it('is what the code generates: run `npm run docs` when this fails', async () => {
    for (const [path, text] of Object.entries(await generatedDocs())) {
      expect(read(path), path).toBe(text);
    }
  });

  it('names the two commands in the README', () => {
    expect(read('README.md')).toContain('npm run demo');
    expect(read('README.md')).toContain('npm test');
  });

  it('has only links that lead somewhere', () => {
    for (const path of [
      'README.md',
      'docs/design.md',
      'docs/operations.md',
      'docs/contributing.md',
      'docs/security.md',
    ]) {
      const directory = path.includes('/') ? 'docs/' : '';
      for (const [, target] of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(
          () => readFileSync(new URL(`../../${directory}${target}`, import.meta.url)),
          `${path} → ${target}`,
        ).not.toThrow(/ENOENT/);
      }
    }
  });

  it('has one version', () => {
    const manifest = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')));

    expect(manifest.version).toBe(version);
  });
});
