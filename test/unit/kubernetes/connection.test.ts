import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectWith } from '../../../src/kubernetes/connection.ts';
import { testFolder } from '../../helpers/test-folder.ts';

/** A kubeconfig with a context, cluster and user for each name. */
function kubeconfig(
  directory: string,
  file: string,
  servers: Readonly<Record<string, string>>,
  current?: string,
): string {
  const names = Object.keys(servers);
  const path = join(directory, file);
  const text = {
    'current-context': current,
    clusters: names.map((name) => ({ name, cluster: { server: servers[name] } })),
    users: names.map((name) => ({ name, user: { token: `of-${name}` } })),
    contexts: names.map((name) => {
      return { name, context: { cluster: name, user: name, namespace: `ns-${name}` } };
    }),
  };
  writeFileSync(path, JSON.stringify(text));
  return path;
}

async function connected(path: string, context?: string) {
  const connection = await connectWith(path, { context })();
  const { headers } = await connection.options();
  connection.close();
  return [connection.server, connection.namespace, Object(headers).Authorization];
}

const ofA = ['https://a', 'ns-a', 'Bearer of-a'];
const ofB = ['https://b', 'ns-b', 'Bearer of-b'];

describe('a kubeconfig', () => {
  it('is taken with its current context, or with the one that is given', async () => {
    const path = kubeconfig(testFolder(), 'config', { a: 'https://a', b: 'https://b' }, 'a');

    expect(await connected(path)).toEqual(ofA);
    expect(await connected(path, 'b')).toEqual(ofB);
  });

  it('is told with its contexts where the given one is not among them', async () => {
    const path = kubeconfig(testFolder(), 'config', { a: 'https://a', b: 'https://b' }, 'a');

    await expect(connected(path, 'prod')).rejects.toThrow(/has no context "prod", but a, b/);
  });

  it('may be several files, of which the first counts, as kubectl takes them', async () => {
    const directory = testFolder();
    const first = kubeconfig(directory, 'first', { a: 'https://a' }, 'a');
    const second = kubeconfig(directory, 'second', { a: 'https://other', b: 'https://b' }, 'b');

    expect(await connected(`${first}:${second}`)).toEqual(ofA);
    expect(await connected(`${first}:${second}`, 'b')).toEqual(ofB);
    expect(await connected(`:/nowhere/config:${second}`)).toEqual(ofB);
  });

  it('has to be there where it is the only one', async () => {
    await expect(connected('/nowhere/config')).rejects.toMatchObject({
      code: 'KUBERNETES_UNREACHABLE',
    });
    await expect(connected('/nowhere/a:/nowhere/b')).rejects.toThrow(/no current cluster/);
  });
});
