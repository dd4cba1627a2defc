import { connect, type Socket } from 'node:net';

/*
 * A program of its own, so that what it costs is not taken for what the sidecar costs.
 * node flooder.ts KIND HOST PORT COUNT; floods until its standard input ends, and says how many connections it has made.
 */
const [kind, host = '', portText, countText] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const metrics = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
let made = 0;

function open(): Socket {
  made += 1;
  return connect({ host, port }).on('error', () => {});
}

/** Again when it has ended, and after some seconds: a socket that is not read does not notice its end. */
function again(make: () => Socket): void {
  const socket = make();
  const timer = setTimeout(() => socket.destroy(), 5000 * Math.random() + 200);
  socket.once('close', () => {
    clearTimeout(timer);
    setTimeout(again, 500, make);
  });
}

const kinds: Readonly<Record<string, () => void>> = {
  /** 112 kB of requests at once, and nothing is read. */
  pipelined: () =>
    again(() => {
      const socket = open();
      socket.pause();
      socket.write(metrics.repeat(Math.ceil(112_000 / metrics.length)));
      return socket;
    }),
  /** Connections and nothing else, each kept for as long as it is let. */
  idle: () => void open(),
  /** A head whose end does not come. */
  slowloris: () =>
    again(() => {
      const socket = open();
      socket.write('GET /metrics HTTP/1.1\r\n');
      const timer = setInterval(() => socket.write('x'), 200);
      return socket.once('close', () => clearInterval(timer));
    }),
  /** Requests whose answers are never read. */
  unread: () =>
    again(() => {
      const socket = open();
      socket.pause();
      socket.write(metrics);
      return socket;
    }),
  /** Requests as fast as they are answered. */
  requests: () =>
    again(() => {
      const socket = open();
      socket.resume();
      socket.write(Math.random() < 0.5 ? metrics : metrics.replace('metrics', 'status'));
      return socket;
    }),
};

/** A hundred at a time: more than the kernel queues would be lost before the sidecar hears of them. */
function begin(left: number): void {
  for (let index = 0; index < Math.min(left, 100); index += 1) kinds[kind ?? '']?.();
  if (left > 100) setTimeout(begin, 20, left - 100);
}

begin(count);
process.stdin.resume().once('end', () => {
  process.stdout.write(`${made}\n`);
  process.exit(0);
});
