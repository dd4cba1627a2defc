import type { Log } from '../../../log.ts';
import { isDuplicate, isRefusal } from './codes.ts';
import { count, type LinkCounters } from './counters.ts';
import { createRefusals } from './refusals.ts';
import { createSparingLog } from './sparing-log.ts';
import type { WireEnd } from './wire.ts';

/** Whose end is told. */
export interface EndedLine {
  readonly address: string;
  /** The member's name, where we dialled. */
  readonly dialled: string | undefined;
  /** The other's name, where it was a link. */
  readonly linkedWith: string | undefined;
  /** The other side has greeted. */
  readonly greeted: boolean;
}

export interface Report {
  linked(fields: {
    readonly pod: string;
    readonly address: string;
    readonly dialled: boolean;
  }): void;
  ended(line: EndedLine, end: WireEnd): void;
  stranger(address: string, end: WireEnd): void;
  trustTrouble(why: string): void;
  /** Who is refused, or refuses us, and for how long: `Refusals`. */
  troubles(): readonly string[];
  otherNames(): readonly string[];
}

/** Counts what has happened, and writes a line of each kind once a minute. */
export function createReport(log: Log, now: () => number, counters: LinkCounters): Report {
  const say = createSparingLog(log, now);
  const refusals = createRefusals(now);

  function stranger(address: string, { code, why }: WireEnd): void {
    count(counters.strangers, code);
    say('warn', 'stranger', { address, code, why }, 'a connection without a greeting was closed');
  }

  return {
    stranger,
    linked(fields) {
      counters.up += 1;
      counters.linked += 1;
      refusals.linked(fields.address);
      say('info', `up ${fields.pod}`, fields, 'the link is up');
    },
    ended({ address, dialled, linkedWith, greeted }, { code, why }) {
      if (linkedWith === undefined) refusals.ended(address, dialled, { code, why });
      if (linkedWith !== undefined) {
        counters.up -= 1;
        count(counters.ended, code);
        const fields = { pod: linkedWith, address, code, why };
        say('info', `ended ${linkedWith} ${code}`, fields, 'the link has ended');
      } else if (isDuplicate(code) || code === 'stopped') {
        // As it should be.
      } else if (dialled !== undefined) {
        count(counters.failedDials, code);
        const level = code === 'nobody-listens' ? 'info' : 'warn';
        say(level, `dial ${dialled} ${code}`, { pod: dialled, address, code, why }, 'no link yet');
      } else if (greeted || isRefusal(code)) {
        count(counters.refused, code);
        say('warn', `refused ${code}`, { address, code, why }, 'a greeting was refused');
      } else {
        stranger(address, { code, why });
      }
    },
    troubles: refusals.told,
    otherNames: refusals.otherNames,
    trustTrouble: (why) =>
      say('warn', 'trust', { why }, 'what sidecars know each other by cannot be read'),
  };
}
