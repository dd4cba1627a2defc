import { spawn } from 'node:child_process';

/** kubectl in one namespace: resolves with its standard output, throws with its standard error. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export function kubectlIn(namespace: string): Kubectl {
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn('kubectl', ['--namespace', namespace, ...args]);
      let out = '';
      let err = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        err += chunk;
      });
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(out);
        else reject(new Error(`kubectl ${args.join(' ')} ended with ${code}: ${err.trim()}`));
      });
      child.stdin.end(input ?? '');
    });
}
