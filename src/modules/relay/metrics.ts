import { type MetricDefinitions, waitBuckets } from '../../telemetry/metric-definition.ts';

/** Of the relay mode. */
export const relayMetrics = {
  relayLinks: {
    type: 'gauge',
    name: 'relay_links',
    absent: true,
    help: 'With `--mode relay`: links to sidecars of other replicas. One less than members in steady state; less: `status` says who, and the log why.',
  },
  lessonLinks: {
    type: 'gauge',
    name: 'lesson_links',
    absent: true,
    help: 'With `--lessons` in reload mode: links to sidecars of other replicas. One less than members in steady state; less: those that lack one are not compared, and the log says why.',
  },
  relaySessions: {
    type: 'gauge',
    name: 'relay_sessions',
    absent: true,
    help: 'With `--mode relay`: sessions of this HAProxy with others, over these links. As many as links in steady state.',
  },
  relayPlaintext: {
    type: 'gauge',
    name: 'relay_plaintext',
    absent: true,
    help: 'With `--mode relay`: 1 with `--relay-plaintext`, else 0. 1: whoever reaches `--relay-port` can read and write every entry.',
  },
  relayLinksEnded: {
    type: 'counter',
    name: 'relay_links_ended_total',
    labels: ['code'],
    values: ['silent', 'broken', 'ended'],
    help: 'With `--mode relay` or `--lessons`: links that have ended, by why. silent: nothing came for 3 s. broken: the connection was reset. ended, stopped: the other sidecar has ended. Others are in the log.',
  },
  relayDialsFailed: {
    type: 'counter',
    name: 'relay_dials_failed_total',
    labels: ['code'],
    values: ['nobody-listens', 'timeout', 'key', 'certificate', 'no-key'],
    help: 'With `--mode relay` or `--lessons`: attempts to link that came to nothing, by why. key, certificate: the other side does not take ours, or we do not take its. no-key: we have none that can be read.',
  },
  relayStrangers: {
    type: 'counter',
    name: 'relay_strangers_total',
    labels: ['code'],
    values: ['key', 'certificate', 'no-greeting'],
    help: 'With `--mode relay` or `--lessons`: connections to `--relay-port` that were closed before they said who they are, by why. key, certificate: they have not shown ours. `doctor` is one.',
  },
  relaySlotsHeld: {
    type: 'gauge',
    name: 'relay_slots_held',
    absent: true,
    help: 'With `--mode relay`: slots of haproxy.cfg that belong to a replica. Near `--relay-slots`: give more, by a rollout.',
  },
  relaySessionsEnded: {
    type: 'counter',
    name: 'relay_sessions_ended_total',
    help: 'With `--mode relay`: sessions that have ended and are made anew while both replicas run: a link was cut, or HAProxy was reloaded.',
  },
  relayLessons: {
    type: 'counter',
    name: 'relay_lessons_total',
    labels: ['kind'],
    values: ['first', 'all', 'difference'],
    help: 'With `--mode relay` or `--lessons`: lessons that this sidecar has arranged. first: HAProxy was told that there is nothing to learn. all: this HAProxy has taught another all it holds, after a reload or because that one lacked entries. difference: this HAProxy was compared with another one over a new link, and got what it lacked.',
  },
  relayLessonEntries: {
    type: 'counter',
    name: 'relay_lesson_entries_total',
    labels: ['result'],
    values: ['taken', 'skipped'],
    help: 'With `--mode relay` or `--lessons`: entries of lessons by difference. taken: this HAProxy lacked them, or had them older. skipped: it had them.',
  },
  relayPairSeconds: {
    type: 'histogram',
    name: 'relay_pair_seconds',
    buckets: waitBuckets,
    help: 'With `--mode relay`: from a link to the session over it.',
  },
  relayRefusals: {
    type: 'counter',
    name: 'relay_slots_exhausted_total',
    help: 'With `--mode relay`: sessions that were not made because every slot belongs to another replica: more replicas than `--relay-slots`.',
  },
} as const satisfies MetricDefinitions;
