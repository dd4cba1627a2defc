import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const git = (...args: readonly string[]) =>
  execFileSync('git', args, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 256 * 1024 * 1024 });

/** Why the program of that commit cannot be run here, e.g. from a tarball; undefined: it can. */
export function noCommit(commit: string): string | undefined {
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
    return undefined;
  } catch {
    return `no commit ${commit} (a clone with its history)`;
  }
}

/** The program as it was at a commit, from source, with the packages of this tree: the path of its `main.ts`. */
export function programOf(commit: string, folder: string): string {
  const archive = git('archive', commit, 'src', 'package.json');
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return join(folder, 'src', 'main.ts');
}
