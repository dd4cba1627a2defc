import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer, Agent as HttpAgent, request } from 'node:http';
import { createServer as createNetServer, type Server } from 'node:net';
import { join } from 'node:path';
import { monotonicNow, wallNow } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import { createHttp } from '../../../src/dataplane/http.ts';
import type { Connection } from '../../../src/kubernetes/connection.ts';
import { createLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/modules/metrics.ts';
import { createPeersModule } from '../../../src/modules/peers/module.ts';
import { createDnsSource } from '../../../src/sources/dns.ts';
import { createFileSource } from '../../../src/sources/file.ts';
import { createPodSource } from '../../../src/sources/kubernetes/pod-source.ts';
import { createSliceSource } from '../../../src/sources/kubernetes/slice-source.ts';
import type { Source } from '../../../src/sources/source.ts';
import { askStatus } from '../../../src/telemetry/ask-status.ts';
import { silentRecorder } from '../../../src/telemetry/event-recorder.ts';
import { expose } from '../../../src/telemetry/exposition.ts';
import { startHttpServer } from '../../../src/telemetry/http.ts';
import { membership, section, self } from '../../helpers/members.ts';
import { memoryOf, optionsOf } from '../../helpers/peers-applier.ts';
import { settableSource } from '../../helpers/source.ts';
import { makeFolder } from '../../helpers/temporary-folder.ts';

/** Something that runs as long as the program does, brought to go round as fast as it can. */
export interface Subject {
  /** How many of it run side by side: that many rounds are always half done. */
  readonly abreast: number;
  /** Starts it; `round` is called once for each round that has ended. */
  start(signal: AbortSignal, round: () => void): Promise<void>;
}

const log = createLog('silent');
const own = self('a');

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function startAll(sources: readonly Source[], signal: AbortSignal): void {
  for (const source of sources) source.start(signal);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Answers well, with nothing, and not at all. */
const dns: Subject = {
  abreast: 50,
  async start(signal, round) {
    let asked = 0;
    const make = () =>
      createDnsSource({
        name: 'haproxy',
        self: own,
        log,
        intervalMs: 1,
        async resolve() {
          round();
          asked += 1;
          if (asked % 7 === 0) throw new Error('queryA ESERVFAIL');
          return asked % 5 === 0 ? [] : [own.address, `10.0.0.${asked % 200}`];
        },
      });
    startAll(times(50, make), signal);
  },
};

/** A file that changes, and is gone at times. */
const file: Subject = {
  abreast: 100,
  async start(signal, round) {
    const directory = makeFolder('endurance-');
    writeFileSync(join(directory, 'members'), `[{name: a, address: ${own.address}}]`);
    let heard = 0;
    const make = (index: number) =>
      createFileSource({
        path: join(directory, index % 10 === 0 ? 'absent' : 'members'),
        self: own,
        log,
        pollMs: 1,
        wallNow() {
          heard += 1;
          round();
          return heard;
        },
      });
    startAll(times(100, make), signal);
  },
};

/** A fake, because a real API server does not go round 20,000 times in seconds; without TLS, which is Node's. */
class PlainAgent extends HttpAgent {
  readonly protocol = 'https:';
}

const pod = {
  metadata: { name: 'a', resourceVersion: '5' },
  status: { phase: 'Running', podIP: own.address },
};
const slice = {
  metadata: { name: 's', resourceVersion: '5' },
  addressType: 'IPv4',
  endpoints: [{ addresses: [own.address], targetRef: { kind: 'Pod', name: 'a' } }],
};

/** Watches that end in order, with an error, in the middle of a line, without an answer; lists in two pages. */
async function apiServer(object: object, round: () => void): Promise<() => Promise<Connection>> {
  let asked = 0;
  const server = createHttpServer((incoming, response) => {
    const url = incoming.url ?? '';
    if (!url.includes('watch=1')) {
      const token = url.includes('continue=') ? '' : 'next';
      const metadata = { resourceVersion: '5', continue: token };
      response.end(JSON.stringify({ metadata, items: [object] }));
      return;
    }
    round();
    asked += 1;
    const event = { type: 'MODIFIED', object };
    if (asked % 11 === 0) response.writeHead(410).end('{"message":"too old"}');
    else if (asked % 13 === 0) response.socket?.destroy();
    else if (asked % 17 === 0) response.end('{"type":');
    else response.end(`${JSON.stringify(event)}\n`);
  });
  const port = await listening(server);
  return async () => {
    const agent = new PlainAgent({ keepAlive: true, maxSockets: 4 });
    return {
      server: `https://127.0.0.1:${port}`,
      options: async () => ({ agent }),
      close: () => agent.destroy(),
    };
  };
}

const following = { namespace: 'n', log, backoff: { baseMs: 0, capMs: 0 } };

const kubernetes: Subject = {
  abreast: 10,
  async start(signal, round) {
    const connect = await apiServer(pod, round);
    const make = () => createPodSource({ ...following, siblings: 'app=x', self: own, connect });
    startAll(times(10, make), signal);
  },
};

const service: Subject = {
  abreast: 10,
  async start(signal, round) {
    const connect = await apiServer(slice, round);
    const make = () => createSliceSource({ ...following, service: 'x', self: own, connect });
    startAll(times(10, make), signal);
  },
};

/** HAProxy's sockets as far as the loop asks them: a worker with two peers, connected or not. */
async function haproxySocket(path: string): Promise<void> {
  const peers = (connected: boolean) =>
    [
      '0x1: [19/Feb/1970:17:02:26] id=haproxy-peers disabled=0 flags=0x22100003 resync_timeout=<PAST> task_calls=7',
      '  0x2: id=a(local,inactive) addr=10.0.0.1:3000 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>',
      '        flags=0x0',
      `  0x3: id=b(remote,active) addr=10.0.0.2:3000 app_state=${connected ? 'RUNNING' : 'STOPPED'} learn_state=NOTASSIGNED last_status=${connected ? 'ESTA' : 'UNKN'} last_hdshk=8s`,
      '        flags=0x20 appctx:0x4 st0=7 st1=0 task_calls=14 state=EST',
      '',
      '# table: sessions, type: string, size:2097152, used:0',
      '',
    ].join('\n');
  let asked = 0;
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      asked += 1;
      if (asked % 19 === 0) socket.destroy();
      else socket.end(peers(asked % 3 !== 0));
    });
    socket.on('end', () => socket.end());
  });
  server.listen(path);
  await once(server, 'listening');
}

