import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeJson } from './visible.ts';

export type Log = Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Key paths that never reach the output, whoever logs them. */
const redact = [
  'password',
  'authorization',
  '*.password',
  '*.authorization',
  '*.headers.authorization',
];

/** JSON leaves C1, marks of writing direction and the like as they are, and a log is read in a terminal. */
function visibleTo(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(escapeJson(line)) };
}

/** The program's logger: JSON lines, ISO time, level as a word. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      redact: { paths: redact, censor: '<redacted>' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    visibleTo(destination ?? pino.destination({ dest: 1, sync: true })),
  );
}
