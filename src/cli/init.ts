import { monotonicNow, sleep } from '../clock.ts';
import type { SidecarConfig } from '../config/values.ts';
import type { HelloTls } from '../haproxy/connect-tls.ts';
import { hello } from '../haproxy/hello.ts';
import type { Log } from '../log.ts';
import type { HelloOutcome } from '../model/hello.ts';
import type { Member, Self } from '../model/member.ts';
import type { Membership } from '../model/membership.ts';
import { createBootstrap } from '../modules/peers/join/bootstrap.ts';
import type { JoinDecision } from '../modules/peers/join/decision.ts';
import { type AskHello, joinSiblings } from '../modules/peers/join/join.ts';
import { settledMembers } from '../modules/peers/join/settle.ts';
import { helloTls } from '../modules/peers/tls/files.ts';
import { createSource } from '../sources/from-config.ts';
import { keepSelector } from '../sources/kept-selector.ts';
import { askStatus } from '../telemetry/ask-status.ts';
import { leftOutNotices, recorderFor } from '../telemetry/notice-recorder.ts';
import { isLearning } from '../telemetry/status-schema.ts';
import type { CommandOf, Context } from './command.ts';
import { initRelay } from './init-relay.ts';

const now = monotonicNow;

/** One line when the reason changes, and one every half minute for readers who come later. */
function sayNowAndThen(log: Log): (notes: readonly string[]) => void {
  let said = '';
  let saidAtMs = 0;
  return (notes) => {
    if (notes.join() === said && now() - saidAtMs < 30_000) return;
    said = notes.join();
    saidAtMs = now();
    log.info({ notes }, 'waiting for the members');
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal);
}

/** The hello, once accepted, is not said again: then only whether the sibling is ready to teach is asked. */
function createAsk(config: SidecarConfig, self: Self, tls: HelloTls | undefined): AskHello {
  const accepted = new Map<string, HelloOutcome>();
  const statusPort = config.listen.port;
  return async ({ name, address }, signal) => {
    const key = `${name} ${address}`;
    const outcome =
      accepted.get(key) ??
      (await hello({
        address,
        port: config.peersPort,
        siblingName: name,
        ownName: self.name,
        timeoutMs: 1000,
        signal,
        tls,
      }));
    if (outcome !== 'known' && outcome !== 'busy') return outcome;
    accepted.set(key, outcome);
    const status = await askStatus(address, statusPort, { timeoutMs: 500, signal, name });
    return status !== null && isLearning(status) ? 'learning' : outcome;
  };
}

async function init({ config, env, log, signal }: Context<'init'>): Promise<number> {
  const { source, self, scope } = createSource(config, log);
  const bootstrap = await createBootstrap({ config, env, self, log });
  const ended = new AbortController();
  const events = recorderFor({ config, log, signal });
  source.onChange(leftOutNotices(() => source.snapshot(), events));
  source.start(AbortSignal.any([signal, ended.signal]));
  try {
    const membership = await settledMembers({
      source,
      selfName: self.name,
      windowMs: config.settle,
      limitMs: config.settleLimit,
      now,
      sleep: pause,
      onWait: sayNowAndThen(log),
      allowLeftOut: config.allowLeftOut,
      signal,
    });
    await keepSelector(config.haproxyConfig, config.podName, scope?.found() ?? null, {
      mode: 0o644,
    });
    await bootstrap.write(membership);
    log.info({ members: names(membership.members) }, 'configuration written');

    const ask = createAsk(config, self, await helloTls(config));
    let said = '';
    const decision = await joinSiblings({
      self,
      members: () => current(source.snapshot(), membership),
      ask,
      timeoutMs: config.joinTimeout,
      silenceLimitMs: config.silenceLimit,
      leavingLimitMs: config.leavingLimit,
      intervalMs: config.helloInterval,
      now,
      sleep: pause,
      onWait: (waiting: JoinDecision) => {
        if (waiting.kind !== 'wait' || waiting.reason === said) return;
        said = waiting.reason;
        const { ask: siblings, reason } = waiting;
        log.info({ siblings, reason }, 'waiting for the peers to know this pod');
      },
      signal,
    });
    // HAProxy has not started yet: pods that came meanwhile cost no reload when they are written now.
    const latest = source.snapshot();
    if (latest.synced) await bootstrap.write(latest);
    if (decision.kind === 'start') {
      if (decision.warning !== null) {
        log.warn({ reason: decision.warning }, 'starting although not all peers know this pod');
        events.record({ reason: 'JoinUnconfirmed', message: decision.warning });
        await events.flush(2000);
      }
      log.info({ knownBy: decision.known, members: names(latest.members) }, 'HAProxy may start');
    }
    return 0;
  } finally {
    ended.abort();
    await source.stopped();
  }
}

function current(snapshot: Membership, settled: Membership): readonly Member[] {
  return snapshot.synced ? snapshot.members : settled.members;
}

function names(members: readonly Member[]): readonly string[] {
  return members.map((member) => member.name);
}

export const initCommand: CommandOf<'init'> = {
  name: 'init',
  summary: 'Make credentials and the first configuration, and wait until the peers know this pod.',
  run: (context) => (context.config.mode === 'relay' ? initRelay(context) : init(context)),
};
