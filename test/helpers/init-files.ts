import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './programs.ts';

/** What `init` reads and writes in a folder, by its flags without the dashes. */
export function initFiles(
  folder: string,
  template: string,
): { readonly etc: string; readonly flags: Readonly<Record<string, string>> } {
  const etc = join(folder, 'etc');
  mkdirSync(etc, { recursive: true });
  const written = join(folder, 'template.cfg');
  writeFileSync(written, template);
  const flags = {
    template: written,
    'haproxy-config': join(etc, 'haproxy.cfg'),
    'admin-socket': join(folder, 'admin.sock'),
    'master-socket': join(folder, 'master.sock'),
    'haproxy-bin': programs.haproxy ?? 'haproxy',
  };
  return { etc, flags };
}

/** `--NAME=VALUE` for each. */
export function flagsOf(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
