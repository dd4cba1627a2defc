// What this machine has: programs on its PATH, and the user's cache for what is brought here.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where `name` is, also in the folders of root, which ordinary users do not have on their PATH; undefined: nowhere. */
export function onPath(name) {
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/usr/bin',
  ];
  return directories.map((directory) => join(directory, name)).find(executable);
}

/** It may not be there yet. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'haproxy-peer-sync');
}
