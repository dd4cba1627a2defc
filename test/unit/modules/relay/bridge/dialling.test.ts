import { expect, it } from 'vitest';
import {
  type DialInput,
  dialAtMs,
  graceMs,
} from '../../../../../src/modules/relay/bridge/dialling.ts';

const input: DialInput = {
  ...{ runs: 'reload', connected: false, own: { learned: true } },
  ...{ apartSinceMs: 5000, failures: 0, triedAtMs: 0 },
};
const never = Number.POSITIVE_INFINITY;

it.each([
  ['its HAProxy is given time to connect by itself', {}, 5000 + graceMs],
  ['ours has still to learn, and waits for nobody', { own: { learned: false } }, 5000],
  ['ours does not answer', { own: null }, never],
  ['there is a session', { connected: true }, never],
  ['it is in relay mode', { runs: 'relay' }, never],
  ['its HAProxy does not run', { runs: 'no-haproxy' }, never],
  ['nothing is known of it', { runs: null }, never],
  ['it has just refused', { failures: 1, triedAtMs: 9000 }, 9100],
  ['it refuses for long', { failures: 40, triedAtMs: 9000 }, 11_000],
  [
    'it refuses for long, and ours has to learn',
    { own: { learned: false }, failures: 40, triedAtMs: 9000 },
    9200,
  ],
  ['it refused long ago', { failures: 1, triedAtMs: 10 }, 5000 + graceMs],
] as const)('when to connect to a pod in reload mode: %s', (_, part, at) => {
  expect(dialAtMs({ ...input, ...part })).toBe(at);
});
