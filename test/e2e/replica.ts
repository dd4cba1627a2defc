import { statusSchema } from '../../src/telemetry/status-schema.ts';
import type { Kubectl } from './kubectl.ts';

export const adminSocket = '/var/run/haproxy/admin.sock';
const masterSocket = '/var/run/haproxy/master.sock';

/** What one replica says of itself over its sockets, by way of `kubectl exec`. */
export class Replica {
  readonly pod: string;
  readonly #kubectl: Kubectl;

  constructor(pod: string, kubectl: Kubectl) {
    this.pod = pod;
    this.#kubectl = kubectl;
  }

  /** Runs a shell command in the container of HAProxy. */
  shell(command: string): Promise<string> {
    return this.#kubectl(['exec', this.pod, '-c', 'haproxy', '--', 'sh', '-c', command]);
  }

  #ask(socket: string, command: string): Promise<string> {
    return this.shell(`echo '${command}' | socat -t 10 - ${socket}`);
  }

  /** Names of the remote peers with a live, accepted session, sorted; in relay mode as the sidecar names them. */
  async established(): Promise<readonly string[]> {
    const text = await this.#ask(adminSocket, 'show peers haproxy-peers');
    if (/ id=self\(local/.test(text)) {
      const status = statusSchema.parse(
        JSON.parse(await this.shell('curl -fsS http://127.0.0.1:8405/status')),
      );
      return status.peers.filter((peer) => !peer.local && peer.established).map(({ name }) => name);
    }
    const lines = text.matchAll(/ id=(\S+)\(remote,active\) .* last_status=ESTA/g);
    return [...lines].map(([, name]) => name ?? '').sort();
  }

  /** Entries in the table `sessions`. */
  async entries(): Promise<number> {
    const text = await this.#ask(adminSocket, 'show table');
    const used = /^# table: sessions, .*used:(\d+)/m.exec(text)?.[1];
    if (used === undefined) throw new Error(`${this.pod} has no table sessions: ${text}`);
    return Number(used);
  }

  /** How many of the filled entries it holds with the value that was filled in. */
  async kept(): Promise<number> {
    const pairs = String.raw`sed -n 's/.* key=e2e-\([0-9]*\) .*gpc0=\([0-9]*\).*/\1 \2/p'`;
    const dump = `echo 'show table sessions' | socat -t 30 - ${adminSocket}`;
    return Number(await this.shell(`${dump} | ${pairs} | awk '$1==$2' | wc -l`));
  }

  /** Numbers of the keys that requests have made. */
  async liveKeys(): Promise<ReadonlySet<number>> {
    const dump = `echo 'show table sessions' | socat -t 30 - ${adminSocket}`;
    const text = await this.shell(`${dump} | sed -n 's/.* key=live-\\([0-9]*\\) .*/\\1/p'`);
    return new Set(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map(Number),
    );
  }

  /** The pod, whatever its name: one of a StatefulSet takes over that of the pod before. */
  async uid(): Promise<string> {
    return this.#kubectl(['get', 'pod', this.pod, '-o', 'jsonpath={.metadata.uid}']);
  }

  /** Reloads since the container of HAProxy started. */
  async reloads(): Promise<number> {
    const text = await this.#ask(masterSocket, 'show proc');
    const reloads = /\smaster\s+(\d+)/.exec(text)?.[1];
    if (reloads === undefined) throw new Error(`${this.pod} has no master process: ${text}`);
    return Number(reloads);
  }

  /** Puts `count` entries into the table, in one connection to the admin socket. */
  async fill(count: number): Promise<void> {
    const commands = `BEGIN{for(i=0;i<${count};i++) print "set table sessions key e2e-" i " data.gpc0 " i; print "quit"}`;
    await this.shell(
      `{ echo prompt; awk '${commands}'; } | socat -t 60 - ${adminSocket} >/dev/null`,
    );
  }

  /** gpc0 of one key, undefined where the key is unknown. */
  async counter(key: string): Promise<number | undefined> {
    const text = await this.#ask(adminSocket, `show table sessions key ${key}`);
    const value = /gpc0=(\d+)/.exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  }
}
