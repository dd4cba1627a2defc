import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { readProject } from '../tools/release/project.ts';

const overlay = 'examples/local/kustomization.yaml';

/** The manifest of a kustomization with the image of this working tree, by the overlay that examples/local is for one of them. */
export function withLocalImage(folder: string): string {
  // kustomize takes relative paths alone, and compares them with real ones.
  const temporary = realpathSync(makeFolder('hps-'));
  try {
    const example = relative(temporary, realpathSync(resolve(folder)));
    const text = readFileSync(overlay, 'utf8').replace('../deployment', example);
    writeFileSync(join(temporary, 'kustomization.yaml'), text);
    return execFileSync('kubectl', ['kustomize', temporary], { encoding: 'utf8', maxBuffer: 1e8 });
  } finally {
    removeFolder(temporary);
  }
}

/** A manifest that was rendered, with the image of this working tree in place of the published one. */
export function asLocalImage(manifest: string): string {
  const { image, version, name } = readProject();
  return manifest.replaceAll(`${image}:${version}`, `${name}:dev`);
}
