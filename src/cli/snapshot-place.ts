import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/values.ts';
import { errorMessage, UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { readRelaySection } from '../modules/relay/section/read.ts';
import { lessonSlot, localName } from '../modules/relay/section/slots.ts';
import { readSnapshotKeys } from '../snapshot/file/keys.ts';

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

/** The file that is meant: a name alone is one of `--snapshot` where there is such a one. */
export async function pathOf(config: Config, file: string): Promise<string> {
  if (file.includes('/') || config.snapshot === undefined) return file;
  const inside = join(config.snapshot, file);
  return (await stat(inside).catch(() => null)) === null ? file : inside;
}

/** Where lessons of the own HAProxy are recorded and played, as haproxy.cfg has it. Throws `UserError` where it has no place for them. */
export async function lessonPlace({ haproxyConfig, peersSection }: Config) {
  const text = await readText(haproxyConfig).catch((error: unknown) => {
    throw new UserError('SNAPSHOT_REFUSED', errorMessage(error), {
      hint: 'Run it in the container of the sidecar, or give --haproxy-config.',
    });
  });
  const section = readRelaySection(text, peersSection);
  if (section?.hasLesson !== true)
    throw new UserError(
      'SNAPSHOT_REFUSED',
      `${haproxyConfig} has no slot for lessons in the peers section ${peersSection}.`,
      { hint: 'take and restore need relay mode: haproxy-peer-sync init --mode relay writes it.' },
    );
  const leg = { at: section.at, local: localName, slot: lessonSlot };
  // As the sidecar has it: tables that are added by hand meanwhile count, too.
  return { text, leg, tables: Math.max(section.tables, 16) };
}
