import { styleText } from 'node:util';
import { wallNow } from '../clock.ts';
import { errorMessage, UserError } from '../errors.ts';
import type { Rate, Value } from '../snapshot/content/read-entry.ts';
import { type ShownEntry, type Survey, surveySnapshot } from '../snapshot/content/survey.ts';
import { type OpenSnapshot, openSnapshot } from '../snapshot/file/open-snapshot.ts';
import { escapeJson, visible, visibleIn } from '../visible.ts';
import { bytesText, spanText } from './amounts.ts';
import { columns, count } from './columns.ts';
import type { Context } from './command.ts';
import { keysOf, pathOf } from './snapshot-place.ts';

/** Opened and verified. `UserError` SNAPSHOT_REFUSED says what is wrong with it. */
export async function openNamed(
  { config }: Pick<Context<'snapshot'>, 'config'>,
  file: string | undefined,
): Promise<{ readonly path: string; readonly opened: OpenSnapshot }> {
  if (file === undefined)
    throw new UserError('CONFIG_INVALID', 'The name of the file is missing.', {
      hint: 'haproxy-peer-sync snapshot list shows those that are there.',
    });
  const path = await pathOf(config, file);
  try {
    return { path, opened: await openSnapshot(path, await keysOf(config)) };
  } catch (error) {
    throw new UserError(
      'SNAPSHOT_REFUSED',
      visible(`${path} cannot be used: ${errorMessage(error)}`),
      {
        hint: 'haproxy-peer-sync snapshot list shows which can. An encrypted one needs --snapshot-key-file.',
      },
    );
  }
}

/** What it counts to at that moment (haproxy include/haproxy/freq_ctr.h, read_freq_ctr_period). */
function rateText({ periodMs, ageMs, current, previous }: Rate): string {
  const left = Math.max(0, periodMs - ageMs);
  return String(current + (periodMs === 0 ? 0 : Math.floor((previous * left) / periodMs)));
}

function valueText([name, value]: readonly [string, Value]): string {
  return typeof value === 'object'
    ? `${name}(${value.periodMs})=${rateText(value)}`
    : `${name}=${value}`;
}

function entryRow({ table, key, leftMs, values, hasUnknown }: ShownEntry): readonly string[] {
  const left = leftMs === null ? 'expired' : leftMs === 0 ? 'stays' : `${spanText(leftMs)} left`;
  const more = hasUnknown ? ' and more that this version does not know' : '';
  return [table, `key=${key}`, left, `${Object.entries(values).map(valueText).join(' ')}${more}`];
}

interface Shown extends Survey {
  readonly path: string;
  readonly header: Omit<OpenSnapshot['header'], 'seal'>;
  readonly encrypted: boolean;
  readonly bytes: number;
  readonly messageBytes: number;
  readonly tookMs: number;
  readonly ageMs: number;
}

function ageText(table: Survey['tables'][number]): string {
  if (table.youngestMs === null || table.oldestMs === null) return 'entries stay';
  return `written ${spanText(table.youngestMs)} to ${spanText(table.oldestMs)} ago`;
}

export function renderShown(told: Shown, colors: boolean): string {
  const { path, header, ...shown } = visibleIn(told);
  const bold = (text: string) =>
    colors ? styleText('bold', text, { validateStream: false }) : text;
  const fact = (label: string, text: string) => `  ${label.padEnd(10)}${text}`;
  const taken = new Date(header.takenAtMs).toISOString();
  const age =
    shown.ageMs < 0 ? 'in the future: a clock was set back' : `${spanText(shown.ageMs)} ago`;
  const rows = shown.tables.map((table) => [
    table.name,
    table.keys,
    table.expireMs === 0 ? 'no expire' : `expire ${spanText(table.expireMs)}`,
    `${count(table.entries)} entries`,
    `${count(table.expired)} expired`,
    ageText(table),
    table.stored.join(','),
  ]);
  return [
    bold(path),
    fact('taken', `${taken}, ${age}, by ${header.replica}, in ${shown.tookMs} ms`),
    fact('of', `set ${header.set}, peers section ${header.section}`),
    fact(
      'written',
      `by haproxy-peer-sync ${header.program} from HAProxy ${header.haproxy ?? 'of unknown version'}`,
    ),
    fact(
      'size',
      `${bytesText(shown.bytes)}, of ${bytesText(shown.messageBytes)}; ${shown.encrypted ? 'encrypted' : 'not encrypted'}; verified`,
    ),
    '  tables',
    ...columns(rows).map((row) => `    ${row}`),
    ...(shown.entries.length === 0 ? [] : ['  entries']),
    ...columns(shown.entries.map(entryRow)).map((row) => `    ${row}`),
    '',
  ].join('\n');
}

/** Keys and values only where they are asked for. */
export async function showCommand(context: Context<'snapshot'>): Promise<number> {
  const { config, words, out, terminal } = context;
  const { path, opened } = await openNamed(context, words[1]);
  try {
    const nowMs = wallNow();
    const limit = config.entries ? config.limit : 0;
    const survey = await surveySnapshot(opened, { nowMs, limit, table: config.table });
    const { seal, ...header } = opened.header;
    const { bytes: messageBytes, tookMs } = opened.trailer;
    const shown: Shown = {
      ...{ path, header, encrypted: seal !== null, bytes: opened.bytes, messageBytes, tookMs },
      ...{ ageMs: nowMs - header.takenAtMs, ...survey },
    };
    out(
      config.json || config.output === 'json'
        ? `${escapeJson(JSON.stringify(shown))}\n`
        : renderShown(shown, terminal),
    );
    return 0;
  } finally {
    await opened.close();
  }
}
