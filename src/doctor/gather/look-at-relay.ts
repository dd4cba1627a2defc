import { stat } from 'node:fs/promises';
import type { SidecarConfig } from '../../config/values.ts';
import { hello } from '../../haproxy/hello.ts';
import { readKeyFile } from '../../modules/relay/links/keys.ts';
import { trustKindOf } from '../../modules/relay/links/trust-files.ts';
import { formatAddress } from '../../modules/relay/section/address.ts';
import { readRelaySection } from '../../modules/relay/section/read.ts';
import { localName } from '../../modules/relay/section/slots.ts';
import type { Facts, RelayFact } from '../facts.ts';
import { lookAtPort } from './look-at-port.ts';
import { looked } from './looked.ts';

const timeoutMs = 2000;

async function lookAtBind(
  configText: Facts['configText'],
  section: string,
  signal: AbortSignal,
): Promise<RelayFact['hello']> {
  const found = configText.ok ? readRelaySection(configText.value, section) : null;
  if (found === null) return null;
  const { at } = found;
  const outcome = await hello({
    ...('path' in at
      ? { path: at.path, address: '', port: 0 }
      : { address: at.host, port: at.port }),
    // A name that no peer has: whoever uses a slot keeps it.
    ...{ siblingName: localName, ownName: 'haproxy-peer-sync-doctor', timeoutMs, signal },
  });
  return { where: formatAddress(at), outcome };
}

/** What there is in relay mode alone; undefined in the other one. */
export async function lookAtRelay(
  config: SidecarConfig,
  configText: Facts['configText'],
  signal: AbortSignal,
): Promise<RelayFact | undefined> {
  if (config.mode !== 'relay') return undefined;
  const { relayKeyFile: keyFile, relayPort: port, podIp: address } = config;
  const lookAtKey = () =>
    looked(async () => {
      const { keys } = await readKeyFile(keyFile);
      return { count: keys.length, mode: (await stat(keyFile)).mode & 0o777 };
    });
  const trust = trustKindOf(config);
  const [key, answer, ownPort] = await Promise.all([
    trust === 'key' ? lookAtKey() : null,
    lookAtBind(configText, config.peersSection, signal),
    lookAtPort({ address, port }, { timeoutMs, signal }),
  ]);
  const { relaySlots: slots, relayUpgrade: upgrade } = config;
  const ofUpgrade = { upgrade, upgradeTls: upgrade && config.peersTls };
  return { port, slots, trust, keyFile, key, hello: answer, ownPort, ...ofUpgrade };
}
