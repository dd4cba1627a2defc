import { quoted } from '../../../model/names.ts';
import type { GivenBackends } from './parse.ts';

/** What is wrong with options of `backends`, which runs beside a HAProxy that may be in no cluster: one sentence each. */
export function processProblems(
  { value }: GivenBackends,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const problems: string[] = [];
  const given = value('backend');
  if (Array.isArray(given) && given.length === 0)
    problems.push(
      '--backend is missing: BACKEND=NAMESPACE/SERVICE:PORT says which backend has the endpoints of which Service',
    );
  if (value('kubeconfig') === undefined && (env.KUBERNETES_SERVICE_HOST ?? '') === '')
    problems.push('--kubeconfig or KUBECONFIG is missing: this is no pod of a cluster');
  const url = value('dataplane-url');
  if (value('applier') === 'dataplane' && isRemote(url))
    problems.push(
      `--dataplane-url ${quoted(url.text)} is not on the loopback: backends runs on the machine of its HAProxy, whose admin socket it needs`,
    );
  return problems;
}

function isRemote(value: unknown): value is { readonly isLocal: false; readonly text: string } {
  return typeof value === 'object' && value !== null && 'isLocal' in value && !value.isLocal;
}
