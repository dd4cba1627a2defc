import type { ChildProcess } from 'node:child_process';

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The last 4,000 characters of both its outputs, which are pipes. */
export function outputOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4000);
    });
  }
  return () => text;
}

export interface EndOptions {
  /** Between the signal and SIGKILL. */
  readonly graceMs?: number;
  /** It leads a process group of its own, and SIGKILL goes to all of it: HAProxy's workers outlive their master. */
  readonly group?: boolean;
}

/** Resolves when it is gone; at once where it is already. */
export async function endChild(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
  { graceMs = 5000, group = false }: EndOptions = {},
): Promise<void> {
  if (child === undefined || hasEnded(child)) return;
  function send(what: NodeJS.Signals): void {
    if (!group || what !== 'SIGKILL') child?.kill(what);
    else signalGroup(child, what);
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  send(signal);
  const late = setTimeout(() => send('SIGKILL'), graceMs);
  await ended;
  clearTimeout(late);
}

/** To a child that leads a process group, and to all of that group. */
export function signalGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}
