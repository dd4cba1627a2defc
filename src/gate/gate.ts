import type { Decision } from '../model/decision.ts';
import type { Facts } from './facts.ts';
import { type CodedFinding, never, type Rule, type Rules } from './rule.ts';
import { commonRules } from './rules.ts';

/**
 * May HAProxy be reloaded now? A reload at the wrong moment destroys the tables, so the worker to be replaced must
 * have finished its own resync (docs/design.md, safety protocol). First the rules that forbid are checked, then those
 * that delay, then the order among siblings. The longest delay wins. `rules`: additional rules of modules.
 */
export function gate<F extends Facts>(facts: F, rules: Rules<F>): Decision {
  const { change, reloadFor, hardReloadFor, lazyUntilMs } = facts;
  const isAsked = reloadFor !== null || hardReloadFor !== null || lazyUntilMs !== null;
  if (change === null && !isAsked) return { kind: 'none', reasons: ['nothing differs'] };
  const [forbidden] = waiting([...commonRules.forbids, ...rules.forbids], facts);
  if (forbidden !== undefined) return wait([forbidden]);
  const delayed = waiting([...rules.delays, ...commonRules.delays], facts);
  if (delayed.length > 0) return wait(delayed);
  const ordered = waiting(rules.order, facts);
  if (ordered.length > 0) return wait(ordered);
  return apply(facts);
}

/**
 * A reload hands over what was learned, so its requests go first. Whether tables are still missing is checked
 * afterwards.
 */
function apply({ change, reloadFor, hardReloadFor }: Facts): Decision {
  if (hardReloadFor !== null && reloadFor === null && change?.joins !== true) {
    return { kind: 'apply', via: 'hard-reload', reasons: [hardReloadFor] };
  }
  const asked = reloadFor === null ? [] : [reloadFor];
  return { kind: 'apply', via: 'reload', reasons: [...(change?.reasons ?? []), ...asked] };
}

function waiting<F extends Facts>(rules: readonly Rule<F>[], facts: F): readonly CodedFinding[] {
  return rules.map(({ check }) => check(facts)).filter(({ untilMs }) => untilMs > facts.nowMs);
}

function wait(found: readonly CodedFinding[]): Decision {
  const untilMs = Math.max(...found.map((each) => each.untilMs));
  const reasons = found.map(({ reason }) => reason);
  const codes = found.map(({ code }) => code);
  const dueMs = found.find((each) => each.dueMs !== undefined)?.dueMs;
  return untilMs === never
    ? { kind: 'hold', reasons, codes }
    : { kind: 'wait', untilMs, reasons, codes, ...(dueMs === undefined ? {} : { dueMs }) };
}
