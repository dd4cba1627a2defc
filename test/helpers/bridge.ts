import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { monotonicNow } from '../../src/clock.ts';
import { createBridge } from '../../src/modules/relay/bridge/bridge.ts';
import type { BridgeOptions } from '../../src/modules/relay/bridge/options.ts';
import type { View } from '../../src/modules/relay/pairing/view.ts';
import type { LinkTo } from '../../src/modules/relay/sibling-link.ts';
import { capturedLog } from './captured-log.ts';
import { member, membership } from './members.ts';
import { freePort } from './ports.ts';
import { status } from './status.ts';

const view: View = { worker: 'w', learned: true, fresh: false, entries: 0 };

/** The bridge of pod `a` of a set of `a` and `b`, at `.1` and `.2` of the network, until the test is over. */
export async function testBridge(
  net: string,
  options: {
    readonly view?: View | null;
    readonly linked?: readonly string[];
    readonly tls?: BridgeOptions['tls'];
  } = {},
) {
  const own = `${net}.1`;
  const port = await freePort(own);
  const links: LinkTo[] = [];
  const { log, lines } = capturedLog();
  const stop = new AbortController();
  const made = createBridge({
    ...{ selfName: 'a', host: own, port, log, now: monotonicNow, tls: options.tls },
    members: () => membership(member('a', { address: own }), member('b', { address: `${net}.2` })),
    linked: () => new Set(options.linked),
    own: () => (options.view === undefined ? view : options.view),
    ready: () => true,
    ask: async () => status('b', { resync: 'learned' }),
    onLink: (link) => links.push(link),
  });
  await made.start(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await made.close();
  });
  return { own, port, links, lines, close: made.close };
}

export interface Caller {
  readonly socket: Socket;
  readonly got: () => string;
  readonly isClosed: () => boolean;
}

/** What comes on a socket, until the test is over. */
export function watched(socket: Socket): Caller {
  onTestFinished(() => void socket.destroy());
  let got = '';
  let closed = false;
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  return { socket, got: () => got, isClosed: () => closed };
}

/** Who connects from an address, and says this. */
export function callBridge(
  to: { readonly own: string; readonly port: number },
  says: string | Buffer,
  from: string,
): Caller {
  const caller = watched(connect({ port: to.port, host: to.own, localAddress: from }));
  caller.socket.write(says);
  return caller;
}
