import { spawn } from 'node:child_process';
import { withLocalImage } from './local-image.ts';

/** kubectl in one namespace: resolves with its standard output, throws with its standard error. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** What an example says is rendered with the image of this working tree: nobody has published another one for the test. */
export function kubectlIn(namespace: string): Kubectl {
  const plain = plainKubectl(namespace);
  return async (args, input) => {
    const [command, second = '', folder] = args;
    if (command === 'kustomize') return withLocalImage(second);
    if (command === 'apply' && second === '-k' && folder !== undefined)
      return plain(['apply', '-f', '-'], withLocalImage(folder));
    return plain(args, input);
  };
}

function plainKubectl(namespace: string): Kubectl {
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
