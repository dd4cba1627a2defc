import { join } from 'node:path';
import { type KubeApiserver, startKubeApiserver } from '../helpers/kube-apiserver.ts';
import { createPod, deletePod, patchPodStatus } from '../helpers/kube-pods.ts';
import { membersFile } from './members-file.ts';

/** Makes pods appear and go where the sidecars look for them. */
export interface Roll {
  readonly sourceFlags: readonly string[];
  readonly description: string;
  join(...pods: readonly { readonly name: string; readonly address: string }[]): Promise<void>;
  /** Its init containers have ended, and its containers run. */
  runs(name: string): Promise<void>;
  /** Its uid, where the sidecars see one; undefined where they do not. */
  uidOf(name: string): string | undefined;
  /** It got its stop signal: a member still. */
  leaving(name: string): Promise<void>;
  /** Its programs are gone, and now the pod is. */
  leave(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A members file, replaced in one step. */
export function fileRoll(directory: string): Roll {
  const file = membersFile(join(directory, 'members.json'));
  const pods = new Map<string, string>();
  const write = () => file.set(...[...pods].map(([name, address]) => ({ name, address })));
  write();
  return {
    sourceFlags: file.sourceFlags,
    description: 'a members file',
    async join(...joining) {
      for (const { name, address } of joining) pods.set(name, address);
      write();
    },
    runs: () => Promise.resolve(),
    uidOf: () => undefined,
    leaving: () => Promise.resolve(),
    async leave(name) {
      pods.delete(name);
      write();
    },
    close: () => Promise.resolve(),
  };
}

export interface KubernetesRollOptions {
  /** One that runs already, and that the roll does not stop. */
  readonly server?: KubeApiserver;
  readonly namespace?: string;
  /** What the replicas reach the API server with; default: as administrator. */
  readonly kubeconfigPath?: string;
}

/** Pods of a real kube-apiserver, whose status is written as a kubelet would. */
export async function kubernetesRoll(options: KubernetesRollOptions = {}): Promise<Roll> {
  const { namespace = 'demo' } = options;
  const server = options.server ?? (await startKubeApiserver());
  await server.createNamespace(namespace);
  const addresses = new Map<string, string>();
  const uids = new Map<string, string>();
  return {
    sourceFlags: [
      '--source=kubernetes',
      `--kubeconfig=${options.kubeconfigPath ?? server.kubeconfigPath}`,
      `--namespace=${namespace}`,
      '--selector=app=haproxy',
    ],
    description: 'pods of a real kube-apiserver',
    async join(...joining) {
      for (const { name, address } of joining) {
        addresses.set(name, address);
        const pod = { ips: [address], bound: true, phase: 'Pending' };
        uids.set(name, await createPod(server, namespace, name, pod));
      }
    },
    runs: (name) => patchPodStatus(server, namespace, name, [addresses.get(name) ?? ''], 'Running'),
    uidOf: (name) => uids.get(name),
    leaving: (name) => deletePod(server, namespace, name, 30),
    leave: (name) => deletePod(server, namespace, name),
    close: () => (options.server === undefined ? server.stop() : Promise.resolve()),
  };
}
