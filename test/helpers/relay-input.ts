import type { RelayInput } from '../../src/modules/relay/section/render.ts';

/** What `init --mode relay` of pod a makes haproxy.cfg of, with few slots so that it can be read. */
export function relayInput(template: string, part: Partial<RelayInput> = {}): RelayInput {
  return {
    template,
    sectionName: 'haproxy-peers',
    slots: 3,
    adminSocket: '/var/run/haproxy/admin.sock',
    port: 3000,
    env: { HOSTNAME: 'a', POD_NAME: 'a' },
    ...part,
  };
}
