import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function find(variable: string, ...names: string[]): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return executable(named) ? named : undefined;
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(directory, name);
      if (executable(path)) return path;
    }
  }
  return undefined;
}

/** The real programs the tests run against: an environment variable names one, else PATH does. */
export const programs = {
  haproxy: find('HAPROXY_BIN', 'haproxy'),
  haproxy34: process.env.HAPROXY_34_BIN === undefined ? undefined : find('HAPROXY_34_BIN'),
  haproxy30: process.env.HAPROXY_30_BIN === undefined ? undefined : find('HAPROXY_30_BIN'),
  dataplaneV3: find('DATAPLANEAPI_BIN', 'dataplaneapi'),
  dnsmasq: find('DNSMASQ_BIN', 'dnsmasq'),
  prometheus: find('PROMETHEUS_BIN', 'prometheus'),
  promtool: find('PROMTOOL_BIN', 'promtool'),
  dataplaneV2:
    process.env.DATAPLANEAPI_V2_BIN === undefined ? undefined : find('DATAPLANEAPI_V2_BIN'),
} as const;

/** What a test does with each HAProxy there is: title and program. */
export const haproxyVersions = [
  ['3.4', programs.haproxy34],
  ['3.0', programs.haproxy30],
  ['on the path', programs.haproxy],
] as const;

/** `2.6`, `3.4`, … of a haproxy binary. */
export function haproxyBranch(binary: string): string {
  const text = execFileSync(binary, ['-v'], { encoding: 'utf8' });
  return /version (\d+\.\d+)/.exec(text)?.[1] ?? 'unknown';
}
