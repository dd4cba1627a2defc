import { readFileSync } from 'node:fs';

/** Of examples/backends-external. */
export const unitText = readFileSync('examples/backends-external/haproxy-backends.service', 'utf8');

/** The words of its ExecStart, where systemd has put credentials into `credentials`. */
export function unitCommand(credentials: string): readonly string[] {
  const line = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(unitText)?.[1] ?? '';
  return line
    .replaceAll('\\\n', ' ')
    .replaceAll('%d', credentials)
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Of an EnvironmentFile (systemd.exec(5)), as far as the example uses it. */
export function variablesOf(path: string): Readonly<Record<string, string>> {
  const lines = readFileSync(path, 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}
