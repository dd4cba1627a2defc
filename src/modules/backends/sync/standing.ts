import type { Log } from '../../../log.ts';
import type { Recorder } from '../../../telemetry/event-recorder.ts';
import type { MetricsOf } from '../../../telemetry/metrics.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import type { backendsMetrics } from '../metrics.ts';
import type { BackendOf } from '../options/parse.ts';
import type { Kept } from '../runtime/keeper.ts';

export interface StandingOptions {
  readonly metrics: MetricsOf<typeof backendsMetrics>;
  readonly events: Recorder;
  readonly log: Log;
  readonly wasReady: boolean;
  readonly onStanding: () => void;
}

/** How all backends stand, for those who ask. */
export interface Standing {
  /** A pass over this backend has ended. `notes`: what was passed over in its slices. */
  kept(backend: string, kept: Kept, notes: readonly string[]): void;
  /** The API server is heard, or why not. */
  heard(backend: string, trouble: string | null): void;
  /** Why this replica cannot be ready yet; null: nothing. */
  waits(): string | null;
  /** `haproxy`: why HAProxy cannot be asked; null: it can. */
  trouble(haproxy: string | null): string | null;
  status(): NonNullable<Status['backends']>;
}

interface State {
  kept: Kept | null;
  /** What is not as it should be, and what was passed over. */
  held: readonly string[];
  silent: string | null;
  /** It has served, or has shown that it has nobody: what becomes of it later does not make this replica unready. */
  wasFilled: boolean;
}

export function createStanding(
  { metrics, events, log, wasReady, onStanding }: StandingOptions,
  all: readonly BackendOf[],
): Standing {
  const states = new Map<string, State>(
    all.map(({ backend }) => [
      backend,
      { kept: null, held: [], silent: null, wasFilled: wasReady },
    ]),
  );
  for (const { backend } of all) {
    metrics.backendConnected.set({ backend }, 0);
    metrics.backendHeld.set({ backend }, 0);
  }

  function count(backend: string, { servers, changes }: Kept): void {
    for (const [state, value] of Object.entries(servers))
      metrics.backendServers.set({ backend, state }, value);
    if (changes > 0) log.info({ backend, ...servers, commands: changes }, 'servers changed');
  }

  function tell(backend: string, held: readonly string[]): void {
    metrics.backendHeld.set({ backend }, held.length);
    if (held.length === 0) {
      log.info({ backend }, 'all endpoints are servers again');
      return;
    }
    log.warn({ backend, reasons: held }, 'some endpoints are no servers');
    events.record({ reason: 'BackendHeld', message: `${backend}: ${held.join('; ')}` });
  }

  return {
    kept(backend, kept, notes) {
      const state = states.get(backend);
      if (state === undefined) return;
      count(backend, kept);
      const held = [...kept.holds, ...notes];
      if (held.join() !== state.held.join()) tell(backend, held);
      const becomes = kept.serves && !state.wasFilled;
      Object.assign(state, { kept, held, wasFilled: state.wasFilled || kept.serves });
      if (becomes) onStanding();
    },
    heard(backend, trouble) {
      const state = states.get(backend);
      if (state !== undefined) state.silent = trouble;
      metrics.backendConnected.set({ backend }, trouble === null ? 1 : 0);
    },
    waits() {
      const waiting = [...states].filter(([, { wasFilled }]) => !wasFilled);
      const [first] = waiting;
      if (first === undefined) return null;
      const [backend, { kept, held, silent }] = first;
      const why = kept === null ? (silent ?? 'its endpoints are not known yet') : held.join('; ');
      return `backend ${backend} has no servers yet: ${why}`;
    },
    trouble(haproxy) {
      const troubles = [...states].flatMap(([backend, { held, silent }]) => [
        ...held.map((why) => `backend ${backend}: ${why}`),
        ...(silent === null ? [] : [`backend ${backend} stays as it is: ${silent}`]),
      ]);
      if (haproxy !== null) troubles.push(`backends stay as they are: ${haproxy}`);
      return troubles.length === 0 ? null : troubles.join('; ');
    },
    status: () =>
      all.map(({ backend, namespace, service, port }) => {
        const { kept, held, silent } = states.get(backend) ?? {
          kept: null,
          held: [],
          silent: null,
        };
        return {
          ...{
            name: backend,
            service: `${namespace}/${service}${port === null ? '' : `:${port}`}`,
          },
          servers: kept?.servers ?? null,
          held: [...held, ...(silent === null ? [] : [silent])],
        };
      }),
  };
}
