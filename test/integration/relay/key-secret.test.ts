import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flagsOf, initFiles } from '../../helpers/init-files.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const template = 'defaults\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n';
const name = 'haproxy-peer-sync-relay';
const newKey = () => randomBytes(32).toString('base64');

describe('init --relay-key-secret on a real API server', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  let namespace = '';
  let tests = 0;
  let kubeconfig = '';

  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    tests += 1;
    namespace = `keys-${tests}`;
    await server.createNamespace(namespace);
    const token = await server.createServiceAccountToken(namespace, 'haproxy');
    kubeconfig = await server.writeKubeconfig(namespace, { token });
  });

  const path = (of = '') => `/api/v1/namespaces/${namespace}/secrets${of}`;

  /** As examples/relay/key-secret has it: `get` for this Secret alone, and `create`. */
  async function allow(): Promise<void> {
    const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const about = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'relay-key' } };
    const rule = { apiGroups: [''], resources: ['secrets'] };
    await server.admin('POST', `${role}/roles`, {
      ...{ ...about, kind: 'Role' },
      rules: [
        { ...rule, verbs: ['create'] },
        { ...rule, verbs: ['get'], resourceNames: [name] },
      ],
    });
    await server.admin('POST', `${role}/rolebindings`, {
      ...{ ...about, kind: 'RoleBinding' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'relay-key' },
      subjects: [{ kind: 'ServiceAccount', name: 'haproxy', namespace }],
    });
  }

  const make = (data: Readonly<Record<string, string>>) =>
    server.admin('POST', path(), {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data },
    });

  /** The init container of one pod; its key file, and what it said. */
  async function init(folder = testFolder()) {
    mkdirSync(join(folder, 'relay'), { recursive: true });
    const { flags } = initFiles(folder, template);
    const file = join(folder, 'relay', 'key');
    const { exitCode, lines } = await startProgram([
      ...['init', '--mode=relay', '--pod-name=web-0', '--pod-uid=uid-0', '--pod-ip=127.0.0.1'],
      ...[`--namespace=${namespace}`, `--kubeconfig=${kubeconfig}`],
      ...[`--relay-key-secret=${name}`, `--relay-key-file=${file}`],
      ...flagsOf({ ...flags, 'haproxy-bin': '/nowhere/haproxy' }),
    ]).ended;
    return { exitCode, file, output: lines.join('\n') };
  }

  const keyOf = async () => {
    const { body } = await server.admin('GET', path(`/${name}`));
    return Buffer.from(body.data.key, 'base64').toString();
  };

  it('makes the Secret once for pods that come at the same time, and each has its key for itself alone', async () => {
    await allow();
    const pods = await Promise.all(Array.from({ length: 3 }, () => init()));
    const key = await keyOf();
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    for (const { exitCode, file, output } of pods) {
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(readFileSync(file, 'utf8')).toBe(key);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(output).not.toContain(key);
    }
    const made = pods.filter(({ output }) => output.includes('the key of the relay was made'));
    expect(made).toHaveLength(1);
  });

  it('takes both keys of a Secret that is there, and changes nothing in it', async () => {
    await allow();
    const keys = `${newKey()}\n${newKey()}\n`;
    await make({ key: keys });
    const { exitCode, file } = await init();
    expect(exitCode).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(keys);
    expect(await keyOf()).toBe(keys);
  });

  it('refuses a Secret that holds something else, and leaves it as it is', async () => {
    await allow();
    await make({ password: 'of-somebody-else-and-secret' });
    const { exitCode, output } = await init();
    expect(exitCode).not.toBe(0);
    expect(output).toContain('RELAY_KEY_INVALID');
    expect(output).not.toContain('of-somebody-else');
  });

  it('says which rules are missing', async () => {
    const { exitCode, output } = await init();
    expect(exitCode).not.toBe(0);
    expect(output).toContain('KUBERNETES_FORBIDDEN');
    expect(output).toContain(`resourceNames: ["${name}"], verbs: ["get"]`);
    await server.allow(namespace, 'haproxy', 'secrets', ['get']);
    expect((await init()).output).toContain('to create the Secret');
  });

  it('does with the key that it has had where the API server is away, and without one it fails', async () => {
    await allow();
    const folder = testFolder();
    const { file } = await init(folder);
    const key = readFileSync(file, 'utf8');
    await server.kill();
    try {
      const again = await init(folder);
      expect(again.exitCode).toBe(0);
      expect(again.output).toContain('the key that was read before is used');
      expect(readFileSync(file, 'utf8')).toBe(key);
      expect(await init()).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining('KUBERNETES_UNREACHABLE'),
      });
    } finally {
      await server.start();
    }
  });
});
