/** One condition of a label selector. `notin` holds for pods without the label, too, as the API server has it. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent';
  /** Empty for `exists` and `absent`. */
  readonly values: readonly string[];
}

/** All of them must hold. */
export type Selector = readonly Requirement[];

export type Labels = Readonly<Record<string, string>>;

const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function keyProblem(key: string): string | undefined {
  const [first = '', second, ...rest] = key.split('/');
  const name = second ?? first;
  const good =
    rest.length === 0 &&
    namePattern.test(name) &&
    (second === undefined || prefixPattern.test(first));
  return good ? undefined : `"${key}" is not a label key`;
}

function valueProblem(value: string): string | undefined {
  return value === '' || namePattern.test(value) ? undefined : `"${value}" is not a label value`;
}

/** Commas inside parentheses belong to a set. */
function requirementsOf(selector: string): readonly string[] {
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim());
}

const setPattern = /^(?<key>\S+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$/;
const equalityPattern = /^(?<key>[^\s=!]+)\s*(?<operator>==|!=|=)\s*(?<value>[^\s=!]*)$/;
const existsPattern = /^(?<absent>!?)\s*(?<key>[^\s=!()]+)$/;

/** The requirement that a text stands for, whatever its key and values; undefined where it is none. */
function parseRequirement(text: string): Requirement | undefined {
  const set = setPattern.exec(text)?.groups;
  if (set !== undefined) {
    const values = (set.values ?? '').split(',').map((value) => value.trim());
    return { key: set.key ?? '', operator: set.operator === 'in' ? 'in' : 'notin', values };
  }
  const equality = equalityPattern.exec(text)?.groups;
  if (equality !== undefined) {
    const operator = equality.operator === '!=' ? 'notin' : 'in';
    return { key: equality.key ?? '', operator, values: [equality.value ?? ''] };
  }
  const exists = existsPattern.exec(text)?.groups;
  if (exists === undefined) return undefined;
  return {
    key: exists.key ?? '',
    operator: exists.absent === '' ? 'exists' : 'absent',
    values: [],
  };
}

function requirementProblem(text: string): string | undefined {
  const requirement = parseRequirement(text);
  if (requirement === undefined)
    return `"${text}" is neither key=value, key!=value, key in (a,b), key notin (a,b), key nor !key`;
  const { key, values } = requirement;
  return keyProblem(key) ?? values.map(valueProblem).find((problem) => problem !== undefined);
}

/** What is wrong with a label selector in Kubernetes' syntax; undefined when it is right. */
export function selectorProblem(selector: string): string | undefined {
  if (selector.trim() === '') return 'an empty selector would take every pod for a peer';
  return requirementsOf(selector)
    .map(requirementProblem)
    .find((problem) => problem !== undefined);
}

/** Throws where `selectorProblem` finds one: ask that first, of what is given from outside. */
export function parseSelector(selector: string): Selector {
  const problem = selectorProblem(selector);
  if (problem !== undefined) throw new RangeError(`no label selector: ${problem}`);
  return requirementsOf(selector)
    .map(parseRequirement)
    .filter((requirement) => requirement !== undefined);
}

function requirementText({ key, operator, values }: Requirement): string {
  if (operator === 'exists') return key;
  if (operator === 'absent') return `!${key}`;
  const [only = ''] = values;
  if (values.length === 1) return `${key}${operator === 'in' ? '=' : '!='}${only}`;
  return `${key} ${operator} (${values.join(',')})`;
}

/** As kubectl and the API server's `labelSelector` take it. */
export function selectorText(selector: Selector): string {
  return selector.map(requirementText).join(',');
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
  }
}

/** True when pods with these labels are selected (apimachinery, pkg/labels, Requirement.Matches). */
export function matches(selector: Selector, labels: Labels): boolean {
  return selector.every((requirement) => holds(requirement, labels));
}
