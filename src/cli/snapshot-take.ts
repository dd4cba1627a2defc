import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { nanoid } from 'nanoid';
import { monotonicNow, wallNow } from '../clock.ts';
import { sharedTables } from '../config-text/stick-tables.ts';
import { AppError, UserError } from '../errors.ts';
import { command } from '../haproxy/socket.ts';
import { parseWorker } from '../haproxy/worker.ts';
import { recordLesson } from '../lesson/record.ts';
import { setOf } from '../modules/snapshot/create.ts';
import { takeSnapshot } from '../modules/snapshot/take.ts';
import { doorPath } from '../modules/snapshot/turn/messages.ts';
import { type Turn, visit } from '../modules/snapshot/turn/visit.ts';
import { byHand } from '../snapshot/file/names.ts';
import { escapeJson, visible } from '../visible.ts';
import { bytesText } from './amounts.ts';
import { count } from './columns.ts';
import type { Context } from './command.ts';
import { directoryOf, keysOf, lessonPlace, placeOf } from './snapshot-place.ts';

/** How long the sidecar may need the slot itself. */
export const turnMs = 60_000;
/** HAProxy is on the same machine: how long it may take to accept, and to go on. */
export const sessionMs = { timeoutMs: 1000, silentMs: 5000 } as const;

function refused(message: string, hint: string): AppError {
  return new AppError('SNAPSHOT_REFUSED', visible(message), { hint });
}

/** Where it is written. `UserError` for a file that is there. */
async function targetOf({ config }: Context<'snapshot'>) {
  if (config.to === undefined) return { directory: directoryOf(config), byHand: {}, kept: true };
  const path = resolve(placeOf(config, config.to));
  if ((await stat(path).catch(() => null)) !== null)
    throw new UserError('SNAPSHOT_REFUSED', `${visible(path)} is there already.`, {
      hint: 'Give --to another name: nothing is overwritten.',
    });
  return { directory: dirname(path), byHand: { name: basename(path) }, kept: false };
}

async function take(context: Context<'snapshot'>, turn: Turn) {
  const { config, version } = context;
  const target = await targetOf(context);
  if (!turn.ready && target.kept && !config.force)
    throw refused(
      'This replica is not ready, so its tables may not be all there is, and the file would be restored as the newest.',
      'Wait until it is ready, give --to FILE, or --force.',
    );
  const { leg, text, tables } = await lessonPlace(config, context.env);
  const { podName: replica, peersSection: section } = config;
  if (replica === undefined)
    throw new UserError(
      'CONFIG_INVALID',
      '--pod-name or POD_NAME is missing: the file says whose it is.',
    );
  let worker: number | undefined;
  const taken = await takeSnapshot(
    {
      ...{ directory: target.directory, byHand: target.byHand, keep: 1 },
      ...{ now: monotonicNow, wallNow },
      origin: { set: setOf(config), section, replica, program: version },
      async about() {
        const info = await command(config.adminSocket, 'show info', { signal: turn.signal });
        const pid = parseWorker(info)?.pid;
        if (worker !== undefined && pid !== worker) throw new Error('HAProxy was started anew');
        worker = pid;
        const haproxy = /^Version: (\S+)/m.exec(info)?.[1] ?? null;
        return { haproxy, tables: [...sharedTables(text)] };
      },
      key: async () => (await keysOf(config))[0],
      record: (add, signal) =>
        recordLesson({ ...leg, ...sessionMs, signal, tables, now: monotonicNow }, add),
      newId: () => `${byHand}${nanoid()}`,
    },
    turn.signal,
  );
  if (taken.kind === 'empty')
    throw refused('The tables are empty: no file was written.', 'There is nothing to keep.');
  if (taken.kind === 'failed')
    throw refused(
      `No snapshot was taken: ${taken.why}`,
      'Earlier files are as they were. Is the directory writable, with free space, and HAProxy up?',
    );
  const { takenAtMs, entries, bytes, ms } = taken;
  await turn.note({ step: 'taken', takenAtMs, entries, bytes, ms, kept: target.kept });
  return { ...taken, kept: target.kept };
}

export async function takeCommand(context: Context<'snapshot'>): Promise<number> {
  const { config, signal, out } = context;
  const path = doorPath(config.adminSocket);
  const taken = await visit({ path, for: 'take', waitMs: turnMs, signal }, (turn) =>
    take(context, turn),
  );
  const { entries, bytes, ms, kept } = taken;
  const note = kept ? 'It is kept as long as others: for longer, give --to FILE.\n' : '';
  out(
    config.json || config.output === 'json'
      ? `${escapeJson(JSON.stringify(taken))}\n`
      : `${visible(taken.path)}: ${count(entries)} entries, ${bytesText(bytes)}, in ${Math.round(ms)} ms\n${note}`,
  );
  return 0;
}
