import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLocalImage } from '../e2e/local-image.ts';
import { kustomizeText, noKubectl } from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';
import { readProject } from '../tools/release/project.ts';

const { image, exampleImage, url, path, name } = readProject();
const taken = `${exampleImage.name}:${exampleImage.tag}`;

/** Those that stand for themselves; a component is tried with what takes it. */
const examples = globSync('examples/**/kustomization.yaml')
  .filter((file) => /^kind: Kustomization$/m.test(readFileSync(file, 'utf8')))
  .map(dirname)
  .toSorted();

function imagesOf(manifest: string): readonly string[] {
  const found = [...manifest.matchAll(/^ *-? *image: ["']?([^"'\s]+)/gm)].map(([, each]) => each);
  return [...new Set(found)].flatMap((each) => each ?? []).toSorted();
}

function ownOf(manifest: string): readonly string[] {
  return imagesOf(manifest).filter((each) => /(^|\/)haproxy-peer-sync(:|@|$)/.test(each));
}

describe('the image of the examples', unless(noKubectl), () => {
  it('is looked at in all of them', () => {
    expect(examples.length).toBeGreaterThanOrEqual(9);
    expect(examples).toContain('examples/deployment');
  });

  it.each(examples.filter((folder) => folder !== 'examples/local'))(
    '%s takes that of package.json, and every other one by a tag',
    (folder) => {
      const manifest = kustomizeText(folder);

      expect(ownOf(manifest).filter((each) => each !== taken)).toEqual([]);
      expect(imagesOf(manifest).filter((each) => !/[:@](?!latest$)[\w.:-]+$/.test(each))).toEqual(
        [],
      );
    },
  );

  it.each(examples.filter((folder) => folder !== 'examples/local'))(
    '%s takes one that was built here by the overlay for it',
    (folder) => {
      const rendered = kustomizeText(folder);

      const local = withLocalImage(folder);

      expect(local).toBe(rendered.replaceAll(taken, `${name}:dev`));
    },
  );

  it('is the local one in examples/local alone', () => {
    const local = kustomizeText('examples/local');

    expect(ownOf(local)).toEqual([`${name}:dev`]);
    const others = globSync('{examples,charts}/**/*.{yaml,yml,tpl}').filter(
      (file) =>
        file !== 'examples/local/kustomization.yaml' &&
        readFileSync(file, 'utf8').includes(`${name}:dev`),
    );
    expect(others).toEqual([]);
  });
});

describe('owner and repository', () => {
  it('stand in one line that is written by hand: all else is made from it, or asks it', () => {
    // Made by `npm run docs`, whose drift test/repo/docs.test.ts finds.
    const files = execFileSync('git', ['grep', '-liF', path], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .filter((file) => existsSync(file));
    const byHand = files.filter((file) => {
      const text = readFileSync(file, 'utf8');
      const made = text.replaceAll(image, '').replaceAll(url, '').replaceAll(`--repo ${path}`, '');
      return made.toLowerCase().includes(path.toLowerCase());
    });

    expect(byHand).toEqual(['package.json']);
  });
});
