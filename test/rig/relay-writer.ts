import { connect } from 'node:net';

export interface SteadyWriter {
  /** Keys written so far. */
  readonly written: number;
  stop(): Promise<void>;
}

/** A line of HAProxy's command line holds about 15,000 characters. */
const perLine = 250;

/** New keys at a steady rate, every millisecond those that are due, over one connection to the admin socket. */
export function writeSteadily(
  adminSocket: string,
  perSecond: number,
  key: (index: number) => string,
): SteadyWriter {
  const socket = connect({ path: adminSocket });
  socket.on('error', () => {});
  socket.resume();
  // Without a prompt HAProxy closes after the first line.
  socket.write('prompt\n');
  const startedAt = performance.now();
  let written = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    while (written < due) {
      const upTo = Math.min(due, written + perLine);
      const commands: string[] = [];
      for (; written < upTo; written++)
        commands.push(`set table sessions key ${key(written)} data.gpc0 1`);
      socket.write(`${commands.join(';')}\n`);
    }
  }, 1);
  return {
    get written() {
      return written;
    },
    async stop() {
      clearInterval(timer);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.end('quit\n');
      await closed;
    },
  };
}
