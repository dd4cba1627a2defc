import { describe, expect, it } from 'vitest';
import { containerChecks } from '../../../src/doctor/container-checks.ts';
import type { Facts } from '../../../src/doctor/facts.ts';

function findings(text: string, up: boolean, graceSeconds = 60) {
  const admin = { version: '3.4.0', level: 'admin', peers: null, tables: [] };
  const facts = {
    configText: { ok: true, value: text },
    container: { uid: 65532, directories: new Set(['/var/run/haproxy']) },
    ownPod: { ok: true, value: { graceSeconds } },
    admin: up ? { ok: true, value: admin } : { ok: false, why: 'nobody answers' },
    options: { configFile: '/etc/haproxy/haproxy.cfg' },
    // The checks look at nothing else.
  } as unknown as Facts;
  return containerChecks.flatMap((check) => check(facts)).filter(({ level }) => level !== 'ok');
}

describe('what a container does not take', () => {
  const text = 'global\n  hard-stop-after 30s\n  user haproxy\n  chroot /var/lib/haproxy\n';

  it('is why HAProxy does not answer', () => {
    const found = findings(text, false);

    expect(found.map(({ level }) => level)).toEqual(['failure', 'failure']);
    expect(found.map(({ what }) => what).join()).toMatch(/line 3 .*user haproxy.*line 4 .*chroot/s);
  });

  it.each([
    'user haproxy',
    'group haproxy',
    'uid 99',
    'gid 99',
    'chroot /var/lib/haproxy',
    'daemon',
    'pidfile /run/haproxy.pid',
    'stats socket /run/haproxy/admin.sock level admin',
    'stats socket /var/run/haproxy/more.sock user haproxy',
  ])('is named: %s', (line) => {
    expect(findings(`global\n  hard-stop-after 30s\n  ${line}\n`, false)).toMatchObject([
      {
        check: 'container',
        level: 'failure',
        what: expect.stringContaining(`line 3 may be why: ${line}: `),
      },
    ]);
  });

  it.each([
    'user root',
    'uid 65532',
    'pidfile /var/run/haproxy/pid',
    'stats socket /var/run/haproxy/b.sock',
  ])('is nothing that it does take: %s', (line) => {
    expect(findings(`global\n  hard-stop-after 30s\n  ${line}\n`, false)).toEqual([]);
  });

  it('is nothing to mend while HAProxy runs with it', () => {
    expect(findings(text, true)).toEqual([]);
  });
});

it.each([true, false])('warns of a log that nobody reads, HAProxy up: %s', (up) => {
  const text = 'global\n  hard-stop-after 30s\n  log /dev/log local0\n';

  expect(findings(text, up)).toMatchObject([
    {
      check: 'logs',
      level: 'warning',
      what: expect.stringMatching(
        /^line 3: log \/dev\/log local0: .*log stdout format raw local0$/,
      ),
    },
  ]);
  expect(findings(text.replace('/dev/log', 'stdout format raw'), up)).toEqual([]);
});

it('warns where nothing limits the life of old workers', () => {
  expect(findings('global\n  maxconn 1\n', true)).toMatchObject([
    { check: 'hard-stop-after', level: 'warning', mend: expect.stringContaining('30s') },
  ]);
  expect(findings('global\n  hard-stop-after 0\n', true)).toEqual([]);
});

it.each(['31s', '2m', '31000'])(
  'warns where old workers may live longer than the pod: %s',
  (time) => {
    const text = `global\n  hard-stop-after ${time}\n`;

    expect(findings(text, true, 30)).toMatchObject([
      { check: 'hard-stop-after', level: 'warning', what: expect.stringContaining('(30)') },
    ]);
    expect(findings(text, true, 120)).toEqual([]);
  },
);
