import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { programs } from '../helpers/programs.ts';
import { delay } from './relay/delay.ts';
import { learn } from './relay/learn.ts';
import { live } from './relay/live.ts';
import { set } from './relay/set.ts';
import type { SideOptions } from './relay/side.ts';

const usage = `npm run bench -- relay [--part learn|live|delay|set] [--siblings 1] [--rates 1000,10000,60000]
                       [--entries 1000000] [--rounds 3] [--seconds 3] [--rest MS] [--link tls|tcp]`;

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: ['learn', 'live', 'delay'] },
    siblings: { type: 'string', default: '1' },
    rates: { type: 'string', default: '1000,10000,60000' },
    entries: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    rest: { type: 'string' },
    link: { type: 'string', default: 'tls' },
    help: { type: 'boolean', default: false },
  },
});
const haproxy = programs.haproxy34 ?? programs.haproxy;
if (values.help || haproxy === undefined) {
  console.log(values.help ? usage : 'HAProxy is missing: see docs/contributing.md.');
  process.exit(values.help ? 0 : 1);
}
const rates = values.rates.split(',').map(Number);
const seconds = Number(values.seconds);
const relay: SideOptions = {
  link: values.link === 'tcp' ? 'tcp' : 'tls',
  ...(values.rest === undefined ? {} : { restMs: Number(values.rest) }),
};
/*
 * One core is left to the relays and to this program. With a thread on each core those of HAProxy wait for one another, running, until the
 * next tick of the kernel where one of them has been put aside: an update without any relay was then 4 to 6 ms late at the 99th percentile, and
 * 0.2 to 0.5 ms with this (2 cores, HAProxy 3.4.0).
 */
const threads = Math.max(1, availableParallelism() - 1);
const common = { haproxy, rates, seconds, relay, threads };

if (values.part.includes('learn'))
  await learn({ ...common, entries: Number(values.entries), rounds: Number(values.rounds) });
if (values.part.includes('live'))
  for (const siblings of values.siblings.split(',').map(Number))
    await live({ ...common, siblings });
if (values.part.includes('delay')) await delay(common);
if (values.part.includes('set'))
  for (const peers of values.siblings.split(',').map(Number))
    await set({ haproxy, peers, entries: Number(values.entries), seconds: seconds * 20 });
