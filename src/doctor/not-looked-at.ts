import { type Finding, type Looked, skipped } from './facts.ts';

/** Rules of a Role for what is looked at besides the pods of the selector, as YAML of one line. */
const rules = {
  'this pod': '{apiGroups: [""], resources: ["pods"], verbs: ["get"]}',
  Services: '{apiGroups: [""], resources: ["services"], verbs: ["list"]}',
} as const;

/** A check that could not look, with the rules that it takes where the Role lacks them. */
export function notLookedAt(
  check: string,
  needed: readonly (keyof typeof rules)[],
  { why, code }: Looked<unknown> & { readonly ok: false },
): Finding {
  const what = needed.join(' and ');
  if (code !== 'KUBERNETES_FORBIDDEN')
    return skipped(check, `could not look at ${what}: ${why}`, 'the other findings say what it is');
  return skipped(
    check,
    `could not look: the Role does not let ${what} be read`,
    `to have it looked at, add to the Role: ${needed.map((each) => rules[each]).join(', ')}`,
  );
}
