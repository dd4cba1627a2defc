/*
 * Loaded into a sidecar with `--import`: its clocks are those of another machine. The file SHIFTED_CLOCK says by how many milliseconds, once at the start for the monotonic one,
 * which begins anew with each start, and at each signal SIGUSR2 for the date, which anybody may set.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const shift = () => Number(readFileSync(process.env.SHIFTED_CLOCK, 'utf8'));
const origin = performance.timeOrigin + shift();
Object.defineProperty(performance, 'timeOrigin', { value: origin });
const now = Date.now;
let byMs = shift();
Date.now = () => now() + byMs;
process.on('SIGUSR2', () => {
  byMs = shift();
});
