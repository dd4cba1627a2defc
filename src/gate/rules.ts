import { backoffMs } from '../model/backoff.ts';
import { over, type Rules, rule } from './rule.ts';

/** How often HAProxy is checked while it is down, in milliseconds. */
const lookAgainMs = 1000;

/** Rules for every reload, whatever it is for. */
export const commonRules: Rules = {
  forbids: [
    rule('haproxy-down', ({ observed, nowMs }) =>
      observed.kind === 'up'
        ? over
        : {
            untilMs: nowMs + lookAgainMs,
            reason: `HAProxy does not answer: ${observed.why}`,
          },
    ),
  ],
  delays: [
    rule('lazy-request', ({ change, hurried, reloadFor, lazyUntilMs }) =>
      lazyUntilMs === null || hurried || reloadFor !== null || change !== null
        ? over
        : { untilMs: lazyUntilMs, reason: 'not urgent: waits for another reload' },
    ),
    rule('reload-interval', ({ history: { lastReloadAtMs }, settings }) =>
      lastReloadAtMs === null
        ? over
        : {
            untilMs: lastReloadAtMs + settings.minReloadIntervalMs,
            reason: 'the last reload is too recent',
          },
    ),
    rule('backoff', ({ history: { failures, lastFailureAtMs }, settings }) => {
      if (failures === 0 || lastFailureAtMs === null) return over;
      const { backoffMinMs: baseMs, backoffMaxMs: capMs } = settings;
      return {
        untilMs: lastFailureAtMs + backoffMs(failures, { baseMs, capMs }),
        reason: `the last ${failures === 1 ? 'try' : `${failures} tries`} failed`,
      };
    }),
  ],
  order: [],
};
