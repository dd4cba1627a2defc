import { describe, expect, it } from 'vitest';
import { askAll, commandWord } from '../../../src/haproxy/ask-all.ts';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { command } from '../../../src/haproxy/socket.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testBackendStand } from '../../rig/test-backend-stand.ts';

describe.each(haproxyVersions)('many commands at once, HAProxy %s', (title, haproxy) => {
  it(
    'has the reply of each, empty ones and errors included',
    unless(missingOf({ [`HAProxy ${title}`]: haproxy })),
    async () => {
      const { adminSocket: socket } = await testBackendStand({ haproxy });

      const replies = await askAll(socket, [
        'add server nix/a 127.0.0.1:1',
        'enable server be_app/static1',
        'del server be_app/nix',
        'del server be_app/nix',
        'add server be_app/app-1 127.0.0.2:80 id 70001',
        `add server be_app/app-2 127.0.0.2:80 inter ${commandWord('2 ;s')}`,
        'set server be_app/app-1 addr 127.0.0.3 port 81',
        'set server be_app/static1 weight 300',
        'enable server be_app/app-1',
        'set server be_app/app-1 state maint',
        'del server be_app/app-1',
      ]);

      expect(
        replies.map((reply) => reply?.replace(/^(IP changed|unexpected character ' ').*/, '$1')),
      ).toEqual([
        'No such backend.',
        '',
        'No such server.',
        'No such server.',
        'New server registered.',
        "unexpected character ' '",
        'IP changed',
        'Absolute weight can only be between 0 and 256 inclusive.',
        '',
        '',
        'Server deleted.',
      ]);
    },
  );

  it(
    'is sent in parts that HAProxy takes',
    unless(missingOf({ [`HAProxy ${title}`]: haproxy })),
    async () => {
      const { adminSocket: socket } = await testBackendStand({ haproxy });
      const names = Array.from({ length: 1000 }, (_, index) => `app-7d4b9c6f5-${index}`);

      const replies = await askAll(
        socket,
        names.map(
          (name, index) =>
            `add server be_app/${name} 127.1.${index >> 8}.${index & 255}:8080 id ${70_000 + index}`,
        ),
      );

      expect(new Set(replies)).toEqual(new Set(['New server registered.']));
      const servers = parseServersState(await command(socket, 'show servers state be_app'));
      expect(servers?.map(({ name }) => name)).toEqual(['static1', ...names]);
      expect(servers?.at(-1)).toMatchObject({
        ...{ id: 70_999, address: '127.1.3.231', port: 8080, weight: 1, inMaintenance: true },
      });
      expect(parseServersState(await command(socket, 'show servers state nix'))).toBeNull();
    },
  );
});
