import { writeRelayConfig } from '../modules/relay/start/write-config.ts';
import type { Context } from './command.ts';

/** `init --mode relay`: what HAProxy starts with does not depend on who else is there. */
export async function initRelay({ config, env, log, signal }: Context<'init'>): Promise<number> {
  await writeRelayConfig({ config, env, log, signal });
  log.info({ file: config.haproxyConfig, slots: config.relaySlots }, 'HAProxy may start');
  return 0;
}
