import type { Log } from '../../../log.ts';

const quietMs = 60_000;
const mostKeys = 1000;

export type SparingLog = (
  level: 'info' | 'warn',
  /** Lines with the same key are one subject. */
  key: string,
  fields: object,
  message: string,
) => void;

/** One line a minute for each subject; the next one says how many were left out. */
export function createSparingLog(log: Log, now: () => number): SparingLog {
  const subjects = new Map<string, { untilMs: number; leftOut: number }>();
  return (level, key, fields, message) => {
    const known = subjects.get(key);
    if (known !== undefined && now() < known.untilMs) {
      known.leftOut += 1;
      return;
    }
    if (subjects.size >= mostKeys) subjects.clear();
    subjects.set(key, { untilMs: now() + quietMs, leftOut: 0 });
    const leftOut = known?.leftOut ?? 0;
    log[level](leftOut === 0 ? fields : { ...fields, leftOut }, message);
  };
}
