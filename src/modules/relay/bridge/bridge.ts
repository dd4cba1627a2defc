import type { Server, Socket } from 'node:net';
import { repeat, startTimer } from '../../../clock.ts';
import { plain } from '../links/create-trust.ts';
import { listen } from '../links/listen.ts';
import { createSparingLog } from '../links/sparing-log.ts';
import { dialAtMs } from './dialling.ts';
import { callHaproxy, handshakeMs } from './handshake.ts';
import type { BridgeOptions } from './options.ts';
import { createPeersTrust } from './peers-trust.ts';
import { createPlainLink, type PlainConnection } from './plain-link.ts';
import { createPods, type Pod } from './pods.ts';
import { createReception } from './reception.ts';
import { streamOf } from './stream.ts';
import { viewOf } from './view.ts';

export interface Bridge {
  /** `UserError` where the port is taken. Until the signal aborts. */
  start(signal: AbortSignal): Promise<{ readonly port: number }>;
  /** Resolves when nothing is open. */
  close(): Promise<void>;
}

const tickMs = 100;
/** `/status` is asked again so often, where HAProxy here has still to learn and otherwise. */
const askMs = { learning: 300, learned: 2000 };
/** HAProxy that wants a session tries again after 5 s, and we sooner: what is apart for longer was cut off. */
const apartLimitMs = 6000;

/** For what was written last to be sent when the sidecar stops. */
const closingMs = 1000;

/** Sessions between our HAProxy and those of pods in reload mode, which know us as a peer by the name of our pod. */
export function createBridge(options: BridgeOptions): Bridge {
  const { selfName, host, port, members, linked, own, now } = options;
  const say = createSparingLog(options.log, now);
  const trust =
    options.tls === undefined
      ? plain
      : createPeersTrust({
          ...{ read: options.tls, now },
          trouble: (why) => say('warn', 'tls', { why }, 'the certificates of the peers'),
        });
  const stopped = new AbortController();
  const { signal } = stopped;
  const sockets = new Set<Socket>();
  const pods = createPods(selfName, (pod, why) => {
    pod.dialling?.abort();
    pod.plain?.link.close(why);
  });
  const receive = createReception({
    ...options,
    ...{ say, signal, trust },
    onMember(member, socket, pid, first) {
      look();
      const pod = pods.get(member);
      socket.setNoDelay(true);
      if (pod === undefined) socket.destroy();
      else attach(pod, { stream: streamOf(socket, first), pid, answered: false });
    },
  });
  let server: Server | undefined;
  let stopTicks = () => {};

  function attach(pod: Pod, connection: PlainConnection): void {
    pod.failures = 0;
    pod.attachedAtMs = now();
    pod.dialling?.abort();
    if (pod.plain === null) {
      const { name, address } = pod.member;
      pod.plain = createPlainLink({
        ...{ pod: name, uid: pod.uid, address },
        // It adds us by a reload, and does not push what it had written before: we may have learned from another before that.
        lesson: !options.ready(),
        onApart() {
          pod.apartSinceMs = now();
        },
      });
      const { plain } = pod;
      void plain.link.closed.then(() => {
        if (pod.plain === plain) pod.plain = null;
      });
      plain.attach(connection);
      options.onLink(plain.link);
    } else pod.plain.attach(connection);
    void ask(pod);
  }

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  }

  async function dial(pod: Pod): Promise<void> {
    const abort = new AbortController();
    pod.dialling = abort;
    pod.triedAtMs = now();
    const { name, address } = pod.member;
    const called = await callHaproxy(
      { host: address, port, localAddress: host },
      { theirs: name, own: selfName },
      trust,
      AbortSignal.any([signal, abort.signal]),
    );
    if (pod.dialling === abort) pod.dialling = null;
    if (called.kind === 'failed') {
      pod.failures += 1;
      pod.triedAtMs = now();
      if (!abort.signal.aborted)
        say(
          'info',
          `dial ${name}`,
          { pod: name, address, why: called.why },
          'no session yet with this pod, which is in reload mode',
        );
      return;
    }
    track(called.socket);
    // It has connected itself meanwhile.
    if (abort.signal.aborted || signal.aborted || pod.plain?.connected()) called.socket.destroy();
    else attach(pod, { stream: streamOf(called.socket, called.first), pid: null, answered: true });
  }

  async function ask(pod: Pod): Promise<void> {
    if (pod.asking) return;
    pod.asking = true;
    const status = await options.ask(pod.member, signal);
    pod.asking = false;
    pod.askedAtMs = now();
    const view = status && viewOf(status);
    const before = pod.runs;
    if (status === null) pod.runs = null;
    else if (status.mode === 'relay') pod.runs = 'relay';
    else pod.runs = view === null ? 'no-haproxy' : 'reload';
    // Its HAProxy connects by itself when it starts.
    if (pod.runs === 'reload' && before === 'no-haproxy') pod.apartSinceMs = now();
    pod.plain?.see(view);
  }

  function look(): void {
    pods.update(members(), linked(), now());
    const view = own();
    const intervalMs = view?.learned ? askMs.learned : askMs.learning;
    for (const pod of pods.all()) {
      const connected = pod.plain?.connected() ?? false;
      if (now() >= pod.askedAtMs + intervalMs) void ask(pod);
      if (!connected && now() >= pod.apartSinceMs + apartLimitMs)
        pod.plain?.link.close('no connection');
      if (connected && !pod.plain?.spliced() && now() >= pod.attachedAtMs + handshakeMs)
        pod.plain?.link.close(`no session within ${handshakeMs} ms`);
      if (pod.dialling === null && now() >= dialAtMs({ ...pod, connected, own: view }))
        void dial(pod);
    }
  }

  async function close(): Promise<void> {
    stopped.abort();
    stopTicks();
    for (const pod of pods.all()) pod.plain?.link.close('the sidecar stops');
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    const stopTimer = startTimer(() => {
      for (const socket of sockets) socket.destroy();
    }, closingMs);
    await closed;
    stopTimer();
  }

  return {
    async start(stop) {
      const listening = await listen({ host, port, option: '--peers-port' }, (socket) => {
        track(socket);
        void receive(socket);
      });
      server = listening.server;
      stopTicks = repeat(look, tickMs);
      stop.addEventListener('abort', () => void close(), { once: true });
      return { port: listening.port };
    },
    close,
  };
}
