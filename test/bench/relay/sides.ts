import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endChild } from '../../helpers/child.ts';
import { imageEnvironment, imageFlags } from '../image.ts';
import type { Half, SideOptions, Usage } from './side.ts';

const program = fileURLToPath(new URL('./side.ts', import.meta.url));

/** What it tells. */
interface Told {
  readonly linked: true;
  readonly up: true;
  readonly usage: Usage;
}

export interface Side {
  /** All of its links are there. */
  readonly linked: Promise<unknown>;
  /** All of its halves pass bytes. */
  readonly up: Promise<unknown>;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** The relay of one replica. */
export function startSide(halves: readonly Half[], options: SideOptions): Side {
  const child = fork(program, [JSON.stringify([halves, options])], {
    execArgv: [...imageFlags],
    env: { ...process.env, ...imageEnvironment },
  });
  const ended = { close: ['exit'] };
  /** The first message from now on that has this. */
  async function told<K extends keyof Told>(what: K): Promise<Told[K]> {
    for await (const [message] of on(child, 'message', ended) as AsyncIterable<[Partial<Told>]>) {
      const value = message[what];
      if (value !== undefined) return value as Told[K];
    }
    throw new Error('the relay has ended');
  }
  return {
    linked: told('linked'),
    up: told('up'),
    usage() {
      child.send('usage');
      return told('usage');
    },
    stop: () => endChild(child, 'SIGTERM'),
  };
}
