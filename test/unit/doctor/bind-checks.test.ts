import { describe, expect, it } from 'vitest';
import { bindChecks } from '../../../src/doctor/bind-checks.ts';
import type { Facts } from '../../../src/doctor/facts.ts';

function found(check: string, text: string, address = '10.0.0.1', ownAddresses = [address]) {
  const facts = {
    configText: { ok: true, value: text },
    self: { name: 'web-1', address },
    ownAddresses,
    env: { KNOWN: '10.0.0.1' },
    options: { adminSocket: '/var/run/haproxy/admin.sock' },
    // The checks look at nothing else.
  } as unknown as Facts;
  return bindChecks.flatMap((each) => each(facts)).filter((each) => each.check === check);
}

const levels = (findings: ReturnType<typeof found>) => findings.map(({ level }) => level);

describe('bind-family', () => {
  const of = (binds: string, ...rest: [string?, string[]?]) =>
    found('bind-family', `frontend web\n${binds.replaceAll('bind', '  bind')}\n`, ...rest);

  it.each([
    'bind :8080',
    'bind *:8080',
    'bind 0.0.0.0:8080',
    'bind ipv4@:8080',
    'bind 10.0.0.1:8080',
  ])('is well on IPv4, and keeps all clients out on IPv6: %s', (bind) => {
    expect(levels(of(bind))).toEqual(['ok']);
    const [wrong] = of(bind, 'fd00::1');
    expect(wrong).toMatchObject({
      level: 'failure',
      mend: 'bind :::PORT v4v6 takes both families',
    });
    expect(wrong?.what).toMatch(/^web \(line 2: bind .*\) takes no connections of IPv6, .*fd00::1/);
  });

  it.each([
    'bind :::8080',
    'bind :::8080 v4v6',
    'bind [::]:8080',
    'bind :8080\nbind :::8080 v6only',
    'bind 0.0.0.0:80,:::80',
  ])('is well on both: %s', (binds) => {
    for (const address of ['10.0.0.1', 'fd00::1'])
      expect(levels(of(binds, address, ['10.0.0.1', 'fd00::1']))).toEqual(['ok']);
  });

  it('keeps all clients out on IPv4 where only IPv6 is taken', () => {
    expect(levels(of('bind :::8080 v6only'))).toEqual(['failure']);
    expect(levels(of('bind fd00::1:8080'))).toEqual(['failure']);
  });

  it('warns of the second family of the pod', () => {
    expect(of('bind :8080', '10.0.0.1', ['10.0.0.1', 'fd00::1'])).toMatchObject([
      { level: 'warning', what: expect.stringMatching(/IPv6, and this pod has an address/) },
    ]);
  });

  it('looks at each frontend, and says nothing of what cannot be known', () => {
    expect(
      levels(found('bind-family', 'frontend a\n bind :1\nlisten b\n bind :::1\n', 'fd00::1')),
    ).toEqual(['failure']);
    for (const bind of [
      'bind /run/x.sock',
      'bind "$ADDR:80"',
      'bind web.example:80',
      'bind abns@x',
      '.if defined(V6)\nbind :80\n.endif',
    ])
      expect(levels(of(bind, 'fd00::1')).filter((level) => level !== 'ok')).toEqual([]);
    expect(found('bind-family', 'backend a\n')).toEqual([]);
  });
});

describe('stats-sockets', () => {
  const admin = ' stats socket /var/run/haproxy/admin.sock mode 660 level admin\n';
  const of = (lines: string) => found('stats-sockets', `global\n${lines}`);

  it('is well with that of the sidecar, and one beside it', () => {
    expect(of(admin)).toMatchObject([{ level: 'ok' }]);
    expect(of(`${admin} stats socket /run/other.sock mode 666 level user\n`)).toMatchObject([
      { level: 'ok', what: expect.stringContaining('beside /run/other.sock') },
    ]);
    expect(of(`${admin} stats socket 127.0.0.1:9999 level admin\n`)).toMatchObject([
      { level: 'ok' },
    ]);
  });

  it.each([
    [
      ' stats socket :9999 level admin\n',
      'failure',
      /level admin, and anybody who reaches the pod/,
    ],
    [' stats socket ipv4@0.0.0.0:9999\n', 'failure', /level operator/],
    [' stats socket *:9999 level user\n', 'warning', /level user/],
    [' stats socket [::]:9999 level admin\n', 'failure', /level admin/],
    [' stats socket /run/o.sock mode 666 level admin\n', 'warning', /everybody in the containers/],
    [
      ' stats socket unix@/var/run/haproxy/admin.sock level user\n',
      'failure',
      /only the last one is reached, with level user/,
    ],
  ])('names a second one that is wrong: %s', (line, level, what) => {
    const [first] = of(admin + line);

    expect(first).toMatchObject({ level, what: expect.stringMatching(what) });
    expect(first?.mend).not.toBe('');
  });
});
