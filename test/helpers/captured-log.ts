import { createLog, type Log } from '../../src/log.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A real logger whose lines a test can read. */
export function capturedLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: createLog('debug', { write: (text) => lines.push(JSON.parse(text)) }) };
}
