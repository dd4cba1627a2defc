import { hasChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import { delaysOf } from './delays.ts';
import type { GateInput, GateSettings } from './facts.ts';
import { neverLoaded, reloadForUnloaded } from './not-loaded.ts';

/** How often HAProxy is looked at again while it is down or learns, in milliseconds. */
const lookAgainMs = 200;

/**
 * May these changes be applied now? A reload at the wrong moment destroys the tables, so the worker that
 * would be replaced must have finished its own resync (docs/design.md, safety protocol). First the reasons
 * that forbid, then those that delay; the longest delay wins.
 */
export function gate(asked: GateInput, settings: GateSettings, nowMs: number): Decision {
  const reloadFor = asked.reloadFor ?? reloadForUnloaded(asked);
  const input = { ...asked, reloadFor };
  if (!hasChanges(input.changes) && reloadFor === null)
    return { kind: 'none', reasons: ['nothing differs'] };
  const forbidden = forbids(input);
  if (forbidden !== null) return forbidden(nowMs);
  const never = neverLoaded(input, settings, nowMs);
  if (never !== null) return { kind: 'hold', reasons: [never], codes: ['section-not-loaded'] };
  const { delays, dueMs } = delaysOf(input, settings, nowMs);
  if (delays.length > 0) {
    const untilMs = Math.max(...delays.map((delay) => delay.untilMs));
    const reasons = delays.map((delay) => delay.reason);
    const codes = delays.map((delay) => delay.code);
    return { kind: 'wait', untilMs, reasons, codes, ...(dueMs === null ? {} : { dueMs }) };
  }
  const reasons = reloadFor === null ? input.reasons : [...input.reasons, reloadFor];
  return { kind: 'apply', changes: input.changes, reasons };
}

function forbids(input: GateInput): ((nowMs: number) => Decision) | null {
  const { observed, selfName, changes } = input;
  if (observed.kind === 'down') {
    return (nowMs) => ({
      kind: 'wait',
      untilMs: nowMs + 5 * lookAgainMs,
      reasons: [`HAProxy does not answer: ${observed.why}`],
      codes: ['haproxy-down'],
    });
  }
  const { state } = observed;
  if (state === null) {
    // HAProxy drops a section that lacks its own name, tables and all: adding the own entry is the cure.
    if (changes.create || changes.add.some((entry) => entry.name === selfName)) return null;
    return () => ({
      kind: 'hold',
      reasons: [
        `HAProxy runs without the section although the file has it: its localpeer is not ${selfName}`,
      ],
      codes: ['section-not-running'],
    });
  }
  if (state.localName !== selfName) {
    return () => ({
      kind: 'hold',
      reasons: [
        `HAProxy's localpeer is ${state.localName ?? 'not in the section'}, not ${selfName}`,
      ],
      codes: ['localpeer-mismatch'],
    });
  }
  if (state.resync === 'pending') {
    return (nowMs) => ({
      kind: 'wait',
      untilMs: nowMs + lookAgainMs,
      reasons: ['own resync is not finished'],
      codes: ['resync-pending'],
    });
  }
  if (state.resync === 'unknown') {
    return () => ({
      kind: 'hold',
      reasons: [
        '"show peers" of this HAProxy version cannot be read, so its resync may be unfinished',
      ],
      codes: ['resync-unreadable'],
    });
  }
  return null;
}
