import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { endChild } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';
import { makeFolder, removeFolder } from './temporary-folder.ts';

/** What ran and how it ended. */
export interface Ended {
  readonly ok: boolean;
  /** Standard output and error. */
  readonly text: string;
}

/** Runs promtool; `input` goes to its standard input. */
export function promtool(binary: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(binary, [...args], (error, stdout, stderr) =>
      done({ ok: error === null, text: stdout + stderr }),
    );
    child.stdin?.end(input);
  });
}

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()) })),
  }),
});

const rulesSchema = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() }),
        ),
      }),
    ),
  }),
});

export interface Target {
  readonly address: string;
  /** Labels that a PodMonitor would give it. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** The series that an instant query finds. Throws what Prometheus says of a wrong one. */
  query(expr: string): Promise<readonly Readonly<Record<string, string>>[]>;
  rules(): Promise<readonly { readonly name: string; readonly health: string }[]>;
  log(): string;
  stop(): Promise<void>;
}

/** A real Prometheus that scrapes once a second, with its data in a folder of its own. */
export async function startPrometheus(
  binary: string,
  targets: readonly Target[],
  rulesFile: string,
): Promise<Prometheus> {
  const directory = makeFolder('hps-prometheus-');
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [resolve(rulesFile)],
    scrape_configs: [
      {
        job_name: 'haproxy-peer-sync',
        static_configs: targets.map(({ address, labels }) => ({ targets: [address], labels })),
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
  const url = `http://127.0.0.1:${await freePort()}`;
  const logFile = join(directory, 'log');
  const out = openSync(logFile, 'a');
  const child: ChildProcess = spawn(
    binary,
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { cwd: directory, stdio: ['ignore', out, out] },
  );
  closeSync(out);
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const log = () => readFileSync(logFile, 'utf8');

  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${log()}`);
      return (await fetch(`${url}/-/ready`)).ok;
    },
    { timeoutMs: 30_000 },
  );
  return {
    async query(expr) {
      const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr })}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`${expr}: ${text}`);
      return answerSchema.parse(JSON.parse(text)).data.result.map(({ metric }) => metric);
    },
    async rules() {
      const response = await fetch(`${url}/api/v1/rules`);
      return rulesSchema.parse(await response.json()).data.groups.flatMap(({ rules }) => rules);
    },
    log,
    async stop() {
      await endChild(child, 'SIGKILL');
      process.removeListener('exit', killed);
      removeFolder(directory);
    },
  };
}
