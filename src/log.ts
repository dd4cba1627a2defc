import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeJson, visible } from './visible.ts';

export type Log = Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Key paths that never reach the output, wherever they are logged. */
const redact = [
  'password',
  'authorization',
  '*.password',
  '*.authorization',
  '*.headers.authorization',
];

export type LogFormat = 'json' | 'text';

function fieldText(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=]+$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

/** A line of the log for people: `2026-11-22T09:31:10.123Z INFO  message key=value …`. */
export function asText(line: string): string {
  const { level, time, msg = '', ...fields } = JSON.parse(line);
  const words = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  return `${[time, String(level).toUpperCase().padEnd(5), msg, ...words].join(' ')}`;
}

/** JSON leaves C1, marks of writing direction and the like as they are, and a log is read in a terminal. */
function visibleTo(destination: DestinationStream, format: LogFormat): DestinationStream {
  const shown = (line: string) =>
    format === 'text' ? `${visible(asText(line))}\n` : escapeJson(line);
  return { write: (line) => destination.write(shown(line)) };
}

/** The program's logger: JSON lines or text, ISO time, level as a word. */
export function createLog(
  level: LogLevel,
  destination?: DestinationStream,
  format: LogFormat = 'json',
): Log {
  return pino(
    {
      level,
      base: null,
      redact: { paths: redact, censor: '<redacted>' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    visibleTo(destination ?? pino.destination({ dest: 1, sync: true }), format),
  );
}
