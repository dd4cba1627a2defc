import { createLog } from '../../src/log.ts';
import { createPodSource } from '../../src/sources/kubernetes/pod-source.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../helpers/kube-apiserver.ts';
import { createPod, deletePod, patchPodStatus } from '../helpers/kube-pods.ts';
import { sourceContract } from './source.case.ts';

let server: KubeApiserver;
let origins = 0;

sourceContract('pods of a real kube-apiserver', {
  missing: kubeApiserverMissing,
  timeoutMs: kubeApiserverTimeoutMs,
  async setUp() {
    server = await startKubeApiserver();
  },
  tearDown: () => server?.stop(),
  async createOrigin() {
    origins += 1;
    const namespace = `contract-${origins}`;
    const known = new Map<string, string>();
    await server.createNamespace(namespace);
    return {
      async set(members) {
        const wanted = new Map(members.map(({ name, address }) => [name, address]));
        for (const name of [...known.keys()].filter((name) => !wanted.has(name))) {
          await deletePod(server, namespace, name);
          known.delete(name);
        }
        for (const [name, address] of wanted) {
          if (known.get(name) === address) continue;
          if (known.has(name)) await patchPodStatus(server, namespace, name, [address]);
          else await createPod(server, namespace, name, { ips: [address] });
          known.set(name, address);
        }
      },
      vanish: () => server.kill(),
      comeBack: () => server.start(),
      createSource: (self) =>
        createPodSource({
          namespace,
          siblings: 'app=haproxy',
          self,
          log: createLog('silent'),
          kubeConfig: server.kubeconfigPath,
          backoff: { baseMs: 50, capMs: 500 },
        }),
    };
  },
});
