import { monotonicNow, wallNow } from '../clock.ts';
import { sharedTables } from '../config-text/stick-tables.ts';
import { AppError } from '../errors.ts';
import { parseShowTable, type TableState } from '../haproxy/show-table.ts';
import { command } from '../haproxy/socket.ts';
import { setOf } from '../modules/snapshot/create.ts';
import { restoreByHand } from '../modules/snapshot/restore-by-hand.ts';
import { doorPath } from '../modules/snapshot/turn/messages.ts';
import { type Turn, visit } from '../modules/snapshot/turn/visit.ts';
import { ageOf } from '../snapshot/decide/age.ts';
import { notOurs } from '../snapshot/decide/choose.ts';
import { tablesLeftOut } from '../snapshot/decide/fits.ts';
import type { OpenSnapshot } from '../snapshot/file/open-snapshot.ts';
import { escapeJson, visible, visibleLines } from '../visible.ts';
import { spanText } from './amounts.ts';
import { count } from './columns.ts';
import type { Context } from './command.ts';
import { lessonPlace } from './snapshot-place.ts';
import { openNamed } from './snapshot-show.ts';
import { sessionMs, turnMs } from './snapshot-take.ts';

const tellMs = 1000;

function refused(message: string, hint: string): AppError {
  return new AppError('SNAPSHOT_REFUSED', visible(message), { hint });
}

/** Whether the tables may be restored into. Throws `AppError` where not. */
function check(tables: readonly TableState[], header: OpenSnapshot['header'], force: boolean) {
  const used = tables.filter(({ used }) => used > 0);
  if (used.length === 0) return;
  const held = used.map((table) => `${table.name} ${count(table.used)}`).join(', ');
  if (!force)
    throw refused(
      `The tables hold entries: ${held}.`,
      'With --force the entries of the file are added. What HAProxy has as new or newer stays as it is.',
    );
  // Each entry of the file would count as newer than any other.
  if (header.takenAtMs > wallNow())
    throw refused(
      `The tables hold entries (${held}), and the file is from the future: a clock was set back, so it cannot be told which are newer.`,
      'Set the clock right, or restore it into empty tables.',
    );
}

interface Job {
  readonly context: Context<'snapshot'>;
  readonly path: string;
  readonly opened: OpenSnapshot;
  readonly turn: Turn;
  readonly say: (text: string) => void;
}

async function restore({ context, path, opened, turn, say }: Job) {
  const { config } = context;
  const { header, trailer } = opened;
  const { leg, text, tables } = await lessonPlace(config, context.env);
  const shared = sharedTables(text);
  const names = new Set(shared.map(({ name }) => name));
  const answer = await command(config.adminSocket, 'show table', { signal: turn.signal });
  const states = parseShowTable(answer).filter(({ name }) => names.has(name));
  check(states, header, config.force);
  const { note, ms: ageMs } = ageOf(header.takenAtMs, wallNow());
  const notes = [
    ...(note === null ? [] : [note]),
    ...[notOurs(header, { set: setOf(config), section: config.peersSection }) ?? []].flat(),
    ...tablesLeftOut(header.tables, shared).map(({ table, why }) => `${table} is left out: ${why}`),
  ];
  say(
    `${path}, recorded ${spanText(ageMs)} ago by ${header.replica}: ${count(trailer.entries)} entries`,
  );
  for (const each of notes) say(`note: ${each}`);
  const beganMs = monotonicNow();
  let toldMs = beganMs;
  const restored = await restoreByHand({
    record: { ...leg, ...sessionMs, tables, now: wallNow, signal: turn.signal },
    entries: states.reduce((sum, { used }) => sum + used, 0),
    file: opened,
    onProgress(part, of) {
      if (monotonicNow() - toldMs < tellMs) return;
      toldMs = monotonicNow();
      say(`${Math.floor((100 * part) / of)} %`);
    },
  });
  if (restored.kind === 'failed')
    throw refused(
      `Broken off: ${restored.why}. A part of the entries may have been restored.`,
      'Try again, with --force: what was restored counts as there, and what is newer stays.',
    );
  const { entries, expired } = restored;
  const { replica, takenAtMs } = header;
  const done = { step: 'restored', path: path.slice(0, 1000), replica, takenAtMs } as const;
  const told = await turn.note({ ...done, entries, expired });
  return { path, ...restored, ms: Math.round(monotonicNow() - beganMs), notes, told };
}

/** Plays a file to the HAProxy of this pod. */
export async function restoreCommand(context: Context<'snapshot'>): Promise<number> {
  const { config, words, signal, out } = context;
  const isJson = config.json || config.output === 'json';
  const say = (text: string) => (isJson ? undefined : out(`${visible(text)}\n`));
  const { path, opened } = await openNamed(context, words[1]);
  try {
    const socket = doorPath(config.adminSocket);
    const restored = await visit({ path: socket, for: 'restore', waitMs: turnMs, signal }, (turn) =>
      restore({ context, path, opened, turn, say }),
    );
    out(isJson ? `${escapeJson(JSON.stringify(restored))}\n` : visibleLines(summary(restored)));
    return 0;
  } finally {
    await opened.close();
  }
}

function summary(done: Awaited<ReturnType<typeof restore>>): string {
  const { entries, older, kept, expired, otherTable, told, ms } = done;
  const line = (number: number, text: string) => (number === 0 ? [] : [`${count(number)} ${text}`]);
  return `${[
    `restored ${count(entries)} entries in ${ms} ms`,
    ...line(older, 'of them were there with an older value'),
    ...line(kept, 'left out: HAProxy has them as new or newer'),
    ...line(expired, 'left out: they have expired'),
    ...line(otherTable, 'left out: HAProxy has a table of that name with other keys or data'),
    ...(told.length === 0 ? [] : [`${told.join(', ')} take from here what they lack`]),
  ].join('\n')}\n`;
}
