import { type Leg, openLeg } from '../../../src/modules/relay/legs/open-leg.ts';
import { type Splice, splice } from '../../../src/modules/relay/splice/splice.ts';
import { local } from '../../rig/relay-stand.ts';
import { type BenchLink, type LinkKind, linkAt } from './link.ts';

/** One half of a pair: the peers socket of HAProxy, its slot, and the link, which one half waits for and the other dials. */
export interface Half {
  readonly path: string;
  readonly slot: string;
  readonly port: number;
  readonly dials: boolean;
}

/** What the relay of one replica has used since it was started. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly updatesIn: number;
  readonly updatesOut: number;
}

/** How the relays of a run are. */
export interface SideOptions {
  readonly link: LinkKind;
  /** Of the splice; missing: its own. */
  readonly restMs?: number | undefined;
}

/** The relay of one replica, in a process of its own: halves and options as JSON; `usage` is answered. */
const [halves, { link: kind, ...options }] = JSON.parse(process.argv[2] ?? '') as [
  readonly Half[],
  SideOptions,
];
const signal = new AbortController().signal;

/** Tries again until HAProxy is up. */
async function legOf({ path, slot }: Half): Promise<Leg> {
  for (;;) {
    const outcome = await openLeg({ at: { path }, local, slot, timeoutMs: 10_000, signal });
    if (outcome.kind === 'up') return outcome.leg;
    if (outcome.kind !== 'refused') throw new Error(outcome.why);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The leg of the half that dials comes first: who is taught asks before the other side pushes. */
async function up(half: Half, link: BenchLink): Promise<Splice> {
  if (!half.dials) await link.told();
  const leg = await legOf(half);
  if (half.dials) link.tell();
  return splice(leg, link.stream, options);
}

const splices: Splice[] = [];
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const sum = (way: 'in' | 'out') => splices.reduce((all, one) => all + one.updates[way], 0);
  const usage: Usage = {
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage.rss() / 1024 / 1024,
    updatesIn: sum('in'),
    updatesOut: sum('out'),
  };
  process.send?.({ usage });
});

const links = await Promise.all(halves.map(({ port, dials }) => linkAt(port, dials, kind)));
process.send?.({ linked: true });
await Promise.all(
  halves.map(async (half, at) => void splices.push(await up(half, links[at] as BenchLink))),
);
process.send?.({ up: true });
