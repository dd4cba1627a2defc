import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { renderStatus } from '../../../src/cli/status-view.ts';
import { createRepair } from '../../../src/modules/peers/missed/missed.ts';
import { parseStatus } from '../../../src/telemetry/ask-status.ts';
import { isLearning, type Status, statusSchema } from '../../../src/telemetry/status-schema.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { member, peer, self, state } from '../../helpers/members.ts';
import { status } from '../../helpers/status.ts';

/**
 * What real sidecars of every version of the answer have told, beside HAProxy 3.4: before its HAProxy had started, after a
 * sibling joined, with a change that waits, and after a failure. Each file is named after the field it was the first to have.
 */
const directory = join(import.meta.dirname, '../../golden/status');
const files = readdirSync(directory).toSorted();
const answers = new Map<string, readonly Status[]>(
  files.map((file) => [file, JSON.parse(readFileSync(join(directory, file), 'utf8'))]),
);
const every = [...answers.values()].flat();
const ofFirst = answers.get('first.json') ?? [];
/** Fields that a version may not tell yet, or only sometimes. */
const sometimes: ReadonlySet<string> = new Set([
  ...['lag', 'type', 'incomplete', 'sample', 'mode', 'trust', 'snapshot', 'lessons'],
]);

function told(file: string, is: (answer: Status) => boolean): Status {
  const found = answers.get(file)?.find(is);
  const read = found === undefined ? null : parseStatus(JSON.stringify(found), found.name);
  if (read === null) throw new Error(`no such answer in ${file}`);
  return read;
}

const full = (file: string) =>
  told(file, ({ resync }) => resync === 'learned' || resync === 'alone');

/** A new pod beside `sibling`, which tells that, and beside one that is ready and mute; it holds `used` entries itself. */
async function look(sibling: Status, used: number) {
  const { log } = capturedLog();
  const table = { name: 'sessions', size: 2_097_152, used, shared: true };
  const confirm = createRepair({
    self: self('a'),
    mode: 'reload',
    limitMs: 60_000,
    connectLimitMs: 6000,
    own: async () => status('a', { tables: [table] }),
    ask: async ({ name }) => (name === sibling.name ? sibling : null),
    log,
    now: () => 0,
    sleep: async () => {},
    onOutcome: () => {},
  });
  const peers = [peer(sibling.name), peer('mute', { established: false })];
  const members = [member('a'), member(sibling.name), member('mute', { serving: true })];
  const { signal } = new AbortController();
  const observed = { kind: 'up', state: state({ resync: 'alone', peers }) } as const;
  return await confirm.look(observed, members, signal);
}

/** Every object in a value with the schema of it. */
function* objects(schema: unknown, value: unknown): Generator<readonly [string[], object]> {
  const { properties, required, items, anyOf } = Object(schema);
  const branch = anyOf?.find((each: { type: string }) => each.type !== 'null');
  if (branch !== undefined) yield* objects(branch, value);
  else if (Array.isArray(value)) for (const item of value) yield* objects(items, item);
  else if (typeof value === 'object' && value !== null) {
    yield [required ?? [], value];
    for (const [name, field] of Object.entries(value)) yield* objects(properties?.[name], field);
  }
}

describe('what sidecars of other versions tell', () => {
  it('is there for each version', () => {
    expect(files).toEqual([
      'first.json',
      'with-incomplete.json',
      'with-lag.json',
      'with-lessons.json',
      'with-sample.json',
      'with-snapshot.json',
      'with-type.json',
    ]);
    expect(ofFirst).toHaveLength(4);
  });

  it.each(files)('is read with every field: %s', (file) => {
    for (const answer of answers.get(file) ?? [])
      expect(parseStatus(JSON.stringify(answer), answer.name)).toEqual(answer);
  });

  it.each(files.filter((file) => file !== 'with-incomplete.json'))(
    'counts, though it does not tell whether it is incomplete: %s',
    async (file) => {
      const sibling = full(file);
      const used = sibling.tables.find(({ name }) => name === 'sessions')?.used ?? 0;
      expect(used).toBeGreaterThanOrEqual(1000);

      const behind = await look(sibling, 0);
      expect(behind).toMatchObject({ ready: false });
      expect(behind.reasons.join()).toContain(`holds ${used} entries of sessions, this pod 0`);
      // It is ready, so it is taken for one that has all there is, and nobody waits for who is mute.
      expect((await look(sibling, used)).ready).toBe(true);
    },
  );

  it('is no witness where it says that it is incomplete', async () => {
    const sibling = told('with-incomplete.json', () => true);

    expect(await look(sibling, 0)).toMatchObject({
      ready: false,
      reasons: ['not connected, and no answer about what they hold: mute'],
    });
  });

  it.each(['first.json', 'with-lag.json', 'with-type.json'])(
    'says that a HAProxy has not started, and is no witness then: %s',
    async (file) => {
      const sibling = told(file, ({ resync }) => resync === null);

      expect(isLearning(sibling)).toBe(false);
      expect((await look(sibling, 0)).ready).toBe(false);
    },
  );

  it('is shown without what it lacks', () => {
    const found = every.map((answer) => ({ name: answer.name, status: answer }));

    const text = renderStatus(found, { colors: false, nowMs: 1_795_330_000_000 });

    expect(text).not.toMatch(/undefined|NaN|null/);
    expect(text).toContain('sessions');
  });

  it('may have fields of later versions, anywhere', () => {
    const later = fc.dictionary(
      fc.constantFrom('zone', 'later', 'x'),
      fc.jsonValue({ maxDepth: 3 }),
    );
    const grown = (value: unknown, more: object): unknown => {
      if (Array.isArray(value)) return value.map((item) => grown(item, more));
      if (typeof value !== 'object' || value === null) return value;
      const fields = Object.entries(value).map(([name, field]) => [name, grown(field, more)]);
      return { ...more, ...Object.fromEntries(fields) };
    };
    fc.assert(
      fc.property(fc.constantFrom(...every), later, (answer, more) => {
        expect(parseStatus(JSON.stringify(grown(answer, more)), answer.name)).toEqual(answer);
      }),
    );
  });

  it('is told on: no version leaves out what the first one needed to read', () => {
    const schema = z.toJSONSchema(statusSchema, { io: 'output' });
    const seen = new Set<string>();
    for (const answer of every) {
      for (const [required, object] of objects(schema, answer)) {
        for (const name of Object.keys(object).filter((each) => !sometimes.has(each))) {
          expect(required, `${name} may be missing`).toContain(name);
          seen.add(name);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(30);
  });
});
