import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wallNow } from '../clock.ts';
import type { Config } from '../config/values.ts';
import { errorMessage, UserError } from '../errors.ts';
import { setOf } from '../modules/snapshot/create.ts';
import { surveySnapshot, type TableSurvey } from '../snapshot/content/survey.ts';
import { notOurs } from '../snapshot/decide/choose.ts';
import type { SnapshotHeader } from '../snapshot/file/about.ts';
import { snapshotsIn } from '../snapshot/file/folder.ts';
import { openSnapshot } from '../snapshot/file/open-snapshot.ts';
import { SnapshotRefused } from '../snapshot/file/refusal.ts';
import { escapeJson, visible, visibleIn } from '../visible.ts';
import { bytesText, spanText } from './amounts.ts';
import { columns, count } from './columns.ts';
import type { Context } from './command.ts';
import { directoryOf, keysOf } from './snapshot-place.ts';

/** A file of the directory, and whether this replica would restore it. */
export interface Listed {
  readonly file: string;
  readonly path: string;
  readonly takenAtMs: number;
  readonly ageMs: number;
  readonly replica: string;
  /** Of the file. */
  readonly bytes: number;
  /** Null: `refused` says why it cannot be read. */
  readonly header: Omit<SnapshotHeader, 'seal'> | null;
  readonly encrypted: boolean;
  readonly tables: readonly Pick<TableSurvey, 'name' | 'entries' | 'expired'>[];
  /** Why it is not restored by itself; null: it is whole, and of these tables. */
  readonly refused: { readonly kind: string; readonly why: string } | null;
}

async function look(
  path: string,
  ours: Parameters<typeof notOurs>[1],
  keys: readonly Buffer[],
): Promise<Pick<Listed, 'header' | 'encrypted' | 'tables' | 'refused'>> {
  try {
    const opened = await openSnapshot(path, keys);
    try {
      const { tables } = await surveySnapshot(opened, { nowMs: wallNow(), limit: 0 });
      const { seal, ...header } = opened.header;
      const why = notOurs(opened.header, ours);
      return {
        ...{ header, encrypted: seal !== null },
        tables: tables.map(({ name, entries, expired }) => ({ name, entries, expired })),
        refused: why === null ? null : { kind: 'other set', why },
      };
    } finally {
      await opened.close();
    }
  } catch (error) {
    const kind = error instanceof SnapshotRefused ? error.kind : 'damaged';
    const refused = { kind, why: errorMessage(error) };
    return { header: null, encrypted: kind === 'sealed', tables: [], refused };
  }
}

/** All that lie in `--snapshot`, newest first. Each is read from end to end, one at a time. */
async function listSnapshots(config: Config): Promise<readonly Listed[]> {
  const directory = directoryOf(config);
  const keys = await keysOf(config);
  const ours = { set: setOf(config), section: config.peersSection };
  const found = await snapshotsIn(directory).catch((error: unknown) => {
    throw new UserError(
      'SNAPSHOT_REFUSED',
      visible(`${directory} cannot be read: ${errorMessage(error)}`),
    );
  });
  const listed: Listed[] = [];
  for (const { file, takenAtMs, replica } of found) {
    const path = join(directory, file);
    const bytes = (await stat(path).catch(() => null))?.size ?? 0;
    const ageMs = wallNow() - takenAtMs;
    listed.push({
      file,
      path,
      takenAtMs,
      ageMs,
      replica,
      bytes,
      ...(await look(path, ours, keys)),
    });
  }
  return listed;
}

function tablesText(tables: Listed['tables']): string {
  const texts = tables.map(({ name, entries, expired }) =>
    expired === 0
      ? `${name} ${count(entries)}`
      : `${name} ${count(entries)} (${count(expired)} expired)`,
  );
  return texts.join(', ');
}

export function renderList(listed: readonly Listed[], directory: string): string {
  if (listed.length === 0) return `${visible(directory)} has no snapshot.\n`;
  const rows = visibleIn(listed).map((each) => [
    each.file,
    each.ageMs < 0 ? 'in the future' : `${spanText(each.ageMs)} ago`,
    each.header?.replica ?? each.replica,
    each.header === null ? '?' : (each.header.haproxy ?? 'unknown'),
    bytesText(each.bytes),
    each.refused === null
      ? `ok: ${tablesText(each.tables)}`
      : `not restored, ${each.refused.kind}: ${each.refused.why}`,
  ]);
  return `${columns([['FILE', 'TAKEN', 'BY', 'HAPROXY', 'SIZE', 'VERIFIED'], ...rows]).join('\n')}\n`;
}

/** 1: none of them would be restored. */
export async function listCommand({ config, out }: Context<'snapshot'>): Promise<number> {
  const listed = await listSnapshots(config);
  out(
    config.json || config.output === 'json'
      ? `${escapeJson(JSON.stringify(listed))}\n`
      : renderList(listed, directoryOf(config)),
  );
  return listed.some(({ refused }) => refused === null) ? 0 : 1;
}
