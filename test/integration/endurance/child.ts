import { getEventListeners } from 'node:events';
import { subjects } from './subjects.ts';

/** What is held at one moment. */
export interface Held {
  /** Abort listeners on the signal that lives as long as the program. */
  readonly listeners: number;
  /** Timers, sockets, requests, watchers: whatever keeps the process going. */
  readonly resources: number;
  /** Bytes, after a collection. */
  readonly heap: number;
  readonly handlers: number;
}

/** Rounds are always half done, so the least of several looks counts. */
async function look(signal: AbortSignal): Promise<Held> {
  const looks: Held[] = [];
  for (let count = 0; count < 10; count += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    global.gc?.();
    looks.push({
      listeners: getEventListeners(signal, 'abort').length,
      resources: process.getActiveResourcesInfo().length,
      heap: process.memoryUsage().heapUsed,
      handlers: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    });
  }
  const least = (key: keyof Held) => Math.min(...looks.map((each) => each[key]));
  return {
    listeners: least('listeners'),
    resources: least('resources'),
    heap: least('heap'),
    handlers: least('handlers'),
  };
}

const [name, roundsText, warmUpText] = process.argv.slice(2);
const subject = subjects[name as keyof typeof subjects];
const signal = new AbortController().signal;
let rounds = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached = () => {};

function after(count: number): Promise<void> {
  wanted = rounds + count;
  return new Promise((resolve) => {
    reached = resolve;
  });
}

await subject.start(signal, () => {
  rounds += 1;
  if (rounds >= wanted) reached();
});
await after(Number(warmUpText));
const before = await look(signal);
const from = rounds;
await after(Number(roundsText));
const held = await look(signal);
process.stdout.write(`${JSON.stringify({ rounds: rounds - from, before, after: held })}\n`);
process.exit(0);
