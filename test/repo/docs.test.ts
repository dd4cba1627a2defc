import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorCodes } from '../../src/errors.ts';
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

  it('has no error code that the program does not use', () => {
    const source = globSync('src/**/*.ts', { exclude: ['src/errors.ts'] })
      .map(read)
      .join('\n');

    const unused = Object.keys(errorCodes).filter((code) => !source.includes(`'${code}'`));

    expect(unused).toEqual([]);
  });

  it('names the two commands in the README', () => {
    expect(read('README.md')).toContain('npm run demo');
    expect(read('README.md')).toContain('npm test');
  });

  it('has only links that lead somewhere', () => {
    const files = globSync([
      'README.md',
      'docs/*.md',
      'examples/*/README.md',
      'charts/*/README.md',
      'kind/*.md',
      '.github/*.md',
    ]);
    expect(files.length).toBeGreaterThan(15);
    for (const path of files) {
      const directory = path.slice(0, path.lastIndexOf('/') + 1);
      for (const [, target] of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(
          () => readFileSync(new URL(`../../${directory}${target}`, import.meta.url)),
          `${path} → ${target}`,
        ).not.toThrow(/ENOENT/);
      }
    }
  });

  it('has only links to headings that are there', () => {
    const headings = (path: string) =>
      [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        // As GitHub makes them.
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(' ', '-'),
      );
    const linked = globSync(['README.md', 'docs/*.md', 'examples/*/README.md']).flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)].map(
        ([, file = '', anchor = '']) => ({
          path,
          target: file === '' ? path : join(dirname(path), file),
          anchor,
        }),
      ),
    );

    expect(linked.length).toBeGreaterThan(10);
    expect(linked.filter(({ target, anchor }) => !headings(target).includes(anchor))).toEqual([]);
  });

  it('names only files that are there', () => {
    const named = globSync(['README.md', 'docs/*.md', 'examples/*/README.md']).flatMap((path) =>
      [...read(path).matchAll(/`((?:src|test|examples|kind)\/[\w./-]+)`/g)].map(
        ([, file]) => file ?? '',
      ),
    );
    // HAProxy has a folder src, too.
    const ours = named.filter((file) => !file.endsWith('.c'));

    expect(ours.length).toBeGreaterThan(30);
    expect(ours.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('has one version', () => {
    const manifest = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')));

    expect(manifest.version).toBe(version);
  });
});
