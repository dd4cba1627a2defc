import { readPeersSection } from '../../../config-text/peers-text.ts';
import {
  type Check,
  type Checks,
  type Facts,
  type Finding,
  failure,
  ok,
  warning,
} from '../../../doctor/facts.ts';

const day = 86_400_000;
/** A certificate this close to its end was not renewed in time: cert-manager renews at two thirds of the lifetime. */
const soonMs = 7 * day;

const mount =
  'mount a Secret with tls.crt, tls.key and ca.crt at /etc/haproxy-tls (examples/tls), or name the files: --peers-tls-certificate, --peers-tls-key, --peers-tls-ca';
const renew =
  'kubectl describe certificate says why cert-manager does not renew it; without cert-manager, replace the Secret';

/** What is to be said of the certificates, under that name. */
export function certificateFindings({ tls }: Facts, name: string): readonly Finding[] {
  if (tls === undefined || tls === null) return [];
  if (!tls.ok)
    return [failure(name, tls.why, tls.code === 'FILE_READ_FAILED' ? mount : (tls.hint ?? mount))];
  const days = Math.floor(tls.value.endsInMs / day);
  if (tls.value.endsInMs <= 0)
    return [
      failure(name, 'the certificate of the peers has expired: no new session is possible', renew),
    ];
  return tls.value.endsInMs < soonMs
    ? [warning(name, `the certificate of the peers ends in ${days} days`, renew)]
    : [ok(name, `certificate, key and CA fit together, for ${days} days more`)];
}

const certificate: Check = (facts) => certificateFindings(facts, 'peers-tls');

const section: Check = ({ tls, configText, options, env }) => {
  if (!configText.ok) return [];
  const { encrypted = false, exists } = readPeersSection(
    configText.value,
    options.peersSection,
    env,
  );
  if (!exists || encrypted === (tls !== undefined && tls !== null)) return [];
  return [
    encrypted
      ? failure(
          'peers-tls',
          `section ${options.peersSection} uses TLS, and this command runs without --peers-tls: it cannot ask the peers`,
          'give --peers-tls to init, run and doctor alike, e.g. as HAPROXY_PEER_SYNC_PEERS_TLS=true in their env',
        )
      : failure(
          'peers-tls',
          `--peers-tls is on, and section ${options.peersSection} does not ask for certificates: run changes nothing`,
          'give init --peers-tls too, which writes the section, and restart the pod',
        ),
  ];
};

const siblings: Check = ({ siblings: all, options }) => {
  const strangers = all.filter(({ hello }) => hello === 'tls-failed').map(({ name }) => name);
  const findings: Finding[] = [];
  if (strangers.length > 0)
    findings.push(
      failure(
        'peers-tls',
        `${strangers.join(', ')} and this pod refuse each other's certificates on port ${options.peersPort}: entries cannot be shared`,
        `compare: kubectl exec ${strangers[0]} -c haproxy -- grep -A4 '^peers' ${options.configFile}; all replicas need TLS, and one CA`,
      ),
    );
  return findings;
};

/** The certificates of the peers. */
export const peersTlsChecks: Checks = { mode: 'reload', files: [certificate, section, siblings] };
