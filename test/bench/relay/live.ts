import { restDefaultMs } from '../../../src/modules/relay/splice/splice.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { type RelayStand, startRelayStand } from '../../rig/relay-stand.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';
import { cpuMsOf } from '../process.ts';
import { bare } from './bare.ts';
import type { SideOptions } from './side.ts';
import { startSide } from './sides.ts';

export interface LiveOptions {
  readonly haproxy: string;
  readonly siblings: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly relay: SideOptions;
  /** Of each HAProxy. */
  readonly threads: number;
}

/** What an update costs each relay, and how much of a core that is for each sibling. */
export async function live({ haproxy, siblings, rates, seconds, relay, threads }: LiveOptions) {
  const stands: RelayStand[] = [];
  const sides: ReturnType<typeof startSide>[] = [];
  try {
    for (let at = 0; at <= siblings; at++)
      stands.push(await startRelayStand(haproxy, { slots: siblings, threads }));
    const [teacher, ...others] = stands;
    if (teacher === undefined) return;
    const ports = await Promise.all(others.map(() => freePort()));
    const half = (stand: RelayStand, slot: string, port: number, dials: boolean) => ({
      ...{ path: stand.at.path, slot, port, dials },
    });
    sides.push(
      startSide(
        others.map((_, at) => half(teacher, `s${at + 1}`, ports[at] ?? 0, false)),
        relay,
      ),
      ...others.map((other, at) => startSide([half(other, 's1', ports[at] ?? 0, true)], relay)),
    );
    await Promise.all(sides.map(({ up }) => up));
    const pids = await Promise.all(stands.map((stand) => stand.worker()));
    let before = 0;
    // The first seconds of a program are those of its compiler.
    const warm = writeSteadily(teacher.adminSocket, 10_000, (at) => `w${at}`);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await warm.stop();
    before = warm.written;
    await eventually(async () => (await others[0]?.entries()) === before);
    for (const rate of rates) {
      const used = () => Promise.all(sides.map((side) => side.usage()));
      const start = await used();
      const busy = pids.map(cpuMsOf);
      const writer = writeSteadily(teacher.adminSocket, rate, (at) => `r${before}-${at}`);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await writer.stop();
      before += writer.written;
      await eventually(async () => (await others[0]?.entries()) === before, { timeoutMs: 60_000 });
      const end = await used();
      const spent = end.map((usage, at) => usage.cpuMs - (start[at]?.cpuMs ?? 0));
      const haproxies = pids.map((pid, at) => cpuMsOf(pid) - (busy[at] ?? 0));
      // An update has about 30 bytes.
      const floor = await bare({
        bytes: Math.ceil(rate / 1000) * 30,
        restMs: relay.restMs ?? restDefaultMs,
        seconds,
      });
      const micros = (ms = 0) => ((ms * 1000) / writer.written).toFixed(2).padStart(6);
      const percent = (ms = 0) => (ms / (seconds * 10)).toFixed(1).padStart(5);
      console.log(
        `${String(siblings).padStart(2)} siblings, ${String(rate).padStart(6)}/s: an update and sibling costs the sender${micros((spent[0] ?? 0) / siblings)} µs =${percent((spent[0] ?? 0) / siblings)} % of a core, the receiver${micros(spent[1])} µs =${percent(spent[1])} %; HAProxy${micros(haproxies[0])}, ${micros(haproxies[1])} µs; sender ${end[0]?.rssMb.toFixed(0)} MiB, a bare program that reads as often and writes over TLS${percent(floor * seconds * 10)} %, so the sender takes ${((spent[0] ?? 0) / siblings / (floor * seconds * 10)).toFixed(1)} times that; sent ${(((end[0]?.updatesOut ?? 0) - (start[0]?.updatesOut ?? 0)) / siblings).toFixed(0)} of ${writer.written}`,
      );
    }
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    await Promise.all(stands.map((stand) => stand.stop()));
  }
}
