import { findSections, splitLines, tokenize } from '../config-text/config-text.ts';
import { containerLines } from '../config-text/container-lines.ts';
import { lostLogs } from '../config-text/lost-logs.ts';
import { type Check, failure, ok, warning } from './facts.ts';

/**
 * Lines that HAProxy does not accept in a container. Checked only while HAProxy does not answer, because a running one
 * has accepted them.
 */
const container: Check = ({ configText, container: input, admin, options }) => {
  if (!configText.ok) return [];
  const name = 'container';
  const lines = containerLines(configText.value, input);
  if (lines.length === 0)
    return [ok(name, `nothing in ${options.configFile} that a container does not take`)];
  if (admin.ok) return [ok(name, 'HAProxy runs with all lines of its global section')];
  return lines.map(({ line, text, why }) =>
    failure(
      name,
      `HAProxy does not answer, and line ${line} may be why: ${text}: ${why}`,
      'kubectl logs POD -c haproxy --previous says what it was; change that line in your template',
    ),
  );
};

const logs: Check = ({ configText, container: input }) => {
  if (!configText.ok) return [];
  const name = 'logs';
  const lost = lostLogs(configText.value, input);
  if (lost.length === 0) return [ok(name, 'no log line is for a socket that no container has')];
  return lost.map(({ line, text, why }) =>
    warning(name, `line ${line}: ${text}: ${why}`, 'change that line in your template'),
  );
};

const units: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** A duration of haproxy.cfg in seconds (milliseconds if it has no unit); undefined if it is none. */
function secondsOf(text: string): number | undefined {
  const [, number, unit = 'ms'] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (units[unit] ?? 0);
}

/** Each worker lives until its last connection ends, and holds a copy of every table. */
const stopping: Check = ({ configText, ownPod }) => {
  if (!configText.ok) return [];
  const name = 'hard-stop-after';
  const lines = splitLines(configText.value);
  const limit = findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) => lines.slice(start + 1, end))
    .map((line) => tokenize(line).map(({ text }) => text))
    .find(([keyword]) => keyword === 'hard-stop-after');
  const grace = ownPod?.ok === true ? ownPod.value.graceSeconds : undefined;
  const seconds = secondsOf(limit?.[1] ?? '');
  if (grace !== undefined && seconds !== undefined && seconds > grace)
    return [
      warning(
        name,
        `hard-stop-after ${limit?.[1]} is longer than terminationGracePeriodSeconds (${grace}): when the pod ends, connections that take longer are cut off by SIGKILL`,
        `terminationGracePeriodSeconds: ${Math.ceil(seconds) + 10}, or a shorter hard-stop-after`,
      ),
    ];
  if (limit !== undefined) return [ok(name, limit[1] ?? '')];
  return [
    warning(
      name,
      'no hard-stop-after: after each reload the old worker stays until its last connection ends, with its memory and a copy of every table',
      'global: hard-stop-after 30s (less than terminationGracePeriodSeconds)',
    ),
  ];
};

export const containerChecks: readonly Check[] = [container, logs, stopping];
