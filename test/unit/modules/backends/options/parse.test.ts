import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../../src/config/validate.ts';
import { backendsOf, parseBackend } from '../../../../../src/modules/backends/options/parse.ts';

const pod = { POD_NAME: 'a', POD_IP: '10.0.0.1', POD_NAMESPACE: 'edge', POD_UID: 'u' };

/** Problems of these flags, one a line; none: ''. */
function problems(...flags: readonly string[]): string {
  try {
    loadConfig('run', flags, pod);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

describe('--backend', () => {
  it.each([
    ['be_app=app', { backend: 'be_app', namespace: 'edge', service: 'app', port: null }],
    ['be_app=app:http', { backend: 'be_app', namespace: 'edge', service: 'app', port: 'http' }],
    ['be.app=web/app:8080', { backend: 'be.app', namespace: 'web', service: 'app', port: 8080 }],
    ['be_app=web/app', { backend: 'be_app', namespace: 'web', service: 'app', port: null }],
  ])('%s', (text, expected) => {
    expect(parseBackend(text, 'edge')).toEqual(expected);
    expect(problems(`--backend=${text}`)).toBe('');
    expect(problems('--mode=relay', `--backend=${text}`)).toBe('');
  });

  it('may be given several times, or in one variable', () => {
    const flags = ['--backend', 'be_a=a', '--backend=be_b=b:http'];
    const { config } = loadConfig('run', flags, pod);
    const fromEnv = loadConfig('run', [], {
      ...pod,
      HAPROXY_PEER_SYNC_BACKEND: 'be_a=a, be_b=b:http',
    });

    expect(backendsOf(config.backend, config.namespace).map(({ backend }) => backend)).toEqual([
      'be_a',
      'be_b',
    ]);
    expect(fromEnv.config.backend).toEqual(config.backend);
  });

  it.each([
    ['be_app', 'is not BACKEND=SERVICE:PORT'],
    ['=app', 'is not BACKEND=SERVICE:PORT'],
    ['be_app=', 'is not BACKEND=SERVICE:PORT'],
    ['be_app=web/app/x', 'is not BACKEND=SERVICE:PORT'],
    ['be_app=app:http:x', 'is not BACKEND=SERVICE:PORT'],
    ['be app=app', "cannot be a backend's name"],
    ['be;app=app', "cannot be a backend's name"],
    ['be_app=App', 'has "App" for a Service'],
    ['be_app=web.x/app', 'has "web.x" for a namespace'],
    ['be_app=app:0', 'has "0" for a port'],
    ['be_app=app:65536', 'has "65536" for a port'],
    ['be_app=app:HTTP', 'has "HTTP" for a port'],
  ])('%s is refused', (text, why) => {
    expect(problems(`--backend=${text}`)).toContain(why);
  });

  it('needs a namespace where it names none', () => {
    expect(parseBackend('be_app=app', undefined)).toMatchObject({
      problem: expect.stringContaining('POD_NAMESPACE is missing'),
    });
    expect(parseBackend('be_app=web/app', undefined)).toMatchObject({ namespace: 'web' });
  });

  it('tells everything that is wrong at once', () => {
    const text = problems(
      ...['--backend=be_a=a', '--backend=be_a=b', '--backend=nothing', '--zone=a b'],
      '--address=node',
      ...[
        '--server-params=check id 7 enabled',
        '--delete-after=soon',
        '--on-empty=drop',
        '--dry-run',
      ],
    );

    for (const part of [
      '--backend be_a is given twice',
      '--backend "nothing" is not',
      '--zone "a b" is not',
      '--zone and --address node exclude each other',
      '--server-params has id: each server has its own',
      '--server-params has enabled: a server that HAProxy is given while it runs cannot have it',
      '--delete-after "soon"',
      '--on-empty "drop"',
      '--backend and --dry-run exclude each other',
    ])
      expect(text).toContain(part);
  });

  it.each(['a\nshow env', 'é', 'check <<'])('%j are no words of a command', (params) => {
    expect(problems('--backend=be_a=a', `--server-params=${params}`)).toContain(
      '--server-params has characters',
    );
  });
});

it('is nothing, and asks for nothing, without --backend', () => {
  const { config } = loadConfig('run', [], pod);

  expect(config.backend).toEqual([]);
  expect(problems('--server-params=id 7', '--zone=a b')).toBe('');
});
