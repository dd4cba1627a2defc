import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder as kubelet makes it of a ConfigMap or Secret: files are links into `..data`, a link that is swapped. */
export interface Mounted {
  readonly directory: string;
  path(name: string): string;
  /** All files at once, in one step. */
  set(files: Readonly<Record<string, string>>): void;
}

export function mounted(directory: string): Mounted {
  mkdirSync(directory, { recursive: true });
  const data = join(directory, '..data');
  let generation = 0;
  return {
    directory,
    path: (name) => join(directory, name),
    set(files) {
      generation += 1;
      const name = `..2026_${generation}`;
      mkdirSync(join(directory, name));
      for (const [file, text] of Object.entries(files)) {
        writeFileSync(join(directory, name, file), text);
        try {
          symlinkSync(join('..data', file), join(directory, file));
        } catch {
          // The link is there from before.
        }
      }
      symlinkSync(name, `${data}_tmp`);
      const before = generation > 1 ? readlinkSync(data) : undefined;
      renameSync(`${data}_tmp`, data);
      if (before !== undefined) rmSync(join(directory, before), { recursive: true });
    },
  };
}
