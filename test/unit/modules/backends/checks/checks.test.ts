import { describe, expect, it } from 'vitest';
import type { BackendFact, Facts } from '../../../../../src/doctor/facts.ts';
import { backendsChecks } from '../../../../../src/modules/backends/checks/checks.ts';

const value = { up: 3, drain: 0, maint: 0, notes: [] };
const well: BackendFact = {
  ...{ name: 'be_app', service: 'web/app:http', endpoints: { ok: true, value } },
  file: { missing: null, refuses: null },
  running: { ok: true, value: { used: 3, held: null } },
};

/** `check level` of all findings. */
function found(part: Partial<BackendFact> | null): readonly string[] {
  // The checks look at nothing else.
  const facts: unknown = part === null ? {} : { backends: [{ ...well, ...part }] };
  const { cluster = [], files = [], running = [] } = backendsChecks;
  return [...cluster, ...files, ...running]
    .flatMap((check) => check(facts as Facts))
    .map(({ check, level, what, mend }) => {
      expect(what).not.toBe('');
      expect(mend === undefined).toBe(level === 'ok');
      return `${check} ${level}`;
    });
}

const all = (endpoints: string, section: string, servers: string) => [
  `backend-endpoints ${endpoints}`,
  `backend-section ${section}`,
  `backend-servers ${servers}`,
];

describe('doctor, of backends', () => {
  it('says nothing without --backend, and that all is well where it is', () => {
    expect(found(null)).toEqual([]);
    expect(found({})).toEqual(all('ok', 'ok', 'ok'));
  });

  it.each<readonly [string, Partial<BackendFact>, readonly string[]]>([
    [
      'slices that may not be read',
      { endpoints: { ok: false, why: 'refused', code: 'KUBERNETES_FORBIDDEN', hint: 'a rule' } },
      all('failure', 'ok', 'ok'),
    ],
    [
      'a port that there is not',
      { endpoints: { ok: true, value: { ...value, notes: ['no TCP port'] } } },
      all('warning', 'ok', 'ok'),
    ],
    [
      'a Service without endpoints',
      { endpoints: { ok: true, value: { ...value, up: 0 } } },
      all('warning', 'ok', 'warning'),
    ],
    [
      'a backend that is not in haproxy.cfg',
      { file: { missing: 'no backend be_app', refuses: null } },
      all('ok', 'failure', 'ok'),
    ],
    [
      'a balance that takes no servers',
      { file: { missing: null, refuses: 'static-rr' } },
      all('ok', 'failure', 'ok'),
    ],
    [
      'a worker without the backend',
      { running: { ok: true, value: { used: null, held: null } } },
      all('ok', 'ok', 'failure'),
    ],
    [
      'a version that is given none',
      { running: { ok: true, value: { used: 0, held: 'too old' } } },
      all('ok', 'ok', 'failure'),
    ],
    [
      'a worker without one server',
      { running: { ok: true, value: { used: 0, held: null } } },
      all('ok', 'ok', 'failure'),
    ],
    [
      'a worker with others',
      { running: { ok: true, value: { used: 2, held: null } } },
      all('ok', 'ok', 'warning'),
    ],
  ])('finds %s', (_, part, expected) => {
    expect(found(part)).toEqual(expected);
  });

  it('says nothing of what is not known', () => {
    expect(found({ file: null, running: { ok: false, why: 'away' } })).toEqual([
      'backend-endpoints ok',
    ]);
  });
});
