import { type ChildProcess, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endChild } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';
import { makeFolder, removeFolder } from './temporary-folder.ts';

/** A real DNS server (dnsmasq) on the loopback, for names below `test`. */
export interface DnsServer {
  /** `127.0.0.1:PORT`, as `--dns-server` takes it. */
  readonly address: string;
  /** Exactly these addresses for the name, in effect when it resolves. */
  set(name: string, addresses: readonly string[]): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startDns(program: string, ttlSeconds = 0): Promise<DnsServer> {
  const directory = makeFolder('hps-dns-');
  // dnsmasq gives up the rights of root, and reads the file as somebody else.
  chmodSync(directory, 0o755);
  const hosts = join(directory, 'hosts');
  const known = new Map<string, readonly string[]>();
  writeFileSync(hosts, '');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const resolver = new Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([address]);
  let child: ChildProcess | undefined;

  async function resolved(name: string): Promise<string> {
    const codes: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
    const ask = async (family: 4 | 6) =>
      (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && codes.has(error.code)) return [];
        throw error;
      });
    return [...(await ask(4)), ...(await ask(6))].sort().join();
  }

  async function start(): Promise<void> {
    child = spawn(
      program,
      [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'],
        ...['--bind-interfaces', '--listen-address=127.0.0.1', `--port=${port}`, '--pid-file='],
        ...[`--addn-hosts=${hosts}`, '--local=/test/', `--local-ttl=${ttlSeconds}`],
      ],
      { stdio: 'ignore' },
    );
    await eventually(() => resolved('nobody.test'));
  }

  async function kill(): Promise<void> {
    await endChild(child, 'SIGKILL');
  }

  await start();
  return {
    address,
    async set(name, addresses) {
      known.set(name, addresses);
      const lines = [...known].flatMap(([host, all]) => all.map((one) => `${one} ${host}\n`));
      writeFileSync(hosts, lines.join(''));
      child?.kill('SIGHUP');
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const expected = [...addresses].sort().join();
      await eventually(async () => (await resolved(name)) === expected);
    },
    kill,
    start,
    async stop() {
      await kill();
      removeFolder(directory);
    },
  };
}
