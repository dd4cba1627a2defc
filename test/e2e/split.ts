import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';

function run(...args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync('iptables', ['--wait', '5', ...args], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** Why this test may not reject packets between pods: undefined where it may. It must run as root in the network of the node. */
export function whyNoSplit(): string | undefined {
  const path = 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}';
  const nodes = spawnSync('kubectl', ['get', 'nodes', '-o', path], { encoding: 'utf8' });
  const here = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = new Set(here.map(({ address }) => address));
  const addresses = (nodes.stdout ?? '').trim().split(' ');
  if (addresses.length !== 1) return 'the cluster has more than one node';
  if (!addresses.every((address) => own.has(address))) return 'not in the network of the node';
  return run('--list', 'FORWARD', '--numeric');
}

/**
 * What a policy engine does that rejects: TCP to these ports between those inside and everybody else is refused, in both
 * directions. Those inside reach each other.
 */
export class Split {
  readonly #chain = `E2E-${randomUUID().slice(0, 8)}`;

  close(inside: readonly string[], ports: readonly number[]): void {
    this.#do('--new-chain', this.#chain);
    for (const from of inside) {
      for (const to of inside)
        this.#rule('--source', from, '--destination', to, '--jump', 'RETURN');
    }
    for (const address of inside) {
      for (const port of ports) {
        for (const side of ['--source', '--destination']) {
          const tcp = ['--protocol', 'tcp', '--dport', String(port)];
          const reject = ['--jump', 'REJECT', '--reject-with', 'tcp-reset'];
          this.#rule(side, address, ...tcp, ...reject);
        }
      }
    }
    this.#do('--insert', 'FORWARD', '--jump', this.#chain);
  }

  /** May be called again, and when nothing was closed. */
  open(): void {
    run('--delete', 'FORWARD', '--jump', this.#chain);
    run('--flush', this.#chain);
    run('--delete-chain', this.#chain);
  }

  #rule(...args: readonly string[]): void {
    this.#do('--append', this.#chain, ...args);
  }

  #do(...args: readonly string[]): void {
    const why = run(...args);
    if (why !== undefined) throw new Error(`iptables ${args.join(' ')}: ${why}`);
  }
}
