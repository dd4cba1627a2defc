import type { TlsMaterial } from '../../src/model/peers-tls.ts';
import type { Kubectl } from './kubectl.ts';

/** The Secret of examples/tls and examples/daemonset, as cert-manager writes it. */
export async function putPeersSecret(kubectl: Kubectl, material: TlsMaterial): Promise<void> {
  const { certificate, key, ca } = material;
  const secret = {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls' },
    metadata: { name: 'haproxy-peers-tls' },
    stringData: { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': ca },
  };
  await kubectl(['apply', '-f', '-'], JSON.stringify(secret));
}
