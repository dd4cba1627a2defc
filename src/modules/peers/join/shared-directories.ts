import { dirname } from 'node:path';
import type { Config } from '../../../config/values.ts';

/** Directories that HAProxy and this program have in common, that of the sockets first. */
export function sharedDirectories(
  config: Pick<Config, 'adminSocket' | 'masterSocket' | 'haproxyConfig'>,
): ReadonlySet<string> {
  return new Set(
    [config.adminSocket, config.masterSocket, config.haproxyConfig].map((file) => dirname(file)),
  );
}
