import { join } from 'node:path';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';
import { startHaproxyStand } from '../../rig/haproxy-stand.ts';
import { local, type RelayStand, startRelayStand, watched } from '../../rig/relay-stand.ts';
import type { SideOptions } from './side.ts';
import { startSide } from './sides.ts';

export interface LearnOptions {
  readonly haproxy: string;
  readonly entries: number;
  readonly rounds: number;
  readonly relay: SideOptions;
}

async function fill(stand: RelayStand, entries: number): Promise<void> {
  const part = Math.ceil(entries / 4);
  await Promise.all(['a', 'b', 'c', 'd'].map((prefix) => stand.write(prefix, part)));
}

/** What it took, and what there is to tell. */
interface Round {
  readonly ms: number;
  readonly text: string;
}

async function straight(haproxy: string, teacher: RelayStand, path: string): Promise<Round> {
  const startedAt = performance.now();
  const stand = watched(
    await startHaproxyStand({
      haproxy,
      peers: [`peer direct unix@${path}`, `peer ${local} unix@${teacher.at.path}`],
      rewrite: (text) =>
        text.replace('localpeer a', 'localpeer direct').replace('size 1k', 'size 2m'),
    }),
  );
  try {
    await eventually(() => stand.finished(), { timeoutMs: 60_000, intervalMs: 5 });
    const took = performance.now() - startedAt;
    return {
      ms: took,
      text: `straight: ${await stand.entries()} entries in ${took.toFixed(0)} ms`,
    };
  } finally {
    await stand.stop();
  }
}

async function relayed(
  { haproxy, relay }: LearnOptions,
  teacher: RelayStand,
  slot: string,
  path: string,
): Promise<Round> {
  const port = await freePort();
  const sides = [
    startSide([{ path: teacher.at.path, slot, port, dials: false }], relay),
    startSide([{ path, slot: 's1', port, dials: true }], relay),
  ];
  let learner: RelayStand | undefined;
  try {
    await Promise.all(sides.map(({ linked }) => linked));
    const usage = () => Promise.all(sides.map((side) => side.usage()));
    const before = await usage();
    const startedAt = performance.now();
    learner = await startRelayStand(haproxy, { path, fresh: true });
    const { finished } = learner;
    await eventually(finished, { timeoutMs: 60_000, intervalMs: 5 });
    const took = performance.now() - startedAt;
    const used = await usage();
    const cpu = used.map(({ cpuMs }, at) => (cpuMs - (before[at]?.cpuMs ?? 0)).toFixed(0));
    const memory = used.map(({ rssMb }) => rssMb.toFixed(0));
    return {
      ms: took,
      text: `relayed:  ${await learner.entries()} entries in ${took.toFixed(0)} ms; the relays took ${cpu.join(' and ')} ms of a core, and have ${memory.join(' and ')} MiB`,
    };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    await learner?.stop();
  }
}

function median(values: readonly number[]): number {
  return (
    values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
  );
}

/** From the start of a HAProxy to the end of its resync: taught by a HAProxy it knows, and through two relays. */
export async function learn(options: LearnOptions): Promise<void> {
  const { haproxy, entries, rounds } = options;
  const folder = makeFolder('hps-bench-');
  const direct = join(folder, 'direct.sock');
  const teacher = await startRelayStand(haproxy, { extra: [`peer direct unix@${direct}`] });
  try {
    await fill(teacher, entries);
    const taken: { straight: number[]; relayed: number[] } = { straight: [], relayed: [] };
    for (let round = 1; round <= rounds; round++) {
      const base = await straight(haproxy, teacher, direct);
      console.log(base.text);
      const path = join(folder, `learner-${round}.sock`);
      const through = await relayed(options, teacher, `s${round}`, path);
      console.log(through.text);
      taken.straight.push(base.ms);
      taken.relayed.push(through.ms);
    }
    const [base, through] = [median(taken.straight), median(taken.relayed)];
    console.log(
      `medians of ${rounds}: ${base.toFixed(0)} and ${through.toFixed(0)} ms, ${(through / base).toFixed(2)} times as long`,
    );
  } finally {
    await teacher.stop();
    removeFolder(folder);
  }
}
