import { execFileSync } from 'node:child_process';

/** A Node that makes single executables: that of `SEA_NODE`, else the one that runs this. */
export const seaNode = process.env.SEA_NODE ?? process.execPath;

function buildsSea(): boolean {
  try {
    return execFileSync(seaNode, ['--help'], { encoding: 'utf8' }).includes('--build-sea');
  } catch {
    return false;
  }
}

/** Why the plugin of kubectl cannot be made here; undefined where it can. */
export const noSea = buildsSea() ? undefined : 'no Node with --build-sea';
