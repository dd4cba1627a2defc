import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/validate.ts';
import { kustomize, noKubectl, runs } from '../helpers/example-manifests.ts';
import { unitCommand, unitText, variablesOf } from '../helpers/external-example.ts';
import { unless } from '../helpers/skip.ts';
import { testFolder } from '../helpers/test-folder.ts';

const noSystemd = runs('systemd-analyze', '--version') ? undefined : 'no systemd-analyze';

describe('examples/backends-external', () => {
  it('has a unit whose options the program takes, with the variables beside it', () => {
    const [, name = '', ...flags] = unitCommand('/run/credentials/x');
    const { config, hints } = loadConfig('backends', flags, {
      ...variablesOf('examples/backends-external/haproxy-backends.default'),
      STATE_DIRECTORY: '/var/lib/haproxy-backends',
    });

    expect(name).toBe('backends');
    expect(hints).toEqual([]);
    expect(config).toMatchObject({
      ...{ backend: ['be_app=default/app:http'], serverParams: 'check inter 2s' },
      ...{ kubeconfig: '/run/credentials/x/kubeconfig', listen: { host: '127.0.0.1' } },
    });
  });

  it('has a unit that systemd takes', unless(noSystemd), () => {
    const path = join(testFolder(), 'haproxy-backends.service');
    const text = unitText.replace('/usr/bin/haproxy-peer-sync', execPath);
    const verify = () => execFileSync('systemd-analyze', ['verify', path], { stdio: 'pipe' });
    writeFileSync(path, text);
    expect(verify().toString()).toBe('');

    writeFileSync(path, text.replace('Type=exec', 'Type=unheard-of').replace(execPath, '/nowhere'));
    expect(verify).toThrow();
  });

  it('has no secret in the unit, and a place of its own for each', () => {
    const words = unitCommand('%d').join(' ');

    for (const file of ['kubeconfig', 'dataplaneapi.password']) {
      expect(words).toContain(`=%d/${file}`);
      expect(unitText).toContain(`LoadCredential=${file}:/etc/haproxy-backends/${file}`);
    }
    expect(readFileSync('examples/backends-external/haproxy.cfg', 'utf8')).toMatch(
      /user admin password \$6\$replace\$[a-z-]+$/m,
    );
  });

  it(
    'lets the machine read EndpointSlices in one namespace, and nothing else',
    unless(noKubectl),
    () => {
      const all = kustomize('examples/backends-external');
      const role = all.find(({ kind }) => kind === 'Role');

      expect(all.map(({ kind }) => kind).toSorted()).toEqual([
        ...['Role', 'RoleBinding', 'Secret', 'ServiceAccount'],
      ]);
      expect(role).toMatchObject({
        rules: [
          {
            ...{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
            verbs: ['get', 'list', 'watch'],
          },
        ],
      });
    },
  );
});
