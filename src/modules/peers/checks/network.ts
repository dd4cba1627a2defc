import { type Check, failure, ok, warning } from '../../../doctor/facts.ts';

const listener: Check = ({ ownPort: outcome, admin, options, self }) => {
  const name = 'own-port';
  const port = options.peersPort;
  // Our own HAProxy accepts our name, so `wrong-name` is the answer of another replica's.
  if (outcome === 'no-answer' || outcome === 'wrong-name') {
    const who = outcome === 'wrong-name' ? 'the HAProxy of another replica' : 'another program';
    return [
      failure(
        name,
        `${who} listens on ${self.address}:${port}: peers cannot reach this one`,
        `find the program: ss -ltnp 'sport = :${port}'; with hostNetwork two pods of a node cannot share a port: --peers-port`,
      ),
    ];
  }
  if (!admin.ok) return [];
  if (outcome === 'refused') {
    return [
      failure(
        name,
        `HAProxy runs, but nothing listens on ${self.address}:${port}: no peer can connect`,
        `the section's own line must say ${self.address}:${port}; let init write it`,
      ),
    ];
  }
  return [ok(name, `HAProxy listens on ${self.address}:${port}`)];
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
        `${silent.join(', ')} drops what is sent to port ${options.peersPort}: entries cannot be shared`,
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
        `see why its sidecar waits: kubectl logs ${unknown[0]} -c haproxy-peer-sync`,
      ),
    );
  }
  const well = siblings.filter(({ hello }) => hello === 'known' || hello === 'busy');
  if (findings.length > 0) return findings;
  if (siblings.length > 0 && siblings.every(({ hello }) => hello === 'refused')) {
    return [
      warning(
        'peers-port',
        `nothing listens on port ${options.peersPort} of ${siblings.map(({ name }) => name).join(', ')}`,
        'see why their HAProxy does not run, or whether it has another --peers-port',
      ),
    ];
  }
  return [ok('peers-port', `${well.length} of ${siblings.length} peers accept this pod`)];
};

/** Whether siblings get here, and let this pod in. */
export const networkChecks: readonly Check[] = [listener, network];
