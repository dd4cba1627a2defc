import {
  type Check,
  type Finding,
  failure,
  ok,
  type RelayFact,
  warning,
} from '../../../doctor/facts.ts';
import { certificateFindings } from '../../peers/tls/checks.ts';

/** What the sidecars know each other by: can it be used here, and do the other replicas have it, too? */
export const trust: Check = (facts) => {
  const { relay, siblings } = facts;
  if (relay === undefined) return [];
  const name = relay.trust === 'certificates' ? 'relay-certificates' : 'relay-key';
  const found = relay.trust === 'certificates' ? certificateFindings(facts, name) : keyOf(relay);
  const strangers = siblings.filter(({ hello }) => hello === 'tls-failed').map((each) => each.name);
  // Whoever cannot use what is here is refused by all.
  if (strangers.length === 0 || found.some(({ level }) => level === 'failure')) return found;
  const what = relay.trust === 'certificates' ? 'certificates' : 'key';
  return [
    failure(
      name,
      `${strangers.join(', ')} and this pod refuse each other's ${what} on port ${relay.port}: entries cannot be shared`,
      relay.trust === 'certificates'
        ? 'all replicas need --relay-trust certificates, certificates of one CA, and one DNS name or URI that all of them have'
        : 'all replicas need the same Secret, and --relay-trust key: the log of the sidecars has the address of who is refused',
    ),
  ];
};

function keyOf(relay: RelayFact): readonly Finding[] {
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
}

/** A port without a key is open for the time of a change between the modes, and not for longer. */
export const upgrade: Check = (facts) => {
  const { relay, options } = facts;
  if (relay?.upgrade !== true) return [];
  const name = 'relay-upgrade';
  const certified = relay.upgradeTls === true;
  // With --relay-trust certificates they are looked at already.
  const unusable =
    certified && relay.trust !== 'certificates'
      ? certificateFindings(facts, name).filter(({ level }) => level !== 'ok')
      : [];
  const who = certified ? 'who has a certificate of the CA and' : 'who';
  return [
    ...unusable,
    warning(
      name,
      `--relay-upgrade: ${who} can send from the address of a replica can read and write every entry on port ${options.peersPort}`,
      'when no pod in reload mode is left, roll out without it: docs/relay.md, "From one mode to the other"',
    ),
  ];
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
