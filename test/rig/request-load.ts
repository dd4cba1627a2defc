import { Agent, get } from 'node:http';

export interface RequestLoad {
  /** Answers by their text. */
  readonly answers: ReadonlyMap<string, number>;
  /** What was no answer of a server: a status, or the code of an error. */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

/** Asks for `path` again and again, `parallel` at the same time over connections that are kept, until it is stopped. */
export function startRequests(
  port: number,
  parallel: number,
  path = '/',
  host = '127.0.0.1',
): RequestLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let stopped = false;

  function ask(): Promise<void> {
    return new Promise((resolve) => {
      const failed = (why: string) => {
        failures.push(why);
        resolve();
      };
      get({ port, host, path, agent, timeout: 10_000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', (error) => failed(error.message));
        response.on('end', () => {
          if (response.statusCode !== 200) return failed(String(response.statusCode));
          answers.set(text, (answers.get(text) ?? 0) + 1);
          resolve();
        });
      })
        .on('timeout', () => failed('timeout'))
        .on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
    });
  }

  async function repeat(): Promise<void> {
    while (!stopped) await ask();
  }
  const running = Promise.all(Array.from({ length: parallel }, repeat));
  return {
    answers,
    failures,
    async stop() {
      stopped = true;
      await running;
      agent.destroy();
    },
  };
}
