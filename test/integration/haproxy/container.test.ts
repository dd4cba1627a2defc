import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { containerLines } from '../../../src/config-text/container-lines.ts';
import { lostLogs } from '../../../src/config-text/lost-logs.ts';
import { command } from '../../../src/haproxy/socket.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const uid = 65532;
const versions = [
  ['of the distribution', programs.haproxy],
  ['3.0', programs.haproxy30],
  ['3.4', programs.haproxy34],
] as const;
const notRoot = geteuid?.() === 0 ? undefined : 'only root can be another user';

/** Whether HAProxy starts with the line, as a user without rights: `-W` as the README says. */
const lines: readonly (readonly [boolean, string])[] = [
  [true, 'maxconn 100'],
  [true, 'user root'],
  [true, 'uid 65532'],
  [true, 'stats socket abns@hps-container level admin'],
  [true, 'stats socket SHARED/more.sock mode 666'],
  [true, 'pidfile SHARED/pid'],
  [false, 'user daemon'],
  [false, 'group daemon'],
  [false, 'uid 1'],
  [false, 'gid 1'],
  [false, 'chroot /var/empty'],
  [false, 'stats socket /nowhere/x.sock'],
  [false, 'stats socket unix@/nowhere/x.sock level admin'],
  [false, 'stats socket SHARED/more.sock user daemon'],
  [false, 'stats socket SHARED/more.sock mode 660 gid 1'],
  [false, 'daemon'],
  [false, 'pidfile /nowhere/pid'],
];

describe.each(versions)('HAProxy %s as a user of a container', (name, binary) => {
  const missing = notRoot ?? missingOf({ [`HAProxy ${name}`]: binary });
  const directory = suiteFolder();
  const program = join(directory, 'haproxy');
  beforeAll(() => {
    chmodSync(directory, 0o777);
    copyFileSync(binary ?? '', program);
    chmodSync(program, 0o755);
  });

  it.each(lines)(
    'starts, or containerLines says that it does not: %s %s',
    { ...unless(missing), timeout: 30_000 },
    async (starts, given) => {
      const socket = join(directory, 'a.sock');
      const line = given.replace('SHARED', directory);
      const text = `global\n  ${line}\n  stats socket ${socket} mode 600\ndefaults\n  mode http\n  timeout client 1s\nfrontend f\n  bind 127.0.0.1:${await freePort()}\n`;
      const file = join(directory, 'haproxy.cfg');
      writeFileSync(file, text);
      chmodSync(file, 0o644);
      const child = spawn(program, ['-W', '-f', file], {
        ...{ uid, gid: uid, stdio: 'ignore', detached: true },
      });
      const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(false)));
      const up = async (): Promise<boolean> => {
        while (child.exitCode === null) {
          const info = await command(socket, 'show info').catch(() => '');
          if (info.includes('Uptime')) return true;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return false;
      };
      // One that goes to the background ends, though its socket answers for a moment or for good.
      const stays = given === 'daemon' ? await ended : await Promise.race([ended, up()]);
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // Ended already.
        }
      }
      if (stays) await ended;
      if (given === 'daemon') await endBackground(socket);

      const said = containerLines(text, { uid, directories: new Set([directory]) });
      expect(stays).toBe(starts);
      expect(said.map((each) => each.line)).toEqual(starts ? [] : [2]);
    },
  );
});

/** Starts it with the line until it has told so of its log, or serves, and returns whether it has. */
async function losesLog(binary: string, directory: string, line: string): Promise<boolean> {
  const file = join(directory, 'log.cfg');
  const port = await freePort();
  const text = `global\n  ${line}\ndefaults\n  log global\n  mode http\n  timeout client 1s\nfrontend f\n  bind 127.0.0.1:${port}\n  http-request return status 200\n`;
  writeFileSync(file, text);
  const child = spawn(binary, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await eventually(() => fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok));
  child.kill();
  await ended;
  return /failed in logger/.test(said);
}

describe.each(versions)('the log of HAProxy %s', (name, binary) => {
  const directory = suiteFolder();

  it.each([
    ['log /nowhere/log local0', true],
    ['log unix@/nowhere/log len 8192 local0', true],
    ['log uxdg@/nowhere/log local0', true],
    ['log dgram+unix@/nowhere/log local0', true],
    ['log stdout format raw local0', false],
  ])(
    'is lost where lostLogs says so: %s',
    unless(missingOf({ [`HAProxy ${name}`]: binary })),
    async (line, isLost) => {
      const told = lostLogs(`global\n  ${line}\n`, { directories: new Set([directory]) });

      expect(await losesLog(binary ?? '', directory, line)).toBe(isLost);
      expect(told.map((each) => each.line)).toEqual(isLost ? [2] : []);
    },
  );
});

/** HAProxy that has left its group, by the pid that it tells itself. */
async function endBackground(socket: string): Promise<void> {
  const info = await command(socket, 'show info').catch(() => '');
  const pid = Number(/^Pid: (\d+)/m.exec(info)?.[1]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  process.kill(pid, 'SIGKILL');
}
