import { isDnsName, isHaproxyName, quoted } from '../../../model/names.ts';

/** A backend, and the Service whose endpoints it has. */
export interface BackendOf {
  readonly backend: string;
  readonly namespace: string;
  readonly service: string;
  /** Name, or number in the pod; null: the Service has one. */
  readonly port: string | number | null;
}

/** `be_app=web/app:http`. */
const shape = /^([^=]+)=(?:([^/=:]+)\/)?([^/=:]+)(?::([^/=:]+))?$/;

function isLabel(text: string): boolean {
  return isDnsName(text) && text.length <= 63 && !text.includes('.');
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) ? Number(text) >= 1 && Number(text) <= 65_535 : isLabel(text);
}

/** One value of --backend, or what is wrong with it (to be read after the value). `namespace`: where it names none. */
export function parseBackend(
  text: string,
  namespace: string | undefined,
): BackendOf | { readonly problem: string } {
  const [, backend = '', given, service = '', port] = shape.exec(text) ?? [];
  if (service === '')
    return { problem: 'is not BACKEND=SERVICE:PORT or BACKEND=NAMESPACE/SERVICE:PORT' };
  if (!isHaproxyName(backend))
    return { problem: `cannot be a backend's name: letters, digits, "-", "_", "." and ":" only` };
  const where = given ?? namespace;
  if (where === undefined)
    return { problem: 'names no namespace, and --namespace or POD_NAMESPACE is missing' };
  for (const [what, name] of [
    ['namespace', where],
    ['Service', service],
  ] as const)
    if (!isLabel(name))
      return {
        problem: `has ${quoted(name)} for a ${what}: small letters, digits and "-", at most 63 characters`,
      };
  if (port !== undefined && !isPort(port))
    return { problem: `has ${quoted(port)} for a port: a name, or a number from 1 to 65535` };
  const number = port !== undefined && /^\d+$/.test(port) ? Number(port) : undefined;
  return { backend, namespace: where, service, port: number ?? port ?? null };
}

/** Words of `--server-params`. */
export function paramsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** What one text for all servers cannot say, and what `add server` refuses (HAProxy 2.6 to 3.4). */
const wrongWords = new Map([
  ...['id', 'weight', 'cookie'].map((word) => [word, 'each server has its own'] as const),
  ...['enabled', 'disabled', 'init-addr', 'resolvers', 'resolve-prefer', 'resolve-net'].map(
    (word) => [word, 'a server that HAProxy is given while it runs cannot have it'] as const,
  ),
]);

function paramsProblems(text: string): readonly string[] {
  if (/[^ !-~]/.test(text) || text.includes('<<'))
    return [
      '--server-params has characters that a command cannot have: visible ASCII only, without "<<"',
    ];
  return paramsOf(text).flatMap((word) => {
    const why = wrongWords.get(word);
    return why === undefined ? [] : [`--server-params has ${word}: ${why}`];
  });
}

export interface GivenBackends {
  /** The parsed value by the name of the option; undefined or null where there is none that is right. */
  value(name: string): unknown;
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** What is wrong with the options of backends, one sentence each; all of them are told at once. */
export function backendsProblems({ value }: GivenBackends): readonly string[] {
  const texts = list(value('backend'));
  if (texts.length === 0) return [];
  const namespace = value('namespace');
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const text of texts) {
    const parsed = parseBackend(text, typeof namespace === 'string' ? namespace : undefined);
    if ('problem' in parsed) problems.push(`--backend ${quoted(text)} ${parsed.problem}`);
    else if (seen.has(parsed.backend))
      problems.push(`--backend ${parsed.backend} is given twice: a backend has one Service`);
    else seen.add(parsed.backend);
  }
  if (value('dry-run') === true)
    problems.push('--backend and --dry-run exclude each other: HAProxy is given servers at once');
  const params = value('server-params');
  if (typeof params === 'string') problems.push(...paramsProblems(params));
  if (value('address') === 'node' && value('zone') !== undefined)
    problems.push(
      '--zone and --address node exclude each other: hints are of endpoints, and a node passes a request on to any',
    );
  const zone = value('zone');
  if (typeof zone === 'string' && !/^[A-Za-z0-9._-]{1,63}$/.test(zone))
    problems.push(
      `--zone ${quoted(zone)} is not a label's value: letters, digits, "-", "_" and ".", at most 63 characters`,
    );
  return problems;
}

/** The backends of options that were checked. */
export function backendsOf(
  texts: readonly string[],
  namespace: string | undefined,
): readonly BackendOf[] {
  return texts.flatMap((text) => {
    const parsed = parseBackend(text, namespace);
    return 'problem' in parsed ? [] : [parsed];
  });
}