/** The whole module: source, reads, plan, gate, changes in memory, metrics, status; a member that comes and goes. */
const loop: Subject = {
  abreast: 10,
  async start(signal, round) {
    const directory = makeFolder('endurance-');
    const socket = join(directory, 'haproxy.sock');
    await haproxySocket(socket);
    const soon = ['burst-window', 'burst-limit', 'min-reload-interval', 'stagger', 'stagger-limit'];
    const flags = [
      ...['--source=file', '--members-file=/none', '--pod-name=a', `--pod-ip=${own.address}`],
      ...[`--admin-socket=${socket}`, `--master-socket=${socket}`, '--repair=false'],
      ...[...soon, 'removal-delay', 'failure-backoff'].map((name) => `--${name}=1ms`),
      '--reconcile-interval=1s',
    ];
    const { config } = loadConfig('run', flags, {});
    for (let index = 0; index < 10; index += 1) {
      const source = settableSource(membership('a', 'b'));
      const began = section(['a', 'b']);
      const metrics = createMetrics({ version: '0', node: '0' });
      let done = 0;
      const module = createPeersModule({
        config,
        source,
        applier: memoryOf(began),
        sectionOptions: optionsOf(began),
        modules: [],
        self: own,
        staticPeers: () => [],
        log,
        metrics,
        version: '0',
        now: monotonicNow,
        wallNow,
        signal,
        wasReady: null,
        onReadyMarker: () => {},
        events: silentRecorder,
      });
      // A poke with every pass, now and then a change of who is there, and somebody who asks how it stands.
      const { passes } = metrics;
      passes.inc = () => {
        done += 1;
        round();
        source.set(done % 20 < 10 ? membership('a', 'b') : membership('a', 'b', 'c'));
        if (done % 5 === 0) void module.status();
      };
      void module.scheduler.run(signal);
    }
  },
};

/** Every path, on connections that are kept, closed and cut. */
const server: Subject = {
  abreast: 8,
  async start(signal, round) {
    const metrics = createMetrics({ version: '0', node: '0' });
    const { port } = await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      live: () => ({ ok: true, reasons: [] }),
      ready: () => ({ ok: false, reasons: ['not yet'] }),
      status: async () => ({ name: 'a' }),
      metrics: (format) => expose(metrics.registry, format),
    });
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
    const paths = ['/livez', '/readyz', '/status', '/metrics', '/nothing'];
    const ask = (count: number) =>
      new Promise<void>((resolve) => {
        const path = paths[count % paths.length] ?? '';
        const kept = count % 3 === 0 ? { agent } : { agent: false as const };
        const sent = request({ host: '127.0.0.1', port, path, ...kept }, (response) => {
          if (count % 7 === 0) response.destroy();
          response.resume().once('close', resolve);
        });
        sent.once('error', () => resolve()).end();
      });
    const client = async (index: number): Promise<void> => {
      for (let count = index; !signal.aborted; count += 1) {
        await ask(count);
        round();
      }
    };
    for (const each of times(8, client)) void each;
  },
};

/** What goes out: the status of siblings, the Data Plane API. */
const calls: Subject = {
  abreast: 8,
  async start(signal, round) {
    let asked = 0;
    const port = await listening(
      createHttpServer((_, response) => {
        asked += 1;
        if (asked % 11 === 0) response.socket?.destroy();
        else response.end('{}');
      }),
    );
    const credentials = { header: async () => 'Basic eDp5', refresh: async () => false };
    const address = { base: `http://127.0.0.1:${port}` };
    const http = createHttp({ address, credentials } as Parameters<typeof createHttp>[0]);
    const client = async (index: number): Promise<void> => {
      for (let count = index; !signal.aborted; count += 1) {
        if (count % 2 === 0) await askStatus('127.0.0.1', port, { timeoutMs: 1000, signal });
        else {
          const call = { stage: 'read', method: 'GET', path: '/', expect: [200], signal } as const;
          await http({ ...call, timeoutMs: 1000 }).catch(() => {});
        }
        round();
      }
    };
    for (const each of times(8, client)) void each;
  },
};

export const subjects = { dns, file, kubernetes, service, loop, server, calls };
