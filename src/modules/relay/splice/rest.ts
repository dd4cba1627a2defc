import { startTimer } from '../../../clock.ts';

/** Who rests until the same moment. */
let waiting: (() => void)[] = [];

function wake(): void {
  const due = waiting;
  waiting = [];
  for (const act of due) act();
}

/**
 * `act` within `ms`, which is the same for all that call it: HAProxy writes to all of its peers at about the same time, and one
 * timer wakes all that rest.
 */
export function rest(act: () => void, ms: number): void {
  waiting.push(act);
  if (waiting.length === 1) startTimer(wake, ms);
}
