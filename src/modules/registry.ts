import type { SidecarConfig } from '../config/values.ts';
import type { Module } from '../engine/module.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';
import type { Recorder } from '../telemetry/event-recorder.ts';
import type { Metrics } from './metrics.ts';
import type { StaticPeers } from './peers/static-peers.ts';
import { createPeersTls } from './peers/tls/module.ts';
import { createTemplateWatch } from './template/create.ts';

/** What a module may have; each names what it needs. */
export interface ModuleContext {
  readonly config: SidecarConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly self: Self;
  readonly staticPeers: StaticPeers;
  readonly events: Recorder;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The modules that work beside the members of the peers section. Null: not with these options. A new module is a line here. */
const registry: readonly ((context: ModuleContext) => Module | null)[] = [
  createPeersTls,
  createTemplateWatch,
];

export function createModules(context: ModuleContext): readonly Module[] {
  return registry.flatMap((create) => create(context) ?? []);
}
