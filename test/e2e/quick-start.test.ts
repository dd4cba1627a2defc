import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFailed } from 'vitest';
import { blocksOf } from '../helpers/doc-commands.ts';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { testFolder } from '../helpers/test-folder.ts';
import { withLocalImage } from './local-image.ts';
import { noCluster } from './no-cluster.ts';
import { figure, seconds } from './scenario.ts';
import { Stage } from './stage.ts';

const entries = 10_000;
/** What a reader types, by step. The first and the last step make and delete a kind cluster. */
const steps = blocksOf('docs/quick-start.md').filter(
  ({ language, heading }) => language === 'sh' && /^[2-9]\. /.test(heading),
);

describe('docs/quick-start.md on a real cluster', unless(noCluster), () => {
  let stage: Stage;
  afterEach(() => stage?.close());

  it('does what it says, command by command', async () => {
    stage = new Stage();
    onTestFailed(async () => console.log(await stage.report()));
    await stage.open();
    const kubeconfig = join(testFolder(), 'kubeconfig');
    const view = ['config', 'view', '--raw', '--minify', '--flatten'];
    writeFileSync(kubeconfig, execFileSync('kubectl', view), { mode: 0o600 });
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    const context = ['config', 'set-context', '--current', `--namespace=${stage.namespace}`];
    execFileSync('kubectl', context, { env });
    const play = (script: string) =>
      new Promise<string>((resolve, reject) => {
        const shell = ['-euo', 'pipefail', '-c', script];
        execFile('bash', shell, { env, timeout: 240_000 }, (error, out, err) =>
          error === null ? resolve(out) : reject(new Error(`${script}: ${err}`, { cause: error })),
        );
      });
    const started = Date.now();
    await stage.kubectl(['apply', '-f', '-'], withLocalImage('examples/deployment'));
    await stage.rolledOut();

    const said = new Map<string, string>();
    for (const { heading, text } of steps) {
      said.set(heading, `${said.get(heading) ?? ''}${await play(text)}`);
      const filled = (await stage.replicas(3)).map((replica) =>
        eventually(async () => (await replica.entries()) >= entries, { timeoutMs: 60_000 }),
      );
      await Promise.all(filled);
    }
    figure('the quick start, from its second step', seconds(started));

    const of = (number: number) =>
      [...said].find(([heading]) => heading.startsWith(`${number}.`))?.[1] ?? '';
    for (const step of [2, 3, 4]) {
      expect(of(step).match(/10,000/g)?.length, of(step)).toBeGreaterThanOrEqual(3);
    }
    expect(of(5)).toMatch(/session=abc requests=1 [\s\S]*session=abc requests=2 /);
    expect(of(6)).toMatch(/ 0 failures/);
  });
});
