import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readProject } from '../tools/release/project.ts';

/** What docs/security.md says of how releases come about, for all workflows there are. */
const permissions = z.union([
  z.enum(['read-all', 'write-all']),
  z.record(z.string(), z.enum(['read', 'write', 'none'])),
]);
const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  env: z.record(z.string(), z.unknown()).default({}),
});
const job = z.object({
  needs: z.union([z.string(), z.array(z.string())]).default([]),
  environment: z.string().optional(),
  permissions: permissions.optional(),
  'timeout-minutes': z.number().optional(),
  steps: z.array(step),
});
const workflow = z.object({
  on: z.union([z.string(), z.record(z.string(), z.unknown())]),
  permissions: permissions.optional(),
  env: z.record(z.string(), z.unknown()).default({}),
  jobs: z.record(z.string(), job),
});
type Job = z.infer<typeof job>;

const folder = '.github/workflows';
const paths = globSync([`${folder}/*.yml`, `${folder}/*.yaml`]);
const read = (path: string) => workflow.parse(parse(readFileSync(path, 'utf8')));

function writes(granted: z.infer<typeof permissions> | undefined): readonly string[] {
  // Without a word GitHub grants what the repository is set to, which may be everything.
  if (granted === undefined || granted === 'write-all') return ['everything'];
  if (granted === 'read-all') return [];
  return Object.keys(granted).filter((name) => granted[name] === 'write');
}

