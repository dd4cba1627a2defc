import { main } from '../../src/cli/main.ts';
import type { Replica } from './replica.ts';

/** `haproxy-peer-sync snapshot …` beside the sidecar of that replica, in this process. */
export async function runs(replica: Replica, directory: string, ...words: readonly string[]) {
  let text = '';
  const add = (more: string) => {
    text += more;
  };
  const exitCode = await main({
    argv: [
      ...['snapshot', ...words],
      ...['--pod-name', replica.name, '--snapshot', directory, '--log-level', 'warn'],
      ...['--admin-socket', replica.adminSocket, '--haproxy-config', replica.configFile],
    ],
    ...{ env: {}, signal: new AbortController().signal, version: 'test', out: add, err: add },
  });
  return { exitCode, text };
}

/** Its output, where it has come to a good end. */
export async function done(...args: Parameters<typeof runs>): Promise<string> {
  const { exitCode, text } = await runs(...args);
  if (exitCode !== 0) throw new Error(text);
  return text;
}

export const json = async (...args: Parameters<typeof runs>) =>
  JSON.parse(await done(...args, '-o', 'json'));

/** gpc0 of one key; undefined: it has none. */
export const valueAt = async (replica: Replica, key: string) =>
  /gpc0=(\d+)/.exec(await replica.ask(`show table sessions key ${key}`))?.[1];
