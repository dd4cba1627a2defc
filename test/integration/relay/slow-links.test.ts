import { nanoid } from 'nanoid';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eachHaproxy } from '../../helpers/each-haproxy.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkFleet, linkFleet, type Sidecar } from '../../helpers/links.ts';
import { randomOf } from '../../helpers/random.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';
import { startTcpCut } from '../../helpers/tcp-cut.ts';
import { type Shape, startTcpShape } from '../../helpers/tcp-shape.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const patient = { timeoutMs: 40_000 };
/** The one of the suite that runs. */
let haproxy = '';

let fleet: LinkFleet;
const hops: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await fleet.close();
  await Promise.all(hops.splice(0).map((hop) => hop.close()));
});

/** A real HAProxy and sidecar, with real links, on an address of its own. */
interface Real extends CrewMember {
  readonly links: Sidecar;
}

/** Two that have only one way to each other, by the hop that `make` puts before the port of the second. */
async function network(
  make: (
    port: number,
    host?: string,
    from?: string,
  ) => Promise<{ readonly port: number; close(): Promise<void> }>,
) {
  const crew = createCrew(haproxy);
  fleet = await linkFleet(2);
  // The uids that the crew has.
  fleet.setMembers(fleet.members().map((each) => ({ ...each, uid: `uid-${each.name}` })));
  const [here, there] = fleet.members();
  const hop = await make(fleet.port, there?.address, here?.address);
  hops.push(hop);

  async function appear(name: 's0' | 's1'): Promise<Real> {
    const [one] = await crew.appear(name);
    if (one === undefined) throw new Error(`no ${name}`);
    const links = await fleet.start(name, {
      own: { version: 1, section: 'peers', pod: name, uid: `uid-${name}`, start: nanoid() },
      portOf: () => (name === 's0' ? hop.port : 1),
      onLink: one.relay.linked,
    });
    return { ...one, links };
  }

  return { appear };
}

const hold = (entries: number, ...all: readonly CrewMember[]) =>
  eventually(async () => {
    const held = await Promise.all(all.map(({ stand }) => stand.entries()));
    if (held.some((each) => each !== entries)) throw new Error(`${held.join(', ')} of ${entries}`);
    return true;
  }, patient);
const ready = (...all: readonly CrewMember[]) =>
  eventually(() => all.every(({ relay }) => relay.readiness().ready), patient);
const ended = ({ lines }: CrewMember) => lines.filter(({ msg }) => msg === 'session ended');

const random = randomOf(7);
const shapes: readonly (readonly [string, Shape, number, (string | undefined)?])[] = [
  ['200 ms away', { delayMs: 200 }, 20_000],
  // 200 to 400 ms are what TCP takes to send a packet again whose loss nothing else tells.
  [
    'where one packet of a hundred is lost',
    { delayMs: 5, stallMs: () => (random() < 0.01 ? 200 + 200 * random() : 0) },
    20_000,
    onlyInAll,
  ],
  ['with 100 kB a second', { bytesPerSecond: 100_000 }, 8000, onlyInAll],
  [
    'that stands still for 2 s now and then',
    { stallMs: (piece) => (piece % 60 === 59 ? 2000 : 0) },
    8000,
    onlyInAll,
  ],
];

for (const { title: version, program, options } of eachHaproxy)
  describe(`sessions over a network, HAProxy ${version}`, options, () => {
    beforeAll(() => {
      haproxy = program;
    });
    for (const [title, shape, entries, skip] of shapes)
      it(`${title}: all is learned, and the link and the session stay`, {
        ...unless(skip),
        timeout: 60_000,
      }, async () => {
        const { appear } = await network((port, host, from) =>
          startTcpShape(port, shape, host, from),
        );
        const old = await appear('s0');
        await eventually(() => old.stand.finished(), patient);
        await old.stand.write('old-', entries);
        const late = await appear('s1');
        await hold(entries, old, late);
        await ready(old, late);
        for (let turn = 0; turn < 5; turn += 1) {
          await old.stand.write(`old-${turn}-`, 20);
          await late.stand.write(`late-${turn}-`, 20);
        }
        await hold(entries + 200, old, late);

        expect([old.links.all.length, late.links.all.length]).toEqual([1, 1]);
        expect([...ended(old), ...ended(late)]).toEqual([]);
      });

    for (const [way, skip] of [
      ['there', undefined],
      ['back', onlyInAll],
    ] as const)
      it(`that is cut in one direction (${way}): both notice, and have what the other wrote once it is healed`, {
        ...unless(skip),
        timeout: 60_000,
      }, async () => {
        let cut: Awaited<ReturnType<typeof startTcpCut>> | undefined;
        const { appear } = await network(async (port, host, from) => {
          cut = await startTcpCut(port, host, from);
          return cut;
        });
        const [old, late] = [await appear('s0'), await appear('s1')];
        await ready(old, late);
        await old.stand.write('before-', 100);
        await hold(100, old, late);
        cut?.freeze(way);
        await old.stand.write('old-', 100);
        await late.stand.write('late-', 100);
        await eventually(() => ended(old).length > 0 && ended(late).length > 0, patient);
        // Ready stays ready: nobody is served better by a replica that is taken away.
        expect([old, late].every(({ relay }) => relay.readiness().ready)).toBe(true);
        cut?.heal();

        await hold(300, old, late);
      });
  });
