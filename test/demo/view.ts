import type { Actor, Stage } from '../rig/stage.ts';
import type { Step } from './story.ts';

interface Row {
  readonly name: string;
  readonly phase: string;
  readonly peers: string;
  readonly entries: string;
  readonly reloads: string;
  readonly ready: string;
}

const header: Row = {
  name: 'replica',
  phase: 'state',
  peers: 'peers',
  entries: 'entries',
  reloads: 'reloads',
  ready: 'ready after',
};

async function rowOf(actor: Actor): Promise<Row> {
  const { replica, phase, readyAfterMs } = actor;
  const over = phase === 'gone' || phase === 'killed';
  const peers = over ? undefined : await replica.peers().catch(() => undefined);
  const entries = over ? undefined : await replica.entries().catch(() => undefined);
  if (!over) actor.reloads = await replica.reloads().catch(() => actor.reloads);
  const remote = peers?.peers.filter((peer) => !peer.local) ?? [];
  const up = remote.filter((peer) => peer.established).length;
  // In relay mode HAProxy has slots, as many of them in use as there are siblings.
  const known = replica.mode === 'relay' ? String(up) : `${up}/${remote.length}`;
  return {
    name: replica.name,
    phase,
    peers: peers === undefined ? '-' : known,
    entries: entries === undefined ? '-' : entries.toLocaleString('en'),
    reloads: actor.reloads === null ? '-' : String(actor.reloads),
    ready: readyAfterMs === null ? '-' : `${(readyAfterMs / 1000).toFixed(1)} s`,
  };
}

function line(row: Row): string {
  const { name, phase, peers, entries, reloads, ready } = row;
  return `${name.padEnd(8)} ${phase.padEnd(8)} ${peers.padStart(6)} ${entries.padStart(10)} ${reloads.padStart(8)} ${ready.padStart(12)}`;
}

/** The replicas as a table of text. */
export async function table(stage: Stage): Promise<readonly string[]> {
  const rows = await Promise.all(stage.actors.map(rowOf));
  return [line(header), ...rows.map(line)];
}

/** How long each step took. */
export function stepTable(steps: readonly Step[]): readonly string[] {
  const rows = steps.map(({ what, ms }) => `${(ms / 1000).toFixed(1).padStart(7)}  ${what}`);
  return ['seconds  step', ...rows];
}

export interface View {
  say(text: string): void;
  stop(): Promise<void>;
}

/** On a terminal: the table, redrawn in place under the steps. Elsewhere: plain lines, one per step. */
export function createView(stage: Stage, out: NodeJS.WriteStream): View {
  const startedAtMs = Date.now();
  const live = out.isTTY === true;
  let drawn = 0;
  let stopped = false;

  function erase(): void {
    if (drawn > 0) out.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  }

  async function redraw(): Promise<void> {
    const [head = '', ...rows] = await table(stage);
    if (stopped) return;
    erase();
    // What has scrolled off the top cannot be erased: the oldest replicas give way.
    const shown = rows.slice(-Math.max(1, out.rows - 4));
    out.write(`\n${[head, ...shown].join('\n')}\n`);
    drawn = shown.length + 2;
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await redraw();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  const drawing = live ? loop() : Promise.resolve();
  return {
    say(text) {
      const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(5);
      erase();
      out.write(`${seconds} s  ${text}\n`);
    },
    async stop() {
      stopped = true;
      await drawing;
      erase();
    },
  };
}
