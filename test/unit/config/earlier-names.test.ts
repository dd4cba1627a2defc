import { describe, expect, it } from 'vitest';
import { envName, options } from '../../../src/config/options.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import type { Option } from '../../../src/model/option.ts';

const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1' };

describe('an option that was called otherwise', () => {
  it('has these earlier names, which are part of the interface', () => {
    const before = options.flatMap(({ name, ...option }) =>
      'formerly' in option ? option.formerly.map((earlier) => [earlier, name]) : [],
    );

    expect(Object.fromEntries(before)).toEqual({
      'config-file': 'haproxy-config',
      'held-limit': 'waiting-limit',
      'metrics-per-sibling': 'metrics-per-peer',
      'password-file': 'dataplane-password-file',
      'resync-interval': 'reconcile-interval',
      userlist: 'dataplane-userlist',
    });
  });

  /** Every option that has an earlier name, with a value that is not its default. */
  const renamed = (options as readonly Option[]).flatMap(
    ({ name, type, formerly = [], commands }) =>
      formerly.map((earlier) => {
        const texts = {
          boolean: 'true',
          duration: '7s',
          string: name.endsWith('list') ? 'u' : '/x',
        };
        const text = texts[type as keyof typeof texts];
        const command = commands.includes('run') ? ('run' as const) : ('doctor' as const);
        return { name, earlier, text, command };
      }),
  );

  it.each(renamed)('takes --$earlier for --$name, as its variable, with a hint', (each) => {
    const { name, earlier, text, command } = each;
    const wanted = loadConfig(command, [`--${name}=${text}`], env);
    expect(wanted.config).not.toEqual(loadConfig(command, [], env).config);
    expect(wanted.hints).toEqual([]);

    const flag = loadConfig(command, [`--${earlier}=${text}`], env);
    expect(flag.config).toEqual(wanted.config);
    expect(flag.hints).toEqual([`--${earlier} is deprecated: use --${name}`]);

    const variable = envName({ name: earlier });
    const set = loadConfig(command, [], { ...env, [variable]: text });
    expect(set.config).toEqual(wanted.config);
    expect(set.hints).toEqual([`${variable} is deprecated: use ${envName({ name })}`]);
  });

  it.each(renamed)('takes the last of --$earlier and --$name, and the new variable', (each) => {
    const { name, earlier, text, command } = each;
    const other = { true: 'false', '7s': '8s', u: 'v', '/x': '/y' }[text] ?? '';
    const wanted = loadConfig(command, [`--${name}=${text}`], env).config;

    const load = (...flags: string[]) => loadConfig(command, flags, env).config;
    expect(load(`--${earlier}=${other}`, `--${name}=${text}`)).toEqual(wanted);
    expect(load(`--${name}`, other, `-${earlier}`, text)).toEqual(wanted);
    const variables = { [envName({ name: earlier })]: other, [envName({ name })]: text };
    expect(loadConfig(command, [], { ...env, ...variables })).toEqual({
      config: wanted,
      hints: [],
    });
  });
});
