import { renameSync, writeFileSync } from 'node:fs';

/** Who is known to whoever reads the file. */
export interface MembersFile {
  readonly path: string;
  readonly sourceFlags: readonly string[];
  /** Replaces it in one step. */
  set(...members: readonly { readonly name: string; readonly address: string }[]): void;
}

/** A file that is not there before `set`. */
export function membersFile(path: string): MembersFile {
  return {
    path,
    sourceFlags: ['--source=file', `--members-file=${path}`],
    set(...members) {
      const rows = members.map(({ name, address }) => ({ name, address }));
      writeFileSync(`${path}.new`, JSON.stringify(rows));
      renameSync(`${path}.new`, path);
    },
  };
}
