import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { commands } from '../../src/cli/main.ts';
import { optionsOf } from '../../src/config/options.ts';
import { blocksOf, execsOf, pages, programsOf, shellCommands } from '../helpers/doc-commands.ts';

const blocks = pages().flatMap(blocksOf);
const scripts = blocks.filter(({ language }) => language === 'sh');
const { scripts: npmScripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

const debian = ['sh', 'awk', 'cat', 'grep', 'head', 'id', 'ls', 'sed', 'seq', 'sleep', 'tail'];
/** Of debian:trixie-slim, and what the Dockerfile of haproxytech/haproxy-docker-debian adds. */
const haproxytech = [...debian, 'curl', 'socat', 'ps', 'haproxy', 'dataplaneapi'];
/** Of node:24-bookworm-slim, and what our Dockerfile adds: no curl, no socat, no nc. */
const own = [...debian, 'node', 'haproxy-peer-sync'];
const images: Readonly<Record<string, readonly string[]>> = {
  haproxy: haproxytech,
  dataplaneapi: haproxytech,
  'haproxy-peer-sync': own,
  'haproxy-peer-sync-init': own,
};

function where({ path, line }: { path: string; line: number }): string {
  return `${path}:${line}`;
}

it('finds the commands of the docs', () => {
  expect(scripts.length).toBeGreaterThan(20);
  expect(scripts.flatMap(({ text }) => execsOf(text)).length).toBeGreaterThan(15);
  expect(
    blocks.filter(({ text, language }) => language === '' && /^(kubectl|npm|curl)/.test(text)),
  ).toEqual([]);
});

describe.each(scripts.map((block) => [where(block), block] as const))('%s', (_, { text }) => {
  it('is shell that can be parsed', () => {
    expect(() => execFileSync('bash', ['-n'], { input: text, stdio: 'pipe' })).not.toThrow();
  });

  it('calls in a container only what its image has', () => {
    for (const { container, argv } of execsOf(text)) {
      const [program = '', option, script = ''] = argv;
      const called =
        program === 'sh' && option === '-c' ? ['sh', ...programsOf(script)] : [program];
      const missing = called.filter((each) => !images[container]?.includes(each));
      expect(missing, `${container}: ${argv.join(' ')}`).toEqual([]);
    }
  });

  it('calls commands of ours that are there, with flags that they have', () => {
    const all = [...shellCommands(text), ...execsOf(text).map(({ argv }) => argv)];
    for (const words of all.filter(([program]) => program === 'haproxy-peer-sync')) {
      const [, name = '', ...rest] = words;
      const command = commands.find((each) => each.name === name);
      expect(command, words.join(' ')).toBeDefined();
      if (command === undefined) continue;
      const known = optionsOf(command.name).map((option) => option.name as string);
      for (const [, flag = ''] of rest.join(' ').matchAll(/(?:^| )--(?:no-)?([\w-]+)/g)) {
        expect([...known, 'help'], words.join(' ')).toContain(flag);
      }
    }
  });

  it('names npm scripts, folders and programs of this repository that are there', () => {
    for (const words of shellCommands(text)) {
      const [program = '', first = '', second = ''] = words;
      if (program === 'npm' && first === 'run') expect(npmScripts).toHaveProperty([second]);
      if (program === 'npm' && first === 'test') expect(npmScripts).toHaveProperty('test');
      const folder = words[words.indexOf('-k') + 1] ?? '';
      if (program === 'kubectl' && words.includes('-k') && !/:\/\/|^[A-Z$]/.test(folder)) {
        expect(existsSync(`${folder}/kustomization.yaml`), folder).toBe(true);
      }
      if (/^kind\//.test(program)) expect(() => accessSync(program, constants.X_OK)).not.toThrow();
    }
  });
});

it('shows YAML that can be parsed', () => {
  // A template of Helm is no YAML before it is rendered.
  const shown = blocks.filter(({ language, text }) => language === 'yaml' && !text.includes('{{'));

  expect(shown.length).toBeGreaterThan(3);
  for (const block of shown) {
    const errors = parseAllDocuments(block.text).flatMap((document) => document.errors);
    expect(errors, where(block)).toEqual([]);
  }
});

it('patches away on OpenShift what the example has', () => {
  const removed = blocks
    .filter(({ path, heading }) => path === 'docs/platforms.md' && heading === 'OpenShift')
    .flatMap(({ text }) => [...text.matchAll(/op: remove, path: (\S+) /g)])
    .map(([, path = '']) => path.slice(1).split('/'));
  const [document] = parseAllDocuments(readFileSync('examples/deployment/deployment.yaml', 'utf8'));

  expect(removed.length).toBeGreaterThan(0);
  expect(removed.filter((path) => document?.getIn(path) === undefined)).toEqual([]);
});

// The sidecar's image has no curl, and neither has every image of HAProxy.
it('asks for no program in the text that its place may not have', () => {
  const inline = pages().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/`((?:curl|wget|nc) [^`]*)`/g)].map(
      ([, command = '']) => `${path}: ${command}`,
    ),
  );

  // To a forwarded port, from the reader's own machine.
  const here = /: curl (?:-\S+ )*'?http:\/\/127\.0\.0\.1/;
  expect(inline.filter((command) => !here.test(command))).toEqual([]);
});
