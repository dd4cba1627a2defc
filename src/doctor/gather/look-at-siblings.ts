import { monotonicNow, sleep } from '../../clock.ts';
import type { SidecarConfig } from '../../config/values.ts';
import { hello } from '../../haproxy/hello.ts';
import { inTurns } from '../../in-turns.ts';
import type { HelloOutcome } from '../../model/hello.ts';
import { helloTls } from '../../modules/peers/tls/files.ts';
import { createTrust } from '../../modules/relay/links/create-trust.ts';
import { trustFiles } from '../../modules/relay/links/trust-files.ts';
import type { createSource } from '../../sources/from-config.ts';
import { askStatus } from '../../telemetry/ask-status.ts';
import type { Facts, SiblingFact } from '../facts.ts';
import { lookAtLink } from './look-at-link.ts';
import { answerMs } from './looked.ts';

/** How many siblings are asked at the same time. */
const askedAtOnce = 16;

/**
 * The members as run would see them, read once. Members that cannot be found are left out. A `connected` member (`NAME
 * ADDR:PORT`) has already accepted this pod and is not asked, because an accepted hello is a session and ends the
 * existing one (seen with HAProxy 3.0, which reconnected 5 s later).
 */
export async function lookAtSiblings(
  config: SidecarConfig,
  { source, self }: ReturnType<typeof createSource>,
  connected: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Pick<Facts, 'siblings' | 'leftOut'>> {
  const stop = new AbortController();
  source.start(AbortSignal.any([signal, stop.signal]));
  const deadline = monotonicNow() + answerMs;
  while (!source.snapshot().synced && monotonicNow() < deadline) await sleep(50, signal);
  const { members, leftOut } = source.snapshot();
  stop.abort();
  await source.stopped();
  const { port } = config.listen;
  const tls = await helloTls(config).catch(() => undefined);
  const isLinked = config.mode === 'relay' || config.lessons;
  const trust =
    isLinked && !config.relayPlaintext
      ? createTrust({ ...trustFiles(config), now: monotonicNow, trouble() {} })
      : undefined;
  const siblings = await inTurns(
    members.filter(({ name, terminating }) => name !== self.name && !terminating),
    askedAtOnce,
    async ({ name, address }): Promise<SiblingFact> => {
      const limits = { timeoutMs: 2000, signal };
      const links = () => lookAtLink({ address, port: config.relayPort }, trust, limits);
      const accepts = async (): Promise<HelloOutcome> => {
        if (config.mode === 'relay') return await links();
        return connected.has(`${name} ${address}:${config.peersPort}`)
          ? 'known'
          : await hello({
              ...{ address, port: config.peersPort, siblingName: name, ownName: self.name },
              ...{ ...limits, tls },
            });
      };
      const [outcome, link, status] = await Promise.all([
        accepts(),
        config.mode === 'reload' && config.lessons ? links() : undefined,
        askStatus(address, port, { timeoutMs: 2000, signal, name }),
      ]);
      const told = status && {
        version: status.version,
        haproxy: status.haproxy.version,
        tables: status.tables,
      };
      return { name, address, hello: outcome, link, status: told };
    },
  );
  return { siblings, leftOut };
}
