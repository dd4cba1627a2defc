import { type Check, type Finding, failure, ok, warning } from '../../../doctor/facts.ts';
import { formatAddress } from '../section/address.ts';
import { readRelaySection } from '../section/read.ts';
import { listenWhere } from '../section/where.ts';

const fromInit =
  'let the init container write it: haproxy-peer-sync init --mode relay --template YOUR.cfg';

/** Is the section one that the sidecar can use, and a reload keeps the tables with? */
export const section: Check = ({ configText, options, relay, siblings }) => {
  if (relay === undefined || !configText.ok) return [];
  const name = 'relay-section';
  const found = readRelaySection(configText.value, options.peersSection);
  if (found === null)
    return [
      failure(
        name,
        `section ${options.peersSection} has no slots for the sidecar: nothing is shared`,
        fromInit,
      ),
    ];
  const { at, slots, hasLesson } = found;
  const findings: Finding[] = [];
  if (!hasLesson)
    findings.push(
      failure(
        name,
        'the section lacks "lesson": the first replica waits 5 s for peers, and no replica can be taught again',
        fromInit,
      ),
    );
  const { adminSocket, peersPort: port } = options;
  const { why } = listenWhere(configText.value, { adminSocket, port });
  if ('path' in at && why !== null)
    findings.push(
      failure(
        name,
        `HAProxy listens on ${formatAddress(at)}, and a reload would lose every entry: ${why}`,
        fromInit,
      ),
    );
  if (siblings.length > slots.length)
    findings.push(
      failure(
        name,
        `${siblings.length} other replicas, and slots for ${slots.length}: with the rest nothing is shared`,
        `--relay-slots ${siblings.length + slots.length} for init and run, and roll the workload out`,
      ),
    );
  else if (slots.length !== relay.slots)
    findings.push(
      warning(
        name,
        `${slots.length} slots, and --relay-slots is ${relay.slots}`,
        'give init and run the same --relay-slots, and roll the workload out',
      ),
    );
  return findings.length > 0 ? findings : [ok(name, `${slots.length} slots, and lesson`)];
};

/** Does our own HAProxy answer there? A name that no slot has is asked for, so that nobody loses a session. */
export const bind: Check = ({ admin, relay, options }) => {
  if (relay === undefined || relay.hello === null) return [];
  const name = 'relay-bind';
  const { where, outcome } = relay.hello;
  if (outcome === 'unknown-to-it') return [ok(name, `HAProxy answers at ${where}`)];
  if (outcome === 'wrong-name')
    return [
      failure(
        name,
        `a HAProxy whose localpeer is not "self" answers at ${where}: the sidecar cannot talk to it`,
        `${options.configFile} is not what it runs with: start it with -f ${options.configFile}, or reload it`,
      ),
    ];
  if (outcome !== 'refused')
    return [
      failure(
        name,
        `who listens at ${where} does not answer as HAProxy does`,
        'another program has that socket or port, or HAProxy hangs: look at its log, or give --peers-port',
      ),
    ];
  // `admin-socket` says that it does not run.
  if (!admin.ok) return [];
  return [
    failure(
      name,
      `HAProxy runs, and nobody accepts at ${where}: the sidecar cannot talk to it`,
      'is the directory on a volume that both containers mount, and have they the same user?',
    ),
  ];
};

/** Has HAProxy all that it can learn, and a session for each other replica? */
export const resync: Check = ({ admin: found, options, relay, siblings }) => {
  if (relay === undefined || !found.ok) return [];
  const name = 'resync';
  const { peers } = found.value;
  if (peers === null)
    return [
      failure(
        name,
        `HAProxy runs without the section ${options.peersSection}: nothing is shared`,
        fromInit,
      ),
    ];
  if (peers.resync === 'unknown')
    return [
      failure(
        name,
        '"show peers" of this version is not understood',
        'please report the answer to "show peers" with the version',
      ),
    ];
  if (peers.resync === 'pending')
    return [warning(name, 'not finished', 'it ends by itself within 15 s')];
  const used = peers.peers.filter(({ local, established }) => !local && established).length;
  const running = siblings.filter(({ hello }) => hello === 'known').length;
  if (used < running)
    return [
      warning(
        name,
        `${running} other replicas run, and HAProxy has sessions with ${used}`,
        'the sidecar connects them: kubectl logs POD -c haproxy-peer-sync says what keeps it',
      ),
    ];
  return [ok(name, `finished (${peers.resync}), ${used} sessions`)];
};
