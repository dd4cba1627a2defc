import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/validate.ts';

const given = ['--pod-name', 'a', '--pod-ip', '127.0.0.1', '--namespace', 'web', '--aggregate'];
const withUid = [...given, '--mode', 'relay', '--pod-uid', 'uid-a'];

const load = (...flags: readonly string[]) => loadConfig('run', [...withUid, ...flags], {}).config;

const reload = (...flags: readonly string[]) =>
  loadConfig('run', [...given, '--pod-uid', 'uid-a', ...flags], {}).config;

describe('the options of sums', () => {
  it('have defaults that suit a small set', () => {
    expect(load()).toMatchObject({
      ...{ aggregate: true, aggregateSuffix: '.sum' },
      ...{ aggregateMaxKeys: 200_000, aggregatePort: 3002 },
    });
  });

  it.each([
    ['.agg', true],
    ['_all', true],
    ['-sum.2', true],
    ['sum', false],
    ['.', false],
    ['.sum me', false],
    ['.others', false],
    ['.my.others', false],
    ['.max', false],
    [`.${'s'.repeat(31)}`, false],
  ])('take the suffix %s: %s', (suffix, isTaken) => {
    const take = () => load(`--aggregate-suffix=${suffix}`);
    if (isTaken) expect(take().aggregateSuffix).toBe(suffix);
    else expect(take).toThrow(/--aggregate-suffix/);
  });

  it.each([0, 5_000_001])('do not take %d keys', (keys) => {
    expect(() => load('--aggregate-max-keys', String(keys))).toThrow(/is not from 1 to 5000000/);
  });

  it('need the uid of the pod, and a port of the links that nobody else has', () => {
    expect(() => loadConfig('run', given, {})).toThrow(/--lessons or --aggregate tell pods apart/);
    expect(() => reload('--relay-port', '3000')).toThrow(/--relay-port and --peers-port are both/);
    expect(reload()).toMatchObject({ mode: 'reload', aggregate: true });
  });

  it('do not go with --dry-run', () => {
    expect(() => reload('--dry-run')).toThrow(/--aggregate and --dry-run/);
  });

  it('are not looked at without --aggregate', () => {
    const { config } = loadConfig('run', [...given.slice(0, -1), '--aggregate-suffix', 'x'], {});
    expect(config.aggregate).toBe(false);
  });
});
