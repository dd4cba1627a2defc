import { describe, expect, it } from 'vitest';
import { helpText } from '../../../src/config/describe.ts';
import { optionsOf } from '../../../src/config/options.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import { UserError } from '../../../src/errors.ts';

const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1' };

function problems(command: 'run' | 'status', ...argv: readonly string[]): string {
  try {
    loadConfig(command, argv, env);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('short flags', () => {
  it.each([
    [['-n', 'prod', '-l', 'app=edge', '-o', 'json']],
    [['-n=prod', '-l=app=edge', '-o=json']],
    [['--namespace=prod', '--selector', 'app=edge', '-ojson']],
  ])('are those of kubectl: %j', (argv) => {
    const { config, hints } = loadConfig('status', argv, env);

    expect(config).toMatchObject({ namespace: 'prod', selector: 'app=edge', output: 'json' });
    expect(hints).toEqual([]);
  });

  it.each(['-log-leevel=debug', '-nprod', '-oyaml', '-lapp', '-x'])(
    'are not guessed: %s',
    (argument) => {
      expect(problems('status', argument)).toMatch(/is not an option of status/);
    },
  );

  it('stand before the long one in the help', () => {
    expect(helpText('status', 'Show.')).toContain('  -n, --namespace STRING\n');
  });
});

describe('--no-NAME', () => {
  const booleans = optionsOf('run').filter(({ type }) => type === 'boolean');

  it.each(booleans.map(({ name }) => name))('switches --%s off', (name) => {
    const given = (flag: string) => loadConfig('run', [flag], env).config;

    expect(given(`--no-${name}`)).toEqual(given(`--${name}=false`));
    expect(given(`-no-${name}`)).toEqual(given(`--${name}=false`));
  });

  it.each(['--no-peers-port', '--no-repair=true', '--no-such'])('is nothing else: %s', (flag) => {
    expect(problems('run', flag)).toMatch(/is not an option of run/);
  });

  it('is said in the help', () => {
    expect(helpText('run', 'Keep.')).toContain('--no-NAME is --NAME=false');
  });
});
