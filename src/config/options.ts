import type { CommandName, Option } from '../model/option.ts';
import { aggregateOptions } from '../modules/aggregate/options/aggregate.ts';
import { backendsOptions } from '../modules/backends/options/backends.ts';
import { gateOptions } from '../modules/peers/options/gate.ts';
import { peersOptions } from '../modules/peers/options/section.ts';
import { relayOptions } from '../modules/relay/options/relay.ts';
import { byHandOptions } from '../modules/snapshot/options/by-hand.ts';
import { snapshotOptions } from '../modules/snapshot/options/snapshot.ts';
import { templateOptions } from '../modules/template/options/template.ts';
import { dataplaneOptions } from './options-dataplane.ts';
import { ownOptions } from './options-own.ts';
import { sourceOptions } from './options-sources.ts';
import { statusOptions } from './options-status.ts';
import { telemetryOptions } from './options-telemetry.ts';

/** The one option table: what a module or folder needs is declared in one file, and is a line here. */
export const options = [
  ...relayOptions,
  ...ownOptions,
  ...sourceOptions,
  ...peersOptions,
  ...gateOptions,
  ...templateOptions,
  ...snapshotOptions,
  ...byHandOptions,
  ...backendsOptions,
  ...aggregateOptions,
  ...dataplaneOptions,
  ...telemetryOptions,
  ...statusOptions,
] as const;

/** Flags of the tool we replace that have no meaning any more: accepted, with a hint why. */
export const ignoredFlags: Readonly<Record<string, string>> = {
  'network-interface': 'the address of this pod comes from POD_IP',
  'startup-delay': 'no start-up delay is needed',
};

/** `HAPROXY_PEER_SYNC_PEERS_PORT` for `peers-port`. */
export function envName(option: Pick<Option, 'name'>): string {
  return `HAPROXY_PEER_SYNC_${option.name.toUpperCase().replaceAll('-', '_')}`;
}

/** Flags that mean this option: its own first, then those that are accepted with a hint. */
export function flagsOf({ name, formerly = [], deprecatedFlags = [] }: Option): readonly string[] {
  return [name, ...formerly, ...deprecatedFlags];
}

/** Environment variables that mean this option, the first that is set counts. */
export function variablesOf(option: Option): readonly string[] {
  const before = (option.formerly ?? []).map((name) => envName({ name }));
  return [envName(option), ...before, ...(option.env ?? [])];
}

export function optionsOf(command: CommandName): readonly Option[] {
  return (options as readonly Option[]).filter((option) => option.commands.includes(command));
}
