import { type Check, failure, ok, warning } from './facts.ts';

/** Clocks further apart than this make tokens and certificates fail before long. */
const skewLimitMs = 30_000;

const rbac: Check = ({ options, pods }) => {
  const name = 'rbac';
  if (!options.usesKubernetes)
    return [ok(name, 'not needed: the API server is not asked who the members are')];
  if (pods.ok) return [ok(name, `the members in namespace ${options.namespace} may be listed`)];
  if (pods.code === 'KUBERNETES_FORBIDDEN' || pods.code === 'KUBERNETES_UNAUTHORIZED') {
    return [failure(name, pods.why, pods.hint ?? 'add a Role that may get, list and watch pods')];
  }
  return [];
};

const apiServer: Check = ({ options, pods }) => {
  const name = 'api-server';
  if (!options.usesKubernetes) return [];
  if (!pods.ok) {
    if (pods.code !== 'KUBERNETES_UNREACHABLE' && pods.code !== 'KUBERNETES_BAD_ANSWER') return [];
    return [
      failure(
        name,
        pods.why,
        pods.hint ?? 'look at the network of the pod and at automountServiceAccountToken',
      ),
    ];
  }
  const { skewMs } = pods.value;
  if (skewMs !== null && Math.abs(skewMs) > skewLimitMs) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    return [
      warning(
        name,
        `the clock of the API server is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this node's: tokens and certificates will fail`,
        'set the clock of the node: chronyc makestep, or timedatectl set-ntp true',
      ),
    ];
  }
  return [ok(name, 'answers, and its clock agrees')];
};

const origins = {
  given: '',
  owner: " (the owner's)",
  application: ' (the labels of the application)',
  workload: ' (replicas of the same workload)',
} as const;

const selector: Check = ({ options, selector: found, selectorFrom, pods, podName, siblings }) => {
  const name = 'selector';
  if (!options.usesKubernetes) return [];
  if (!found.ok) {
    // What the API server refuses is said by `rbac` and `api-server`.
    if (found.code?.startsWith('KUBERNETES_')) return [];
    return [failure(name, found.why, found.hint ?? 'give --selector app=haproxy')];
  }
  if (!pods.ok) return [];
  const all = pods.value.pods;
  if (!all.some((pod) => pod.name === podName)) {
    return [
      failure(
        name,
        `"${found.value}" selects ${all.length} pods and not this one (${podName}): nothing will ever be changed`,
        `compare: kubectl -n ${options.namespace} get pod ${podName} --show-labels`,
      ),
    ];
  }
  const strangers = siblings.filter(
    ({ hello, status }) => status === null && (hello === 'refused' || hello === 'wrong-name'),
  );
  if (all.length === 1) {
    return [
      warning(
        name,
        `"${found.value}" selects this pod alone: with one replica that is right, with more it is too narrow`,
        `compare: kubectl -n ${options.namespace} get pods --show-labels`,
      ),
    ];
  }
  if (strangers.length > 0 && strangers.length === siblings.length) {
    return [
      warning(
        name,
        `nobody of ${siblings.map((sibling) => sibling.name).join(', ')} speaks the peers protocol or has a sidecar: "${found.value}" may be too wide`,
        'give HAProxy pods a label of their own and --selector it',
      ),
    ];
  }
  const from = origins[selectorFrom ?? 'given'];
  return [ok(name, `"${found.value}"${from} selects ${all.length} pods, this one included`)];
};

const leftOut: Check = ({ options, leftOut: found, selector: selected }) => {
  const name = 'left-out';
  if (found === undefined) return [];
  const text = selected.ok ? `"${selected.value}"` : 'the selector';
  const findings = [];
  if (found.replicas.length > 0) {
    const blocks = found.alone && options.allowLeftOut !== true;
    const what = `${text} leaves out ${found.replicas.join(', ')}, running replicas of the same owner: nothing is shared with them`;
    const mend = 'give --selector labels of the spec.selector of the Deployment, StatefulSet, ...';
    findings.push((blocks ? failure : warning)(name, what, mend));
  }
  if (found.alike.length > 0) {
    findings.push(
      warning(
        name,
        `${text} leaves out ${found.alike.join(', ')}, which have the labels of the same application: nothing is shared with them`,
        'give --selector labels that they have too, or give them another app label',
      ),
    );
  }
  return findings;
};

