import {
  type BackendFact,
  type Checks,
  type Facts,
  type Finding,
  failure,
  ok,
  warning,
} from '../../../doctor/facts.ts';

/** Of what `doctor` knows, they look at nothing else. */
type BackendsCheck = (facts: Pick<Facts, 'backends'>) => readonly Finding[];

/** One finding for each backend, under the same name. */
function each(look: (backend: BackendFact) => Finding | null): BackendsCheck {
  return ({ backends = [] }) => backends.flatMap((backend) => look(backend) ?? []);
}

/** May the slices be read, and do they have what --backend names? */
const endpoints = each(({ name, service, endpoints: found }) => {
  const check = 'backend-endpoints';
  if (!found.ok)
    return failure(
      check,
      `${name}: ${found.why}`,
      found.hint ?? 'look at the network, and in a pod at automountServiceAccountToken',
    );
  const { up, drain, maint, notes } = found.value;
  if (notes.length > 0)
    return warning(check, `${name}: ${notes.join('; ')}`, 'compare --backend with the Service');
  if (up === 0)
    return warning(
      check,
      `${name}: ${service} has no endpoint that serves${maint > 0 ? `, and ${maint} that do not` : ''}`,
      'compare --backend with kubectl get endpointslices, and look whether the pods of the Service are ready',
    );
  const rest = drain + maint > 0 ? `, ${drain} that drain, ${maint} that do not serve` : '';
  return ok(check, `${name}: ${up} of ${service}${rest}`);
});

/** Does haproxy.cfg have the backend, and can it be given servers? */
const section = each(({ name, file }) => {
  const check = 'backend-section';
  if (file === null) return null;
  if (file.missing !== null)
    return failure(
      check,
      file.missing,
      `a section "backend ${name}" in haproxy.cfg, or another name in --backend`,
    );
  if (file.refuses !== null)
    return failure(
      check,
      `no server can be given while HAProxy runs: ${file.refuses}`,
      'another balance, hash-type consistent, or the words on the lines of your own servers: docs/backends.md',
    );
  return ok(check, `${name} takes servers at run time`);
});

/** Does the worker have them? */
const servers = each(({ name, endpoints: found, running }) => {
  const check = 'backend-servers';
  if (!running.ok) return null;
  const { used, held } = running.value;
  if (used === null)
    return failure(
      check,
      `HAProxy runs without backend ${name}`,
      'roll the workload out with a haproxy.cfg that has it',
    );
  if (held !== null) return failure(check, `${name}: ${held}`, 'docs/backends.md, "Old versions"');
  if (found.ok && found.value.up > 0 && used === 0)
    return failure(
      check,
      `${name} has no server in use, and ${found.value.up} endpoints`,
      'the log of the sidecar has the answer of HAProxy ("some endpoints are no servers")',
    );
  if (found.ok && used !== found.value.up + found.value.drain)
    return warning(
      check,
      `${name} has ${used} servers, and ${found.value.up + found.value.drain} endpoints`,
      'look again: pods may have come or gone this moment. If it stays so, the log of the sidecar says why',
    );
  return ok(check, `${name} has ${used}`);
});

/** All of them, where there is nothing else to look at. */
export const backendFindings: BackendsCheck = (facts) =>
  [endpoints, section, servers].flatMap((check) => check(facts));

/** Of `--backend`. */
export const backendsChecks: Checks = {
  cluster: [endpoints],
  files: [section],
  running: [servers],
};
