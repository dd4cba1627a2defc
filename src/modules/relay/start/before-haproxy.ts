import type { SidecarConfig } from '../../../config/values.ts';
import { command } from '../../../haproxy/socket.ts';
import type { Log } from '../../../log.ts';
import { writeRelayConfig } from './write-config.ts';

/** HAProxy is on the same machine: it answers at once, or it does not run. */
const answerMs = 1000;

/**
 * What `init` does, for `run --template` in a pod without an init container: haproxy.cfg is there before HAProxy starts. The file of a
 * HAProxy that runs stays as it is: the sidecar has been started anew, and another file would come into force at somebody's next reload.
 * Throws as `writeRelayConfig` does. Resolves to whether the file was written.
 */
export async function writeBeforeHAProxy(options: {
  readonly config: SidecarConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { config, env, log, signal } = options;
  const { template, adminSocket, haproxyConfig: file, relaySlots: slots } = config;
  if (template === undefined) return false;
  const runs = await command(adminSocket, 'show version', { signal, timeoutMs: answerMs }).then(
    () => true,
    () => false,
  );
  signal.throwIfAborted();
  if (runs) {
    log.info({ file }, 'HAProxy runs: its configuration stays as it is');
    return false;
  }
  await writeRelayConfig({ config: { ...config, template }, env, log, signal });
  log.info({ file, slots }, 'HAProxy may start');
  return true;
}
