import { hasChanges, noChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import { delays } from './delays.ts';
import { type Facts, factsOf, type GateInput, type GateSettings } from './facts.ts';
import { forbids } from './forbids.ts';
import { dueSince, order } from './reload-order.ts';
import { never, type Rule } from './rule.ts';

/**
 * May these changes be applied now? A reload at the wrong moment destroys the tables, so the worker that
 * would be replaced must have finished its own resync (docs/design.md, safety protocol). First the rules
 * that forbid, then those that delay, then the order among siblings; the longest delay wins.
 */
export function gate(input: GateInput, settings: GateSettings, nowMs: number): Decision {
  const facts = factsOf(input, settings, nowMs);
  const { changes, reloadFor, hardReloadFor, lazyUntilMs } = facts;
  const asked = reloadFor !== null || hardReloadFor !== null || lazyUntilMs !== null;
  if (!hasChanges(changes) && !asked) return { kind: 'none', reasons: ['nothing differs'] };
  const [forbidden] = waiting(forbids, facts);
  if (forbidden !== undefined) return wait([forbidden]);
  const delayed = waiting(delays, facts);
  if (delayed.length > 0) return wait(delayed);
  const ordered = waiting(order, facts);
  if (ordered.length > 0) return wait(ordered, { dueMs: dueSince(facts) });
  return apply(facts);
}

/** A reload hands over what was learned, so what it is for goes first; whether tables are still missing is seen afterwards. */
function apply(facts: Facts): Decision {
  const { changes, reasons, reloadFor, hardReloadFor, joins } = facts;
  if (hardReloadFor !== null && reloadFor === null && !joins) {
    return { kind: 'apply', via: 'hard-reload', changes: noChanges, reasons: [hardReloadFor] };
  }
  return {
    kind: 'apply',
    via: 'reload',
    changes,
    reasons: reloadFor === null ? reasons : [...reasons, reloadFor],
  };
}

function waiting(rules: readonly Rule[], facts: Facts) {
  return rules.map(({ check }) => check(facts)).filter(({ untilMs }) => untilMs > facts.nowMs);
}

function wait(found: ReturnType<typeof waiting>, due: { dueMs?: number } = {}): Decision {
  const untilMs = Math.max(...found.map((each) => each.untilMs));
  const reasons = found.map(({ reason }) => reason);
  const codes = found.map(({ code }) => code);
  return untilMs === never
    ? { kind: 'hold', reasons, codes }
    : { kind: 'wait', untilMs, reasons, codes, ...due };
}
