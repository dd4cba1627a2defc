/*
 * The only file that reads a clock or starts a timer. Intervals are measured with a clock that nobody can set: after NTP
 * had set the date back by an hour a reload counted as too recent for that hour, and who joined was refused for as long.
 */

import { hrtime } from 'node:process';

const originMs = performance.timeOrigin;

/**
 * Milliseconds that only go forward, for every interval. They begin as the date at the start of this process, so that 0 is
 * long ago, and go apart from it when the date is set: `dateOf` shows them.
 */
export function monotonicNow(): number {
  return originMs + performance.now();
}

/** The date, in milliseconds since the epoch: to show it, and to compare it with other dates. */
export function wallNow(): number {
  return Date.now();
}

/** Milliseconds since the machine was booted, from a monotonic clock that continues when this process restarts. */
export function sinceBootNow(): number {
  return Number(hrtime.bigint() / 1_000_000n);
}

/** The date of a moment of `monotonicNow`, by the clock as it is now. */
export function dateOf(monotonicMs: number): number {
  return wallNow() - (monotonicNow() - monotonicMs);
}

/** Longest time of a timer, in milliseconds, 24.8 days: one that is longer, or infinite, fires at once (Node). */
export const longestTimerMs = 2 ** 31 - 1;

/** As much of `ms` as a timer can do. */
export function timerMs(ms: number): number {
  return Math.min(ms, longestTimerMs);
}

/** `act` after `ms`, or after 24.8 days when that is sooner; call what it returns to let it be. */
export function startTimer(act: () => void, ms: number): () => void {
  const timer = setTimeout(act, timerMs(ms));
  return () => clearTimeout(timer);
}

/** `act` again and again, `ms` apart, which does not keep the program alive; call what it returns to end it. */
export function repeat(act: () => void, ms: number): () => void {
  const timer = setInterval(act, timerMs(ms)).unref();
  return () => clearInterval(timer);
}

const eachSecond = new Set<() => void>();
let stopSecond = () => {};

/** To the next full second of the date, in milliseconds; the one after it where that is too near. */
export function toFullSecondMs(dateMs: number): number {
  const ms = 1000 - (dateMs % 1000);
  return ms < 500 ? ms + 1000 : ms;
}

function awaitSecond(): void {
  const timer = setTimeout(() => {
    awaitSecond();
    for (const act of [...eachSecond]) act();
  }, toFullSecondMs(wallNow())).unref();
  stopSecond = () => clearTimeout(timer);
}

/**
 * `act` at each full second of the date, 0.5 to 1.5 s apart where that is set. All that ask for it in this process are called in one
 * waking, and other machines that do the same send what they send in the same moment, so that it is received in one
 * waking, too. Does not keep the program alive; call what it returns to end it.
 */
export function everySecond(act: () => void): () => void {
  // One and the same function may be given twice.
  const one = () => act();
  if (eachSecond.size === 0) awaitSecond();
  eachSecond.add(one);
  return () => {
    if (eachSecond.delete(one) && eachSecond.size === 0) stopSecond();
  };
}

/** Longest time that work of many steps may keep everything else waiting, in milliseconds. */
const breathMs = 4;
let turnSinceMs: number | null = null;

/**
 * For work of many steps, whose next step is ready at once: resolves when everything else that is ready has had its turn, where such work has taken
 * 4 ms since that was so; else undefined, to save the waiting. All who call it share the 4 ms.
 */
export function breathe(): Promise<void> | undefined {
  const nowMs = monotonicNow();
  if (turnSinceMs === null) {
    turnSinceMs = nowMs;
    setImmediate(() => {
      turnSinceMs = null;
    });
  }
  if (nowMs - turnSinceMs < breathMs) return undefined;
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after `ms`, however long; rejects with the reason of the signal when that aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = ms;
    let stopTimer = () => {};
    function aborted(): void {
      stopTimer();
      reject(signal?.reason);
    }
    function arm(): void {
      stopTimer = startTimer(() => {
        left -= longestTimerMs;
        if (left > 0) return arm();
        signal?.removeEventListener('abort', aborted);
        resolve();
      }, left);
    }
    if (signal?.aborted) return aborted();
    signal?.addEventListener('abort', aborted, { once: true });
    arm();
  });
}
