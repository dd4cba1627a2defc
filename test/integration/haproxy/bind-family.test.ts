import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bindChecks } from '../../../src/doctor/bind-checks.ts';
import type { Facts } from '../../../src/doctor/facts.ts';
import { freePort } from '../../helpers/ports.ts';
import { haproxyBranch, programs } from '../../helpers/programs.ts';
import { unless } from '../../helpers/skip.ts';
import { startHaproxyStand } from '../../rig/haproxy-stand.ts';

const binaries = [programs.haproxy, programs.haproxy30, programs.haproxy34].filter(
  (each) => each !== undefined,
);

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Whether the check says that clients of that family get in. */
function says(text: string, address: string): boolean {
  const facts = {
    configText: { ok: true, value: text },
    self: { name: 'a', address },
    env: {},
    options: { adminSocket: '/none' },
  } as unknown as Facts;
  const found = bindChecks.flatMap((check) => check(facts));
  return found.some(({ check, level }) => check === 'bind-family' && level === 'ok');
}

const missing = existsSync('/proc/net/if_inet6') ? undefined : 'no IPv6 on this machine';
const hosts = ['', '*', '0.0.0.0', 'ipv4@', '::', '[::]', 'ipv6@', '::1', '127.0.0.1'];
const parameters = ['', ' v4v6', ' v6only'];

describe('families that a bind line takes', unless(missing), () => {
  it.each(binaries.map((binary) => [haproxyBranch(binary), binary] as const))(
    'are those that doctor says, HAProxy %s',
    async (_, haproxy) => {
      const binds = await Promise.all(
        hosts.flatMap((host) =>
          parameters.map(async (more) => {
            const port = await freePort();
            return { port, name: `${host}:PORT${more}`, line: `bind ${host}:${port}${more}` };
          }),
        ),
      );
      const section = (line: string, index = 0) => `frontend tried${index}\n  ${line}\n`;
      const stand = await startHaproxyStand({
        haproxy,
        rewrite: (text) => text + binds.map(({ line }, index) => section(line, index)).join(''),
      });
      try {
        for (const { name, port, line } of binds) {
          const told = {
            name,
            v4: says(section(line), '127.0.0.1'),
            v6: says(section(line), '::1'),
          };
          const [v4, v6] = [await connects('127.0.0.1', port), await connects('::1', port)];
          expect(told).toEqual({ name, v4, v6 });
        }
      } finally {
        await stand.stop();
      }
    },
    60_000,
  );
});
