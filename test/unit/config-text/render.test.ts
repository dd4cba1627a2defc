import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderDataplaneYml, renderReloadScript } from '../../../src/config-text/dataplane-yml.ts';
import { type RenderInput, renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { findHash, hashPassword, verifyPassword } from '../../../src/config-text/userlist.ts';
import { member, self } from '../../helpers/members.ts';
import { renderInput } from '../../helpers/render-input.ts';

const directory = new URL('../../golden/render/', import.meta.url);

function input(template: string): RenderInput {
  const members = [member('a'), member('b'), member('c', { address: 'fd00::3' })];
  return renderInput(template, { sectionName: 'haproxy-peers', members });
}

/** Each NAME.in.cfg renders to NAME.out.cfg; UPDATE=1 writes the outputs anew. */
const cases = readdirSync(directory).filter((file) => file.endsWith('.in.cfg'));

describe('renderHaproxyCfg', () => {
  it.each(cases)('renders %s as recorded, and its own output to itself', (file) => {
    const out = new URL(file.replace('.in.', '.out.'), directory);
    const rendered = renderHaproxyCfg(input(readFileSync(new URL(file, directory), 'utf8')));
    const text = `${rendered.warnings.map((warning) => `# warning: ${warning}\n`).join('')}${rendered.text}`;
    if (process.env.UPDATE === '1' || !existsSync(out)) writeFileSync(out, text);

    expect(text).toBe(readFileSync(out, 'utf8'));
    expect(renderHaproxyCfg(input(rendered.text)).text).toBe(rendered.text);
  });

  it('takes little time for a long template with many global lines', () => {
    const globals = Array.from({ length: 40 }, (_, index) => `    setenv V${index} x\n`);
    const backend = '    option httpchk GET /\n    server s1 10.0.0.1:80 check inter 5s\n\n';
    const backends = Array.from({ length: 1500 }, (_, index) => `backend b${index}\n${backend}`);
    const begun = performance.now();

    renderHaproxyCfg(input(`global\n${globals.join('')}${backends.join('')}`));

    expect(performance.now() - begun).toBeLessThan(3000);
  });

  it('has no orphaned golden file', () => {
    for (const file of readdirSync(directory)) {
      expect(cases).toContain(file.replace('.out.', '.in.'));
    }
  });

  it('names the static peers of the template, which are no members', () => {
    const template =
      'peers haproxy-peers\n  peer "$HOSTNAME" 0.0.0.0:3000\n  peer outside 192.0.2.1:1024\n  peer b 10.0.0.99:3000\n';

    const { staticPeers, text } = renderHaproxyCfg(input(template));

    expect(staticPeers).toEqual(['outside']);
    expect(text).toContain('peer b 10.0.0.2:3000');
    expect(text).toContain('peer a 10.0.0.1:3000');
  });

  it('declares expected peers once, and they are no static peers', () => {
    const expected = ['b', 'd'].map((name) => ({ name, address: '127.0.0.1', port: 1 }));

    const { staticPeers, text } = renderHaproxyCfg({ ...input(''), expected });

    expect(text).toContain('peer b 10.0.0.2:3000');
    expect(text).toContain('peer d 127.0.0.1:1');
    expect(staticPeers).toEqual([]);
  });

  it('finds the hash it wrote', () => {
    const { text } = renderHaproxyCfg(input(''));

    expect(findHash(text, 'dataplaneapi', 'admin')).toBe('$6$salt$hash');
    expect(findHash(text, 'dataplaneapi', 'other')).toBeNull();
    expect(findHash('', 'dataplaneapi', 'admin')).toBeNull();
  });
});

describe('a section that listens', () => {
  const bound = (lines: string) => `peers haproxy-peers\n${lines}  server "$HOSTNAME"\n`;
  const six = { self: { ...self('a'), address: 'fd00::1' }, members: [] };

  it.each([
    ['with another spelling of the address', '  bind [fd00:0:0::1]:3000\n', six],
    ['at all addresses of IPv6', '  bind ipv6@:3000\n', six],
    ['somewhere if', '  .if defined(LEGACY)\n  bind :1024\n  .endif\n', {}],
    ['here or there', '  .if defined(X)\n  bind :1024\n  .else\n  bind :1025\n  .endif\n', {}],
  ])('%s is taken as it is', (_, lines, other) => {
    const { warnings } = renderHaproxyCfg({ ...input(bound(lines)), ...other });

    expect(warnings.filter((warning) => warning.includes('listens on'))).toEqual([]);
  });

  it('at another port is refused', () => {
    expect(() => renderHaproxyCfg(input(bound('  bind ipv6@:1024\n')))).toThrow('listens on');
    expect(() => renderHaproxyCfg(input(bound('  bind :1024\n')))).toThrow('listens on');
  });
});

describe('lines that the Data Plane API damages', () => {
  const conditional = 'frontend web\n  .if defined(X)\n  http-request deny\n  .endif\n';

  it('are told, with what follows from them', () => {
    expect(renderHaproxyCfg(input(conditional)).warnings).toEqual([
      expect.stringMatching(/^line \d+ \(\.if\).* no peer is added or removed while HAProxy runs$/),
    ]);
  });

  it('are no matter where it does not write', () => {
    expect(renderHaproxyCfg({ ...input(conditional), direct: true }).warnings).toEqual([]);
  });
});

describe('a template that wants the password', () => {
  const wanting = (userlist: string) =>
    `userlist ${userlist}\n  user admin insecure-password %TEMPLATEDPASSWORD%\n`;

  it('is refused where there is none, in place of a placeholder for a password', () => {
    expect(() => renderHaproxyCfg({ ...input(wanting('other')), password: null })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('%TEMPLATEDPASSWORD%'),
      }),
    );
  });

  it('needs none where the hash takes its place', () => {
    const { text } = renderHaproxyCfg({ ...input(wanting('dataplaneapi')), password: null });

    expect(text).toContain('user admin password $6$');
    expect(text).not.toContain('%TEMPLATEDPASSWORD%');
  });
});

