import type { Config } from '../config/values.ts';
import { type Finding, failure, type Looked, ok } from '../doctor/facts.ts';
import { lookAtBackends } from '../doctor/gather/look-at-backends.ts';
import { lookAtDataplane } from '../doctor/gather/look-at-dataplane.ts';
import { lookAtHaproxy } from '../doctor/gather/look-at-haproxy.ts';
import { looked } from '../doctor/gather/looked.ts';
import { readText } from '../files/files.ts';
import { backendFindings } from '../modules/backends/checks/checks.ts';

interface Seen<T> {
  readonly check: string;
  readonly found: Looked<T>;
  /** What mends it where the error does not say. */
  readonly mend: string;
  readonly say: (value: T) => Finding;
}

function finding<T>({ check, found, mend, say }: Seen<T>): Finding {
  return found.ok ? say(found.value) : failure(check, found.why, found.hint ?? mend);
}

/** What `backends --check` finds of everything that the process needs. Changes nothing, and never rejects. */
export async function checkBackends(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { haproxyConfig, adminSocket, applier } = config;
  const [configText, admin, dataplane] = await Promise.all([
    looked(() => readText(haproxyConfig)),
    looked(() => lookAtHaproxy(config, signal)),
    applier === 'dataplane' ? looked(() => lookAtDataplane(config, signal)) : null,
  ]);
  const backends = (await lookAtBackends(config, env, { configText, admin }, signal)) ?? [];
  const found = [
    finding({
      ...{ check: 'haproxy-config', found: configText },
      mend: '--haproxy-config, and the permissions of the file',
      say: () => ok('haproxy-config', `${haproxyConfig} can be read`),
    }),
    finding({
      ...{ check: 'admin-socket', found: admin },
      mend: `a line "stats socket ${adminSocket} mode 660 level admin" in haproxy.cfg, and its group for this process`,
      say: ({ level, version }) =>
        level === 'admin'
          ? ok('admin-socket', `HAProxy ${version} answers`)
          : failure('admin-socket', `${adminSocket} has level ${level}`, '"level admin" behind it'),
    }),
  ];
  if (dataplane !== null)
    found.push(
      finding({
        ...{ check: 'dataplane', found: dataplane },
        mend: 'is the Data Plane API running, on the address of --dataplane-url?',
        say: ({ api }) => ok('dataplane', `Data Plane API ${api} answers`),
      }),
    );
  return [...found, ...backendFindings({ backends })];
}
