import { connectTls, type HelloTls } from '../../../haproxy/connect-tls.ts';
import { accepted } from '../links/certificates.ts';
import { createFresh, type FreshOptions } from '../links/fresh.ts';
import { connected } from '../links/secure.ts';
import type { Trust } from '../links/trust.ts';

/**
 * TLS between peers, as HAProxy of a pod in reload mode has it: whoever connects shows a certificate of the CA, and who is
 * connected to has the DNS name of `verifyHost`, too, if there is one (`verify required`, `verifyhost`; src/ssl_sock.c, 2.4 to
 * 3.4). The certificates are read for each handshake, and a session that is up stays.
 */
export function createPeersTrust(options: FreshOptions<HelloTls>): Trust {
  const fresh = createFresh(options);
  return {
    code: 'certificate',
    lack: 'no certificate of the CA of the peers',
    async ways() {
      const tls = await fresh();
      if (tls === undefined) return [];
      return [
        {
          name: '--peers-tls',
          connect: (to, signal) => connected(connectTls(to, tls), 'secureConnect', signal),
        },
      ];
    },
    async accept(raw) {
      const tls = await fresh();
      if (tls === undefined) throw new Error('we have no certificate');
      return accepted(raw, tls, () => undefined);
    },
  };
}