describe('the password hash', () => {
  it('is SHA-512 crypt in four parts and verifies', () => {
    const hash = hashPassword('a-password');

    expect(hash).toMatch(/^\$6\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{86}$/);
    expect(verifyPassword('a-password', hash)).toBe(true);
    expect(verifyPassword('another', hash)).toBe(false);
  });

  it.each(['', 'plain', '$6$rounds=5000$salt$hash', '$5$salt$hash', '$6$$'])(
    'does not verify %j',
    (hash) => {
      expect(verifyPassword('a-password', hash)).toBe(false);
    },
  );
});

describe('a text that is more than itself', () => {
  it.each([
    { sectionName: 'p\nglobal' },
    { userlist: 'u\n user x' },
    { user: 'a password b' },
    { passwordHash: '$6$a$b\n' },
    { adminSocket: '/run/a.sock level admin' },
    { tls: { bundle: '/a b', ca: '/c', verifyHost: undefined } },
    { tls: { bundle: '/a', ca: '/c', verifyHost: 'h verify none' } },
  ])('is not written into haproxy.cfg: %j', (part) => {
    expect(() => renderHaproxyCfg({ ...input(''), ...part })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it.each(['/run/$(id)', '/run/"', "/run/'", '/run/a b', '/run/a,b', '/run/a\nid'])(
    'is not written into reload.sh: %j',
    (socket) => {
      expect(() => renderReloadScript(socket)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    },
  );
});

describe('renderDataplaneYml', () => {
  const base = {
    podName: 'a',
    userlist: 'dataplaneapi',
    configFile: '/etc/haproxy/haproxy.cfg',
    masterSocket: '/var/run/haproxy/master.sock',
    stateDirectory: '/etc/haproxy/dataplaneapi',
    haproxyBin: 'haproxy',
    reloadScript: '/etc/haproxy/dataplaneapi/reload.sh',
  };

  it('listens on the loopback and reloads over the master socket only', () => {
    const text = renderDataplaneYml({ ...base, listen: { host: '127.0.0.1', port: 5555 } });

    expect(text).toContain('host: 127.0.0.1');
    expect(text).toContain('master_worker_mode: true');
    expect(text).toContain('reload_cmd: sh /etc/haproxy/dataplaneapi/reload.sh');
  });

  it('takes a unix socket', () => {
    const text = renderDataplaneYml({ ...base, listen: { socket: '/run/api.sock' } });

    expect(text).toContain('socket_path: /run/api.sock');
    expect(text).not.toContain('port:');
  });
});
