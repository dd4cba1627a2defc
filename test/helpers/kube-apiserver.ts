import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ControlPlane, controlPlane, controlPlaneMissing } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';
import { makeFolder, removeFolder } from './temporary-folder.ts';

/** Why tests on the API server are skipped here; undefined when they run. */
export const kubeApiserverMissing = controlPlaneMissing();

/** For `beforeAll`: the first start on a machine builds the API server. */
export const kubeApiserverTimeoutMs = 1_200_000;

const issuer = 'https://kubernetes.default.svc';
const run = promisify(execFile);

export interface KubeAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever object they asked for
  readonly body: any;
}

export interface KubeApiserver {
  readonly url: string;
  /** Administrator (system:masters). */
  readonly kubeconfigPath: string;
  /** PEM file of the CA that signed the server's certificate. */
  readonly caPath: string;
  /** Data and log of this server, removed by `stop`; tests may put files there. */
  readonly directory: string;
  /** One request as administrator; throws on an answer of 400 and above unless told not to. */
  admin(method: string, path: string, body?: unknown, mayFail?: boolean): Promise<KubeAnswer>;
  createNamespace(name: string): Promise<void>;
  /** Makes the account when it does not exist. */
  createServiceAccount(namespace: string, name: string): Promise<void>;
  /**
   * A token that the API server checks as one of kubelet's: signed by it, bound to the account by its uid.
   * `validSeconds` may be short or negative, which TokenRequest does not allow (10 minutes at least).
   */
  createServiceAccountToken(
    namespace: string,
    name: string,
    validSeconds?: number,
  ): Promise<string>;
  /** Role and RoleBinding that let the account get, list and watch pods; `verbs` narrows it. */
  allowPods(namespace: string, account: string, verbs?: readonly string[]): Promise<void>;
  /** The same for another resource, of the core group without `group`. */
  allow(
    namespace: string,
    account: string,
    resource: string,
    verbs: readonly string[],
    group?: string,
  ): Promise<void>;
  /** A kubeconfig with this `user`, e.g. `{token: …}`, and another port where a hop is between. Returns its path. */
  writeKubeconfig(name: string, user: unknown, port?: number): Promise<string>;
  /** Kills the server (SIGKILL) and starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** SIGKILL, and nothing listens until `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and nobody answers, as in a network cut. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

async function makePki(directory: string): Promise<void> {
  const key = (name: string) => join(directory, name);
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const ca = ['-x509', ...ec, '-keyout', key('ca.key'), '-out', key('ca.crt')];
  await run('openssl', ['req', ...ca, '-subj', '/CN=test-ca']);
  const names = 'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost';
  const signed = ['-x509', ...ec, '-CA', key('ca.crt'), '-CAkey', key('ca.key')];
  const out = ['-keyout', key('api.key'), '-out', key('api.crt'), '-addext', names];
  await run('openssl', [
    'req',
    ...signed,
    ...out,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-subj',
    '/CN=kube-apiserver',
  ]);
  const curve = ['-name', 'prime256v1', '-genkey', '-noout', '-out', key('sa.ec')];
  await run('openssl', ['ecparam', ...curve]);
}

function apiserverFlags(directory: string, port: number): readonly string[] {
  const file = (name: string) => join(directory, name);
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${file('api.crt')}`,
    `--tls-private-key-file=${file('api.key')}`,
    `--service-account-issuer=${issuer}`,
    `--service-account-signing-key-file=${file('sa.ec')}`,
    `--service-account-key-file=${file('sa.ec')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    '--profiling=false',
  ];
}

function signToken(key: string, claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${signature.toString('base64url')}`;
}

/** A real kube-apiserver with a real etcd on the loopback, with RBAC and service-account tokens; no kubelet. */
export async function startKubeApiserver(): Promise<KubeApiserver> {
  const programs = await controlPlane();
  const directory = makeFolder('kube-apiserver-');
  await makePki(directory);
  const adminToken = randomBytes(16).toString('hex');
  await writeFile(join(directory, 'tokens.csv'), `${adminToken},admin,1,system:masters\n`);
  let port = await freePort();
  const caPath = join(directory, 'ca.crt');
  const ca = await readFile(caPath);
  const agent = new Agent({ keepAlive: true, ca });
  let children: readonly ChildProcess[] = [];

  function killAll(): void {
    for (const child of children) child.kill('SIGKILL');
  }
  process.once('exit', killAll);

  function send(method: string, path: string, body?: unknown): Promise<KubeAnswer> {
    const headers = {
      authorization: `Bearer ${adminToken}`,
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    };
    return new Promise((resolve, reject) => {
      request(`https://127.0.0.1:${port}${path}`, { method, headers, agent, ca, timeout: 20_000 })
        .on('error', reject)
        .on('timeout', function (this: { destroy(error: Error): void }) {
          this.destroy(new Error(`${method} ${path}: no answer in 20 s`));
        })
        .on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', reject).on('end', () => {
            const json = text.startsWith('{');
            resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
          });
        })
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function admin(
    method: string,
    path: string,
    body?: unknown,
    mayFail = false,
  ): Promise<KubeAnswer> {
    const answer = await send(method, path, body);
    if (answer.status >= 400 && !mayFail) {
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body?.message ?? answer.body}`);
    }
    return answer;
  }

  /** Creates, and takes an object that is there already for created. */
  async function ensure(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await admin('POST', path, body, true);
    if (status >= 400 && status !== 409) throw new Error(`POST ${path}: ${answer?.message}`);
  }

  async function start(): Promise<void> {
    const log = await open(join(directory, 'log'), 'a');
    children = await spawnControlPlane(
      programs,
      directory,
      apiserverFlags(directory, port),
      log.fd,
    );
    await log.close();
    const [, ...rest] = children;
    const server = rest.at(-1) ?? children[0];
    const state = await eventually(
      async () => {
        if (server?.exitCode !== null) return 'ended';
        return (await send('GET', '/readyz')).body === 'ok' && 'ready';
      },
      { timeoutMs: 120_000, intervalMs: 100 },
    );
    if (state === 'ended') throw new Error(await logTail(directory));
  }

  /** Between the choice of a port and its use another test may take it. */
  async function startAtFreePort(triesLeft = 4): Promise<void> {
    try {
      await start();
    } catch (error) {
      if (triesLeft === 0 || !/address already in use/.test(String(error))) throw error;
      await kill();
      port = await freePort();
      await startAtFreePort(triesLeft - 1);
    }
  }

  async function kill(): Promise<void> {
    const gone = children.map((child) =>
      child.exitCode === null && child.signalCode === null
        ? new Promise((resolve) => child.once('exit', resolve))
        : undefined,
    );
    killAll();
    await Promise.all(gone);
    children = [];
  }

  async function writeKubeconfig(name: string, user: unknown, via = port): Promise<string> {
    const path = join(directory, `${name}.kubeconfig`);
    const server = `https://127.0.0.1:${via}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority': caPath } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  await startAtFreePort();
  const url = `https://127.0.0.1:${port}`;
  const kubeconfigPath = await writeKubeconfig('admin', { token: adminToken });
  const accounts = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const rbac = (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;

  async function allow(
    namespace: string,
    account: string,
    resource: string,
    verbs: readonly string[],
    group = '',
  ): Promise<void> {
    const name = `${account}-${resource}-${verbs.join('-')}`;
    const rules = [{ apiGroups: [group], resources: [resource], verbs }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    const subjects = [{ kind: 'ServiceAccount', namespace, name: account }];
    await ensure(`${rbac(namespace)}/roles`, { metadata: { name }, rules });
    await ensure(`${rbac(namespace)}/rolebindings`, { metadata: { name }, roleRef, subjects });
  }

  return {
    url,
    kubeconfigPath,
    caPath,
    directory,
    admin,
    createNamespace: (name) => ensure('/api/v1/namespaces', { metadata: { name } }),
    createServiceAccount: (namespace, name) => ensure(accounts(namespace), { metadata: { name } }),
    async createServiceAccountToken(namespace, name, validSeconds = 3600) {
      await ensure(accounts(namespace), { metadata: { name } });
      const { body } = await admin('GET', `${accounts(namespace)}/${name}`);
      // The API server accepts a token for one minute after it expired.
      const leewaySeconds = 60;
      const expires = Math.floor(Date.now() / 1000) + validSeconds - leewaySeconds;
      return signToken(await readFile(join(directory, 'sa.ec'), 'utf8'), {
        iss: issuer,
        aud: [issuer],
        sub: `system:serviceaccount:${namespace}:${name}`,
        iat: expires - 3600,
        nbf: expires - 3600,
        exp: expires,
        'kubernetes.io': { namespace, serviceaccount: { name, uid: body.metadata.uid } },
      });
    },
    allowPods: (namespace, account, verbs = ['get', 'list', 'watch']) =>
      allow(namespace, account, 'pods', verbs),
    allow,
    writeKubeconfig,
    async restart() {
      await kill();
      await start();
    },
    kill,
    start,
    pause() {
      for (const child of children) child.kill('SIGSTOP');
    },
    resume() {
      for (const child of children) child.kill('SIGCONT');
    },
    async stop() {
      await kill();
      process.removeListener('exit', killAll);
      agent.destroy();
      removeFolder(directory);
    },
  };
}

async function spawnControlPlane(
  programs: ControlPlane,
  directory: string,
  flags: readonly string[],
  logFd: number,
): Promise<readonly ChildProcess[]> {
  if (programs.kind === 'built') {
    // Its standard input is a pipe of ours: it ends with us, however we end.
    const env = { ...process.env, CONTROL_PLANE_DATA: directory };
    return [spawn(programs.binary, flags, { env, stdio: ['pipe', logFd, logFd] })];
  }
  const [client, peer] = await Promise.all([freePort(), freePort()]);
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const etcdFlags = [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
  const stdio = ['ignore', logFd, logFd] as const;
  const etcd = spawn(programs.etcd, etcdFlags, { stdio: [...stdio] });
  const apiserver = spawn(programs.apiserver, [...flags, `--etcd-servers=${clientUrl}`], {
    stdio: [...stdio],
  });
  return [etcd, apiserver];
}

async function logTail(directory: string): Promise<string> {
  const log = await readFile(join(directory, 'log'), 'utf8');
  return `kube-apiserver ended:\n${log.slice(-2000)}`;
}
