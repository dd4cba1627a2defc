import { expect, it } from 'vitest';
import { optionsOf } from '../../../../../src/config/options.ts';
import { loadConfig } from '../../../../../src/config/validate.ts';

const right = ['--backend=be_app=web/app:http', '--kubeconfig=/etc/kubeconfig'];

/** Problems of these flags, one a line; none: ''. */
function problems(
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): string {
  try {
    loadConfig('backends', flags, env);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

it('needs no identity of a pod', () => {
  const { config } = loadConfig('backends', right, { STATE_DIRECTORY: '/var/lib/x' });

  expect(config).toMatchObject({ backend: ['be_app=web/app:http'], stateDirectory: '/var/lib/x' });
  expect(config).not.toHaveProperty('members');
  expect(config.podName).toBeUndefined();
});

it('takes the kubeconfig from KUBECONFIG, and needs none in a pod', () => {
  const [backend = ''] = right;
  expect(loadConfig('backends', [backend], { KUBECONFIG: '/k' }).config.kubeconfig).toBe('/k');
  expect(problems([backend], { KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toBe('');
});

it('tells everything that is wrong at once', () => {
  const text = problems([
    ...['--dataplane-url=http://10.0.0.1:5555', '--state-directory=x', '--zone=a b'],
    ...['--delete-after=soon', '--peers-port=3000'],
  ]);

  for (const part of [
    '--backend is missing',
    '--kubeconfig or KUBECONFIG is missing',
    'is not on the loopback: backends runs on the machine of its HAProxy',
    '--state-directory "x" is not an absolute path',
    '--delete-after "soon"',
    '--peers-port is not an option of backends',
  ])
    expect(text).toContain(part);
});

it.each([
  [['--backend=app'], 'is not BACKEND=SERVICE:PORT'],
  [['--backend=be_app=app'], 'names no namespace'],
  [['--backend=be_app=web/app', '--backend=be_app=web/other'], 'is given twice'],
  [['--backend=be_app=web/app', '--server-params=id 7'], '--server-params has id'],
])('%j is refused as in run', (flags, why) => {
  expect(problems([...flags, '--kubeconfig=/k'])).toContain(why);
});

it('is not about the Data Plane API where there is none', () => {
  const flags = [...right, '--applier=direct', '--dataplane-url=http://10.0.0.1:5555'];
  expect(problems(flags)).toBe('');
});

it('has no option of the peers, and all of backends that run has', () => {
  const names = optionsOf('backends').map(({ name }) => name);
  const ofRun = optionsOf('run').filter(({ group }) => group === 'backends');

  expect(names).toEqual(expect.arrayContaining(ofRun.map(({ name }) => name)));
  for (const name of ['pod-name', 'peers-port', 'selector', 'mode', 'source', 'template', 'events'])
    expect(names).not.toContain(name);
});
