import { type Check, failure, ok, warning } from '../../../doctor/facts.ts';

/** The key that all replicas share. */
export const key: Check = ({ relay }) => {
  if (relay === undefined) return [];
  const name = 'relay-key';
  if (relay.key === null)
    return [
      warning(
        name,
        `--relay-plaintext: who reaches port ${relay.port} can read and write every entry`,
        'make the Secret, and take --relay-plaintext away: examples/relay',
      ),
    ];
  if (!relay.key.ok) return [failure(name, relay.key.why, relay.key.hint ?? 'examples/relay')];
  const { count, mode } = relay.key.value;
  if ((mode & 0o007) !== 0)
    return [
      warning(
        name,
        `${relay.keyFile} can be read by everybody in the container`,
        'volumes: secret: { defaultMode: 0440 }, with fsGroup in the securityContext of the pod',
      ),
    ];
  return [ok(name, count === 1 ? 'there, and not for everybody' : `${count} keys are accepted`)];
};

/** Do the sidecars get to each other? */
export const port: Check = ({ relay, siblings, options, self }) => {
  if (relay === undefined) return [];
  const name = 'relay-port';
  const findings = [];
  if (relay.ownPort !== 'known')
    findings.push(
      failure(
        name,
        `nobody accepts on ${self.address}:${relay.port}: no other replica can connect`,
        'does the sidecar run with --mode relay and this --relay-port? kubectl logs POD -c haproxy-peer-sync',
      ),
    );
  const named = (outcome: string) =>
    siblings.filter(({ hello }) => hello === outcome).map((each) => each.name);
  const silent = named('no-answer');
  if (silent.length > 0)
    findings.push(
      failure(
        name,
        `${silent.join(', ')} swallows what is sent to port ${relay.port}: entries cannot be shared`,
        `allow TCP ${relay.port} and ${options.statusPort} between the replicas in the NetworkPolicy (ingress and egress)`,
      ),
    );
  const refused = named('refused');
  if (refused.length > 0)
    findings.push(
      warning(
        name,
        `nobody listens on port ${relay.port} of ${refused.join(', ')}`,
        'look why its sidecar does not run, or whether it has another --mode or --relay-port',
      ),
    );
  if (findings.length > 0) return findings;
  return [ok(name, `reached on ${siblings.length} other replicas, and open here`)];
};
