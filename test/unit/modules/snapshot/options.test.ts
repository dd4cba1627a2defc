import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/validate.ts';
import { setOf } from '../../../../src/modules/snapshot/create.ts';

const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1', POD_UID: 'u-1' };
const relay = ['--mode=relay', '--snapshot=/snapshots'];
const load = (...argv: readonly string[]) => loadConfig('run', argv, env).config;

describe('--snapshot', () => {
  it('records nothing unless it is given', () => {
    expect(load('--mode=relay').snapshot).toBeUndefined();
    expect(load(...relay)).toMatchObject({
      ...{ snapshot: '/snapshots', snapshotInterval: 30_000, snapshotKeep: 3 },
    });
  });

  it.each(['init', 'run', 'doctor'] as const)('is for both modes, for %s, too', (command) => {
    const argv = ['--snapshot=/snapshots', ...(command === 'init' ? ['--template=/t'] : [])];
    expect(() => loadConfig(command, argv, env)).not.toThrow();
    expect(() => loadConfig(command, [...argv, '--mode=relay'], env)).not.toThrow();
  });

  it('is refused in reload mode where HAProxy cannot be asked or must not be changed', () => {
    const given = '--snapshot=/snapshots';
    expect(() => load(given, '--peers-tls')).toThrow(/--snapshot and --peers-tls exclude/);
    expect(() => load(given, '--lessons', '--peers-tls')).toThrow(/--lessons and --peers-tls/);
    expect(() => load(given, '--dry-run')).toThrow(/--snapshot and --dry-run exclude/);
  });

  it('is of the set of namespace and section, unless another one is named', () => {
    expect(setOf(load(...relay))).toBe('edge/haproxy-peers');
    expect(setOf(load(...relay, '--snapshot-set=blue'))).toBe('blue');
    expect(() => load(...relay, '--snapshot-set=a b')).toThrow(/is not the name of a set/);
  });

  it.each(['0s', '100ms'])('does not ask HAProxy every %s', (interval) => {
    expect(() => load(...relay, `--snapshot-interval=${interval}`)).toThrow(/shorter than 1s/);
  });
});
