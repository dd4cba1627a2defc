import { Agent, request } from 'node:http';
import type { Replica } from './replica.ts';

export interface Ack {
  readonly key: string;
  readonly replica: string;
  readonly atMs: number;
}

export interface Writer {
  /** Answered with 200. */
  readonly acks: readonly Ack[];
  /** Refused, reset or not answered in time: nobody was promised anything. */
  failures(): number;
  stop(): Promise<void>;
}

export interface WriterOptions {
  /** Whom a Service would route to at this moment. */
  readonly targets: () => readonly Replica[];
  /** New keys per second; 0 writes nothing. */
  readonly perSecond: number;
}

const tickMs = 10;
/** Requests under way at once: whoever does not answer holds nobody else up. */
const openLimit = 1000;

/** New keys over HTTP with keep-alive, round and round over the targets. */
export function startWriter({ targets, perSecond }: WriterOptions): Writer {
  const acks: Ack[] = [];
  const agents = new Map<Replica, Agent>();
  const startedAt = performance.now();
  let turn = 0;
  let failed = 0;
  let open = 0;

  function agentOf(replica: Replica): Agent {
    const agent = agents.get(replica) ?? new Agent({ keepAlive: true, maxSockets: 16 });
    agents.set(replica, agent);
    return agent;
  }

  function write(replica: Replica, key: string): void {
    open += 1;
    let over = false;
    function end(acknowledged: boolean): void {
      if (over) return;
      over = true;
      open -= 1;
      if (acknowledged) acks.push({ key, replica: replica.name, atMs: Date.now() });
      else failed += 1;
    }
    const sending = request(
      {
        host: replica.address,
        port: replica.ports.web,
        path: `/?session=${key}`,
        agent: agentOf(replica),
        timeout: 5000,
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => end(answer.statusCode === 200));
        answer.on('error', () => end(false));
      },
    );
    sending.on('timeout', () => sending.destroy());
    sending.on('error', () => end(false));
    sending.on('close', () => end(false));
    sending.end();
  }

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    // What was due while this process was busy is left out in part: no flood afterwards.
    turn = Math.max(turn, due - Math.ceil(perSecond / 10));
    const there = targets();
    for (; turn < due; turn++) {
      const replica = there[turn % there.length];
      if (replica !== undefined && open < openLimit) write(replica, `live-${turn.toString(36)}`);
    }
  }, tickMs);
  if (perSecond === 0) clearInterval(timer);

  return {
    acks,
    failures: () => failed,
    async stop() {
      clearInterval(timer);
      while (open > 0) await new Promise((resolve) => setTimeout(resolve, tickMs));
      for (const agent of agents.values()) agent.destroy();
    },
  };
}
