import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

export interface FileSums {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What `npm test` prints at the end, and hands on to `.ci/run`. */
export interface Summary {
  readonly files: Readonly<Record<string, FileSums>>;
  /** Errors outside of any test. */
  readonly outside: number;
  /** Why something was skipped, each once, with the number of tests. */
  readonly reasons: Readonly<Record<string, number>>;
  /** `FILE > TEST: why`, one line each. */
  readonly failures: readonly string[];
}

/** Counts the tests and writes the Summary as JSON to the file that SUMMARY_FILE names, if any. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const reasons: Record<string, number> = {};
    for (const test of tests.filter((each) => each.result().state === 'skipped')) {
      const reason = reasonOf(test);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    const failedTests = tests.filter((test) => test.result().state === 'failed');
    const summary: Summary = {
      files: Object.fromEntries(modules.map((module) => [module.relativeModuleId, sumsOf(module)])),
      outside: unhandled.length,
      reasons,
      failures: [
        ...failedTests.map(failureOf),
        ...modules.flatMap(brokenIn).map((each) => `${nameOf(each)}: ${firstLine(each.errors())}`),
        ...unhandled.map((error) => `outside of any test: ${firstLine([error])}`),
      ],
    };
    const file = process.env.SUMMARY_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(summary));
  }
}

function sumsOf(module: TestModule): FileSums {
  const tests = [...module.children.allTests()];
  const count = (state: string): number =>
    tests.filter((test) => test.result().state === state).length;
  return {
    passed: count('passed'),
    failed: count('failed') + brokenIn(module).length,
    skipped: count('skipped'),
  };
}

/** A file that cannot be loaded, and what goes before all tests of a suite, are failures without a test to their name. */
function brokenIn(module: TestModule): (TestModule | TestSuite)[] {
  return [module, ...module.children.allSuites()].filter((each) => each.errors().length > 0);
}

function nameOf(broken: TestModule | TestSuite): string {
  return broken.type === 'module'
    ? broken.relativeModuleId
    : `${broken.module.relativeModuleId} > ${broken.fullName}`;
}

function failureOf(test: TestCase): string {
  const why = firstLine(test.result().errors ?? []);
  return `${test.module.relativeModuleId} > ${test.fullName}: ${why}`;
}

function firstLine([error]: readonly { readonly message: string }[]): string {
  return (error?.message ?? 'no error told').split('\n')[0] ?? '';
}

/** The note of `ctx.skip(note)`, what `unless` was told, or else the name of the test. */
function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  return test.meta().missing ?? test.fullName;
}
