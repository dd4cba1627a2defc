import { describe, expect, it } from 'vitest';
import { editPeersSection, readPeersSection } from '../../../src/config-text/peers-text.ts';
import { withPeersTls } from '../../../src/config-text/peers-tls-text.ts';
import { speaksTls } from '../../../src/config-text/speaks-tls.ts';
import { noChanges } from '../../../src/model/changes.ts';

const tls = { bundle: '/etc/haproxy/peers-tls.pem', ca: '/etc/haproxy/peers-tls-ca.pem' };
const ssl = `ssl crt ${tls.bundle} ca-file ${tls.ca} verify required`;

function rendered(text: string, part: { verifyHost?: string; address?: string } = {}) {
  const warnings: string[] = [];
  const { verifyHost, address = '10.0.0.1' } = part;
  const input = {
    tls: { ...tls, verifyHost },
    ...{ sectionName: 'p', selfName: 'a', address, port: 3000, env: { HOSTNAME: 'a' } },
  };
  const result = withPeersTls(text, input, warnings);
  return { text: result, warnings, again: withPeersTls(result, input, []) };
}

describe('withPeersTls', () => {
  it('makes the section where there is none', () => {
    const { text, again } = rendered('global\n');

    expect(text).toBe(
      `global\n\npeers p\n    default-server ${ssl}\n    bind 10.0.0.1:3000 ${ssl}\n`,
    );
    expect(again).toBe(text);
  });

  it('makes peer lines server lines, the own one without an address', () => {
    const { text, warnings, again } = rendered(
      'peers p\n  # ours\n  peer "$HOSTNAME" 0.0.0.0:3000\n  peer outside 192.0.2.1:1024 shard 2\n  table t type ip size 1k\n\nbackend x\n',
    );

    expect(text).toBe(
      `peers p\n    default-server ${ssl}\n    bind 10.0.0.1:3000 ${ssl}\n  # ours\n  server "$HOSTNAME"\n  server outside 192.0.2.1:1024 shard 2\n  table t type ip size 1k\n\nbackend x\n`,
    );
    expect(warnings).toEqual([]);
    expect(again).toBe(text);
  });

  it('takes the place of a bind and a default-server, and says which parameters go', () => {
    const { text, warnings } = rendered(
      'peers p\n default-server ssl verify none\n bind :3000 ssl crt old.pem\n server a\n server b 10.0.0.2:3000 ssl verify none\n',
    );

    expect(text).not.toContain('verify none');
    expect(text).not.toContain('old.pem');
    expect(warnings).toEqual([
      '"ssl verify none" of peer b in the template is replaced by --peers-tls',
    ]);
  });

  it('writes IPv6 addresses, the host to verify, and the line ends of the file', () => {
    const { text } = rendered('peers p\r\n  server a\r\n', {
      address: 'fd00::1',
      verifyHost: 'peers.example',
    });

    expect(text).toContain(`bind [fd00::1]:3000 ${ssl}\r\n`);
    expect(text).toContain('verifyhost peers.example\r\n');
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('leaves other peers sections alone', () => {
    const { text } = rendered('peers q\n  peer x 10.0.0.9:1\n');

    expect(text).toContain('peers q\n  peer x 10.0.0.9:1\n');
  });

  it('is read as encrypted, and a server added to it has nothing of its own', () => {
    const { text } = rendered('peers p\n  server a\n  server b 10.0.0.2:3000\n');

    const section = readPeersSection(text, 'p');
    const edited = editPeersSection(text, 'p', {
      ...noChanges,
      add: [{ name: 'c', address: '10.0.0.3', port: 3000 }],
    });

    expect(section).toMatchObject({ encrypted: true, style: 'server' });
    expect(edited).toMatch(/^ +server c 10\.0\.0\.3:3000$/m);
    expect(readPeersSection(edited, 'p').encrypted).toBe(true);
  });
});

describe('speaksTls', () => {
  it.each([
    [['bind :1 ssl crt x ca-file y verify required', 'default-server ssl verify required'], true],
    [['bind :1 ssl crt x', 'default-server ssl verify required'], false],
    [['bind :1 ssl crt x verify optional', 'default-server ssl verify required'], false],
    [['bind :1 ssl crt x verify required', 'default-server ssl verify none'], false],
    [['bind :1 ssl crt x verify required'], false],
    [['peer a 10.0.0.1:1 ssl verify required'], false],
    [['# bind ssl verify required', '# default-server ssl verify required'], false],
    [[], false],
    [['bind :1 ssl crt x verify required', 'default-server ssl verify required no-ssl'], false],
    [
      [
        'bind :1 ssl crt x verify required',
        'default-server ssl verify required',
        'default-server verify none',
      ],
      false,
    ],
    [
      [
        'bind :1 ssl crt x verify required',
        'default-server verify none',
        'default-server ssl verify required',
      ],
      true,
    ],
    [
      ['bind :1 ssl crt x verify required verify none', 'default-server ssl verify required'],
      false,
    ],
    [['bind :1 ssl crt x verify required', 'default-server ssl verify "$HOW"'], false],
    [
      [
        'bind :1 ssl crt x verify required',
        'default-server ssl verify required ca-file @system-ca',
      ],
      false,
    ],
  ])('says of %j: %j', (lines, expected) => {
    expect(speaksTls(lines)).toBe(expected);
  });
});
