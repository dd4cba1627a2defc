import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/values.ts';
import type { Variables } from '../config-text/config-text.ts';
import { errorMessage, UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import { lessonPlaceOf } from '../modules/peers/lesson-leg.ts';
import { readRelaySection } from '../modules/relay/section/read.ts';
import { lessonSlot, localName } from '../modules/relay/section/slots.ts';
import { readSnapshotKeys } from '../snapshot/file/keys.ts';
import { visible } from '../visible.ts';

/** The directory of `--snapshot`. Throws `UserError` where it was not given. */
export function directoryOf({ snapshot }: Config): string {
  if (snapshot !== undefined) return snapshot;
  throw new UserError('CONFIG_INVALID', '--snapshot or HAPROXY_PEER_SYNC_SNAPSHOT is missing.', {
    hint: 'Name the directory of the snapshots, or run it in the container of the sidecar, which has it.',
  });
}

/** The keys of `--snapshot-key-file`; none without it. */
export async function keysOf({ snapshotKeyFile }: Config): Promise<readonly Buffer[]> {
  return snapshotKeyFile === undefined ? [] : readSnapshotKeys(snapshotKeyFile);
}

/** Where a file is to be written: a name alone is one of `--snapshot`, where that is given. */
export function placeOf({ snapshot }: Config, file: string): string {
  return file.includes('/') || snapshot === undefined ? file : join(snapshot, file);
}

/** The file that is meant: a name alone is one of `--snapshot` where there is such a one. */
export async function pathOf(config: Config, file: string): Promise<string> {
  const inside = placeOf(config, file);
  return (await stat(inside).catch(() => null)) === null ? file : inside;
}

/** Where lessons of the own HAProxy are recorded and played, as haproxy.cfg has it. Throws `UserError` where it has no place for them. */
export async function lessonPlace(config: Config, env: Variables) {
  const { haproxyConfig, peersSection } = config;
  const text = await readText(haproxyConfig).catch((error: unknown) => {
    throw new UserError('SNAPSHOT_REFUSED', visible(errorMessage(error)), {
      hint: 'Run it in the container of the sidecar, or give --haproxy-config.',
    });
  });
  // What the file has, whatever --mode says here: the command may run without the options of the sidecar.
  const section = readRelaySection(text, peersSection);
  if (section?.hasLesson !== true) {
    const selfName = (config.peerNames === 'node' ? config.nodeName : config.podName) ?? '';
    const place = { sectionName: peersSection, selfName, env: haproxyEnv(config, env) };
    const leg = lessonPlaceOf(text, place);
    if (leg.kind === 'leg') return { text, leg, tables: Math.max(leg.tables, 16) };
    throw new UserError('SNAPSHOT_REFUSED', visible(`${haproxyConfig}: ${leg.why}`), {
      hint: 'Give --mode relay, or --snapshot or --lessons, to init and run: init writes the line for lessons.',
    });
  }
  const leg = { at: section.at, local: localName, slot: lessonSlot };
  // As the sidecar has it: tables that are added by hand meanwhile count, too.
  return { text, leg, tables: Math.max(section.tables, 16) };
}