/** Programs that run code of this repository or of its dependencies: tests, builds, install scripts, our own scripts. */
const runsCode =
  /(^|[\s;&|(])(npm|npx|node|corepack|yarn|pnpm|go|make|docker|buildx|kind|bash|sh|source|python3?|sudo|apt-get)\s|(^|[\s;&|(])\.{0,2}\/?[\w.-]+\/[\w./-]+\.(sh|ts|m?js)\b|\.ci\/run/m;
/** Actions that do, or that put caches, which any branch may have written, in the way of code. */
const buildActions =
  /^(actions\/(setup-|cache)|docker\/(build-push|setup-|bake)|helm\/|\.\/|github\/codeql-action\/autobuild)/;

/** A finished archive: npm reads it, and starts none of its scripts. */
const publishesArchive =
  /^ *npm publish --ignore-scripts "\$RUNNER_TEMP"\/release\/npm\/\*\.tgz$/gm;

function codeOf({ steps }: Job): readonly string[] {
  return steps.flatMap(({ run, uses }) => [
    ...(run !== undefined && runsCode.test(run.replaceAll(publishesArchive, '')) ? [run] : []),
    ...(uses !== undefined && buildActions.test(uses) ? [uses] : []),
  ]);
}

it('finds the workflows', () => {
  expect(paths.map((path) => path.slice(folder.length + 1)).sort()).toEqual([
    'ci.yml',
    'codeql.yml',
    'release.yml',
    'scorecard.yml',
  ]);
});

describe.each(paths)('%s', (path) => {
  const { on, permissions: granted, jobs, env } = read(path);
  const all = Object.entries(jobs);

  it('uses actions of one commit, and says of which version it is', () => {
    const used = readFileSync(path, 'utf8').match(/^\s*(- )?uses: .*$/gm) ?? [];

    expect(used.length).toBeGreaterThan(0);
    for (const line of used) {
      expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it('grants nothing that writes to all of its jobs', () => {
    expect(granted).toBeDefined();
    expect(writes(granted)).toEqual([]);
  });

  it('runs no code of the repository or its dependencies where a token can write', () => {
    const found = all
      .filter(([, one]) => writes(one.permissions ?? granted).length > 0)
      .flatMap(([name, one]) => codeOf(one).map((code) => `${name}: ${code}`));

    expect(found).toEqual([]);
  });

  it('leaves no token in a working tree', () => {
    const checkouts = all.flatMap(([, { steps }]) =>
      steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')),
    );

    for (const { with: settings } of checkouts) expect(settings['persist-credentials']).toBe(false);
  });

  it('gives tokens and secrets to no step that runs code', () => {
    const secret = /github\.token|secrets\./;
    expect(JSON.stringify(env)).not.toMatch(secret);
    for (const [, one] of all) {
      for (const each of one.steps) {
        if (codeOf({ ...one, steps: [each] }).length === 0) continue;
        expect(JSON.stringify(each)).not.toMatch(secret);
      }
    }
  });

  it('writes nothing of an event into a script', () => {
    for (const [, { steps }] of all) {
      for (const { run = '' } of steps) expect(run).not.toContain('${{');
    }
  });

  it('is not started by what a stranger may send with rights of ours', () => {
    const events = typeof on === 'string' ? [on] : Object.keys(on);

    expect(events).not.toContain('pull_request_target');
    expect(events).not.toContain('workflow_run');
    expect(events).not.toContain('issue_comment');
  });

  it('ends each job some time', () => {
    for (const [name, one] of all) expect(one['timeout-minutes'], name).toBeLessThanOrEqual(60);
  });
});

describe('a release', () => {
  const { jobs } = read(`${folder}/release.yml`);
  const {
    verify,
    test,
    build,
    plugin,
    package: made,
    publish,
    npm,
    announce,
  } = jobs as Record<string, Job>;
  const scripts = (one: Job | undefined) => one?.steps.map(({ run = '' }) => run).join('\n');

  it('is of a tag on main that says the version', () => {
    expect(scripts(verify)).toContain('git merge-base --is-ancestor "$GITHUB_SHA" origin/main');
    expect(scripts(verify)).toContain('jq -r .version package.json');
  });

  it('is of the repository that package.json names, from which all names are made', () => {
    expect(scripts(verify)).toContain(
      'test "github:$GITHUB_REPOSITORY" = "$(jq -r .repository package.json)"',
    );
    expect(JSON.stringify(publish)).toContain('needs.verify.outputs.image');
    expect(readFileSync(`${folder}/release.yml`, 'utf8')).not.toContain(readProject().path);
  });

  it('tests and builds what was verified, and publishes what was tested and built', () => {
    expect([test, build, plugin].map((each) => each?.needs)).toEqual([
      'verify',
      'verify',
      'verify',
    ]);
    expect(made?.needs).toEqual(['build', 'plugin']);
    expect(publish?.needs).toEqual(['verify', 'test', 'build', 'package']);
    expect(npm?.needs).toBe('publish');
    expect(announce?.needs).toEqual(['publish', 'npm']);
    expect(scripts(test)).toMatch(/^npm test$/m);
  });

  it('needs an approval before something is pushed', () => {
    expect([publish, npm].map((each) => each?.environment)).toEqual(['release', 'release']);
  });

  it('pushes the image that its manifests and charts name, by digest', () => {
    expect(scripts(made)).toContain('npm run package -- --digest "$DIGEST"');
    expect(JSON.stringify(made)).toContain('needs.build.outputs.digest');
    expect(scripts(publish)).toContain('test "$digest" = "$EXPECTED"');
    expect(JSON.stringify(publish)).toContain('needs.build.outputs.digest');
  });

  it('attaches what was made and attested, and publishes the charts signed', () => {
    const attested = publish?.steps.filter(({ uses }) => uses?.startsWith('actions/attest@'));
    expect(attested?.map((each) => each.with['subject-checksums'])).toContain(
      '${{ runner.temp }}/release/assets/SHA256SUMS',
    );
    expect(scripts(announce)).toContain('"$RUNNER_TEMP"/release/assets/*');
    expect(scripts(publish)).toContain('cosign sign --yes "$CHARTS/$name@$digest"');
  });

  it('writes packages in one job and contents in another', () => {
    const writing = Object.entries(jobs).map(([name, one]) => [
      name,
      one.permissions === undefined ? [] : writes(one.permissions),
    ]);

    expect(Object.fromEntries(writing)).toEqual({
      ...{ verify: [], test: [], build: [], plugin: [], package: [] },
      npm: ['id-token'],
      publish: ['packages', 'id-token', 'attestations', 'artifact-metadata'],
      announce: ['contents'],
    });
  });

  it('signs the digest that was pushed, checks the signature and attests the build', () => {
    expect(scripts(publish)).toContain('cosign sign --yes --recursive "$IMAGE@$DIGEST"');
    expect(scripts(publish)).toContain('cosign verify "$IMAGE@$DIGEST"');
    const attest = publish?.steps.find(({ uses }) => uses?.startsWith('actions/attest@'));
    expect(attest?.with['subject-digest']).toContain('steps.push.outputs.digest');
  });

  it('has the SBOM and the provenance in the index that is signed, and takes nothing from a cache', () => {
    const image = build?.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'));

    expect(image?.with).toMatchObject({ sbom: true, provenance: 'mode=max', 'no-cache': true });
    expect(JSON.stringify(jobs)).not.toContain('"cache":"npm"');
  });
});

describe('the base image', () => {
  const pinned = /^FROM (node:24-[a-z-]+)@sha256:[0-9a-f]{64}$/m.exec(
    readFileSync('.github/base/Dockerfile', 'utf8'),
  );

  it('of releases and of kind/up.sh is pinned by digest', () => {
    expect(pinned).not.toBeNull();
    const { verify, build } = read(`${folder}/release.yml`).jobs;
    const base = verify?.steps.find(({ run }) => run?.includes('.github/base/Dockerfile'))?.run;
    expect(base).toContain('@sha256:[0-9a-f]{64}$');
    expect(base).toContain('.node-version');
    expect(JSON.stringify(build)).toContain('NODE_IMAGE=${{ needs.verify.outputs.base }}');
    expect(readFileSync('kind/up.sh', 'utf8')).toContain('--build-arg NODE_IMAGE=');
  });

  it('is the same one that a build without it takes by its tag, in every stage', () => {
    const lines = readFileSync('Dockerfile', 'utf8').split('\n');
    const stages = lines.filter((line) => line.startsWith('FROM '));

    expect(lines).toContain(`ARG NODE_IMAGE=${pinned?.[1]}`);
    for (const line of stages) expect(line).toMatch(/^FROM \$\{NODE_IMAGE\}( AS \w+)?$/);
    // A frontend is an image of its own, by tag, that runs the whole build.
    expect(lines.filter((line) => /^#\s*syntax=/.test(line))).toEqual([]);
  });
});

it('keeps all kinds of dependencies up to date', () => {
  const { updates } = z
    .object({
      updates: z.array(z.object({ 'package-ecosystem': z.string(), directory: z.string() })),
    })
    .parse(parse(readFileSync('.github/dependabot.yml', 'utf8')));

  expect(updates.map(({ directory, ...kind }) => [kind['package-ecosystem'], directory])).toEqual([
    ['npm', '/'],
    ['github-actions', '/'],
    ['docker', '/.github/base'],
    ['gomod', '/test/control-plane'],
  ]);
});