const network: Check = ({ options, siblings }) => {
  const silent = siblings.filter(({ hello }) => hello === 'no-answer').map((each) => each.name);
  const strange = siblings.filter(({ hello }) => hello === 'wrong-name').map((each) => each.name);
  const unknown = siblings.filter(({ hello }) => hello === 'unknown-to-it').map((one) => one.name);
  const findings = [];
  if (silent.length > 0) {
    findings.push(
      failure(
        'peers-port',
        `${silent.join(', ')} swallows what is sent to port ${options.peersPort}: entries cannot be shared`,
        `allow TCP ${options.peersPort} and ${options.statusPort} between the replicas in the NetworkPolicy (ingress and egress)`,
      ),
    );
  }
  if (strange.length > 0) {
    findings.push(
      failure(
        'peers-port',
        `at the address of ${strange.join(', ')} another peer answers`,
        `compare localpeer there with the pod's name: kubectl exec ${strange[0]} -- grep localpeer ${options.configFile}`,
      ),
    );
  }
  if (unknown.length > 0) {
    findings.push(
      warning(
        'peers-port',
        `${unknown.join(', ')} ${unknown.length === 1 ? 'does' : 'do'} not know this pod yet`,
        `look why its sidecar waits: kubectl logs ${unknown[0]} -c haproxy-peer-sync`,
      ),
    );
  }
  const well = siblings.filter(({ hello }) => hello === 'known' || hello === 'busy');
  if (findings.length > 0) return findings;
  return [ok('peers-port', `${well.length} of ${siblings.length} siblings accept this pod`)];
};

const listener: Check = ({ ownPort: outcome, admin, options, self }) => {
  const name = 'own-port';
  const port = options.peersPort;
  // Our own HAProxy knows our name; it calls another one's wrong.
  if (outcome === 'no-answer' || outcome === 'wrong-name') {
    const who = outcome === 'wrong-name' ? 'the HAProxy of another replica' : 'another program';
    return [
      failure(
        name,
        `${who} listens on ${self.address}:${port}: siblings cannot reach this one`,
        `find who it is: ss -ltnp 'sport = :${port}'; with hostNetwork two pods of a node cannot share a port: --peers-port`,
      ),
    ];
  }
  if (!admin.ok) return [];
  if (outcome === 'refused') {
    return [
      failure(
        name,
        `HAProxy runs, and nobody listens on ${self.address}:${port}: no sibling can connect`,
        `the section's own line must say ${self.address}:${port}; let init write it`,
      ),
    ];
  }
  return [ok(name, `HAProxy listens on ${self.address}:${port}`)];
};

const versions: Check = ({ siblings, admin, version }) => {
  const others = siblings.filter(({ status }) => status !== null && status.version !== version);
  const sidecars = others.map(({ name, status }) => `${status?.version} on ${name}`).join(', ');
  const programs =
    others.length === 0
      ? []
      : [
          warning(
            'sidecar-versions',
            `this is haproxy-peer-sync ${version}; there is ${sidecars}`,
            'harmless during a rollout; else pin one image for all',
          ),
        ];
  const seen = new Map<string, string[]>();
  for (const { name, status } of siblings) {
    if (status?.haproxy) seen.set(status.haproxy, [...(seen.get(status.haproxy) ?? []), name]);
  }
  if (admin.ok) seen.set(admin.value.version, [...(seen.get(admin.value.version) ?? []), 'this']);
  if (seen.size <= 1) return [...programs, ok('versions', 'all replicas run the same HAProxy')];
  const text = [...seen].map(([version, names]) => `${version} on ${names.join(', ')}`).join('; ');
  return [
    ...programs,
    warning(
      'versions',
      `replicas run different versions of HAProxy: ${text}`,
      'harmless during a rollout; else pin one image for all',
    ),
  ];
};

const tables: Check = ({ siblings, admin }) => {
  if (!admin.ok) return [];
  const own = new Map(admin.value.tables.map((table) => [table.name, table]));
  const findings = [];
  for (const { name, status } of siblings) {
    for (const table of status?.tables ?? []) {
      const mine = own.get(table.name);
      if (!table.shared || mine === undefined) continue;
      if (table.type !== undefined && mine.type !== table.type) {
        findings.push(
          failure(
            'tables',
            `table ${table.name} has type ${mine.type} here and ${table.type} on ${name}: nothing of it is shared`,
            'roll one configuration out to all replicas',
          ),
        );
      } else if (mine.size !== table.size) {
        findings.push(
          warning(
            'tables',
            `table ${table.name} has size ${mine.size} here and ${table.size} on ${name}: the smaller one drops entries`,
            'roll one configuration out to all replicas',
          ),
        );
      }
    }
  }
  return findings.length > 0 ? findings : [ok('tables', 'the same on all replicas that tell')];
};

export const clusterChecks: readonly Check[] = [
  rbac,
  apiServer,
  selector,
  leftOut,
  listener,
  network,
  versions,
  tables,
];
