import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const files = execFileSync('git', ['ls-files', 'examples', 'charts', 'kind'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(yaml|tpl)$/.test(file));
const probe = /path: \/readyz, port: peer-sync \}\n((?: +[#a-zA-Z].*\n)*)/g;
const probes = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(probe)].map(([, rest = '']) => [file, rest] as const),
);

it('there are examples with a readiness probe on the sidecar', () => {
  expect(probes.length).toBeGreaterThanOrEqual(6);
});

// kubelet starts HAProxy anew within a second or two: with more failures to wait for, the pod stays ready without its tables.
it.each(probes)('%s: one 503 of the sidecar is enough', (_, rest) => {
  expect(rest).toMatch(/^ +periodSeconds: 1$/m);
  expect(rest).toMatch(/^ +failureThreshold: 1$/m);
});
