import type { CommandName, Option } from './option.ts';
import { commonOptions } from './options-common.ts';
import { initOptions } from './options-init.ts';
import { runOptions } from './options-run.ts';
import { statusOptions } from './options-status.ts';

/** The one option table. */
export const options = [...commonOptions, ...initOptions, ...runOptions, ...statusOptions] as const;

/** Flags of the tool we replace that have no meaning any more: accepted, with a hint why. */
export const ignoredFlags: Readonly<Record<string, string>> = {
  'network-interface': 'the own address comes from POD_IP',
  'startup-delay': 'nothing depends on a delay any more',
};

/** `HAPROXY_PEER_SYNC_PEERS_PORT` for `peers-port`. */
export function envName(option: Pick<Option, 'name'>): string {
  return `HAPROXY_PEER_SYNC_${option.name.toUpperCase().replaceAll('-', '_')}`;
}

export function optionsOf(command: CommandName): readonly Option[] {
  return (options as readonly Option[]).filter((option) => option.commands.includes(command));
}
