import { createLog } from '../../src/log.ts';
import { createSliceSource } from '../../src/sources/kubernetes/slice-source.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../helpers/kube-apiserver.ts';
import { writeSlice } from '../helpers/kube-slices.ts';
import { sourceContract } from './source.case.ts';

let server: KubeApiserver;
let origins = 0;

sourceContract('endpoints of a Service, from a real kube-apiserver', {
  missing: kubeApiserverMissing,
  timeoutMs: kubeApiserverTimeoutMs,
  async setUp() {
    server = await startKubeApiserver();
  },
  tearDown: () => server?.stop(),
  async createOrigin() {
    origins += 1;
    const namespace = `contract-${origins}`;
    await server.createNamespace(namespace);
    return {
      set: (members) =>
        writeSlice(
          server,
          namespace,
          'haproxy',
          members.map(({ name, address }) => ({ pod: name, address })),
        ),
      vanish: () => server.kill(),
      comeBack: () => server.start(),
      createSource: (self) =>
        createSliceSource({
          namespace,
          service: 'haproxy',
          self,
          log: createLog('silent'),
          kubeConfig: server.kubeconfigPath,
          backoff: { baseMs: 50, capMs: 500 },
        }),
    };
  },
});
