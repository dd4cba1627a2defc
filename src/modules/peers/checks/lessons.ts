import { type Check, type Finding, failure, ok, warning } from '../../../doctor/facts.ts';
import { lessonPlaceOf } from '../lesson-leg.ts';

/** With --lessons: is there a line for them? */
export const lessonLine: Check = ({ configText, options, self, env }) => {
  if (!configText.ok || options.lessons !== true) return [];
  const where = { sectionName: options.peersSection, selfName: self.name, env };
  const place = lessonPlaceOf(configText.value, where);
  if (place.kind === 'leg') return [ok('lessons', `on the line ${place.slot}`)];
  return [failure('lessons', `no lessons: ${place.why}`, 'give --lessons to init, too')];
};

/** With --lessons: do the sidecars get to each other? The sessions of HAProxy do not depend on it. */
export const lessonPort: Check = ({ options, siblings }) => {
  if (options.lessons !== true) return [];
  const name = 'lessons-port';
  const { relayPort: port, statusPort } = options;
  const found: Finding[] = [];
  function look(outcome: string, what: (names: string) => string, hint: string): void {
    const names = siblings.filter(({ link }) => link === outcome).map((each) => each.name);
    if (names.length > 0) found.push(warning(name, what(names.join(', ')), hint));
  }
  look(
    'no-answer',
    (names) => `what is sent to port ${port} of ${names} gets no answer: they are not compared`,
    `allow TCP ${port} and ${statusPort} between the replicas in the NetworkPolicy (ingress and egress)`,
  );
  look(
    'refused',
    (names) => `nobody listens on port ${port} of ${names}: they are not compared`,
    'have they --lessons and the same --relay-port, and does their section have a line for lessons?',
  );
  look(
    'tls-failed',
    (names) => `${names} and this pod refuse each other's key or certificate on port ${port}`,
    'all replicas need the same Secret and the same --relay-trust: docs/relay.md, "What sidecars know each other by"',
  );
  return found.length > 0 ? found : [ok(name, `reached on ${siblings.length} other replicas`)];
};
